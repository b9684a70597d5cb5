//! Checks that specs contain what the platform needs, and that they do not conflict.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use nxcloud_signing::{Action, BizType};
use nxcloud_spec::webhook::Webhook;
use nxcloud_spec::{Service, SpecError};

use super::Operation;

/// The path of the inspector.
const INSPECTOR: &str = "/__sandbox";

/// Checks services against each other, without their operations.
pub(super) fn services(services: &[Service]) -> Result<(), SpecError> {
    let mut names = HashSet::new();
    for service in services {
        let name = service.name();
        if name.is_empty() || name.contains('/') {
            return Err(SpecError::new(
                name,
                "(root)",
                "the name of a service must not be empty or contain a slash: rename it",
            ));
        }
        if !names.insert(name) {
            let reason = "another spec has this name: rename one of them";
            return Err(SpecError::new(name, "(root)", reason));
        }
        pushes(service)?;
    }
    Ok(())
}

/// Checks the operations of all services against each other.
pub(super) fn operations(operations: &[Arc<Operation>]) -> Result<(), SpecError> {
    let mut ids = HashSet::new();
    let mut routes = HashMap::<_, Vec<&Operation>>::new();
    for operation in operations {
        let error =
            |reason: String| Err(SpecError::new(&*operation.service, &*operation.id, reason));
        if !ids.insert((&operation.service, &operation.id)) {
            return error("another operation has this id: rename one of them".to_owned());
        }
        let path = operation.path.as_str();
        if !path.starts_with('/') {
            return error(format!(
                "the path {path} does not start with a slash: write /{path}"
            ));
        }
        if path == INSPECTOR || path.starts_with("/__sandbox/") {
            return error(format!(
                "the path {path} is reserved for the inspector: use another one"
            ));
        }
        let others = routes
            .entry((&operation.method, operation.path.shape()))
            .or_default();
        for other in others.iter() {
            let (method, id) = (&operation.method, format!("{}.{}", other.service, other.id));
            if operation.path != other.path {
                return error(format!(
                    "{method} {path} is the path of {id} with other names for its parameters: use the same names"
                ));
            }
            if is_same(operation, other) {
                return error(format!(
                    "{method} {path} cannot be distinguished from {id}: change the path or x-nx-action"
                ));
            }
        }
        others.push(operation);
    }
    Ok(())
}

/// Whether no request can be assigned to one of two operations of one path. Operations of one service may differ by
/// their fields.
fn is_same(one: &Operation, other: &Operation) -> bool {
    match (one.names(), other.names()) {
        (Some(names), Some(others)) => names == others && one.service != other.service,
        _ => true,
    }
}

fn pushes(service: &Service) -> Result<(), SpecError> {
    let mut names = HashSet::new();
    for push in service.webhooks() {
        let problem = if names.insert(&push.name) {
            problem(service, push)
        } else {
            Some("another push has this name: rename one of them".to_owned())
        };
        if let Some(problem) = problem {
            return Err(SpecError::new(
                service.name(),
                format!("x-nx-webhooks.{}", push.name),
                problem,
            ));
        }
    }
    Ok(())
}

fn problem(service: &Service, push: &Webhook) -> Option<String> {
    if push.examples.is_empty() {
        return Some("it has no examples: add at least one".to_owned());
    }
    if push.content.is_empty() {
        return Some("content is empty: set json, form or query".to_owned());
    }
    let follows = push.after.as_ref().map(|after| &after.operation);
    if let Some(id) = follows.filter(|id| service.operation(id).is_none()) {
        return Some(format!(
            "after.operation: unknown operation {id}; use one of this spec"
        ));
    }
    if push.signed {
        let biz_type = service.document().biz_type.as_deref().unwrap_or_default();
        if BizType::new(biz_type).is_err() {
            return Some(
                "a signed push needs an x-nx-biz-type of visible ASCII at the root of the spec"
                    .to_owned(),
            );
        }
        if push.action.is_empty()
            || push
                .action
                .iter()
                .any(|action| Action::new(action).is_err())
        {
            return Some("a signed push needs an action of visible ASCII".to_owned());
        }
    }
    None
}

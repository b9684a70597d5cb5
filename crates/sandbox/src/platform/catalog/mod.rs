//! The operations of all specs, parsed once.

mod check;
mod messages;
mod operation;
mod path;

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use http::Method;

pub(crate) use messages::Messages;
pub(crate) use operation::{Content, Operation, Parameters, RequestBody, Signed, typed_fields};
pub(crate) use path::{PathParameters, PathTemplate};

use nxcloud_spec::Service;

use crate::SpecError;

/// The operations of all services.
#[derive(Default)]
pub(crate) struct Catalog {
    services: Vec<Service>,
    operations: Vec<Arc<Operation>>,
    /// Operations by a path without parameters.
    fixed: HashMap<String, Vec<usize>>,
    /// Operations by a path with parameters.
    templated: Vec<(PathTemplate, Vec<usize>)>,
}

/// The operations of one method and path.
pub(crate) struct Route<'a> {
    /// The first operation. It stands for all if a request does not say which one it means.
    pub(crate) first: &'a Operation,
    /// All operations; several if they differ by `action` only.
    pub(crate) operations: Vec<&'a Operation>,
    /// The parameters of the path.
    pub(crate) parameters: PathParameters,
}

/// Why no operation matches a request.
#[derive(Debug)]
pub(crate) enum NoRoute {
    /// No operation has this path.
    Path,
    /// The path exists, but only with these methods.
    Method(Vec<String>),
}

impl Catalog {
    /// The catalog of the embedded specs. It is created once per process.
    pub(crate) fn embedded() -> Result<Arc<Self>, SpecError> {
        static EMBEDDED: OnceLock<Result<Arc<Catalog>, SpecError>> = OnceLock::new();
        let read = || {
            let services = nxcloud_spec::embedded_services()?;
            Self::read(services.into_iter().cloned().collect()).map(Arc::new)
        };
        EMBEDDED.get_or_init(read).clone()
    }

    /// The catalog of these services.
    pub(crate) fn read(services: Vec<Service>) -> Result<Self, SpecError> {
        Self::default().with(services)
    }

    /// This catalog with more services, appended to its own.
    pub(crate) fn with(&self, more: Vec<Service>) -> Result<Self, SpecError> {
        let services = [self.services.as_slice(), &more].concat();
        check::services(&services)?;
        let mut operations = self.operations.clone();
        for service in &more {
            operations.extend(operation::read(service)?.into_iter().map(Arc::new));
        }
        check::operations(&operations)?;
        let mut fixed = HashMap::<String, Vec<usize>>::new();
        let mut templated = Vec::<(PathTemplate, Vec<usize>)>::new();
        for (at, operation) in operations.iter().enumerate() {
            let path = &operation.path;
            if !path.has_parameters() {
                let operations = fixed.entry(path.as_str().to_owned()).or_default();
                operations.push(at);
            } else if let Some((_, operations)) = templated.iter_mut().find(|(of, _)| of == path) {
                operations.push(at);
            } else {
                templated.push((path.clone(), vec![at]));
            }
        }
        templated.sort_by_key(|(path, _)| Reverse(path.written_out()));
        Ok(Self {
            services,
            operations,
            fixed,
            templated,
        })
    }

    /// The operations of a method and path. A literal path goes before one with parameters.
    pub(crate) fn route(&self, method: &Method, path: &str) -> Result<Route<'_>, NoRoute> {
        let templated = || {
            let mut templates = self.templated.iter();
            templates.find_map(|(template, operations)| Some((operations, template.matches(path)?)))
        };
        let fixed = self.fixed.get(path);
        let (candidates, parameters) = fixed
            .map(|operations| (operations, PathParameters::new()))
            .or_else(templated)
            .ok_or(NoRoute::Path)?;
        let candidates = candidates.iter().filter_map(|at| self.operations.get(*at));
        let candidates = candidates.map(Arc::as_ref);
        let operations = candidates
            .clone()
            .filter(|operation| operation.method == *method)
            .collect::<Vec<_>>();
        match operations.first() {
            Some(first) => Ok(Route {
                first,
                operations,
                parameters,
            }),
            None => {
                let allowed = candidates.map(|operation| operation.method.as_str());
                let allowed = allowed.collect::<BTreeSet<_>>();
                Err(NoRoute::Method(
                    allowed.into_iter().map(str::to_owned).collect(),
                ))
            }
        }
    }

    /// The services, in order.
    pub(crate) fn services(&self) -> &[Service] {
        &self.services
    }

    /// All operations, in the order of the specs.
    pub(crate) fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.operations.iter().map(Arc::as_ref)
    }

    /// The operation of a service with an id.
    pub(crate) fn operation(&self, service: &str, id: &str) -> Option<&Operation> {
        let mut operations = self.operations();
        operations.find(|known| known.service.as_ref() == service && known.id.as_ref() == id)
    }

    /// The messages that an operation of a service sends, if it sends any.
    pub(crate) fn messages(&self, service: Option<&str>, id: Option<&str>) -> Option<&Messages> {
        self.operation(service?, id?)?.messages.as_ref()
    }
}

#[cfg(test)]
impl Catalog {
    /// The catalog of one service. It adds members that a spec needs and a test does not care about.
    pub(crate) fn of(name: &str, mut spec: serde_json::Value) -> Result<Self, SpecError> {
        use serde_json::json;

        let paths = spec["paths"].as_object_mut().into_iter().flatten();
        for (_, item) in paths {
            for (_, operation) in item.as_object_mut().into_iter().flatten() {
                if operation.get("summary").is_none() {
                    operation["summary"] = json!("A test.");
                }
            }
        }
        for (key, value) in [
            ("openapi", json!("3.0.3")),
            ("info", json!({ "title": "Test", "version": "1" })),
            ("servers", json!([])),
            ("x-nx-source", json!("test")),
            ("paths", json!({})),
            ("components", json!({})),
        ] {
            if spec.get(key).is_none_or(serde_json::Value::is_null) {
                spec[key] = value;
            }
        }
        Self::read(vec![Service::read(name, &spec.to_string())?])
    }
}

#[cfg(test)]
#[path = "catalog_tests.rs"]
mod tests;

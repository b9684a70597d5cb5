//! Every operation of every spec, read once.

mod document;
mod node;
mod operation;
mod path;
mod schema;

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use axum::http::Method;

pub(crate) use document::{HashIn, MaxDays, Scheme};
pub(crate) use node::Node;
pub(crate) use operation::{Content, Operation, RequestBody, Signed, Upload, typed_fields};
pub(crate) use path::{PathParameters, PathTemplate};

use crate::SpecError;
use crate::generated::SPECS;

/// The operations of all services.
pub(crate) struct Catalog {
    operations: Vec<Operation>,
    /// Operations by a path without parameters.
    fixed: HashMap<String, Vec<usize>>,
    /// Operations by a path with parameters.
    templated: Vec<(PathTemplate, Vec<usize>)>,
}

/// The operations of one method and path.
pub(crate) struct Route<'a> {
    /// The first one, which is any of them when a request does not say which it means.
    pub(crate) first: &'a Operation,
    /// All of them; several when they differ by `action` only.
    pub(crate) operations: Vec<&'a Operation>,
    /// The parameters of the path.
    pub(crate) parameters: PathParameters,
}

/// Why a request has no operation.
#[derive(Debug)]
pub(crate) enum NoRoute {
    /// No operation has this path.
    Path,
    /// The path is known, with these methods only.
    Method(Vec<String>),
}

impl Catalog {
    /// The catalog of the embedded specs; they are read once in a process.
    pub(crate) fn embedded() -> Result<Arc<Self>, SpecError> {
        static EMBEDDED: OnceLock<Result<Arc<Catalog>, SpecError>> = OnceLock::new();
        EMBEDDED
            .get_or_init(|| Self::read(SPECS).map(Arc::new))
            .clone()
    }

    /// Reads specs in JSON, given by service name.
    pub(crate) fn read(specs: &[(&str, &str)]) -> Result<Self, SpecError> {
        let mut operations = Vec::new();
        for (service, json) in specs {
            operations.extend(operation::read(service, json)?);
        }
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
            operations,
            fixed,
            templated,
        })
    }

    /// The operations of a method and path. A path that is written out in a spec goes before one with parameters.
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

    /// All operations, in the order of the specs.
    pub(crate) fn operations(&self) -> &[Operation] {
        &self.operations
    }
}

#[cfg(test)]
#[path = "catalog_tests.rs"]
mod tests;

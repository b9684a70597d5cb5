//! The specs of the workspace. Each is parsed on first use, once per process.

use std::sync::OnceLock;

use crate::generated::SPECS;
use crate::{Service, SpecError};

/// An embedded spec.
pub(crate) struct Embedded {
    name: &'static str,
    json: &'static str,
    service: OnceLock<Result<Service, SpecError>>,
}

impl Embedded {
    pub(crate) const fn new(name: &'static str, json: &'static str) -> Self {
        Self {
            name,
            json,
            service: OnceLock::new(),
        }
    }

    fn service(&'static self) -> Result<&'static Service, SpecError> {
        let read = || Service::read(self.name, self.json);
        self.service
            .get_or_init(read)
            .as_ref()
            .map_err(Clone::clone)
    }
}

/// The names of the embedded services, sorted.
pub fn embedded_names() -> impl Iterator<Item = &'static str> {
    SPECS.iter().map(|spec| spec.name)
}

/// The embedded service with this name, such as `sms`; `None` if there is none.
///
/// # Errors
///
/// If the spec cannot be read, which is a bug of this crate.
pub fn embedded(name: &str) -> Option<Result<&'static Service, SpecError>> {
    let spec = SPECS.iter().find(|spec| spec.name == name)?;
    Some(spec.service())
}

/// All embedded services, sorted by name.
///
/// # Errors
///
/// If a spec cannot be read, which is a bug of this crate.
pub fn embedded_services() -> Result<Vec<&'static Service>, SpecError> {
    SPECS.iter().map(Embedded::service).collect()
}

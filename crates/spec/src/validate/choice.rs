//! Custom keywords for how many of some properties may be present. Their violations name the properties.

use jsonschema::{Keyword, ValidationError};
use serde_json::Value;

pub(super) const AT_LEAST_ONE: &str = "x-nx-at-least-one";
pub(super) const AT_MOST_ONE: &str = "x-nx-at-most-one";
pub(super) const EXACTLY_ONE: &str = "x-nx-exactly-one";

/// How many of the named properties must be present.
pub(super) struct Choice {
    names: Vec<String>,
    min: usize,
    max: usize,
}

impl Choice {
    /// Keyword, minimum and maximum.
    pub(super) const KEYWORDS: [(&'static str, usize, usize); 3] = [
        (AT_LEAST_ONE, 1, usize::MAX),
        (AT_MOST_ONE, 0, 1),
        (EXACTLY_ONE, 1, 1),
    ];

    pub(super) fn new(names: &Value, min: usize, max: usize) -> Self {
        let names = names.as_array().into_iter().flatten();
        Self {
            names: names
                .filter_map(|name| name.as_str().map(str::to_owned))
                .collect(),
            min,
            max,
        }
    }

    fn violation(&self, instance: &Value) -> Option<String> {
        let object = instance.as_object()?;
        let is_present = |name: &&String| object.get(*name).is_some_and(|value| !value.is_null());
        let present = self.names.iter().filter(is_present).count();
        let rule = match (self.min, self.max) {
            _ if (self.min..=self.max).contains(&present) => return None,
            (1, 1) => "exactly one of",
            (1, _) => "at least one of",
            _ => "at most one of",
        };
        Some(format!("{rule} {} expected", self.names.join(", ")))
    }
}

impl<'i> Keyword<'i> for Choice {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        match self.violation(instance) {
            Some(message) => Err(ValidationError::custom(message)),
            None => Ok(()),
        }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        self.violation(instance).is_none()
    }
}

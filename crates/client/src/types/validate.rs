//! The limits of the reference, checked before anything is sent.
//!
//! A violation names the field and the limit, never the value: texts and numbers of people stay out of errors.

use std::fmt;
use std::sync::OnceLock;

use regex_lite::Regex;

use crate::types::date::DateTime;
use crate::types::plain_pattern::PlainPattern;

/// A request that knows its documented limits; generated code implements it.
pub trait Validate {
    /// Reports each broken limit to the checker.
    fn validate(&self, at: &mut Validator);
}

/// A request with nothing to check.
impl Validate for () {
    fn validate(&self, _: &mut Validator) {}
}

/// A field that has one allowed value, and another one in it.
#[derive(Clone, Copy, Debug)]
pub struct FixedValue(pub &'static str);

impl Validate for FixedValue {
    fn validate(&self, at: &mut Validator) {
        at.report(format!("must be `{}`", self.0));
    }
}

/// One broken limit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The field, as a path of wire names: `customers[3].email`.
    pub field: String,
    /// The limit, in words.
    pub limit: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            f.write_str(&self.limit)
        } else {
            write!(f, "`{}` {}", self.field, self.limit)
        }
    }
}

/// Every limit that a request breaks; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// The broken limits, in the order of the fields.
    pub fn iter(&self) -> std::slice::Iter<'_, Violation> {
        self.0.iter()
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, violation) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            violation.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Violations {}

/// Collects the limits that a request breaks.
#[derive(Debug, Default)]
pub struct Validator {
    path: String,
    found: Vec<Violation>,
    /// Whether only values are reported that would change the URL.
    only_urls: bool,
}

/// Limits on a text; lengths count characters.
#[derive(Clone, Copy, Debug, Default)]
pub struct TextLimits {
    /// Least number of characters.
    pub min: Option<usize>,
    /// Greatest number of characters.
    pub max: Option<usize>,
    /// What the whole text must look like.
    pub pattern: Option<&'static Pattern>,
}

/// Limits on a number or on the length of a list, both ends included.
#[derive(Clone, Copy, Debug, Default)]
pub struct Range<T> {
    /// Least value.
    pub min: Option<T>,
    /// Greatest value.
    pub max: Option<T>,
}

/// A regular expression, compiled at its first use.
#[derive(Debug)]
pub struct Pattern {
    source: &'static str,
    compiled: OnceLock<Option<Compiled>>,
}

#[derive(Debug)]
enum Compiled {
    /// `^[characters]{least,most}$`, which most patterns are, and which a table answers faster than an automaton.
    Plain(PlainPattern),
    Other(Regex),
}

impl Pattern {
    /// A pattern by its source; generated code keeps it in a static.
    #[must_use]
    pub const fn new(source: &'static str) -> Self {
        Self {
            source,
            compiled: OnceLock::new(),
        }
    }

    /// A pattern that does not compile restricts nothing; the generator refuses such a spec.
    fn matches(&self, text: &str) -> bool {
        self.compiled
            .get_or_init(|| {
                let plain = PlainPattern::read(self.source).map(Compiled::Plain);
                plain.or_else(|| Regex::new(self.source).ok().map(Compiled::Other))
            })
            .as_ref()
            .is_none_or(|compiled| match compiled {
                Compiled::Plain(plain) => plain.matches(text),
                Compiled::Other(regex) => regex.is_match(text),
            })
    }
}

impl Validator {
    /// Checks a whole request.
    ///
    /// # Errors
    ///
    /// Every limit that it breaks.
    pub fn run(request: &impl Validate) -> Result<(), Violations> {
        Self::run_at("", request)
    }

    /// As [`run`](Self::run), for one of several requests, which is named by its place.
    ///
    /// # Errors
    ///
    /// Every limit that it breaks.
    pub fn run_at(place: &str, request: &impl Validate) -> Result<(), Violations> {
        Self::default().finish(place, request)
    }

    /// What is refused even where limits are not checked: path parameters that would lead to another URL.
    pub(crate) fn run_urls(request: &impl Validate) -> Result<(), Violations> {
        let checker = Self {
            only_urls: true,
            ..Self::default()
        };
        checker.finish("", request)
    }

    fn finish(mut self, place: &str, request: &impl Validate) -> Result<(), Violations> {
        self.nested(place, request);
        if self.found.is_empty() {
            Ok(())
        } else {
            Err(Violations(self.found))
        }
    }

    /// Reports a broken limit of the request as a whole.
    pub fn report(&mut self, limit: impl Into<String>) {
        if !self.only_urls {
            self.push(limit.into());
        }
    }

    fn push(&mut self, limit: String) {
        self.found.push(Violation {
            field: self.path.clone(),
            limit,
        });
    }

    /// Reports a broken limit of one field.
    pub fn problem(&mut self, field: &str, limit: impl Into<String>) {
        self.inside(field, |at| at.report(limit));
    }

    fn inside(&mut self, step: &str, check: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        if length > 0 && !step.starts_with('[') {
            self.path.push('.');
        }
        self.path.push_str(step);
        check(self);
        self.path.truncate(length);
    }

    /// Checks a nested object.
    pub fn nested(&mut self, field: &str, value: &impl Validate) {
        self.inside(field, |at| value.validate(at));
    }

    /// Checks every object of a list.
    pub fn each<T: Validate>(&mut self, field: &str, items: &[T]) {
        self.inside(field, |at| {
            for (index, item) in items.iter().enumerate() {
                at.inside(&format!("[{index}]"), |at| item.validate(at));
            }
        });
    }

    /// Checks a text.
    pub fn text(&mut self, field: &str, text: &str, limits: TextLimits) {
        self.inside(field, |at| {
            let length = text.chars().count();
            if let Some(min) = limits.min.filter(|min| length < *min) {
                at.report(if min == 1 {
                    "must not be empty".to_owned()
                } else {
                    format!("has {length} characters, at least {min} are needed")
                });
            }
            if let Some(max) = limits.max.filter(|max| length > *max) {
                at.report(format!(
                    "has {length} characters, at most {max} are allowed"
                ));
            }
            if let Some(pattern) = limits.pattern.filter(|pattern| !pattern.matches(text)) {
                at.report(format!("does not match {}", pattern.source));
            }
        });
    }

    /// Checks a text that becomes one segment of the URL's path.
    ///
    /// An empty segment, `.` and `..` (percent-encoded or not) lead to another URL, and with it to another operation.
    pub fn segment(&mut self, field: &str, text: &str) {
        self.inside(field, |at| {
            if text.is_empty() && at.only_urls {
                at.push("must not be empty".to_owned());
            } else if is_dots(text) {
                at.push("must not be `.` or `..`, which lead to another URL".to_owned());
            }
        });
    }

    /// Checks a number.
    pub fn number<T: PartialOrd + fmt::Display>(&mut self, field: &str, value: T, range: Range<T>) {
        self.inside(field, |at| {
            if let Some(min) = range.min.filter(|min| value < *min) {
                at.report(format!("must be at least {min}"));
            }
            if let Some(max) = range.max.filter(|max| value > *max) {
                at.report(format!("must be at most {max}"));
            }
        });
    }

    /// Checks the length of a list.
    pub fn length(&mut self, field: &str, length: usize, range: Range<usize>) {
        self.inside(field, |at| {
            if let Some(min) = range.min.filter(|min| length < *min) {
                at.report(format!("has {length} entries, at least {min} are needed"));
            }
            if let Some(max) = range.max.filter(|max| length > *max) {
                at.report(format!("has {length} entries, at most {max} are allowed"));
            }
        });
    }

    /// Checks that two moments are in order and at most some days apart.
    pub fn days_between(&mut self, from: (&str, &DateTime), to: (&str, &DateTime), most: i64) {
        if to.1 < from.1 {
            self.problem(to.0, format!("is before `{}`", from.0));
        } else if from.1.is_more_than_days_before(to.1, most) {
            self.problem(to.0, format!("is more than {most} days after `{}`", from.0));
        }
    }

    /// Checks how many of some fields are given; an empty text counts as absent.
    pub fn cardinality(&mut self, fields: &[(&str, bool)], min: usize, max: usize) {
        let count = fields.iter().filter(|(_, given)| *given).count();
        if count < min || count > max {
            let names: Vec<_> = fields.iter().map(|(name, _)| format!("`{name}`")).collect();
            let rule = match (min, max) {
                (1, 1) => "exactly one",
                (1, _) => "at least one",
                _ => "at most one",
            };
            self.report(format!("{rule} of {} must be given", names.join(", ")));
        }
    }
}

/// A dot segment, as URL parsers read it.
fn is_dots(text: &str) -> bool {
    let dots = text.replace("%2e", ".").replace("%2E", ".");
    matches!(dots.as_str(), "." | "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_in_order_and_not_too_far_apart() {
        let broken = |from: &str, to: &str| {
            let mut checker = Validator::default();
            let (first, last) = (from.parse().unwrap(), to.parse().unwrap());
            checker.days_between(("from", &first), ("to", &last), 31);
            checker.found.first().map(ToString::to_string)
        };
        assert_eq!(broken("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"), None);
        assert_eq!(
            broken("2026-10-01T00:00:00Z", "2026-11-01T00:00:01Z").as_deref(),
            Some("`to` is more than 31 days after `from`")
        );
        assert_eq!(
            broken("2026-10-02T00:00:00Z", "2026-10-01T00:00:00Z").as_deref(),
            Some("`to` is before `from`")
        );
    }

    #[test]
    fn a_violation_names_the_place_and_the_limit_but_not_the_value() {
        struct Inner(&'static str);
        impl Validate for Inner {
            fn validate(&self, at: &mut Validator) {
                at.text(
                    "email",
                    self.0,
                    TextLimits {
                        max: Some(3),
                        ..TextLimits::default()
                    },
                );
            }
        }
        struct Outer(Vec<Inner>);
        impl Validate for Outer {
            fn validate(&self, at: &mut Validator) {
                at.each("customers", &self.0);
                at.cardinality(&[("a", false), ("b", false)], 1, usize::MAX);
            }
        }
        let violations = Validator::run(&Outer(vec![Inner("ok"), Inner("private")])).unwrap_err();
        assert_eq!(
            violations.to_string(),
            "`customers[1].email` has 7 characters, at most 3 are allowed; at least one of `a`, `b` must be given"
        );
        assert!(Validator::run(&()).is_ok());
    }
}

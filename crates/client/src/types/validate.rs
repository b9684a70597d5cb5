//! Checks requests against their documented limits before they are sent.
//!
//! A violation names the field and the limit, never the value, which may be private.

use std::fmt;
use std::ops::{Bound, RangeBounds, RangeInclusive};
use std::sync::OnceLock;

use regex_lite::Regex;

use crate::types::date::DateTime;
pub use crate::types::phones::PhoneForm;

/// A request or a part of one, with documented limits. Implemented by generated code.
pub trait Validate {
    /// Reports each broken limit to the validator.
    fn validate(&self, at: &mut Validator);
}

/// A request without limits.
impl Validate for () {
    fn validate(&self, _: &mut Validator) {}
}

/// An optional part.
impl<T: Validate> Validate for Option<T> {
    fn validate(&self, at: &mut Validator) {
        if let Some(value) = self {
            value.validate(at);
        }
    }
}

/// One broken limit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The field, as a path of wire names: `customers[3].email`.
    pub field: String,
    /// The broken limit, as text.
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

/// All limits that a request breaks; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// The broken limits, in the order of the fields.
    pub fn iter(&self) -> std::slice::Iter<'_, Violation> {
        self.0.iter()
    }

    /// The broken limits as a slice.
    pub(crate) fn as_slice(&self) -> &[Violation] {
        &self.0
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
    violations: Vec<Violation>,
    /// Report only values that would change the URL.
    only_urls: bool,
}

/// Checks one text. An absent text breaks no limit. Lengths count characters.
#[derive(Debug)]
pub struct TextCheck<'a> {
    at: &'a mut Validator,
    field: &'a str,
    text: Option<&'a str>,
}

impl TextCheck<'_> {
    fn check(self, broken: impl FnOnce(&str) -> Option<String>) -> Self {
        if let Some(limit) = self.text.and_then(broken) {
            self.at.problem(self.field, limit);
        }
        self
    }

    /// Checks the number of characters.
    pub fn length(self, range: impl RangeBounds<usize>) -> Self {
        let (min, max) = ends(&range);
        self.check(|text| {
            let length = text.chars().count();
            if let Some(min) = min.filter(|min| length < *min) {
                Some(if min == 1 {
                    "must not be empty".to_owned()
                } else {
                    format!("has {length} characters, at least {min} are needed")
                })
            } else {
                max.filter(|max| length > *max)
                    .map(|max| format!("has {length} characters, at most {max} are allowed"))
            }
        })
    }

    /// Checks that the text contains only these characters.
    pub fn only(self, allowed: &[RangeInclusive<char>]) -> Self {
        self.check(|text| {
            let is_allowed = |char| allowed.iter().any(|range| range.contains(&char));
            (!text.chars().all(is_allowed))
                .then(|| format!("may contain only the characters {}", listed(allowed)))
        })
    }

    /// Checks that the text contains none of these characters.
    pub fn without(self, excluded: &[RangeInclusive<char>]) -> Self {
        self.check(|text| {
            let is_excluded = |char| excluded.iter().any(|range| range.contains(&char));
            text.chars()
                .any(is_excluded)
                .then(|| format!("must not contain the characters {}", listed(excluded)))
        })
    }

    /// Checks that the text matches a regular expression.
    pub fn pattern(self, pattern: &'static Pattern) -> Self {
        self.check(|text| {
            (!pattern.matches(text)).then(|| format!("does not match {}", pattern.source))
        })
    }

    /// Checks the format of phone numbers.
    pub fn phone(self, form: PhoneForm) -> Self {
        self.check(|text| form.problem(text))
    }
}

/// Ranges of characters as text: `0-9`, `_`.
fn listed(ranges: &[RangeInclusive<char>]) -> String {
    let texts = ranges.iter().map(|range| match range.clone().into_inner() {
        (first, last) if first == last => format!("`{first}`"),
        (first, last) => format!("`{first}-{last}`"),
    });
    texts.collect::<Vec<_>>().join(", ")
}

/// Minimum and maximum of a range. The ranges in generated code include their ends.
fn ends<T: Copy>(range: &impl RangeBounds<T>) -> (Option<T>, Option<T>) {
    let end = |bound: Bound<&T>| match bound {
        Bound::Included(value) | Bound::Excluded(value) => Some(*value),
        Bound::Unbounded => None,
    };
    (end(range.start_bound()), end(range.end_bound()))
}

/// A regular expression, compiled on first use.
#[derive(Debug)]
pub struct Pattern {
    source: &'static str,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// A pattern. Generated code keeps it in a static.
    #[must_use]
    pub const fn new(source: &'static str) -> Self {
        Self {
            source,
            compiled: OnceLock::new(),
        }
    }

    /// A pattern that does not compile matches everything; the generator refuses such specs.
    fn matches(&self, text: &str) -> bool {
        self.compiled
            .get_or_init(|| Regex::new(self.source).ok())
            .as_ref()
            .is_none_or(|regex| regex.is_match(text))
    }
}

impl Validator {
    /// Checks a request.
    ///
    /// # Errors
    ///
    /// All limits that it breaks.
    pub fn run(request: &impl Validate) -> Result<(), Violations> {
        Self::run_at("", request)
    }

    /// Like [`run`](Self::run), with `place` as a prefix of every path.
    ///
    /// # Errors
    ///
    /// All limits that the request breaks.
    pub fn run_at(place: &str, request: &impl Validate) -> Result<(), Violations> {
        Self::default().finish(place, request)
    }

    /// Checks only for path parameters that would lead to another URL. They are refused even with local checks off.
    pub(crate) fn run_urls(request: &impl Validate) -> Result<(), Violations> {
        let validator = Self {
            only_urls: true,
            ..Self::default()
        };
        validator.finish("", request)
    }

    fn finish(mut self, place: &str, request: &impl Validate) -> Result<(), Violations> {
        self.nested(place, request);
        if self.violations.is_empty() {
            Ok(())
        } else {
            Err(Violations(self.violations))
        }
    }

    /// Reports a broken limit of the request as a whole.
    pub fn report(&mut self, limit: impl Into<String>) {
        if !self.only_urls {
            self.push(limit.into());
        }
    }

    fn push(&mut self, limit: String) {
        self.violations.push(Violation {
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
    pub fn each<'a, T: Validate + 'a>(&mut self, field: &str, items: impl Into<Option<&'a [T]>>) {
        self.inside(field, |at| {
            for (index, item) in items.into().into_iter().flatten().enumerate() {
                at.inside(&format!("[{index}]"), |at| item.validate(at));
            }
        });
    }

    /// Starts the checks of a text; call the methods of the result.
    pub fn text<'a>(
        &'a mut self,
        field: &'a str,
        text: impl Into<Option<&'a str>>,
    ) -> TextCheck<'a> {
        TextCheck {
            at: self,
            field,
            text: text.into(),
        }
    }

    /// Checks a text that becomes one segment of the URL's path.
    ///
    /// An empty segment, `.` and `..` (percent-encoded or not) would lead to another URL and so to another operation.
    pub fn segment(&mut self, field: &str, text: &str) {
        self.inside(field, |at| {
            if text.is_empty() && at.only_urls {
                at.push("must not be empty".to_owned());
            } else if is_dots(text) {
                at.push("must not be `.` or `..`, which would lead to another URL".to_owned());
            }
        });
    }

    /// Checks a text with a single allowed value.
    pub fn constant<'a>(&mut self, field: &str, text: impl Into<Option<&'a str>>, only: &str) {
        if text.into().is_some_and(|text| text != only) {
            self.problem(field, format!("must be `{only}`"));
        }
    }

    /// Checks a number.
    pub fn number<T: PartialOrd + fmt::Display + Copy>(
        &mut self,
        field: &str,
        value: impl Into<Option<T>>,
        range: impl RangeBounds<T>,
    ) {
        let Some(value) = value.into() else { return };
        let (min, max) = ends(&range);
        if let Some(min) = min.filter(|min| value < *min) {
            self.problem(field, format!("must be at least {min}"));
        }
        if let Some(max) = max.filter(|max| value > *max) {
            self.problem(field, format!("must be at most {max}"));
        }
    }

    /// Checks the length of a list.
    pub fn length<'a, T: 'a>(
        &mut self,
        field: &str,
        items: impl Into<Option<&'a [T]>>,
        range: impl RangeBounds<usize>,
    ) {
        let Some(length) = items.into().map(<[T]>::len) else {
            return;
        };
        let (min, max) = ends(&range);
        if let Some(min) = min.filter(|min| length < *min) {
            self.problem(
                field,
                format!("has {length} entries, at least {min} are needed"),
            );
        }
        if let Some(max) = max.filter(|max| length > *max) {
            self.problem(
                field,
                format!("has {length} entries, at most {max} are allowed"),
            );
        }
    }

    /// Checks that two times are in order and at most `max` days apart.
    pub fn days_between(&mut self, from: (&str, &DateTime), to: (&str, &DateTime), max: i64) {
        if to.1 < from.1 {
            self.problem(to.0, format!("is before `{}`", from.0));
        } else if from.1.is_more_than_days_before(to.1, max) {
            self.problem(to.0, format!("is more than {max} days after `{}`", from.0));
        }
    }

    /// Checks how many of these fields are set. An empty text counts as not set.
    pub fn cardinality(&mut self, fields: &[(&str, bool)], min: usize, max: usize) {
        let count = fields.iter().filter(|(_, is_set)| *is_set).count();
        if count < min || count > max {
            let names: Vec<_> = fields.iter().map(|(name, _)| format!("`{name}`")).collect();
            let rule = match (min, max) {
                (1, 1) => "exactly one",
                (1, _) => "at least one",
                _ => "at most one",
            };
            self.report(format!("{rule} of {} must be set", names.join(", ")));
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
    fn times_are_in_order_and_not_too_far_apart() {
        let violation = |from: &str, to: &str| {
            let mut validator = Validator::default();
            let (first, last) = (from.parse().unwrap(), to.parse().unwrap());
            validator.days_between(("from", &first), ("to", &last), 31);
            validator.violations.first().map(ToString::to_string)
        };
        assert_eq!(
            violation("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"),
            None
        );
        assert_eq!(
            violation("2026-10-01T00:00:00Z", "2026-11-01T00:00:01Z").as_deref(),
            Some("`to` is more than 31 days after `from`")
        );
        assert_eq!(
            violation("2026-10-02T00:00:00Z", "2026-10-01T00:00:00Z").as_deref(),
            Some("`to` is before `from`")
        );
    }

    #[test]
    fn a_violation_names_the_place_and_the_limit_but_not_the_value() {
        struct Inner(&'static str);
        impl Validate for Inner {
            fn validate(&self, at: &mut Validator) {
                at.text("email", self.0).length(..=3);
            }
        }
        struct Outer(Vec<Inner>);
        impl Validate for Outer {
            fn validate(&self, at: &mut Validator) {
                at.each("customers", self.0.as_slice());
                at.cardinality(&[("a", false), ("b", false)], 1, usize::MAX);
            }
        }
        let violations = Validator::run(&Outer(vec![Inner("ok"), Inner("private")])).unwrap_err();
        assert_eq!(
            violations.to_string(),
            "`customers[1].email` has 7 characters, at most 3 are allowed; at least one of `a`, `b` must be set"
        );
        assert!(Validator::run(&()).is_ok());
    }

    #[test]
    fn characters_are_allowed_or_excluded_by_ranges() {
        let check = |text: &str| {
            let mut at = Validator::default();
            at.text("only", text).only(&['0'..='9', '-'..='-']);
            at.text("without", text).without(&['+'..='+', 'a'..='c']);
            at.violations
                .into_iter()
                .map(|violation| violation.to_string())
                .collect::<Vec<_>>()
        };
        let only = "`only` may contain only the characters `0-9`, `-`";
        let without = "`without` must not contain the characters `+`, `a-c`";
        for text in ["", "0", "12-9"] {
            assert_eq!(check(text), Vec::<String>::new(), "{text}");
        }
        for text in ["d", "1é", " 1", "1\n"] {
            assert_eq!(check(text), [only], "{text}");
        }
        for text in ["+1", "1c"] {
            assert_eq!(check(text), [only, without], "{text}");
        }
    }

    #[test]
    fn absent_values_break_no_limit_and_the_ends_of_a_range_are_allowed() {
        static DIGITS: Pattern = Pattern::new("^[0-9]+$");
        let check = |text: Option<&str>, number: Option<i64>, list: Option<&[u8]>| {
            let mut at = Validator::default();
            at.text("text", text).length(2..=3).pattern(&DIGITS);
            at.number("number", number, 2..=3);
            at.length("list", list, 2..=3);
            at.constant("text", text.map(|_| "a"), "a");
            at.violations
                .into_iter()
                .map(|violation| violation.to_string())
                .collect::<Vec<_>>()
        };
        let none = Vec::<String>::new();
        assert_eq!(check(None, None, None), none);
        assert_eq!(check(Some("12"), Some(2), Some(&[0; 2])), none);
        assert_eq!(check(Some("123"), Some(3), Some(&[0; 3])), none);
        assert_eq!(
            check(Some("1"), Some(1), Some(&[0; 1])),
            [
                "`text` has 1 characters, at least 2 are needed",
                "`number` must be at least 2",
                "`list` has 1 entries, at least 2 are needed",
            ]
        );
        assert_eq!(
            check(Some("abcd"), Some(4), Some(&[0; 4])),
            [
                "`text` has 4 characters, at most 3 are allowed",
                "`text` does not match ^[0-9]+$",
                "`number` must be at most 3",
                "`list` has 4 entries, at most 3 are allowed",
            ]
        );
    }
}

//! Whether a body fits the type of its request: every wrong place by its path, never by its value.

use serde_json::{Map, Number, Value};

use crate::table::{Field, Object, Ty, Union};

/// A place that does not fit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Misfit {
    /// Wire names and list positions: `customers[3].email`; empty for the whole.
    pub(crate) path: String,
    pub(crate) problem: String,
}

/// Checks a body against a shape. What can have only one value is filled in, and quoted whole numbers become numbers, as the
/// typed crates take them.
pub(crate) fn fit(object: &Object, body: &mut Map<String, Value>) -> Vec<Misfit> {
    let mut fitter = Fitter::default();
    fitter.object(object, body, &[]);
    fitter.misfits
}

#[derive(Default)]
struct Fitter {
    path: String,
    misfits: Vec<Misfit>,
}

impl Fitter {
    fn misfit(&mut self, problem: impl Into<String>) {
        self.misfits.push(Misfit {
            path: self.path.clone(),
            problem: problem.into(),
        });
    }

    /// Does something one step further down.
    fn at(&mut self, step: &str, what: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        if !self.path.is_empty() && !step.starts_with('[') {
            self.path.push('.');
        }
        self.path.push_str(step);
        what(self);
        self.path.truncate(length);
    }

    /// `also` are names that belong to another object written into the same map.
    fn object(&mut self, object: &Object, body: &mut Map<String, Value>, also: &[&str]) {
        for field in object.fields {
            self.field(field, body);
        }
        let mut known: Vec<&str> = object.fields.iter().map(|field| field.wire).collect();
        known.extend(also);
        if let Some(union) = object.flattened {
            self.union(union, body, &known);
            return;
        }
        self.unknown(&known, body);
    }

    fn unknown(&mut self, known: &[&str], body: &Map<String, Value>) {
        for name in body.keys().filter(|name| !known.contains(&name.as_str())) {
            let expected = known.join(", ");
            self.at(name, |fitter| {
                fitter.misfit(format!("is not known here; there are {expected}"));
            });
        }
    }

    fn field(&mut self, field: &Field, body: &mut Map<String, Value>) {
        // A file is no text among the others.
        if matches!(field.ty, Ty::File) {
            return;
        }
        // A null is how many programs write what is absent.
        if body.get(field.wire).is_some_and(Value::is_null) {
            body.remove(field.wire);
        }
        match (body.get_mut(field.wire), field.constant) {
            (Some(value), _) => self.at(field.wire, |fitter| fitter.value(&field.ty, value)),
            (None, Some(constant)) => {
                body.insert(field.wire.to_owned(), constant.into());
            }
            (None, None) if field.required => {
                self.at(field.wire, |fitter| fitter.misfit("is missing"));
            }
            (None, None) => {}
        }
    }

    fn union(&mut self, union: &Union, body: &mut Map<String, Value>, beside: &[&str]) {
        let all = || {
            let tags: Vec<&str> = union.variants.iter().map(|variant| variant.tag).collect();
            tags.join(", ")
        };
        let tag = match body.get(union.tag) {
            None | Some(Value::Null) => {
                let problem = format!("is missing; it is one of {}", all());
                return self.at(union.tag, |fitter| fitter.misfit(problem));
            }
            Some(value) => value.as_str(),
        };
        let variant = union.variants.iter().find(|v| Some(v.tag) == tag);
        let Some(variant) = variant else {
            let problem = format!("must be one of {}", all());
            return self.at(union.tag, |fitter| fitter.misfit(problem));
        };
        let mut also = beside.to_vec();
        also.push(union.tag);
        self.members(&variant.ty, body, &also);
    }

    /// An object or a choice of objects whose names stand in a map, beside others.
    fn members(&mut self, ty: &Ty, body: &mut Map<String, Value>, also: &[&str]) {
        match ty {
            Ty::Object(object) => self.object(object, body, also),
            Ty::Union(union) => self.union(union, body, also),
            _ => {}
        }
    }

    fn time<T>(&mut self, parsed: Option<Result<T, nxcloud::InvalidTime>>) {
        match parsed {
            None => self.misfit("must be a text"),
            Some(Err(error)) => self.misfit(format!("is {error}")),
            Some(Ok(_)) => {}
        }
    }

    fn value(&mut self, ty: &Ty, value: &mut Value) {
        match ty {
            Ty::Text if !value.is_string() => self.misfit("must be a text"),
            Ty::Integer if !value.is_i64() => self.misfit("must be a whole number"),
            Ty::QuotedInteger => match as_integer(value) {
                Some(number) => *value = number.into(),
                None => self.misfit("must be a whole number"),
            },
            Ty::Float => match as_float(value) {
                Some(number) => *value = number.into(),
                None => self.misfit("must be a number"),
            },
            Ty::Decimal => match as_decimal(value) {
                Some(digits) => *value = digits.into(),
                None => self.misfit("must be decimal digits, such as \"0.05\""),
            },
            Ty::Date => self.time(value.as_str().map(str::parse::<nxcloud::Date>)),
            Ty::DateTime => self.time(value.as_str().map(str::parse::<nxcloud::DateTime>)),
            Ty::UnixSeconds => match value.as_i64() {
                None => self.misfit("must be a whole number"),
                seconds => self.time(seconds.map(nxcloud::DateTime::from_unix_seconds)),
            },
            Ty::Boolean if !value.is_boolean() => self.misfit("must be true or false"),
            Ty::Choice(choice) if choice.integer && as_integer(value).is_none() => {
                self.misfit("must be a whole number");
            }
            Ty::Choice(choice) if !choice.integer && !is_scalar(value) => {
                self.misfit("must be a text");
            }
            Ty::List(item) => match value {
                Value::Array(items) => {
                    for (index, value) in items.iter_mut().enumerate() {
                        self.at(&format!("[{index}]"), |fitter| fitter.value(item, value));
                    }
                }
                _ => self.misfit("must be a list"),
            },
            Ty::Map(item) => match value {
                Value::Object(entries) => {
                    for (name, value) in entries {
                        self.at(name, |fitter| fitter.value(item, value));
                    }
                }
                _ => self.misfit("must be an object"),
            },
            Ty::Object(_) | Ty::Union(_) => match value {
                Value::Object(body) => self.members(ty, body, &[]),
                _ => self.misfit("must be an object"),
            },
            _ => {}
        }
    }
}

fn as_integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// A number; in quotes one of more digits than a float holds, which `text.rs` has put there.
fn as_float(value: &Value) -> Option<Number> {
    match value {
        Value::Number(number) => Some(number.clone()),
        Value::String(text) if text.len() > 15 => text.parse().ok(),
        _ => None,
    }
}

/// The digits, which the wire carries in quotes.
fn as_decimal(value: &Value) -> Option<String> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => return None,
    };
    let decimal = text.parse::<nxcloud::Decimal>().ok()?;
    Some(decimal.as_str().to_owned())
}

fn is_scalar(value: &Value) -> bool {
    value.is_string() || value.is_number()
}

#[cfg(test)]
#[path = "fit_tests.rs"]
mod tests;

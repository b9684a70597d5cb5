//! Turns the fields of a request into flags, and flags back into a body.

use std::collections::HashSet;
use std::sync::LazyLock;

use clap::{Arg, ArgAction, ArgMatches};
use heck::ToKebabCase as _;
use nxcloud_spec::SchemaRef;
use serde_json::{Map, Value};

use super::args::CallArgs;
use super::members::{Choice, Members, Property, Type, known_values};
use crate::failure::Failure;
use crate::spec::one_line;
use crate::text;

/// Down to this depth, the fields of nested objects have flags. Deeper objects are written as JSON.
const DEPTH: usize = 4;
/// Flags of the command itself. The flag of a field with such a name gets the prefix `body.`.
static RESERVED: LazyLock<Vec<String>> = LazyLock::new(CallArgs::reserved);

/// A leaf of the request's schema: a field that has a flag.
pub(crate) struct Leaf {
    /// The names along the path, such as `text.body`.
    pub(crate) flag: String,
    path: Vec<String>,
    help: String,
    kind: Kind,
}

/// How the text of a flag becomes a value.
#[derive(Clone, Copy)]
enum Kind {
    One(Scalar),
    /// A list. The flag is repeated, once for each item.
    Many(Scalar),
    /// Any other value, written as JSON.
    Json,
}

#[derive(Clone, Copy)]
enum Scalar {
    Text,
    Integer,
    Number,
    Boolean,
}

impl Kind {
    fn of(schema: SchemaRef<'_>) -> Self {
        match Type::of(schema) {
            Type::Text(_) | Type::Decimal | Type::File => Self::One(Scalar::Text),
            Type::Integer(_) | Type::QuotedInteger => Self::One(Scalar::Integer),
            Type::Number => Self::One(Scalar::Number),
            Type::Boolean => Self::One(Scalar::Boolean),
            Type::List(items) => match Self::of(items) {
                Self::One(scalar) => Self::Many(scalar),
                Self::Many(_) | Self::Json => Self::Json,
            },
            Type::Map(_) | Type::Object | Type::Any => Self::Json,
        }
    }

    fn parse(self, text: &str) -> Result<Value, &'static str> {
        match self {
            Self::One(scalar) | Self::Many(scalar) => scalar.parse(text),
            Self::Json => text::json(text).map_err(|_| "must be valid JSON"),
        }
    }
}

impl Scalar {
    fn parse(self, text: &str) -> Result<Value, &'static str> {
        match self {
            Self::Text => Ok(text.into()),
            Self::Integer => {
                let number = text.parse::<i64>().map_err(|_| "must be an integer")?;
                Ok(number.into())
            }
            Self::Number => match text::json(text) {
                // A number that 64 bits cannot hold comes back as a string.
                Ok(number @ (Value::Number(_) | Value::String(_))) if !text.starts_with('"') => {
                    Ok(number)
                }
                _ => Err("must be a number"),
            },
            Self::Boolean => match text {
                "true" => Ok(true.into()),
                "false" => Ok(false.into()),
                _ => Err("must be true or false"),
            },
        }
    }

    fn value_name(self) -> &'static str {
        match self {
            Self::Text => "TEXT",
            Self::Integer | Self::Number => "NUMBER",
            Self::Boolean => "true|false",
        }
    }
}

/// Lists the flags of a request.
pub(crate) fn leaves(request: SchemaRef<'_>) -> Vec<Leaf> {
    let mut walk = Walk::default();
    walk.members(&Members::of(request), &[], "");
    walk.leaves
}

#[derive(Default)]
struct Walk {
    seen: HashSet<String>,
    leaves: Vec<Leaf>,
}

impl Walk {
    fn members(&mut self, members: &Members<'_>, path: &[String], prefix: &str) {
        for property in &members.properties {
            self.property(property, path, prefix);
        }
        if let Some(choice) = &members.choice {
            self.choice(choice, path, prefix);
        }
    }

    fn property(&mut self, property: &Property<'_>, path: &[String], prefix: &str) {
        if property.constant().is_some() {
            return;
        }
        let path = [path, &[property.name.to_owned()]].concat();
        let flag = format!("{prefix}{}", property.field().to_kebab_case());
        if matches!(Type::of(property.schema), Type::Object) && path.len() < DEPTH {
            let members = Members::of(property.schema);
            return self.members(&members, &path, &format!("{flag}."));
        }
        let mut help = described(property);
        if let Some(default) = property.filled_in() {
            help.push_str(&format!(" [default: {default}]"));
        } else if property.is_required() && path.len() == 1 {
            help.push_str(" [required]");
        }
        self.leaf(flag, path, help, Kind::of(property.schema));
    }

    fn choice(&mut self, choice: &Choice<'_>, path: &[String], prefix: &str) {
        let mut help = format!("One of {}.", choice.tags());
        if path.is_empty() {
            help.push_str(" [required]");
        }
        let flag = format!("{prefix}{}", choice.tag.to_kebab_case());
        let tag = [path, &[choice.tag.to_owned()]].concat();
        self.leaf(flag, tag, help, Kind::One(Scalar::Text));
        for (_, variant) in &choice.variants {
            self.members(&Members::of(*variant), path, prefix);
        }
    }

    fn leaf(&mut self, flag: String, path: Vec<String>, help: String, kind: Kind) {
        let flag = if RESERVED.contains(&flag) {
            format!("body.{flag}")
        } else {
            flag
        };
        // Variants of a choice can share fields.
        if self.seen.insert(flag.clone()) {
            self.leaves.push(Leaf {
                flag,
                path,
                help,
                kind,
            });
        }
    }
}

/// The help of a field, with the documented values.
fn described(property: &Property<'_>) -> String {
    let help = one_line(property.description());
    let values = match Type::of(property.schema) {
        Type::List(items) => known_values(items),
        _ => known_values(property.schema),
    };
    let values = values.iter().map(|known| {
        let value = match &known.value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        match known.meaning.as_deref().map(one_line) {
            Some(meaning) if !meaning.is_empty() => {
                format!("{value} ({})", meaning.trim_end_matches('.'))
            }
            _ => value,
        }
    });
    let values: Vec<String> = values.collect();
    if values.is_empty() {
        return help;
    }
    format!("{help} Known values: {}.", values.join(", "))
}

impl Leaf {
    pub(crate) fn arg(&self) -> Arg {
        let (name, action) = match self.kind {
            Kind::One(scalar) => (scalar.value_name(), ArgAction::Set),
            Kind::Many(scalar) => (scalar.value_name(), ArgAction::Append),
            Kind::Json => ("JSON", ArgAction::Set),
        };
        let arg = Arg::new(self.flag.clone())
            .long(self.flag.clone())
            .value_name(name)
            .help(self.help.clone())
            // Allows negative numbers and texts that begin with a dash. `missing_value.rs` has already refused flags.
            .allow_hyphen_values(true)
            .action(action);
        match self.kind {
            Kind::One(Scalar::Boolean) => arg
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_value("true"),
            _ => arg,
        }
    }
}

/// Writes the flags into a body. They override what is there.
pub(crate) fn merge(
    leaves: &[Leaf],
    matches: &ArgMatches,
    body: &mut Map<String, Value>,
) -> Result<(), Failure> {
    for leaf in leaves {
        let Some(texts) = matches.get_many::<String>(&leaf.flag) else {
            continue;
        };
        let mut values = Vec::new();
        for text in texts {
            let value = leaf.kind.parse(text);
            values.push(
                value.map_err(|problem| Failure::usage(format!("--{} {problem}", leaf.flag)))?,
            );
        }
        let value = match (leaf.kind, values.pop()) {
            (Kind::Many(_), last) => Value::Array(values.into_iter().chain(last).collect()),
            (_, Some(value)) => value,
            (_, None) => continue,
        };
        put(body, &leaf.path, value).map_err(|at| {
            let problem = format!(
                "--{} cannot be set: `{at}` is not an object in the JSON body",
                leaf.flag
            );
            Failure::usage(problem)
        })?;
    }
    Ok(())
}

fn put<'a>(body: &mut Map<String, Value>, path: &'a [String], value: Value) -> Result<(), &'a str> {
    match path {
        [] => Ok(()),
        [last] => {
            body.insert(last.clone(), value);
            Ok(())
        }
        [first, rest @ ..] => {
            let inner = body.entry(first.clone());
            match inner.or_insert_with(|| Value::Object(Map::new())) {
                Value::Object(inner) => put(inner, rest, value),
                _ => Err(first),
            }
        }
    }
}

/// The flag that sets the value at a path of the body, for error messages.
pub(crate) fn flag_of<'a>(leaves: &'a [Leaf], path: &str) -> Option<&'a str> {
    let leaf = leaves.iter().find(|leaf| leaf.path.join(".") == path);
    leaf.map(|leaf| leaf.flag.as_str())
}

impl Leaf {
    /// Adds the flag after the first mention of the field in a text.
    pub(crate) fn named_in(&self, text: &str) -> String {
        let field = format!("`{}`", self.path.join("."));
        text.replacen(&field, &format!("{field} (--{})", self.flag), 1)
    }
}

#[cfg(test)]
#[path = "flags_tests.rs"]
mod tests;

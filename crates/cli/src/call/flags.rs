//! Flags from the fields of a request, and back from flags to a body.

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

/// How deep objects within objects have flags of their own.
const DEPTH: usize = 4;
/// Flags of the command itself; a field with such a name has `body.` before its own.
static TAKEN: LazyLock<Vec<String>> = LazyLock::new(CallArgs::taken);

/// A field that has a flag.
pub(crate) struct Leaf {
    /// `text.body`: the names along the way.
    pub(crate) flag: String,
    path: Vec<String>,
    help: String,
    kind: Kind,
}

/// How the text of a flag becomes a value.
#[derive(Clone, Copy)]
enum Kind {
    One(Scalar),
    /// A list: the flag stands once for each entry.
    Many(Scalar),
    /// Anything else, written as JSON.
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
            Self::Json => text::json(text).map_err(|_| "takes JSON"),
        }
    }
}

impl Scalar {
    fn parse(self, text: &str) -> Result<Value, &'static str> {
        match self {
            Self::Text => Ok(text.into()),
            Self::Integer => {
                let number = text.parse::<i64>().map_err(|_| "takes a whole number")?;
                Ok(number.into())
            }
            Self::Number => match text::json(text) {
                // In quotes when it has more digits than 64 bits hold.
                Ok(number @ (Value::Number(_) | Value::String(_))) if !text.starts_with('"') => {
                    Ok(number)
                }
                _ => Err("takes a number"),
            },
            Self::Boolean => match text {
                "true" => Ok(true.into()),
                "false" => Ok(false.into()),
                _ => Err("takes true or false"),
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

/// The flags of a request.
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
        let mut help = format!("Which kind it is: {}.", choice.tags());
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
        let flag = if TAKEN.contains(&flag) {
            format!("body.{flag}")
        } else {
            flag
        };
        // Kinds of a choice share fields.
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

/// The help of a field with the values that the reference lists.
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
            // A number below zero, or a text that begins with a dash; `missing_value.rs` has refused what is a flag.
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

/// Puts what the flags say into a body; flags win over what is there.
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
                "--{} cannot be put into the body: `{at}` is no object there",
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

/// The flag of a place in a body, to name it in an error.
pub(crate) fn flag_of<'a>(leaves: &'a [Leaf], path: &str) -> Option<&'a str> {
    let leaf = leaves.iter().find(|leaf| leaf.path.join(".") == path);
    leaf.map(|leaf| leaf.flag.as_str())
}

impl Leaf {
    /// A text that names the field, with the flag after it.
    pub(crate) fn named_in(&self, text: &str) -> String {
        let field = format!("`{}`", self.path.join("."));
        text.replacen(&field, &format!("{field} (--{})", self.flag), 1)
    }
}

#[cfg(test)]
#[path = "flags_tests.rs"]
mod tests;

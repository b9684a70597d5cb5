//! Flags from the fields of a request, and back from flags to a body.

use std::collections::HashSet;

use clap::{Arg, ArgAction, ArgMatches};
use serde_json::{Map, Value};

use super::args::CallArgs;
use crate::failure::Failure;
use crate::table::{Object, Ty, Union};
use crate::text;

/// How deep objects within objects have flags of their own.
const DEPTH: usize = 4;
/// A field that has a flag.
pub(crate) struct Leaf {
    /// `text.body`: the names along the way.
    pub(crate) flag: String,
    path: Vec<&'static str>,
    help: String,
    kind: Kind,
    required: bool,
}

/// How the text of a flag becomes a value.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Integer,
    Number,
    Boolean,
    /// A list of texts or numbers: the flag is given once for each.
    Many(&'static Ty),
    /// Anything else, written as JSON.
    Json,
}

impl Kind {
    fn of(ty: &'static Ty) -> Self {
        match ty {
            Ty::Text | Ty::Decimal | Ty::Date | Ty::DateTime | Ty::File => Self::Text,
            Ty::Choice(choice) if !choice.integer => Self::Text,
            Ty::Choice(_) | Ty::Integer | Ty::QuotedInteger | Ty::UnixSeconds => Self::Integer,
            Ty::Float => Self::Number,
            Ty::Boolean => Self::Boolean,
            Ty::List(item) => match Self::of(item) {
                Self::Many(_) | Self::Json => Self::Json,
                _ => Self::Many(item),
            },
            Ty::Json | Ty::Map(_) | Ty::Object(_) | Ty::Union(_) => Self::Json,
        }
    }

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
            Self::Many(item) => Self::of(item).parse(text),
            Self::Json => text::json(text).map_err(|_| "takes JSON"),
        }
    }
}

/// The flags of a request.
pub(crate) fn leaves(object: &'static Object) -> Vec<Leaf> {
    let mut found = Vec::new();
    let mut walk = Walk {
        taken: CallArgs::taken(),
        seen: HashSet::new(),
        found: &mut found,
    };
    walk.object(object, &[], "");
    found
}

struct Walk<'a> {
    /// Flags of the command itself; a field with such a name has `body.` before its own.
    taken: Vec<String>,
    seen: HashSet<String>,
    found: &'a mut Vec<Leaf>,
}

impl Walk<'_> {
    fn object(&mut self, object: &'static Object, path: &[&'static str], prefix: &str) {
        for field in object.fields {
            // A file has a flag of its own.
            if field.constant.is_some() || matches!(field.ty, Ty::File) {
                continue;
            }
            let mut path = path.to_vec();
            path.push(field.wire);
            let flag = format!("{prefix}{}", field.flag);
            let inner = format!("{flag}.");
            match &field.ty {
                Ty::Object(object) if path.len() < DEPTH => self.object(object, &path, &inner),
                Ty::Union(union) if path.len() < DEPTH => self.union(union, &path, &inner),
                ty => self.leaf(flag, path, described(field.help, ty), ty, field.required),
            }
        }
        if let Some(union) = object.flattened {
            self.union(union, path, prefix);
        }
    }

    fn union(&mut self, union: &'static Union, path: &[&'static str], prefix: &str) {
        let tags: Vec<&str> = union.variants.iter().map(|variant| variant.tag).collect();
        let mut tag = path.to_vec();
        tag.push(union.tag);
        let help = format!("Which kind it is: {}.", tags.join(", "));
        let flag = format!("{prefix}{}", union.flag);
        self.leaf(flag, tag, help, &Ty::Text, path.is_empty());
        for variant in union.variants {
            match &variant.ty {
                Ty::Object(object) => self.object(object, path, prefix),
                Ty::Union(union) => self.union(union, path, prefix),
                _ => {}
            }
        }
    }

    fn leaf(
        &mut self,
        flag: String,
        path: Vec<&'static str>,
        help: String,
        ty: &'static Ty,
        required: bool,
    ) {
        let flag = if self.taken.contains(&flag) {
            format!("body.{flag}")
        } else {
            flag
        };
        // Kinds of a choice share fields.
        if self.seen.insert(flag.clone()) {
            let required = required && path.len() == 1;
            let kind = Kind::of(ty);
            self.found.push(Leaf {
                flag,
                path,
                help,
                kind,
                required,
            });
        }
    }
}

/// The help of a field with the values that the reference lists.
fn described(help: &str, ty: &Ty) -> String {
    let choice = match ty {
        Ty::Choice(choice) | Ty::List(Ty::Choice(choice)) => choice,
        _ => return help.to_owned(),
    };
    let values = choice.values.iter().map(|(value, meaning)| {
        if meaning.is_empty() {
            (*value).to_owned()
        } else {
            format!("{value} ({})", meaning.trim_end_matches('.'))
        }
    });
    let values: Vec<String> = values.collect();
    format!("{help} Known values: {}.", values.join(", "))
}

impl Leaf {
    pub(crate) fn arg(&self) -> Arg {
        let (name, action) = match self.kind {
            Kind::Text => ("TEXT", ArgAction::Set),
            Kind::Integer | Kind::Number => ("NUMBER", ArgAction::Set),
            Kind::Boolean => ("true|false", ArgAction::Set),
            Kind::Many(item) => match Kind::of(item) {
                Kind::Integer | Kind::Number => ("NUMBER", ArgAction::Append),
                _ => ("TEXT", ArgAction::Append),
            },
            Kind::Json => ("JSON", ArgAction::Set),
        };
        let mut help = self.help.clone();
        if self.required {
            help.push_str(" [required]");
        }
        let arg = Arg::new(self.flag.clone())
            .long(self.flag.clone())
            .value_name(name)
            .help(help)
            // A number below zero, or a text that begins with a dash; `missing_value.rs` has refused what is a flag.
            .allow_hyphen_values(true)
            .action(action);
        match self.kind {
            Kind::Boolean => arg
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

fn put<'a>(body: &mut Map<String, Value>, path: &[&'a str], value: Value) -> Result<(), &'a str> {
    match path {
        [] => Ok(()),
        [last] => {
            body.insert((*last).to_owned(), value);
            Ok(())
        }
        [first, rest @ ..] => {
            let inner = body.entry((*first).to_owned());
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

//! Turns messages of serde and of the YAML library into findings.

use serde_json::Value;

use super::locate::Step;
use crate::lint::values::{QUOTE, quoted};

/// The start of a message of the YAML library, the problem, and what to write.
const LIBRARY: [(&str, &str, &str); 8] = [
    (
        "duplicate mapping key:",
        "the key `{}` is used twice",
        "remove one of them",
    ),
    (
        "multiple YAML documents",
        "the file has several YAML documents",
        "write each spec in a separate file",
    ),
    (
        "budget breached: Depth",
        "the values are nested too deeply",
        "move inner schemas to components.schemas and refer to them with `$ref`",
    ),
    (
        "recursion limit exceeded",
        "the values are nested too deeply",
        "move inner schemas to components.schemas and refer to them with `$ref`",
    ),
    (
        "budget breached",
        "the spec is too large",
        "split it into several specs, or use fewer aliases",
    ),
    (
        "cannot deserialize null into string",
        "a key is null",
        "write the name in quotes, such as 'null'",
    ),
    (
        "recursive references",
        "an alias is inside its own anchor",
        "write the value instead of the alias",
    ),
    (
        "non-finite float",
        "not a number: {}",
        "write a number within 64 bits, or remove the limit",
    ),
];

/// Explains an error of the YAML library.
pub(super) fn yaml(message: &str) -> (String, String) {
    // The other lines quote the text around the error.
    let line = message.lines().next().unwrap_or_default();
    let line = line.strip_prefix("error: ").unwrap_or(line);
    // The finding has the place already.
    let problem = match line.split_once(": ") {
        Some((place, problem)) if place.starts_with("line ") => problem,
        _ => line,
    };
    let explained = LIBRARY
        .iter()
        .find(|(start, ..)| problem.starts_with(start));
    let Some((start, wrong, instead)) = explained else {
        return (
            problem.to_owned(),
            "write OpenAPI 3.0 as YAML, with quotes around texts that contain punctuation"
                .to_owned(),
        );
    };
    let named = problem[start.len()..]
        .split(", set")
        .next()
        .unwrap_or_default();
    (wrong.replace("{}", named.trim()), (*instead).to_owned())
}

/// Adds the key that a message names to the steps, in cases where serde reads a copy and loses the place.
pub(super) fn refine(root: &Value, steps: &mut Vec<Step>, message: &str) {
    let place = steps.iter().try_fold(root, |value, step| match step {
        Step::Key(key) => value.get(key),
        Step::Entry(index) => value.get(index),
    });
    let Some(Value::Object(map)) = place else {
        return;
    };
    let Some(named) = first_quoted(message) else {
        return;
    };
    let key = if message.starts_with("unknown field") {
        map.get_key_value(named).map(|(key, _)| key)
    } else if message.starts_with("invalid") {
        let mut entries = map.iter();
        let entry = entries.find(|(_, value)| value.to_string().trim_matches('"') == named);
        entry.map(|(key, _)| key)
    } else {
        None
    };
    steps.extend(key.cloned().map(Step::Key));
}

/// Explains an error of the structure.
pub(super) fn structure(steps: &[Step], message: &str) -> (String, String) {
    let key = steps.iter().rev().find_map(|step| match step {
        Step::Key(key) => Some(key.as_str()),
        Step::Entry(_) => None,
    });
    let key = key.unwrap_or_default();
    let named = first_quoted(message).unwrap_or_default();
    let known = message
        .split_once(", expected")
        .map_or("", |(_, known)| known);
    if message.starts_with("unknown field") {
        unknown_key(named, &backticked(known))
    } else if message.starts_with("missing field") {
        (format!("`{named}` is missing"), missing(named))
    } else if message.starts_with("unknown variant") {
        unknown_value(key, named, &backticked(known))
    } else if let Some(rest) = message.strip_prefix("invalid type: ") {
        wrong_type(
            key,
            rest.split(", expected").next().unwrap_or_default(),
            known.trim(),
        )
    } else if message.starts_with("invalid value") {
        let problem = format!("{named} is outside the allowed range");
        (problem, number(known.trim()))
    } else if let Some((problem, instead)) = message.split_once(": write ") {
        (problem.to_owned(), format!("write {instead}"))
    } else {
        let instead = "see the documentation of this key in nxcloud-spec";
        (message.to_owned(), instead.to_owned())
    }
}

fn unknown_key(key: &str, known: &[&str]) -> (String, String) {
    // Only generated files have this key.
    let known: Vec<&str> = known
        .iter()
        .copied()
        .filter(|known| *known != "x-nx-generated")
        .collect();
    if key == "anyOf" {
        return (
            "`anyOf` is not supported".to_owned(),
            "write `x-extensible-enum` for an open enum, or `oneOf` with a `discriminator`"
                .to_owned(),
        );
    }
    let problem = if key.starts_with("x-nx-") {
        format!("unknown vendor extension `{key}`")
    } else {
        format!("unknown key `{key}`")
    };
    let instead = match nearest(key, &known) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("write one of {}", known.join(", ")),
    };
    (problem, instead)
}

fn unknown_value(key: &str, value: &str, known: &[&str]) -> (String, String) {
    if key == "in" && value == "header" {
        return (
            "header parameters are not listed: the client adds them".to_owned(),
            "remove it; write bizType and action as `x-nx-biz-type` and `x-nx-action`".to_owned(),
        );
    }
    let problem = format!("`{value}` is not a value of `{key}`");
    let all = format!("write one of {}", known.join(", "));
    let instead = match nearest(value, known) {
        Some(nearest) => format!("did you mean `{nearest}`? {all}"),
        None => all,
    };
    (problem, instead)
}

/// `actual` and `expected` are serde's names of types.
fn wrong_type(key: &str, actual: &str, expected: &str) -> (String, String) {
    let scalar = match actual.split_once(" `") {
        _ if actual == "null" => Some(Value::Null),
        Some(("boolean", value)) => Some((value == "true`").into()),
        Some((_, value)) => serde_json::from_str(value.trim_end_matches('`')).ok(),
        None => None,
    };
    if key == "additionalProperties" && actual.starts_with("boolean") {
        return (
            "`additionalProperties` is a boolean".to_owned(),
            "remove it: replies keep unknown fields, requests have none".to_owned(),
        );
    }
    let is_text = expected == "a string" || expected == "string or map";
    if let Some(scalar) = scalar.filter(|_| is_text) {
        return (format!("not a text: {}", quoted(&scalar)), QUOTE.to_owned());
    }
    let instead = match expected {
        "a boolean" => "write true or false, without quotes".to_owned(),
        "a sequence" => "write a list: entries in brackets, or each after a dash".to_owned(),
        "a string" | "string or map" => "write a text".to_owned(),
        "a map" => "write keys and values".to_owned(),
        other if other.starts_with("struct ") || other.contains("enum ") => {
            "write keys and values".to_owned()
        }
        other => number(other),
    };
    (format!("wrong type: {}", type_name(actual)), instead)
}

/// The name of a type, with terms of YAML instead of Rust.
fn type_name(actual: &str) -> &str {
    match actual {
        "map" => "keys and values",
        "sequence" => "a list",
        other => other,
    }
}

fn number(expected: &str) -> String {
    let range = match expected {
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number from 0 to 18446744073709551615",
        "i64" => "a 64-bit whole number",
        "a JSON number" => "a number",
        other => return format!("write {other}"),
    };
    format!("write {range}, without quotes, point or exponent")
}

/// What to write for a missing key.
fn missing(key: &str) -> String {
    match key {
        "openapi" => "write `openapi: 3.0.3`",
        "info" => "write title, version and description",
        "servers" => "write the documented base URL as the first server",
        "paths" => "write at least one operation",
        "components" => "write the named schemas",
        "x-nx-scheme" => "write `x-nx-scheme: nxcloud-md5` or `antbuddy-sha256`",
        "x-nx-source" => {
            "write the title or the address of the vendor's page that documents the service"
        }
        "operationId" => "write a snake_case name, such as send_sms",
        "summary" => "describe the operation in one sentence",
        "responses" => "write a response \"200\"",
        "schema" => "refer to a named schema",
        "examples" => "write at least one complete example",
        "content" => "write a media type with schema and examples, or the transports of a push",
        "code" | "kind" | "meaning" => "write {code, name, kind, meaning}",
        "value" => "write {value: …}",
        "signed" => "write true or false",
        "style" => "write page, offset or cursor",
        _ => return format!("add `{key}` here"),
    }
    .to_owned()
}

/// The known name that is most similar to a misspelt one, if it is similar enough.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let distance = |known: &&str| strsim::damerau_levenshtein(name, known);
    let nearest = known.iter().copied().min_by_key(distance)?;
    let max_distance = (name.chars().count() / 2).min(3);
    (distance(&nearest) <= max_distance).then_some(nearest)
}

fn backticked(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The first part of a message in backticks or quotes.
fn first_quoted(message: &str) -> Option<&str> {
    let start = message.find(['`', '"'])?;
    let mark = message.get(start..=start)?;
    let rest = message.get(start + 1..)?;
    // The name itself may contain a mark.
    let end = rest
        .find(&format!("{mark}, expected"))
        .or_else(|| rest.rfind(mark))?;
    rest.get(..end)
}

//! Paths and their parameters.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::Linter;
use crate::names;

/// The texts and parameters of one segment; `None` if its braces do not match.
fn parameters(segment: &str) -> Option<Vec<&str>> {
    let mut found = Vec::new();
    let mut rest = segment;
    while let Some((text, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        let adjacent = text.is_empty() && !found.is_empty();
        if text.contains('}') || name.contains('{') || adjacent {
            return None;
        }
        found.push(name);
        rest = after;
    }
    (!rest.contains('}')).then_some(found)
}

impl Linter<'_> {
    /// Two paths that differ by the names of their parameters only are one to whoever receives a request.
    pub(super) fn paths(&mut self, paths: &Map<String, Value>) {
        let mut seen: BTreeMap<String, &String> = BTreeMap::new();
        for path in paths.keys() {
            let at = format!("paths.{path}");
            self.path(&at, path);
            let (url, fragment) = path.split_once('#').unwrap_or((path, ""));
            let shape: Vec<&str> = url.split(['{', '}']).step_by(2).collect();
            if let Some(other) = seen.insert(format!("{}#{fragment}", shape.join("{}")), path) {
                self.find(
                    &at,
                    format!("the same URL as {other}"),
                    "leave one out, or tell them apart by a `#fragment`, which is not sent",
                );
            }
        }
    }

    fn path(&mut self, at: &str, path: &str) {
        let (url, fragment) = path.split_once('#').unwrap_or((path, ""));
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@".contains(c);
        let mut segments = url.split('/').skip(1).peekable();
        let mut sound = url.starts_with('/')
            && fragment
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
        while let Some(segment) = segments.next() {
            // An empty one may end the path.
            let empty = segment.is_empty() && segments.peek().is_some();
            let text: String = segment.split(['{', '}']).step_by(2).collect();
            let dots = !segment.is_empty() && segment.chars().all(|c| c == '.');
            sound &= parameters(segment).is_some() && !empty && !dots && text.chars().all(plain);
        }
        if !sound {
            self.find(
                at,
                "a path that cannot be sent as it is written",
                "write `/`, then segments of letters, digits and `-._~!$&'()*+,;=:@`, with `{name}` for a parameter and text between two of them",
            );
        }
    }

    /// The parameters of an operation are those of its path and those of the query, each once.
    pub(super) fn parameters(&mut self, at: &str, path: &str, operation: &Map<String, Value>) {
        let url = path.split('#').next().unwrap_or_default();
        let in_path: Vec<&str> = url.split('/').filter_map(parameters).flatten().collect();
        let mut declared: BTreeSet<String> = BTreeSet::new();
        let mut in_rust: BTreeMap<String, String> = BTreeMap::new();
        let listed = operation.get("parameters").and_then(Value::as_array);
        for (index, parameter) in listed.into_iter().flatten().enumerate() {
            let at = format!("{at}.parameters[{index}]");
            let Some(name) = parameter.get("name").and_then(Value::as_str) else {
                self.find(
                    &at,
                    "`name` is missing or no text",
                    "write the name in quotes",
                );
                continue;
            };
            if parameter.get("schema").is_none() {
                self.find(
                    &at,
                    "`schema` is missing",
                    "write the type of the parameter",
                );
            }
            let known = name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.[]$@:".contains(c));
            let rust = names::module(name);
            if rust == "body" && operation.contains_key("requestBody") {
                self.find(
                    &at,
                    "`body` names the body of the request",
                    "write the parameter as a property of the body, or the operation without a body",
                );
            }
            if !known || !rust.starts_with(|c: char| c.is_ascii_alphabetic()) {
                self.find(
                    &at,
                    format!("`{name}` cannot name a parameter"),
                    "write ASCII letters, digits and `-_.[]$@:`, a letter first",
                );
            } else if let Some(other) = in_rust.insert(rust.clone(), name.to_owned()) {
                self.find(
                    &at,
                    format!("`{name}` and `{other}` are both `{rust}` in Rust"),
                    "leave one out: an operation has one parameter of a name, whether in the query or in the path",
                );
            }
            if parameter.get("in").and_then(Value::as_str) == Some("path") {
                declared.insert(name.to_owned());
                if !in_path.contains(&name) {
                    self.find(
                        &at,
                        format!("`{name}` is no parameter of the path"),
                        format!("write `{{{name}}}` in the path, or `in: query`"),
                    );
                }
            }
        }
        let mut seen = BTreeSet::new();
        for name in in_path {
            if !declared.contains(name) {
                self.find(
                    at,
                    format!("the path parameter `{name}` is not declared"),
                    format!(
                        "list it under `parameters`: {{name: {name}, in: path, required: true, …}}"
                    ),
                );
            }
            if !seen.insert(name) {
                self.find(
                    at,
                    format!("the path parameter `{name}` stands twice"),
                    "give one of them another name",
                );
            }
        }
    }
}

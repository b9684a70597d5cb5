//! Paths and their parameters.

use std::collections::{BTreeMap, BTreeSet};

use nxcloud_spec::Document;
use nxcloud_spec::document::{Operation, Place};

use crate::finding::Findings;
use crate::names;

/// The texts and parameters of one segment; `None` if its braces do not match.
fn named(segment: &str) -> Option<Vec<&str>> {
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

/// Two paths that differ by the names of their parameters only are one to whoever receives a request.
pub(super) fn paths(document: &Document, findings: &mut Findings<'_>) {
    let mut seen: BTreeMap<String, &String> = BTreeMap::new();
    for path in document.paths.keys() {
        let at = format!("paths.{path}");
        self::path(&at, path, findings);
        let (url, fragment) = path.split_once('#').unwrap_or((path, ""));
        let shape: Vec<&str> = url.split(['{', '}']).step_by(2).collect();
        if let Some(other) = seen.insert(format!("{}#{fragment}", shape.join("{}")), path) {
            findings.add(
                &at,
                format!("the same URL as {other}"),
                "leave one out, or tell them apart by a `#fragment`, which is not sent",
            );
        }
    }
}

fn path(at: &str, path: &str, findings: &mut Findings<'_>) {
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
        sound &= named(segment).is_some() && !empty && !dots && text.chars().all(plain);
    }
    if !sound {
        findings.add(
            at,
            "a path that cannot be sent as it is written",
            "write `/`, then segments of letters, digits and `-._~!$&'()*+,;=:@`, with `{name}` for a parameter and text between two of them",
        );
    }
}

/// The parameters of an operation are those of its path and those of the query, each once.
pub(super) fn parameters(at: &str, path: &str, operation: &Operation, findings: &mut Findings<'_>) {
    let url = path.split('#').next().unwrap_or_default();
    let in_path: Vec<&str> = url.split('/').filter_map(named).flatten().collect();
    let mut declared: BTreeSet<&str> = BTreeSet::new();
    let mut in_rust: BTreeMap<String, &str> = BTreeMap::new();
    for (index, parameter) in operation.parameters.iter().enumerate() {
        let at = format!("{at}.parameters[{index}]");
        let name = parameter.name.as_str();
        let known = name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.[]$@:".contains(c));
        let rust = names::module(name);
        if rust == "body" && operation.body.is_some() {
            findings.add(
                &at,
                "`body` names the body of the request",
                "write the parameter as a property of the body, or the operation without a body",
            );
        }
        if !known || !rust.starts_with(|c: char| c.is_ascii_alphabetic()) {
            findings.add(
                &at,
                format!("`{name}` cannot name a parameter"),
                "write ASCII letters, digits and `-_.[]$@:`, a letter first",
            );
        } else if let Some(other) = in_rust.insert(rust.clone(), name) {
            findings.add(
                &at,
                format!("`{name}` and `{other}` are both `{rust}` in Rust"),
                "leave one out: an operation has one parameter of a name, whether in the query or in the path",
            );
        }
        if parameter.example.is_none() {
            findings.add(
                &at,
                format!("`{name}` has no `example`"),
                "write a fictitious one: tests and the sandbox use it",
            );
        }
        if parameter.place == Place::Path {
            declared.insert(name);
            if !in_path.contains(&name) {
                findings.add(
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
            findings.add(
                at,
                format!("the path parameter `{name}` is not declared"),
                format!(
                    "list it under `parameters`: {{name: {name}, in: path, required: true, …}}"
                ),
            );
        }
        if !seen.insert(name) {
            findings.add(
                at,
                format!("the path parameter `{name}` stands twice"),
                "give one of them another name",
            );
        }
    }
}

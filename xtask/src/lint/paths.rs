//! Checks paths and their parameters.

use std::collections::{BTreeMap, BTreeSet};

use nxcloud_spec::Document;
use nxcloud_spec::document::{Operation, Place};

use crate::finding::Findings;
use crate::names;

/// The names of the parameters in a segment; `None` if braces do not match or parameters are adjacent.
fn parameter_names(segment: &str) -> Option<Vec<&str>> {
    let mut names = Vec::new();
    let mut rest = segment;
    while let Some((text, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        let adjacent = text.is_empty() && !names.is_empty();
        if text.contains('}') || name.contains('{') || adjacent {
            return None;
        }
        names.push(name);
        rest = after;
    }
    (!rest.contains('}')).then_some(names)
}

/// Checks all paths. A server cannot distinguish two paths that differ only in the names of their parameters.
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
                format!("the path has the same URL as {other}"),
                "remove one of them, or add a `#fragment`, which is not sent",
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
        // A path may end with an empty segment.
        let empty = segment.is_empty() && segments.peek().is_some();
        let text: String = segment.split(['{', '}']).step_by(2).collect();
        let dots = !segment.is_empty() && segment.chars().all(|c| c == '.');
        sound &= parameter_names(segment).is_some() && !empty && !dots && text.chars().all(plain);
    }
    if !sound {
        findings.add(
            at,
            "the path cannot be sent unchanged",
            "write `/`, then segments of letters, digits and `-._~!$&'()*+,;=:@`, with `{name}` for a parameter and text between two parameters",
        );
    }
}

/// Checks the parameters of an operation: those of the path are in the path, and each name is used once.
pub(super) fn parameters(at: &str, path: &str, operation: &Operation, findings: &mut Findings<'_>) {
    let url = path.split('#').next().unwrap_or_default();
    let in_path: Vec<&str> = url
        .split('/')
        .filter_map(parameter_names)
        .flatten()
        .collect();
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
                "a parameter cannot have the name `body` if the request has a body",
                "make the parameter a property of the body, or remove the body",
            );
        }
        if !known || !rust.starts_with(|c: char| c.is_ascii_alphabetic()) {
            findings.add(
                &at,
                format!("`{name}` cannot be the name of a parameter"),
                "write ASCII letters, digits and `-_.[]$@:`, starting with a letter",
            );
        } else if let Some(other) = in_rust.insert(rust.clone(), name) {
            findings.add(
                &at,
                format!("`{name}` and `{other}` are both `{rust}` in Rust"),
                "rename or remove one: names are unique across query and path",
            );
        }
        if parameter.example.is_none() {
            findings.add(
                &at,
                format!("`{name}` has no `example`"),
                "write a fictitious value: tests and the sandbox use it",
            );
        }
        if parameter.place == Place::Path {
            declared.insert(name);
            if !in_path.contains(&name) {
                findings.add(
                    &at,
                    format!("the path has no parameter `{name}`"),
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
                format!("the path parameter `{name}` is used twice"),
                "rename one of them",
            );
        }
    }
}

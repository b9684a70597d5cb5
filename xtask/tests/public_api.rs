//! Rules for the API of the published crates.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use regex_lite::Regex;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Rust files below the `src` of every published crate.
fn sources() -> Vec<PathBuf> {
    let crates = fs::read_dir(root().join("crates")).unwrap();
    let mut paths: Vec<PathBuf> = crates
        .map(|entry| entry.unwrap().path().join("src"))
        .collect();
    let mut files = Vec::new();
    while let Some(path) = paths.pop() {
        if path.is_dir() {
            paths.extend(
                fs::read_dir(path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// Public items whose type is an array of a fixed length, except for arrays of bytes.
fn fixed_lengths(source: &str) -> Vec<String> {
    let item = Regex::new(r"(?m)^ *pub (?:(?:const|static|async|unsafe) )*(?:fn )?\w+[^;={]*?\[([^\[\];]+); *\w+\][^;={]*[;={,]").unwrap();
    item.captures_iter(source)
        .filter(|captures| captures[1].trim() != "u8")
        .map(|captures| captures[0].to_owned())
        .collect()
}

#[test]
fn fixed_lengths_are_found_in_all_kinds_of_items() {
    for public in [
        "pub static CODES: [CodeInfo; 5] = [];",
        "    pub const ALL: [Self; 7] = [];",
        "pub fn headers(&self) -> [(&str, String); 6] {",
        "pub struct A {\n    pub names: [String; LEN],\n}",
        "    pub const fn all(\n        self,\n    ) -> &'static [Self; 3] {",
    ] {
        assert_eq!(fixed_lengths(public).len(), 1, "{public}");
    }
    for other in [
        "pub const ALL: &[Self] = &[];",
        "pub(crate) fn args() -> [Arg; 7] {",
        "pub fn digest(&self) -> [u8; 16] {",
        "fn f() -> [u32; 4] {",
        "pub fn f() {\n    let a: [u32; 4] = g();\n}",
    ] {
        assert_eq!(fixed_lengths(other), Vec::<String>::new(), "{other}");
    }
}

/// A table that may grow is a slice: the length of an array is part of its type, so another entry would break callers.
#[test]
fn no_public_table_has_its_length_in_its_type() {
    let files = sources();
    assert!(files.len() > 200, "{}", files.len());
    let all: Vec<String> = files
        .iter()
        .flat_map(|path| {
            let items = fixed_lengths(&fs::read_to_string(path).unwrap()).into_iter();
            items
                .map(|item| format!("{}: {item}", path.display()))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(all.is_empty(), "{}", all.join("\n"));
}

/// Literals with the name of a signature header, outside of tests. `ts`, `action` and `sign` have other uses too.
fn header_names(source: &str) -> Vec<&str> {
    let name = Regex::new(r#"(?i)"(?:accessKey|bizType|x-auth-app-id|x-auth-app-hash)""#).unwrap();
    let code = source.split("#[cfg(test)]").next().unwrap();
    let lines = code.lines().map(str::trim_start);
    lines
        .filter(|line| !line.starts_with("//") && !line.starts_with("#[serde("))
        .filter(|line| name.is_match(line))
        .collect()
}

/// A second literal would be a second place to change.
#[test]
fn names_of_the_signature_headers_are_written_in_one_place() {
    let source = "headers.get(\"accesskey\");\n// \"bizType\"\n#[cfg(test)]\n\"bizType\"";
    assert_eq!(header_names(source).len(), 1);
    let is_test = |path: &Path| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.ends_with("_tests.rs") || path.iter().any(|part| part == "tests")
    };
    let mut places = Vec::new();
    for path in sources() {
        let relative = path.strip_prefix(root()).unwrap();
        if !is_test(relative)
            && !relative
                .components()
                .any(|part| part.as_os_str() == "generated")
        {
            let source = fs::read_to_string(&path).unwrap();
            if !header_names(&source).is_empty() {
                places.push(relative.to_owned());
            }
        }
    }
    assert_eq!(places, [Path::new("crates/signing/src/header.rs")]);
}

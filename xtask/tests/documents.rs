//! Names, files and links in documents exist.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use regex_lite::Regex;
use toml::Table;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn manifest(folder: &Path) -> Table {
    let text = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    text.parse().unwrap()
}

#[test]
fn the_tests_that_security_md_names_exist() {
    let root = root();
    let text = fs::read_to_string(root.join("SECURITY.md")).unwrap();
    let named: Vec<_> = text
        .split('`')
        .filter_map(|word| word.split_once(".rs::"))
        .collect();
    assert!(named.len() > 20, "{named:?}");
    for (file, test) in named {
        let source = fs::read_to_string(root.join(format!("{file}.rs"))).unwrap_or_default();
        assert!(source.contains(&format!("fn {test}(")), "{file}.rs::{test}");
    }
}

/// `attempts.rs`, `call/attempts.rs` and the folder `call/` may be anywhere in the repository.
#[test]
fn the_files_that_documents_name_exist() {
    let parts = [".ci", "benches", "crates", "specs", "xtask"];
    let files = parts
        .iter()
        .flat_map(|part| files_below(&root().join(part)));
    let in_parts: Vec<String> = files.map(|path| path.display().to_string()).collect();
    let mut count = 0;
    for document in ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md"] {
        let text = fs::read_to_string(root().join(document)).unwrap();
        for word in text.split('`').skip(1).step_by(2) {
            let name = word.split("::").next().unwrap();
            let is_name = !name.contains([' ', '<', '*', '\n']);
            let is_folder = is_name && name.ends_with('/');
            let extension = Path::new(name).extension().and_then(|end| end.to_str());
            let is_file = is_name && matches!(extension, Some("rs" | "md" | "toml" | "yaml"));
            if !is_folder && !is_file {
                continue;
            }
            let place = format!("/{name}");
            let exists = root().join(name).exists()
                || in_parts.iter().any(|path| {
                    if is_folder {
                        path.contains(&place)
                    } else {
                        path.ends_with(&place)
                    }
                });
            assert!(exists, "{document}: `{word}`: no such file or folder");
            count += 1;
        }
    }
    assert!(count > 80, "{count}");
}

/// The files in a folder and in its folders.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                files_below(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

/// A crate page is published without the repository: its links lead to an address, a heading or an item of the documentation.
/// Images of `docs/pictures` are an exception: crates.io loads them from the repository. rustdoc does not; `.ci/links` reports such an image.
#[test]
fn no_crate_page_links_to_a_file() {
    let link = Regex::new(r"\]\(([^)]+)\)|^\[[^\]]+\]: *(\S+)").unwrap();
    let mut count = 0;
    for page in published().flat_map(|folder| pages(&folder)) {
        let text = fs::read_to_string(&page).unwrap();
        count += 1;
        for captures in link.captures_iter(&text) {
            let target = captures.get(1).or(captures.get(2)).unwrap().as_str();
            let is_file = target.contains('/') || Path::new(target).extension().is_some();
            let is_picture = target.starts_with("../../docs/pictures/");
            assert!(
                target.starts_with("https://") || is_picture || !is_file,
                "{}: {target} is a file: name it without a link, or link to an item",
                page.display()
            );
        }
    }
    assert!(count >= 18, "{count}");
}

/// The README of a package, and the pages of its documentation.
fn pages(folder: &Path) -> Vec<PathBuf> {
    let docs = fs::read_dir(folder.join("docs")).into_iter().flatten();
    let docs = docs.map(|entry| entry.unwrap().path());
    docs.chain([folder.join("README.md")]).collect()
}

fn published() -> impl Iterator<Item = PathBuf> {
    let crates = fs::read_dir(root().join("crates")).unwrap();
    crates
        .map(|entry| entry.unwrap().path())
        .filter(|folder| folder.join("Cargo.toml").is_file())
}

/// Sources include only files of their package.
#[test]
fn packages_include_only_their_own_files() {
    let include = Regex::new(r#"include(?:_str|_bytes)?!\("((?:\.\./)+)[^"]*"\)"#).unwrap();
    for path in published().flat_map(|folder| files_below(&folder.join("src"))) {
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        let depth = path.strip_prefix(root()).unwrap().components().count() - 3;
        let mut before = "";
        for line in text.lines() {
            // Doctests are not part of a build.
            if let Some(captures) = include
                .captures(line)
                .filter(|_| before != "#[cfg(doctest)]")
            {
                let up = captures[1].len() / 3;
                assert!(up <= depth, "{}: {line}", path.display());
            }
            before = line;
        }
    }
}

/// The manifests on the facade's pages are complete, and their features and versions exist.
#[test]
fn the_manifests_on_the_facades_pages_are_correct() {
    let folder = root().join("crates/nxcloud");
    let workspace = manifest(root());
    let versions = &workspace["workspace"]["dependencies"];
    for page in ["README.md", "docs/recipes.md"] {
        let text = fs::read_to_string(folder.join(page)).unwrap();
        let (_, block) = text.split_once("```toml\n").unwrap();
        let (block, _) = block.split_once("```").unwrap();
        let example: Table = block.parse().unwrap();
        assert!(example["package"]["name"].is_str() && example["package"]["edition"].is_str());
        let tables = ["dependencies", "dev-dependencies"];
        for (name, dependency) in tables
            .iter()
            .filter_map(|name| example.get(*name)?.as_table())
            .flatten()
        {
            let version = dependency.get("version").unwrap_or(dependency);
            let version = version.as_str().unwrap();
            let used = versions
                .get(name)
                .unwrap_or_else(|| panic!("{page}: {name}"));
            let used = used.get("version").unwrap_or(used).as_str().unwrap();
            assert!(
                used == version || used.starts_with(&format!("{version}.")),
                "{page}: {name} {version} is not {used}"
            );
            let Some(own) = name.strip_prefix("nxcloud") else {
                continue;
            };
            let offered = manifest(&root().join("crates").join(match own {
                "" => "nxcloud",
                own => own.trim_start_matches('-'),
            }));
            for feature in dependency["features"].as_array().unwrap() {
                let feature = feature.as_str().unwrap();
                assert!(
                    offered["features"].get(feature).is_some(),
                    "{page}: {feature}"
                );
            }
        }
    }
}

#[test]
fn the_longer_programs_of_the_recipes_exist_and_are_run() {
    let page = fs::read_to_string(root().join("crates/nxcloud/docs/recipes.md")).unwrap();
    let run = fs::read_to_string(root().join(".ci/run")).unwrap();
    let (_, table) = page.split_once("\n# Longer programs\n").unwrap();
    let rows = table.lines().skip_while(|line| !line.starts_with("| ---"));
    let programs: Vec<&str> = rows.filter_map(|row| row.split('`').nth(1)).collect();
    assert!(programs.len() >= 5, "{programs:?}");
    for program in programs {
        let source = root().join(format!("crates/nxcloud/examples/{program}.rs"));
        assert!(source.is_file(), "{}", source.display());
        let is_run = run
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .any(|word| word == program);
        assert!(is_run, ".ci/run does not run {program}");
    }
}

//! Crates for another workspace. `.ci/outside` compiles the crates of these two specs and runs their tests.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use xtask::generate::Outcome;
use xtask::outside::Outside;

const PARCEL: &str = include_str!("outside/parcel.yaml");
const LOOP: &str = include_str!("outside/loop.yaml");
const MINIMAL: &str = include_str!("minimal.yaml");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Another workspace, with specs in `my-specs`. It is removed when the test ends.
struct Other(PathBuf);

impl Other {
    fn new(name: &str, specs: &[(&str, &str)]) -> Self {
        let name = format!("nxcloud-outside-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&folder);
        let other = Self(folder);
        other.put("Cargo.toml", "[workspace]\nmembers = [\"crates/*\"]\n");
        fs::create_dir_all(other.0.join("my-specs")).unwrap();
        for (name, text) in specs {
            other.put(&format!("my-specs/{name}"), text);
        }
        other
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.0.join(path)).unwrap()
    }

    fn both(&self, specs: &str, out: &str) -> [Result<Outcome, String>; 2] {
        let (specs, out) = (self.0.join(specs), self.0.join(out));
        let (root, specs, out) = (root(), specs.as_path(), out.as_path());
        let outside = Outside { root, specs, out };
        [outside.check(), outside.write()]
    }

    /// Writes the crates and returns the output.
    fn write(&self) -> String {
        let [_, written] = self.both("my-specs", "crates");
        let Ok(Outcome::Clean(summary)) = written else {
            panic!("{written:?}")
        };
        summary
    }

    /// The output of `--check`.
    fn drift(&self) -> Option<String> {
        let [checked, _] = self.both("my-specs", "crates");
        match checked.unwrap() {
            Outcome::Clean(_) => None,
            Outcome::Drift(difference) => Some(difference),
        }
    }

    /// Both `--check` and writing fail with these lines, and no file changes.
    #[track_caller]
    fn refuses(&self, specs: &str, out: &str, lines: &[&str]) {
        let before = files(&self.0);
        for outcome in self.both(specs, out) {
            let error = outcome
                .unwrap_err()
                .replace(&format!("{}/", self.0.display()), "");
            for line in lines {
                assert!(error.contains(line), "{line} in {error}");
            }
            assert_eq!(error.lines().count(), lines.len(), "{error}");
        }
        assert!(before == files(&self.0), "something changed");
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Every file below a folder.
fn files(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.insert(path.clone(), fs::read_to_string(&path).unwrap());
        }
    }
    all
}

#[test]
fn each_spec_gives_an_independent_crate() {
    let other = Other::new("both", &[("parcel.yaml", PARCEL), ("loop.yaml", LOOP)]);
    other.put("crates/mine/Cargo.toml", "[package]\nname = \"mine\"\n");
    let before = files(&other.0);
    assert!(other.drift().unwrap().contains("crates/parcel/src/lib.rs"));
    let summary = other.write();
    assert!(
        summary.contains("my-specs/parcel.yaml: 1 push: types are generated, a receiver is not"),
        "{summary}"
    );
    assert_eq!(other.drift(), None);
    let client: toml::Table = fs::read_to_string(root().join("Cargo.toml"))
        .unwrap()
        .parse()
        .unwrap();
    let client = client["workspace"]["package"]["version"].as_str().unwrap();
    for (name, package, version) in [
        ("parcel", "acme-parcel", "0.3.1"),
        ("loop", "nxcloud-loop", "1.0.0"),
    ] {
        let text = other.read(&format!("crates/{name}/Cargo.toml"));
        assert!(
            !text.contains("workspace") && !text.contains("path"),
            "{text}"
        );
        let manifest: toml::Table = text.parse().unwrap();
        assert_eq!(manifest["package"]["name"].as_str(), Some(package));
        assert_eq!(manifest["package"]["version"].as_str(), Some(version));
        let of_client = &manifest["dependencies"]["nxcloud-client"];
        assert_eq!(of_client["version"].as_str(), Some(client));
        assert_eq!(
            of_client.get("features").is_some(),
            name == "parcel",
            "it has an upload"
        );
    }
    for (path, text) in files(&other.0) {
        if before.contains_key(&path) {
            assert_eq!(before[&path], text, "{path:?}");
            continue;
        }
        let first = text.lines().next().unwrap();
        let spec = path
            .strip_prefix(other.0.join("crates"))
            .unwrap()
            .components()
            .next()
            .unwrap();
        let spec = format!(
            "my-specs/{}.yaml. Do not edit.",
            spec.as_os_str().to_string_lossy()
        );
        assert!(first.contains(&spec), "{path:?}: {first}");
        if path.extension().is_some_and(|extension| extension == "rs") {
            assert!(syn::parse_file(&text).is_ok(), "{path:?}");
            assert!(!text.contains("nxcloud_sandbox"), "{path:?}");
        }
    }
    let readme = other.read("crates/parcel/README.md");
    assert!(
        readme.contains("no receiver") && !readme.contains("at your choice"),
        "{readme}"
    );
    let again = other.write();
    assert!(again.ends_with(" 0 written, 0 removed"), "{again}");
}

#[test]
fn only_the_crate_of_a_removed_spec_is_removed() {
    let other = Other::new("stale", &[("parcel.yaml", PARCEL), ("loop.yaml", LOOP)]);
    other.put("crates/mine/src/lib.rs", "//! Mine.\n");
    other.put("crates/mine/Cargo.toml", "[package]\nname = \"mine\"\n");
    other.put("crates/notes.txt", "mine");
    other.write();
    // A crate that was generated from other specs.
    let manifest = other
        .read("crates/loop/Cargo.toml")
        .replace("my-specs/loop", "more-specs/other");
    other.put(
        "crates/other/Cargo.toml",
        &manifest.replace("nxcloud-loop", "nxcloud-other"),
    );
    fs::rename(
        other.0.join("my-specs/loop.yaml"),
        other.0.join("my-specs/ring.yaml"),
    )
    .unwrap();
    let difference = other.drift().unwrap();
    assert!(
        difference.contains("crates/loop/Cargo.toml: no spec produces this file"),
        "{difference}"
    );
    other.write();
    assert!(!other.0.join("crates/loop").exists());
    for kept in [
        "ring/src/lib.rs",
        "mine/src/lib.rs",
        "other/Cargo.toml",
        "notes.txt",
        "parcel/src/lib.rs",
    ] {
        assert!(other.0.join("crates").join(kept).exists(), "{kept}");
    }
    assert_eq!(other.drift(), None);
    // A hand-written file in the crate prevents that.
    other.put("crates/ring/src/mine.rs", "//! Mine.\n");
    fs::remove_file(other.0.join("my-specs/ring.yaml")).unwrap();
    other.refuses("my-specs", "crates", &["crates/ring/src/mine.rs: (file): no spec produces this file, and the generator did not write it"]);
}

#[test]
fn hand_written_files_are_not_overwritten() {
    let other = Other::new("foreign", &[("loop.yaml", LOOP)]);
    other.put("crates/loop/Cargo.toml", "[package]\nname = \"mine\"\n");
    other.refuses(
        "my-specs",
        "crates",
        &["my-specs/loop.yaml: (name): crates/loop is a hand-written crate; rename the spec"],
    );
    fs::remove_dir_all(other.0.join("crates")).unwrap();
    other.write();
    other.put("crates/loop/src/lib.rs", "//! Mine.\n");
    other.put("crates/loop/src/more.rs", "//! Mine.\n");
    other.refuses(
        "my-specs",
        "crates",
        &[
            "crates/loop/src/lib.rs: (file): was not written by the generator; move or delete it",
            "crates/loop/src/more.rs: (file): no spec produces this file",
        ],
    );
    // Two folders of specs with the same folder of crates have a spec with the same name.
    fs::remove_dir_all(other.0.join("crates")).unwrap();
    other.write();
    other.put("more-specs/loop.yaml", LOOP);
    other.refuses("more-specs", "crates", &["more-specs/loop.yaml: (name): crates/loop was generated from my-specs/loop.yaml; rename the spec, or delete that folder"]);
}

fn spec(package: &str) -> String {
    MINIMAL.replace(
        "x-nx-source:",
        &format!("x-nx-package: {package}\nx-nx-source:"),
    )
}

#[test]
fn existing_package_names_are_refused() {
    let other = Other::new(
        "packages",
        &[("a.yaml", &spec("acme")), ("b.yaml", &spec("acme"))],
    );
    other.refuses("my-specs", "crates", &["my-specs/b.yaml: x-nx-package: `acme` is already the package of my-specs/a.yaml; choose another name"]);
    other.put("my-specs/b.yaml", &spec("mine"));
    other.put("crates/beside/Cargo.toml", "[package]\nname = \"mine\"\n");
    other.refuses(
        "my-specs",
        "crates",
        &["my-specs/b.yaml: x-nx-package: `mine` is already the package of crates/beside"],
    );
    other.put("my-specs/b.yaml", "");
    fs::remove_file(other.0.join("my-specs/b.yaml")).unwrap();
    for used in [
        "nxcloud-client",
        "progenitor-client",
        "reqwest",
        "serde",
        "serde_json",
        "tokio",
    ] {
        let underscore = used.contains('_');
        other.put("my-specs/a.yaml", &spec(used));
        let why = if underscore {
            "cannot be the name of a crate"
        } else {
            "is already the package of a dependency of every generated crate"
        };
        other.refuses(
            "my-specs",
            "crates",
            &[&format!("my-specs/a.yaml: x-nx-package: `{used}` {why}")],
        );
    }
    for package in ["type", "std", "test", "A", "1a"] {
        other.put("my-specs/a.yaml", &spec(package));
        other.refuses(
            "my-specs",
            "crates",
            &[&format!("my-specs/a.yaml: x-nx-package: `{package}` ")],
        );
    }
    // The default has the same rule.
    fs::rename(
        other.0.join("my-specs/a.yaml"),
        other.0.join("my-specs/client.yaml"),
    )
    .unwrap();
    other.put("my-specs/client.yaml", MINIMAL);
    other.refuses(
        "my-specs",
        "crates",
        &["my-specs/client.yaml: x-nx-package: `nxcloud-client` is already the package of a dependency"],
    );
}

/// Such as names of its services, commands and features.
#[test]
fn names_reserved_in_this_workspace_are_free_in_others() {
    let names = [
        "sms", "sandbox", "full", "webhooks", "sign", "type", "cli", "std",
    ];
    let specs = names.map(|name| (format!("{name}.yaml"), MINIMAL));
    let specs: Vec<(&str, &str)> = specs
        .iter()
        .map(|(name, text)| (name.as_str(), *text))
        .collect();
    let other = Other::new("free", &specs);
    other.write();
    for name in names {
        let manifest = other.read(&format!("crates/{name}/Cargo.toml"));
        assert!(
            manifest.contains(&format!("name = \"nxcloud-{name}\"\n")),
            "{manifest}"
        );
    }
    other.put("my-specs/a_b.yaml", MINIMAL);
    other.refuses(
        "my-specs",
        "crates",
        &["my-specs/a_b.yaml: (name): `a_b` cannot be the name of a crate"],
    );
}

#[test]
fn the_version_is_that_of_the_spec() {
    let other = Other::new("version", &[]);
    let with = |version: &str| {
        other.put(
            "my-specs/a.yaml",
            &MINIMAL.replace("version: \"1\"", &format!("version: \"{version}\"")),
        )
    };
    for (spec_version, version) in [
        ("1", "1.0.0"),
        ("0.2", "0.2.0"),
        ("1.2.3", "1.2.3"),
        ("1.2.3-rc.1+b", "1.2.3-rc.1+b"),
    ] {
        with(spec_version);
        other.write();
        let manifest = other.read("crates/a/Cargo.toml");
        assert!(
            manifest.contains(&format!("\nversion = \"{version}\"\n")),
            "{manifest}"
        );
    }
    for spec_version in [
        "v1",
        "01",
        "1.2.3.4",
        "2026-11-21",
        "1-rc.1",
        "",
        "1.",
        "one",
        "1\\\"\\nx = 1",
    ] {
        with(spec_version);
        other.refuses("my-specs", "crates", &["my-specs/a.yaml: info.version: "]);
    }
}

#[test]
fn missing_and_nested_folders_are_refused() {
    let other = Other::new("folders", &[("loop.yaml", LOOP)]);
    fs::create_dir(other.0.join("empty")).unwrap();
    for (specs, out, error) in [
        (
            "none",
            "crates",
            "none: the folder does not exist; set `--specs` to the folder with the specs",
        ),
        (
            "Cargo.toml",
            "crates",
            "Cargo.toml: the folder does not exist",
        ),
        ("empty", "crates", "empty: the folder has no specs"),
        ("my-specs", "Cargo.toml", "Cargo.toml: not a folder"),
        (
            "my-specs",
            "my-specs",
            "my-specs: the folder for the crates is inside the folder of the specs",
        ),
        (
            "my-specs",
            "my-specs/a/b",
            "my-specs/a/b: the folder for the crates is inside",
        ),
        (
            "my-specs",
            "x/y/../../my-specs",
            "my-specs: the folder for the crates is inside",
        ),
    ] {
        other.refuses(specs, out, &[error]);
    }
    let specs = other.0.join("my-specs");
    for out in ["crates", "target/new", "."] {
        let out = root().join(out);
        let outside = Outside {
            root: root(),
            specs: &specs,
            out: &out,
        };
        let error = outside.write().unwrap_err();
        assert!(error.contains("is inside this repository"), "{error}");
    }
    // Findings of all specs are listed, with the folder as in the argument.
    other.put(
        "my-specs/loop.yaml",
        &LOOP.replace("x-nx-safe", "x-nx-save"),
    );
    other.put("my-specs/old.yml", LOOP);
    other.refuses(
        "my-specs",
        "crates",
        &[
            "my-specs/old.yml: (name): files with the extension `.yml` are not read",
            "my-specs/loop.yaml: line 46, paths./v1/rounds.get.x-nx-save",
        ],
    );
}

#[cfg(unix)]
#[test]
fn only_regular_files_are_read() {
    let other = Other::new("no-file", &[("loop.yaml", LOOP)]);
    let at = |name: &str| other.0.join("my-specs").join(name);
    fs::create_dir(at("folder.yaml")).unwrap();
    std::os::unix::fs::symlink("nowhere", at("link.yaml")).unwrap();
    let status = Command::new("mkfifo").arg(at("pipe.yaml")).status();
    assert!(status.unwrap().success());
    for outcome in other.both("my-specs", "crates") {
        let error = outcome.unwrap_err();
        for name in ["folder", "link", "pipe"] {
            let line = format!(
                "my-specs/{name}.yaml: (name): not a regular file; write the spec as a file"
            );
            assert!(error.contains(&line), "{error}");
        }
    }
}

/// Exit code, standard output, standard error.
fn xtask(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    let output = command
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn the_command_writes_checks_and_explains_errors() {
    let other = Other::new("command", &[("loop.yaml", LOOP)]);
    let run = |arguments: &[&str]| xtask(&other.0, arguments);
    let usage: [(&[&str], &str); 14] = [
        (&[], "the command is missing"),
        (&["generat"], "`generat` is not a command"),
        (
            &["generate", "--spec", "my-specs"],
            "invalid option '--spec'",
        ),
        (&["generate", "-x"], "invalid option '-x'"),
        (
            &["generate", "my-specs"],
            "unexpected argument \"my-specs\"",
        ),
        (&["generate", "--specs"], "`--specs` has no value"),
        (
            &["generate", "--specs", "--out", "crates"],
            "`--specs` has no value",
        ),
        (
            &["generate", "--specs=", "--out", "crates"],
            "`--specs` has no value",
        ),
        (&["generate", "--specs", "my-specs"], "`--out` is missing"),
        (&["generate", "--out", "crates"], "`--specs` is missing"),
        (
            &["generate", "--out", "a", "--out", "b"],
            "`--out` is set twice",
        ),
        (
            &["generate", "--check=yes"],
            "unexpected argument for option '--check'",
        ),
        (
            &["generate", "--check", "--check"],
            "`--check` is set twice",
        ),
        (
            &["bench-report", "--check"],
            "`bench-report` takes no flags",
        ),
    ];
    for (arguments, error) in usage {
        let (code, _, stderr) = run(arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.contains(error), "{arguments:?}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
    assert!(!other.0.join("crates").exists());
    let (code, help, _) = run(&["--help"]);
    assert!(
        code == Some(0) && help.contains("--specs DIR --out DIR"),
        "{help}"
    );
    let (code, _, stderr) = run(&["generate", "--specs", "none", "--out", "crates"]);
    assert_eq!(
        (code, stderr.as_str()),
        (
            Some(1),
            "none: the folder does not exist; set `--specs` to the folder with the specs\n"
        )
    );
    let (code, stdout, _) = run(&[
        "generate", "--check", "--specs", "my-specs", "--out", "crates",
    ]);
    assert!(
        code == Some(1) && stdout.contains("+++ crates/loop/src/lib.rs (from the specs)"),
        "{stdout}"
    );
    assert!(!other.0.join("crates").exists());
    let (code, stdout, _) = run(&["generate", "--specs", "my-specs/", "--out=./crates"]);
    assert!(
        code == Some(0) && stdout.starts_with("1 spec: "),
        "{stdout}"
    );
    let (code, stdout, _) = run(&[
        "generate",
        "--check",
        "--specs",
        "./my-specs",
        "--out",
        "crates",
    ]);
    assert!(
        code == Some(0) && stdout.ends_with(" all up to date\n"),
        "{stdout}"
    );
}

//! Crates of somebody else's specs, in their own workspace. `.ci/outside` compiles and runs what the two specs give.
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

/// Somebody's folder, with specs in `my-specs`; it goes when the test ends.
struct Theirs(PathBuf);

impl Theirs {
    fn new(name: &str, specs: &[(&str, &str)]) -> Self {
        let name = format!("nxcloud-outside-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&folder);
        let theirs = Self(folder);
        theirs.put("Cargo.toml", "[workspace]\nmembers = [\"crates/*\"]\n");
        fs::create_dir_all(theirs.0.join("my-specs")).unwrap();
        for (name, text) in specs {
            theirs.put(&format!("my-specs/{name}"), text);
        }
        theirs
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

    /// Writes the crates; what is printed.
    fn write(&self) -> String {
        let [_, written] = self.both("my-specs", "crates");
        let Ok(Outcome::Clean(summary)) = written else {
            panic!("{written:?}")
        };
        summary
    }

    /// What `--check` prints.
    fn drift(&self) -> Option<String> {
        let [checked, _] = self.both("my-specs", "crates");
        match checked.unwrap() {
            Outcome::Clean(_) => None,
            Outcome::Drift(difference) => Some(difference),
        }
    }

    /// Both ways refuse, and nothing changes.
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

impl Drop for Theirs {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Every file below a folder.
fn files(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), fs::read_to_string(&path).unwrap());
        }
    }
    found
}

#[test]
fn each_spec_gives_a_crate_that_needs_nothing_of_this_workspace() {
    let theirs = Theirs::new("both", &[("parcel.yaml", PARCEL), ("loop.yaml", LOOP)]);
    theirs.put("crates/mine/Cargo.toml", "[package]\nname = \"mine\"\n");
    let before = files(&theirs.0);
    assert!(theirs.drift().unwrap().contains("crates/parcel/src/lib.rs"));
    let summary = theirs.write();
    assert!(
        summary
            .contains("my-specs/parcel.yaml: 1 push: the types are generated, a receiver is not"),
        "{summary}"
    );
    assert_eq!(theirs.drift(), None);
    let client: toml::Table = fs::read_to_string(root().join("Cargo.toml"))
        .unwrap()
        .parse()
        .unwrap();
    let client = client["workspace"]["package"]["version"].as_str().unwrap();
    for (name, package, version) in [
        ("parcel", "acme-parcel", "0.3.1"),
        ("loop", "nxcloud-loop", "1.0.0"),
    ] {
        let text = theirs.read(&format!("crates/{name}/Cargo.toml"));
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
    for (path, text) in files(&theirs.0) {
        if before.contains_key(&path) {
            assert_eq!(before[&path], text, "{path:?}");
            continue;
        }
        let first = text.lines().next().unwrap();
        let spec = path
            .strip_prefix(theirs.0.join("crates"))
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
    let readme = theirs.read("crates/parcel/README.md");
    assert!(
        readme.contains("no receiver") && !readme.contains("at your choice"),
        "{readme}"
    );
    let again = theirs.write();
    assert!(again.ends_with(" 0 written, 0 removed"), "{again}");
}

#[test]
fn a_crate_goes_with_its_spec_and_nothing_else_does() {
    let theirs = Theirs::new("stale", &[("parcel.yaml", PARCEL), ("loop.yaml", LOOP)]);
    theirs.put("crates/mine/src/lib.rs", "//! Mine.\n");
    theirs.put("crates/mine/Cargo.toml", "[package]\nname = \"mine\"\n");
    theirs.put("crates/notes.txt", "mine");
    theirs.write();
    // A crate that was generated from other specs.
    let other = theirs
        .read("crates/loop/Cargo.toml")
        .replace("my-specs/loop", "more-specs/other");
    theirs.put(
        "crates/other/Cargo.toml",
        &other.replace("nxcloud-loop", "nxcloud-other"),
    );
    fs::rename(
        theirs.0.join("my-specs/loop.yaml"),
        theirs.0.join("my-specs/ring.yaml"),
    )
    .unwrap();
    let difference = theirs.drift().unwrap();
    assert!(
        difference.contains("crates/loop/Cargo.toml: no spec calls for this file"),
        "{difference}"
    );
    theirs.write();
    assert!(!theirs.0.join("crates/loop").exists());
    for kept in [
        "ring/src/lib.rs",
        "mine/src/lib.rs",
        "other/Cargo.toml",
        "notes.txt",
        "parcel/src/lib.rs",
    ] {
        assert!(theirs.0.join("crates").join(kept).exists(), "{kept}");
    }
    assert_eq!(theirs.drift(), None);
    // Until a file of theirs is in it.
    theirs.put("crates/ring/src/mine.rs", "//! Mine.\n");
    fs::remove_file(theirs.0.join("my-specs/ring.yaml")).unwrap();
    theirs.refuses("my-specs", "crates", &["crates/ring/src/mine.rs: (file): no spec calls for this file, and the generator did not write it"]);
}

#[test]
fn what_the_generator_did_not_write_is_refused() {
    let theirs = Theirs::new("foreign", &[("loop.yaml", LOOP)]);
    theirs.put("crates/loop/Cargo.toml", "[package]\nname = \"mine\"\n");
    theirs.refuses("my-specs", "crates", &["my-specs/loop.yaml: (name): crates/loop holds a crate that was written by hand; give the spec another name"]);
    fs::remove_dir_all(theirs.0.join("crates")).unwrap();
    theirs.write();
    theirs.put("crates/loop/src/lib.rs", "//! Mine.\n");
    theirs.put("crates/loop/src/more.rs", "//! Mine.\n");
    theirs.refuses(
        "my-specs",
        "crates",
        &[
            "crates/loop/src/lib.rs: (file): was not written by the generator; move it",
            "crates/loop/src/more.rs: (file): no spec calls for this file",
        ],
    );
    // Two folders of specs share a folder of crates, and a name.
    fs::remove_dir_all(theirs.0.join("crates")).unwrap();
    theirs.write();
    theirs.put("more-specs/loop.yaml", LOOP);
    theirs.refuses("more-specs", "crates", &["more-specs/loop.yaml: (name): crates/loop was generated from my-specs/loop.yaml; give the spec another name, or delete that folder"]);
}

fn spec(package: &str) -> String {
    MINIMAL.replace(
        "x-nx-source:",
        &format!("x-nx-package: {package}\nx-nx-source:"),
    )
}

#[test]
fn packages_that_there_are_already_are_findings() {
    let theirs = Theirs::new(
        "packages",
        &[("a.yaml", &spec("acme")), ("b.yaml", &spec("acme"))],
    );
    theirs.refuses("my-specs", "crates", &["my-specs/b.yaml: x-nx-package: `acme` is the package of my-specs/a.yaml; write another name"]);
    theirs.put("my-specs/b.yaml", &spec("mine"));
    theirs.put("crates/beside/Cargo.toml", "[package]\nname = \"mine\"\n");
    theirs.refuses(
        "my-specs",
        "crates",
        &["my-specs/b.yaml: x-nx-package: `mine` is the package of crates/beside"],
    );
    theirs.put("my-specs/b.yaml", "");
    fs::remove_file(theirs.0.join("my-specs/b.yaml")).unwrap();
    for used in [
        "nxcloud-client",
        "progenitor-client",
        "reqwest",
        "serde",
        "serde_json",
        "tokio",
    ] {
        let underscore = used.contains('_');
        theirs.put("my-specs/a.yaml", &spec(used));
        let why = if underscore {
            "cannot be the name of a crate"
        } else {
            "is the package of a dependency of every generated crate"
        };
        theirs.refuses(
            "my-specs",
            "crates",
            &[&format!("my-specs/a.yaml: x-nx-package: `{used}` {why}")],
        );
    }
    for package in ["type", "std", "test", "A", "1a"] {
        theirs.put("my-specs/a.yaml", &spec(package));
        theirs.refuses(
            "my-specs",
            "crates",
            &[&format!("my-specs/a.yaml: x-nx-package: `{package}` ")],
        );
    }
    // The default has the same rule.
    fs::rename(
        theirs.0.join("my-specs/a.yaml"),
        theirs.0.join("my-specs/client.yaml"),
    )
    .unwrap();
    theirs.put("my-specs/client.yaml", MINIMAL);
    theirs.refuses(
        "my-specs",
        "crates",
        &["my-specs/client.yaml: x-nx-package: `nxcloud-client` is the package of a dependency"],
    );
}

/// Names that this workspace has no room for are free elsewhere: its services, commands and features, words of Rust.
#[test]
fn names_that_are_taken_here_are_free_there() {
    let names = [
        "sms", "sandbox", "full", "webhooks", "sign", "type", "cli", "std",
    ];
    let specs = names.map(|name| (format!("{name}.yaml"), MINIMAL));
    let specs: Vec<(&str, &str)> = specs
        .iter()
        .map(|(name, text)| (name.as_str(), *text))
        .collect();
    let theirs = Theirs::new("free", &specs);
    theirs.write();
    for name in names {
        let manifest = theirs.read(&format!("crates/{name}/Cargo.toml"));
        assert!(
            manifest.contains(&format!("name = \"nxcloud-{name}\"\n")),
            "{manifest}"
        );
    }
    theirs.put("my-specs/a_b.yaml", MINIMAL);
    theirs.refuses(
        "my-specs",
        "crates",
        &["my-specs/a_b.yaml: (name): `a_b` cannot be the name of a crate"],
    );
}

#[test]
fn the_version_is_that_of_the_spec() {
    let theirs = Theirs::new("version", &[]);
    let with = |version: &str| {
        theirs.put(
            "my-specs/a.yaml",
            &MINIMAL.replace("version: \"1\"", &format!("version: \"{version}\"")),
        )
    };
    for (written, version) in [
        ("1", "1.0.0"),
        ("0.2", "0.2.0"),
        ("1.2.3", "1.2.3"),
        ("1.2.3-rc.1+b", "1.2.3-rc.1+b"),
    ] {
        with(written);
        theirs.write();
        let manifest = theirs.read("crates/a/Cargo.toml");
        assert!(
            manifest.contains(&format!("\nversion = \"{version}\"\n")),
            "{manifest}"
        );
    }
    for written in [
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
        with(written);
        theirs.refuses("my-specs", "crates", &["my-specs/a.yaml: info.version: "]);
    }
}

#[test]
fn folders_that_cannot_be_taken_are_refused() {
    let theirs = Theirs::new("folders", &[("loop.yaml", LOOP)]);
    fs::create_dir(theirs.0.join("empty")).unwrap();
    for (specs, out, error) in [
        (
            "none",
            "crates",
            "none: no such folder: name the one that holds the specs",
        ),
        ("Cargo.toml", "crates", "Cargo.toml: no such folder"),
        ("empty", "crates", "empty: no spec in this folder"),
        ("my-specs", "Cargo.toml", "Cargo.toml: not a folder"),
        (
            "my-specs",
            "my-specs",
            "my-specs: the folder for the crates is within that of the specs",
        ),
        (
            "my-specs",
            "my-specs/a/b",
            "my-specs/a/b: the folder for the crates is within",
        ),
        (
            "my-specs",
            "x/y/../../my-specs",
            "my-specs: the folder for the crates is within",
        ),
    ] {
        theirs.refuses(specs, out, &[error]);
    }
    let specs = theirs.0.join("my-specs");
    for out in ["crates", "target/new", "."] {
        let out = root().join(out);
        let outside = Outside {
            root: root(),
            specs: &specs,
            out: &out,
        };
        let error = outside.write().unwrap_err();
        assert!(error.contains("is within this repository"), "{error}");
    }
    // A spec that is refused is named as it was given, and all of them at once.
    theirs.put(
        "my-specs/loop.yaml",
        &LOOP.replace("x-nx-safe", "x-nx-save"),
    );
    theirs.put("my-specs/old.yml", LOOP);
    theirs.refuses(
        "my-specs",
        "crates",
        &[
            "my-specs/old.yml: (name): a file `.yml` is not read",
            "my-specs/loop.yaml: line 46, paths./v1/rounds.get.x-nx-save",
        ],
    );
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_not_read() {
    let theirs = Theirs::new("no-file", &[("loop.yaml", LOOP)]);
    let at = |name: &str| theirs.0.join("my-specs").join(name);
    fs::create_dir(at("folder.yaml")).unwrap();
    std::os::unix::fs::symlink("nowhere", at("link.yaml")).unwrap();
    let made = Command::new("mkfifo").arg(at("pipe.yaml")).status();
    assert!(made.unwrap().success());
    for outcome in theirs.both("my-specs", "crates") {
        let error = outcome.unwrap_err();
        for name in ["folder", "link", "pipe"] {
            let line =
                format!("my-specs/{name}.yaml: (name): not a file; write the spec as a file");
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
fn the_command_writes_checks_and_says_what_is_wrong() {
    let theirs = Theirs::new("command", &[("loop.yaml", LOOP)]);
    let run = |arguments: &[&str]| xtask(&theirs.0, arguments);
    let usage: [(&[&str], &str); 14] = [
        (&[], "no command"),
        (&["generat"], "`generat` is no command"),
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
            "`--out` is there twice",
        ),
        (
            &["generate", "--check=yes"],
            "unexpected argument for option '--check'",
        ),
        (
            &["generate", "--check", "--check"],
            "`--check` is there twice",
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
    assert!(!theirs.0.join("crates").exists());
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
            "none: no such folder: name the one that holds the specs\n"
        )
    );
    let (code, stdout, _) = run(&[
        "generate", "--check", "--specs", "my-specs", "--out", "crates",
    ]);
    assert!(
        code == Some(1) && stdout.contains("+++ crates/loop/src/lib.rs (from the specs)"),
        "{stdout}"
    );
    assert!(!theirs.0.join("crates").exists());
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
        code == Some(0) && stdout.ends_with(" all as generated\n"),
        "{stdout}"
    );
}

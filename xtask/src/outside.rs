//! `cargo xtask generate --specs DIR --out DIR`: crates of somebody else's specs, in their own workspace.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use crate::crates;
use crate::emit::{self, DEPENDENCIES, DEV_DEPENDENCIES};
use crate::finding::Finding;
use crate::manifest;
use crate::model::Service;
use crate::plan::{Outcome, Plan};
use crate::specs;

/// Where specs of somebody else are, and where their crates go.
#[derive(Debug)]
pub struct Outside<'a> {
    /// This workspace, whose versions and edition they take.
    pub root: &'a Path,
    /// Folder of the specs.
    pub specs: &'a Path,
    /// Folder of the crates.
    pub out: &'a Path,
}

impl Outside<'_> {
    /// Writes the crates, and removes those that an earlier spec of the folder called for.
    ///
    /// # Errors
    ///
    /// Folders that cannot be taken, a spec that is refused, or a file in the way that the generator did not write (nothing is changed
    /// then), or a file that cannot be read or written.
    pub fn write(&self) -> Result<Outcome, String> {
        self.plan()?.write()
    }

    /// Compares the crates with what the specs call for.
    ///
    /// # Errors
    ///
    /// As for [`Outside::write`].
    pub fn check(&self) -> Result<Outcome, String> {
        self.plan()?.check()
    }

    fn plan(&self) -> Result<Plan, String> {
        self.folders()?;
        let shown = self.specs.display().to_string();
        let shown = shown.trim_end_matches('/');
        let mut services = specs::read_all(self.specs, shown, crates::unusable_outside)?;
        if services.is_empty() {
            return Err(format!(
                "{shown}: no spec in this folder: write one with the extension `.yaml`; see specs/README.md"
            ));
        }
        let origin = manifest::origin(self.root)?;
        let folder = folder_name(self.specs);
        let taken = self.taken(&folder, &services);
        let mut plan = Plan {
            root: self.out.to_owned(),
            shown: self.out.to_owned(),
            services: services.len(),
            findings: crates::clashes(shown, taken, &mut services),
            ..Plan::default()
        };
        for service in &services {
            let spec = format!("{shown}/{}.yaml", service.name);
            let version = match version(service) {
                Ok(version) => version,
                Err((problem, instead)) => {
                    plan.findings
                        .push(finding(&spec, "info.version", problem, instead));
                    continue;
                }
            };
            let krate = PathBuf::from(&service.name);
            if let Some(other) = crates::source(&self.out.join(&krate))
                && !other.starts_with(&format!("{folder}/"))
            {
                let there = self.out.join(&krate);
                let problem = format!("{} was generated from {other}", there.display());
                let instead = "give the spec another name, or delete that folder";
                plan.findings
                    .push(finding(&spec, "(name)", problem, instead));
                continue;
            }
            let source = format!("{folder}/{}.yaml", service.name);
            let files = emit::outside_files(service, &source, &version, &origin)?;
            for (path, content) in files {
                plan.put(krate.join(path), content);
            }
            plan.owned.insert(krate, Some(spec.clone()));
            plan.notes.extend(note(&spec, service));
        }
        // A crate that an earlier spec of this folder called for goes with it.
        for krate in crates::packages(self.out, Path::new("")) {
            if crates::is_of_a_spec(&self.out.join(&krate), &folder) {
                plan.owned.entry(krate).or_default();
            }
        }
        Ok(plan)
    }

    /// The packages that specs cannot have, and where they are.
    fn taken(&self, folder: &str, services: &[Service]) -> BTreeMap<String, String> {
        let mut beside = crates::packages(self.out, Path::new(""));
        beside.retain(|krate| {
            let is_for = |service: &Service| krate.as_path() == Path::new(&service.name);
            !crates::is_of_a_spec(&self.out.join(krate), folder) && !services.iter().any(is_for)
        });
        let mut taken = crates::names_of(self.out, self.out, beside);
        let dev = DEV_DEPENDENCIES.iter().map(|(name, _)| name);
        for name in DEPENDENCIES.iter().chain(dev) {
            let who = "a dependency of every generated crate";
            taken.insert((*name).to_owned(), who.to_owned());
        }
        taken
    }

    /// What folders cannot be.
    fn folders(&self) -> Result<(), String> {
        let (specs, out) = (self.specs.display(), self.out.display());
        if !self.specs.is_dir() {
            return Err(format!(
                "{specs}: no such folder: name the one that holds the specs"
            ));
        }
        if self.out.exists() && !self.out.is_dir() {
            return Err(format!("{out}: not a folder: name the one for the crates"));
        }
        let within = |folder: &Path| {
            let (inner, outer) = (real(self.out), real(folder));
            inner.starts_with(outer)
        };
        if within(self.specs) {
            return Err(format!(
                "{out}: the folder for the crates is within that of the specs: name another one, such as `crates` beside it"
            ));
        }
        if within(self.root) {
            return Err(format!(
                "{out}: the folder for the crates is within this repository, which has its own: name one in a workspace of yours"
            ));
        }
        Ok(())
    }
}

fn finding(
    spec: &str,
    at: &str,
    problem: impl Into<String>,
    instead: impl Into<String>,
) -> Finding {
    Finding {
        file: spec.to_owned(),
        at: at.to_owned(),
        problem: problem.into(),
        instead: instead.into(),
    }
}

/// The version of the crate, which is that of the spec: `1` is `1.0.0`.
fn version(service: &Service) -> Result<String, (String, &'static str)> {
    let written = &service.spec.document().info.version;
    let plain = written
        .bytes()
        .all(|byte| byte == b'.' || byte.is_ascii_digit());
    let zeros = match written.matches('.').count() {
        0 if plain => ".0.0",
        1 if plain => ".0",
        _ => "",
    };
    let whole = format!("{written}{zeros}");
    match semver::Version::parse(&whole) {
        Ok(version) => Ok(version.to_string()),
        Err(_) => Err((
            format!("`{}` is not the version of a crate", written.escape_debug()),
            "write three numbers, such as \"0.1.0\"",
        )),
    }
}

/// What of a spec is not generated.
fn note(spec: &str, service: &Service) -> Option<String> {
    let count = service.webhooks.len();
    let pushes = if count == 1 { "push" } else { "pushes" };
    (count > 0).then(|| {
        format!("{spec}: {count} {pushes}: the types are generated, a receiver is not; see its README.md")
    })
}

/// The last part of a folder's name, which generated files name their spec by.
fn folder_name(folder: &Path) -> String {
    let folder = real(folder);
    let name = folder.file_name().map(|name| name.to_string_lossy());
    // It stands in comments of several languages.
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    name.as_deref()
        .unwrap_or("specs")
        .chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect()
}

/// Where a path leads, also when its last parts do not exist yet.
fn real(path: &Path) -> PathBuf {
    let mut missing: Vec<OsString> = Vec::new();
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for known in absolute.ancestors() {
        if let Ok(mut real) = known.canonicalize() {
            for part in missing.iter().rev() {
                if part == Component::ParentDir.as_os_str() {
                    real.pop();
                } else {
                    real.push(part);
                }
            }
            return real;
        }
        missing.extend(
            known
                .components()
                .next_back()
                .map(|part| part.as_os_str().to_owned()),
        );
    }
    absolute
}

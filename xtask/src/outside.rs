//! `cargo xtask generate --specs DIR --out DIR`: crates for another workspace.

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

/// The folders of a run for another workspace.
#[derive(Debug)]
pub struct Outside<'a> {
    /// This workspace. The crates use its edition and the versions of its dependencies.
    pub root: &'a Path,
    /// Folder of the specs.
    pub specs: &'a Path,
    /// Folder of the crates.
    pub out: &'a Path,
}

impl Outside<'_> {
    /// Writes the crates, and removes crates of removed specs.
    ///
    /// # Errors
    ///
    /// - A folder does not exist, or the two folders are nested.
    /// - A spec has findings.
    /// - A hand-written file is in the place of a generated one. No file is changed.
    /// - A file cannot be read or written.
    pub fn write(&self) -> Result<Outcome, String> {
        self.plan()?.write()
    }

    /// Compares the crates with the specs.
    ///
    /// # Errors
    ///
    /// Those of [`Outside::write`].
    pub fn check(&self) -> Result<Outcome, String> {
        self.plan()?.check()
    }

    fn plan(&self) -> Result<Plan, String> {
        self.folders()?;
        let specs = self.specs.display().to_string();
        let specs = specs.trim_end_matches('/');
        let mut services = specs::read_all(self.specs, specs, crates::unusable_outside)?;
        if services.is_empty() {
            return Err(format!(
                "{specs}: the folder has no specs; write one with the extension `.yaml` (see specs/README.md)"
            ));
        }
        let origin = manifest::origin(self.root)?;
        let folder = folder_name(self.specs);
        let taken = self.taken(&folder, &services);
        let mut plan = Plan {
            root: self.out.to_owned(),
            display_root: self.out.to_owned(),
            services: services.len(),
            findings: crates::clashes(specs, taken, &mut services),
            ..Plan::default()
        };
        for service in &services {
            let spec = format!("{specs}/{}.yaml", service.name);
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
                let existing = self.out.join(&krate);
                let problem = format!("{} was generated from {other}", existing.display());
                let instead = "rename the spec, or delete that folder";
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
        // Crates of removed specs of this folder are owned too, so they are removed.
        for krate in crates::packages(self.out, Path::new("")) {
            if crates::is_of_a_spec(&self.out.join(&krate), &folder) {
                plan.owned.entry(krate).or_default();
            }
        }
        Ok(plan)
    }

    /// The package names that specs cannot have, each with the place of the package.
    fn taken(&self, folder: &str, services: &[Service]) -> BTreeMap<String, String> {
        let mut beside = crates::packages(self.out, Path::new(""));
        beside.retain(|krate| {
            let is_for = |service: &Service| krate.as_path() == Path::new(&service.name);
            !crates::is_of_a_spec(&self.out.join(krate), folder) && !services.iter().any(is_for)
        });
        let mut taken = crates::names_of(self.out, self.out, beside);
        let dev = DEV_DEPENDENCIES.iter().map(|(name, _)| name);
        for name in DEPENDENCIES.iter().chain(dev) {
            let owner = "a dependency of every generated crate";
            taken.insert((*name).to_owned(), owner.to_owned());
        }
        taken
    }

    /// Checks the two folders.
    fn folders(&self) -> Result<(), String> {
        let (specs, out) = (self.specs.display(), self.out.display());
        if !self.specs.is_dir() {
            return Err(format!(
                "{specs}: the folder does not exist; set `--specs` to the folder with the specs"
            ));
        }
        if self.out.exists() && !self.out.is_dir() {
            return Err(format!(
                "{out}: not a folder; set `--out` to the folder for the crates"
            ));
        }
        let within = |folder: &Path| {
            let (inner, outer) = (real(self.out), real(folder));
            inner.starts_with(outer)
        };
        if within(self.specs) {
            return Err(format!(
                "{out}: the folder for the crates is inside the folder of the specs; choose another one, such as `crates` beside it"
            ));
        }
        if within(self.root) {
            return Err(format!(
                "{out}: the folder for the crates is inside this repository; choose a folder of another workspace"
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

/// The version of the crate: that of the spec, completed (`1` becomes `1.0.0`).
fn version(service: &Service) -> Result<String, (String, &'static str)> {
    let version = &service.spec.document().info.version;
    let plain = version
        .bytes()
        .all(|byte| byte == b'.' || byte.is_ascii_digit());
    let zeros = match version.matches('.').count() {
        0 if plain => ".0.0",
        1 if plain => ".0",
        _ => "",
    };
    let complete = format!("{version}{zeros}");
    match semver::Version::parse(&complete) {
        Ok(version) => Ok(version.to_string()),
        Err(_) => Err((
            format!("`{}` is not a version of a crate", version.escape_debug()),
            "write three numbers, such as \"0.1.0\"",
        )),
    }
}

/// A note about the parts of a spec that are not generated.
fn note(spec: &str, service: &Service) -> Option<String> {
    let count = service.webhooks.len();
    let pushes = if count == 1 { "push" } else { "pushes" };
    (count > 0).then(|| {
        format!("{spec}: {count} {pushes}: types are generated, a receiver is not; see the README.md of the crate")
    })
}

/// The last part of a folder's path. Generated files use it to name their spec.
fn folder_name(folder: &Path) -> String {
    let folder = real(folder);
    let name = folder.file_name().map(|name| name.to_string_lossy());
    // The name is written into comments of several languages.
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    name.as_deref()
        .unwrap_or("specs")
        .chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect()
}

/// The real path of a folder. Its last parts need not exist yet.
fn real(path: &Path) -> PathBuf {
    let mut missing: Vec<OsString> = Vec::new();
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for ancestor in absolute.ancestors() {
        if let Ok(mut real) = ancestor.canonicalize() {
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
            ancestor
                .components()
                .next_back()
                .map(|part| part.as_os_str().to_owned()),
        );
    }
    absolute
}

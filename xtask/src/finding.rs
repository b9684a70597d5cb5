//! Findings: what is wrong in a spec, and what to write.

use std::fmt;

/// A problem of a spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file.
    pub file: String,
    /// The place in the file: keys joined by dots, with the line number if it is known.
    pub at: String,
    /// What is wrong.
    pub problem: String,
    /// What to write instead.
    pub instead: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = format!(
            "{}: {}: {}; {}",
            self.file, self.at, self.problem, self.instead
        );
        // A key of the spec may contain line breaks; a finding is one line.
        line.chars().try_for_each(|c| match c {
            c if c.is_control() => write!(f, "{}", c.escape_default()),
            c => write!(f, "{c}"),
        })
    }
}

/// Collects the findings of one file.
pub(crate) struct Findings<'a> {
    file: &'a str,
    list: Vec<Finding>,
}

impl<'a> Findings<'a> {
    pub(crate) const fn new(file: &'a str) -> Self {
        Self {
            file,
            list: Vec::new(),
        }
    }

    pub(crate) fn add(
        &mut self,
        at: impl Into<String>,
        problem: impl Into<String>,
        instead: impl Into<String>,
    ) {
        let finding = Finding {
            file: self.file.to_owned(),
            at: at.into(),
            problem: problem.into(),
            instead: instead.into(),
        };
        if !self.list.contains(&finding) {
            self.list.push(finding);
        }
    }

    /// Ends a step of checks: returns its findings, because the next step relies on what this one checks.
    pub(crate) fn end_step(&mut self) -> Result<(), Vec<Finding>> {
        if self.list.is_empty() {
            Ok(())
        } else {
            Err(std::mem::take(&mut self.list))
        }
    }
}

//! Finds flags whose value was forgotten: `--content --dry-run` would send the text `--dry-run`.

use std::collections::HashSet;
use std::ffi::OsString;
use std::sync::OnceLock;

use clap::{Arg, Command};

use crate::Detail;
use crate::failure::Failure;

/// Refuses a flag of any command in the place of another flag's value. Users write such a value after `=`.
pub(crate) fn refuse_flags_as_values(
    root: &Command,
    arguments: &[OsString],
) -> Result<(), Failure> {
    let mut command = root;
    // No flag contains bytes that are not UTF-8.
    let mut arguments = arguments.iter().map(|arg| arg.to_str().unwrap_or_default());
    while let Some(argument) = arguments.next() {
        if argument == "--" {
            break;
        }
        if takes_next_argument(root, command, argument) {
            let value = arguments.next().unwrap_or_default();
            if value.starts_with('-') && Flags::of_all_commands()?.contain(value) {
                return Err(missing_value(argument, value));
            }
        } else if let Some(inner) = command.find_subcommand(argument) {
            command = inner;
        }
    }
    Ok(())
}

fn missing_value(flag: &str, value: &str) -> Failure {
    // The text after `=` may be private.
    let next = match value.split_once('=') {
        Some((name, _)) => format!("{name}=…"),
        None => value.to_owned(),
    };
    Failure::usage(format!(
        "{flag} has no value: the next argument, {next}, is a flag"
    ))
    .hint(format!(
        "Add the value. If {next} is the value, write {flag}={next}."
    ))
}

/// Whether an argument is a flag that takes the next argument as its value.
fn takes_next_argument(root: &Command, command: &Command, argument: &str) -> bool {
    let inherited = root.get_arguments().filter(|arg| arg.is_global_set());
    let mut args = command.get_arguments().chain(inherited);
    let matches = |arg: &&Arg| match argument.strip_prefix("--") {
        Some(long) => arg.get_long() == Some(long),
        None => arg.get_short().is_some_and(|short| {
            argument.strip_prefix('-') == Some(short.encode_utf8(&mut [0; 4]))
        }),
    };
    args.find(matches)
        .is_some_and(|arg| arg.get_action().takes_values() && !arg.is_require_equals_set())
}

/// The flags of all commands.
struct Flags {
    long: HashSet<String>,
    short: HashSet<char>,
}

impl Flags {
    /// Reads every spec, so this is called only for a value that could be a flag. The result is cached.
    fn of_all_commands() -> Result<&'static Self, Failure> {
        static ALL: OnceLock<Flags> = OnceLock::new();
        if let Some(flags) = ALL.get() {
            return Ok(flags);
        }
        // clap adds these itself, when it parses.
        let mut flags = Self {
            long: HashSet::from(["help", "version"].map(str::to_owned)),
            short: HashSet::from(['h', 'V']),
        };
        flags.add(&crate::command(Detail::All)?);
        Ok(ALL.get_or_init(|| flags))
    }

    fn add(&mut self, command: &Command) {
        for arg in command.get_arguments() {
            self.long.extend(arg.get_long().map(str::to_owned));
            self.short.extend(arg.get_short());
        }
        for inner in command.get_subcommands() {
            self.add(inner);
        }
    }

    /// Whether an argument is `--`, one of these flags or several short ones, with or without a value.
    fn contain(&self, argument: &str) -> bool {
        let name = argument.split('=').next().unwrap_or_default();
        if let Some(long) = name.strip_prefix("--") {
            return argument == "--" || self.long.contains(long);
        }
        let Some(letters) = name.strip_prefix('-') else {
            return false;
        };
        // `-p4010` is a flag with a number; `-1` is just a number.
        let letters = letters.trim_end_matches(|last: char| last.is_ascii_digit());
        !letters.is_empty() && letters.chars().all(|letter| self.short.contains(&letter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(root: &Command, arguments: &[&str]) -> Result<(), Failure> {
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        refuse_flags_as_values(root, &arguments)
    }

    /// Lists every flag that takes a value, each preceded by the names of its command.
    fn collect_flags(command: &Command, path: &[String], paths: &mut Vec<Vec<String>>) {
        for arg in command.get_arguments() {
            let takes = arg.get_action().takes_values() && !arg.is_require_equals_set();
            let long = arg.get_long().map(|long| format!("--{long}"));
            let short = arg.get_short().map(|short| format!("-{short}"));
            for flag in long.into_iter().chain(short).filter(|_| takes) {
                paths.push([path, &[flag]].concat());
            }
        }
        for inner in command.get_subcommands() {
            let path = [path, &[inner.get_name().to_owned()]].concat();
            collect_flags(inner, &path, paths);
        }
    }

    #[test]
    fn a_flag_is_refused_as_the_value_of_any_flag() {
        let root = crate::command(Detail::All).unwrap();
        let mut paths = Vec::new();
        collect_flags(&root, &[], &mut paths);
        assert!(paths.len() > 300, "{}", paths.len());
        for path in &paths {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            for value in [
                "--dry-run",
                "--dry-run=true",
                "--content",
                "--content=a b",
                "--output",
                "--text.body",
                "--forward-to",
                "--help",
                "--version",
                "-h",
                "-V",
                "-p",
                "-p=1",
                "-p4010",
                "-qp",
                "--",
            ] {
                let failure = check(&root, &[&path[..], &[value]].concat()).unwrap_err();
                assert_eq!(failure.exit, crate::failure::Exit::Usage);
                assert!(!failure.message.contains("a b"), "{}", failure.message);
                let joined = format!("{}={value}", path.last().unwrap());
                check(&root, &[&path[..path.len() - 1], &[&joined]].concat()).unwrap();
            }
            for value in ["", "-", "-1", "-0.5", "- list", "--nothing", "--- x", "-x"] {
                check(&root, &[&path[..], &[value]].concat()).unwrap();
            }
        }
    }

    #[test]
    fn values_and_arguments_after_a_double_dash_are_accepted() {
        let root = crate::command(Detail::All).unwrap();
        for arguments in [
            &["sms", "send-sms", "--content", "sign", "--dry-run"][..],
            &[
                "--profile",
                "sms",
                "sms",
                "send-sms",
                "--content",
                "--dry run",
            ],
            &["sms", "send-sms", "--example", "--dry-run"],
            &["sign", "--scheme", "antbuddy", "--", "--action", "--ts"],
            &["sms", "send-sms", "--content"],
        ] {
            check(&root, arguments).unwrap();
        }
        let global = ["--timeout", "--sandbox", "sms", "send-sms"];
        assert!(check(&root, &global).unwrap_err().hint.is_some());
        assert!(check(&root, &["sms", "send-sms", "--profile", "--sandbox"]).is_err());
    }
}

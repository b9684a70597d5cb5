//! A flag where the value of another was forgotten: `--content --dry-run` would send the text `--dry-run`.

use std::collections::HashSet;
use std::ffi::OsString;

use clap::{Arg, Command};

use crate::failure::Failure;

/// Refuses a word that is a flag of any command where the value of a flag is due. A value that looks so is written after `=`.
pub(crate) fn refuse_flags_as_values(root: &Command, words: &[OsString]) -> Result<(), Failure> {
    let flags = Flags::of(root);
    let mut command = root;
    // What is not UTF-8 is no flag.
    let mut words = words.iter().map(|word| word.to_str().unwrap_or_default());
    while let Some(word) = words.next() {
        if word == "--" {
            break;
        }
        if takes_next_word(root, command, word) {
            let value = words.next().unwrap_or_default();
            if flags.contain(value) {
                return Err(forgotten(word, value));
            }
        } else if let Some(inner) = command.find_subcommand(word) {
            command = inner;
        }
    }
    Ok(())
}

fn forgotten(flag: &str, value: &str) -> Failure {
    // What comes after `=` may be a text or a number of a person.
    let shown = match value.split_once('=') {
        Some((name, _)) => format!("{name}=…"),
        None => value.to_owned(),
    };
    Failure::usage(format!(
        "{flag} has no value: the next word, {shown}, is a flag"
    ))
    .hint(format!(
        "Give it a value; if this is the value, write {flag}={shown}."
    ))
}

/// Whether a word is a flag whose value is the next word.
fn takes_next_word(root: &Command, command: &Command, word: &str) -> bool {
    let inherited = root.get_arguments().filter(|arg| arg.is_global_set());
    let mut args = command.get_arguments().chain(inherited);
    let named = |arg: &&Arg| match word.strip_prefix("--") {
        Some(long) => arg.get_long() == Some(long),
        None => arg
            .get_short()
            .is_some_and(|short| word.strip_prefix('-') == Some(short.encode_utf8(&mut [0; 4]))),
    };
    args.find(named)
        .is_some_and(|arg| arg.get_action().takes_values() && !arg.is_require_equals_set())
}

/// The flags of all commands.
struct Flags<'a> {
    long: HashSet<&'a str>,
    short: HashSet<char>,
}

impl<'a> Flags<'a> {
    fn of(root: &'a Command) -> Self {
        // clap adds these when it parses.
        let mut flags = Self {
            long: HashSet::from(["help", "version"]),
            short: HashSet::from(['h', 'V']),
        };
        flags.add(root);
        flags
    }

    fn add(&mut self, command: &'a Command) {
        for arg in command.get_arguments() {
            self.long.extend(arg.get_long());
            self.short.extend(arg.get_short());
        }
        for inner in command.get_subcommands() {
            self.add(inner);
        }
    }

    /// Whether a word is one of them, or several short ones, with or without a value, or the end of all flags.
    fn contain(&self, word: &str) -> bool {
        let name = word.split('=').next().unwrap_or_default();
        if let Some(long) = name.strip_prefix("--") {
            return word == "--" || self.long.contains(long);
        }
        let Some(letters) = name.strip_prefix('-') else {
            return false;
        };
        // `-p4010` is a flag with its number, `-1` a number.
        let letters = letters.trim_end_matches(|last: char| last.is_ascii_digit());
        !letters.is_empty() && letters.chars().all(|letter| self.short.contains(&letter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(root: &Command, words: &[&str]) -> Result<(), Failure> {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        refuse_flags_as_values(root, &words)
    }

    /// Every flag that takes a value, with the words that lead to its command.
    fn flags(command: &Command, path: &[String], found: &mut Vec<Vec<String>>) {
        for arg in command.get_arguments() {
            let takes = arg.get_action().takes_values() && !arg.is_require_equals_set();
            let long = arg.get_long().map(|long| format!("--{long}"));
            let short = arg.get_short().map(|short| format!("-{short}"));
            for flag in long.into_iter().chain(short).filter(|_| takes) {
                found.push([path, &[flag]].concat());
            }
        }
        for inner in command.get_subcommands() {
            flags(
                inner,
                &[path, &[inner.get_name().to_owned()]].concat(),
                found,
            );
        }
    }

    #[test]
    fn no_flag_of_any_command_is_the_value_of_another() {
        let root = crate::command();
        let mut found = Vec::new();
        flags(&root, &[], &mut found);
        assert!(found.len() > 300, "{}", found.len());
        for path in &found {
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
    fn values_and_words_after_the_end_of_flags_are_left_alone() {
        let root = crate::command();
        for words in [
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
            check(&root, words).unwrap();
        }
        let global = ["--timeout", "--sandbox", "sms", "send-sms"];
        assert!(check(&root, &global).unwrap_err().hint.is_some());
        assert!(check(&root, &["sms", "send-sms", "--profile", "--sandbox"]).is_err());
    }
}

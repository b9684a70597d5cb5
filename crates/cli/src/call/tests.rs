use std::ffi::OsString;

use serde_json::Value;

use super::operation::Operation;
use super::*;
use crate::spec::operations;
use crate::{Detail, generated};

fn all_operations() -> Vec<Operation> {
    let operations = operations().unwrap();
    operations
        .map(|spec| Operation::new(spec).unwrap())
        .collect()
}

#[test]
fn every_service_is_a_command_with_its_title() {
    let services = nxcloud_spec::embedded_services().unwrap().into_iter();
    let services: Vec<_> = services
        .map(|service| (service.name(), &*service.document().info.title))
        .collect();
    assert_eq!(services, generated::SERVICES);
    assert!(generated::send("sms", "send_mms").is_none());
}

#[test]
fn every_documented_example_is_a_valid_request() {
    let mut count = 0;
    for operation in all_operations()
        .iter()
        .filter(|operation| !operation.is_form)
    {
        for (name, example) in operation.spec.request_examples() {
            let Value::Object(mut body) = example else {
                panic!("{}: {name} is not an object", operation.spec.id);
            };
            let problems = operation.complete(&mut body).unwrap();
            assert_eq!(problems, [], "{} {name}", operation.spec.id);
            count += 1;
        }
    }
    assert!(count > 50, "{count} examples");
}

#[test]
fn every_command_in_the_readme_parses() {
    let lines = include_str!("../../README.md").lines();
    let mut count = 0;
    for line in lines.filter(|line| line.starts_with("nxcloud ") && !line.contains('…')) {
        let arguments = shlex::split(line).unwrap();
        let arguments = arguments
            .iter()
            .take_while(|argument| !matches!(argument.as_str(), ">" | "||"));
        let parsed = crate::command(Detail::All)
            .unwrap()
            .try_get_matches_from(arguments);
        assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
        count += 1;
    }
    assert!(count > 10, "{count} commands");
}

#[test]
fn no_field_uses_a_reserved_flag() {
    let root = crate::command(Detail::All).unwrap();
    let global: Vec<&str> = root
        .get_arguments()
        .filter_map(clap::Arg::get_long)
        .collect();
    assert!(global.contains(&"profile"));
    for operation in all_operations() {
        // clap finds duplicates within a command, but a field would silently hide a global flag.
        command(&operation).debug_assert();
        for leaf in flags::leaves(operation.request()) {
            assert!(
                !global.contains(&leaf.flag.as_str()),
                "{}: {}",
                operation.spec.id,
                leaf.flag
            );
        }
    }
}

/// Only the specs of commands named in the arguments are read.
#[test]
fn only_commands_named_in_the_arguments_have_their_flags() {
    let flags = |root: &Command, service: &str, operation: &str| {
        let service = root.find_subcommand(service).unwrap();
        let operation = service.find_subcommand(operation);
        let flags = operation.map(|operation| operation.get_arguments().cloned());
        flags.map(|flags| {
            flags
                .map(|flag| flag.get_id().to_string())
                .collect::<Vec<_>>()
        })
    };
    let all = crate::command(Detail::All).unwrap();
    for operation in all_operations() {
        let (service, id) = (operation.spec.service().name(), &operation.spec.id);
        let id = command_name(id);
        let arguments = ["--sandbox", service, &id, "--help"].map(OsString::from);
        let named = crate::command(Detail::Named(&arguments)).unwrap();
        assert_eq!(flags(&named, service, &id), flags(&all, service, &id));
        for (other, _) in generated::SERVICES {
            let other_command = named.find_subcommand(other).unwrap();
            assert_eq!(
                other_command.has_subcommands(),
                *other == service,
                "{other}"
            );
        }
        assert!(!named.find_subcommand("trigger").unwrap().has_subcommands());
    }
    let arguments = ["trigger"].map(OsString::from);
    let named = crate::command(Detail::Named(&arguments)).unwrap();
    assert!(named.find_subcommand("trigger").unwrap().has_subcommands());
}

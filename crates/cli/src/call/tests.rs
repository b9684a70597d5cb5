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
fn every_documented_example_fits() {
    let mut count = 0;
    for operation in all_operations()
        .iter()
        .filter(|operation| !operation.is_form)
    {
        for (name, example) in operation.spec.request_examples() {
            let Value::Object(mut body) = example else {
                panic!("{}: {name} is no object", operation.spec.id);
            };
            let problems = operation.complete(&mut body).unwrap();
            assert_eq!(problems, [], "{} {name}", operation.spec.id);
            count += 1;
        }
    }
    assert!(count > 50, "{count} examples");
}

/// The commands in the README are understood.
#[test]
fn every_command_of_the_readme_is_one() {
    let lines = include_str!("../../README.md").lines();
    let mut count = 0;
    for line in lines.filter(|line| line.starts_with("nxcloud ") && !line.contains('…')) {
        let words = shlex::split(line).unwrap();
        let words = words.iter().take_while(|word| *word != ">");
        let parsed = crate::command(Detail::All)
            .unwrap()
            .try_get_matches_from(words);
        assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
        count += 1;
    }
    assert!(count > 10, "{count} commands");
}

#[test]
fn no_field_has_the_flag_of_something_else() {
    let whole = crate::command(Detail::All).unwrap();
    let of_all: Vec<&str> = whole
        .get_arguments()
        .filter_map(clap::Arg::get_long)
        .collect();
    assert!(of_all.contains(&"profile"));
    for operation in all_operations() {
        // clap checks the flags of one command; one that all commands have would be hidden without an error.
        command(&operation).debug_assert();
        for leaf in flags::leaves(operation.request()) {
            assert!(
                !of_all.contains(&leaf.flag.as_str()),
                "{}: {}",
                operation.spec.id,
                leaf.flag
            );
        }
    }
}

/// Only the specs of named commands are read, and what is called is complete.
#[test]
fn what_is_named_is_complete_and_nothing_else() {
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

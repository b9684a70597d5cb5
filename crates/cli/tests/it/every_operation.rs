//! Calls every operation and triggers every push of every spec.

use nxcloud_sandbox::Sandbox;
use nxcloud_spec::embedded_services;

use crate::support::Nxcloud;

/// The arguments and standard input that call an operation with its first documented example.
fn arguments(nxcloud: &Nxcloud, service: &str, operation: &str) -> (Vec<String>, String) {
    let command = operation.replace('_', "-");
    let mut arguments = vec![service.to_owned(), command];
    let help = nxcloud.run(&[service, &arguments[1], "--help"]).exits(0);
    let mut input = String::new();
    if help.stdout.contains("--example") {
        let example = nxcloud.run(&[service, &arguments[1], "--example"]).exits(0);
        if help.stdout.contains("--file") {
            let fields = example.json();
            for (name, value) in fields.as_object().unwrap() {
                let flag = format!("--{}", name.replace('_', "-"));
                // The file and its type have their own flags.
                if help.stdout.contains(&format!("{flag} <TEXT>")) {
                    arguments.extend([flag, value.as_str().unwrap().to_owned()]);
                }
            }
        } else {
            arguments.extend(["--json".to_owned(), "-".to_owned()]);
            input = example.stdout;
        }
    }
    if help.stdout.contains("--file") {
        std::fs::write(nxcloud.home().join("picture.png"), b"\x89PNG").unwrap();
        arguments.extend(["--file".to_owned(), "picture.png".to_owned()]);
    }
    (arguments, input)
}

#[test]
fn every_operation_can_be_called() {
    let services = embedded_services().unwrap().into_iter();
    let operations: Vec<(&str, &str)> = services
        .flat_map(|service| service.operations())
        .map(|operation| (operation.service().name(), &*operation.spec().id))
        .collect();
    assert!(operations.len() >= 43, "{} operations", operations.len());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for (service, operation) in operations {
        // A new sandbox for each operation: it answers examples as documented only if it has no state.
        let sandbox = runtime.block_on(Sandbox::start()).unwrap();
        let nxcloud = Nxcloud::at(&sandbox);
        let (arguments, input) = arguments(&nxcloud, service, operation);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = nxcloud.feed(&arguments, &input).exits(0);
        assert!(
            output.json().is_object() || output.json().is_array(),
            "{output}"
        );
        let received = sandbox.requests_for(operation);
        assert_eq!(received.len(), 1, "{service} {operation}");
        assert!(received[0].verdict().is_accepted());

        let mut dry = arguments.clone();
        dry.push("--dry-run");
        let request = nxcloud.feed(&dry, &input).exits(0).json();
        assert!(request["url"].as_str().unwrap().starts_with(sandbox.url()));
        let after = sandbox.requests_for(operation);
        assert_eq!(after.len(), 1, "{service} {operation}: a dry run sends");
    }
}

#[test]
fn every_push_can_be_triggered() {
    let receiver = Nxcloud::new();
    let mut listening = receiver.start(&["listen", "--port", "0", "--output", "json"]);
    let mut count = 0;
    for service in embedded_services().unwrap() {
        for push in service.webhooks() {
            let (service, name) = (service.name(), &*push.name);
            let to = format!("{}/{service}/{name}", listening.url);
            let command = name.replace('_', "-");
            let nxcloud = Nxcloud::new();
            let output = nxcloud.run(&["trigger", service, &command, "--to", &to, "--sandbox"]);
            assert_eq!(output.exits(0).json()["outcome"], "accepted");
            let row: serde_json::Value = serde_json::from_str(&listening.line()).unwrap();
            assert_eq!(row["path"], format!("/{service}/{name}"));
            assert_eq!(row["signature"] != "unsigned", push.signed, "{row}");
            count += 1;
        }
    }
    assert!(count >= 14, "{count} pushes");
}

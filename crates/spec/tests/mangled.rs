//! Reading the JSON of a spec never panics, whatever the text.
#![cfg(feature = "embedded")]
#![allow(clippy::unwrap_used, missing_docs, reason = "a test")]

use nxcloud_spec::{Service, embedded_services};

/// Cuts, removes or replaces a character at many places. A spec that can still be read is traversed.
#[test]
fn mangled_json_is_read_or_refused() {
    let mut refused = 0;
    for service in embedded_services().unwrap() {
        let json = serde_json::to_string(service.document()).unwrap();
        let step = (json.len() / 150).max(1);
        for at in (0..json.len())
            .step_by(step)
            .filter(|at| json.is_char_boundary(*at))
        {
            let (before, after) = json.split_at(at);
            let rest: String = after.chars().skip(1).collect();
            for text in [
                before.to_owned(),
                format!("{before}{rest}"),
                format!("{before}null{rest}"),
                format!("{before}[{rest}"),
                format!("{before}\\u0000{rest}"),
            ] {
                match Service::read(service.name(), &text) {
                    Ok(read) => {
                        for operation in read.operations() {
                            let _ = operation.request_examples();
                            let reply = operation.reply_schema();
                            let _ = reply.map(|reply| reply.properties().count());
                        }
                        for push in read.webhooks() {
                            let _ = read.schema(&push.schema).receipt();
                        }
                    }
                    Err(error) => {
                        assert!(!error.to_string().is_empty() && !error.place().is_empty());
                        refused += 1;
                    }
                }
            }
        }
    }
    assert!(refused > 1000, "{refused}");
}

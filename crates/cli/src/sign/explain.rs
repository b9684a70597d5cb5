//! What was signed, for people: the string to sign, and the headers as a command that can be run.

use nxcloud::Operation;
use nxcloud::Scheme;
use nxcloud::signing::{Body, Request, Signer, antbuddy};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::generated::SERVICES;

/// The headers of a signed request.
pub(super) fn headers(signer: &Signer, request: &Request<'_>, signature: &str) -> Value {
    json!({
        "accessKey": signer.access_key().as_str(),
        "ts": request.ts.as_str(),
        "bizType": request.biz_type.as_str(),
        "action": request.action.as_str(),
        "sign": signature,
    })
}

/// String to sign and curl command of an NXCLOUD request.
pub(super) fn nxcloud(
    signer: &Signer,
    request: &Request<'_>,
    body: Option<&str>,
) -> Result<String, Failure> {
    let signature = signer.sign(request);
    let operation = operation(request);
    let method = operation.map_or("POST", |operation| operation.method);
    let mut command: Vec<String> = ["curl", "-X", method].map(str::to_owned).into();
    let headers = [
        ("accessKey", signer.access_key().as_str()),
        ("ts", request.ts.as_str()),
        ("bizType", request.biz_type.as_str()),
        ("action", request.action.as_str()),
        ("sign", signature.as_str()),
    ];
    for (name, value) in headers {
        command.extend(["-H".to_owned(), format!("{name}: {value}")]);
    }
    match (request.body, body) {
        (Body::Unsigned, _) => command.extend(["-F".to_owned(), "file=@FILE".to_owned()]),
        (Body::Signed(_), Some(file)) => command.extend([
            "-H".to_owned(),
            "content-type: application/json".to_owned(),
            "--data-binary".to_owned(),
            format!("@{file}"),
        ]),
        (Body::Signed(_), None) => {}
    }
    command.push(operation.map_or_else(|| "URL".to_owned(), url));
    told(&signer.explain(request), signature.as_str(), &command)
}

/// Hashed string and curl command of an `AntBuddy` request.
pub(super) fn antbuddy(signer: &antbuddy::Signer, values: &[&str]) -> Result<String, Failure> {
    let hash = signer.sign(values);
    let mut command = vec!["curl".to_owned()];
    if values == [signer.app_id().as_str()] {
        for (name, value) in [
            ("x-auth-app-id", signer.app_id().as_str()),
            ("x-auth-app-hash", hash.as_str()),
        ] {
            command.extend(["-H".to_owned(), format!("{name}: {value}")]);
        }
        command.push("URL".to_owned());
    } else {
        command.push(format!(
            "URL?appId={}&…&hash={}",
            signer.app_id().as_str(),
            hash.as_str()
        ));
    }
    told(&signer.explain(values), hash.as_str(), &command)
}

fn told(string_to_sign: &str, signature: &str, command: &[String]) -> Result<String, Failure> {
    let quoted = shlex::try_join(command.iter().map(String::as_str))
        .map_err(|_| Failure::usage("a header cannot be written for a shell"))?;
    Ok(format!(
        "string to sign: {string_to_sign}\nsignature:      {signature}\n{quoted}"
    ))
}

/// The one operation that has this bizType and action; none where several have.
fn operation(request: &Request<'_>) -> Option<&'static Operation> {
    let meant = |operation: &&'static Operation| match operation.scheme {
        Scheme::NxcloudMd5 {
            biz_type, action, ..
        } => biz_type == request.biz_type && action == request.action,
        _ => false,
    };
    let commands = SERVICES.iter().flat_map(|service| service.commands);
    let mut found = commands.map(|command| command.operation).filter(meant);
    found.next().filter(|_| found.next().is_none())
}

fn url(operation: &Operation) -> String {
    // A fragment tells operations apart in the spec, and is never sent.
    let path = operation.path.split('#').next().unwrap_or_default();
    format!("{}{path}", operation.base_url.trim_end_matches('/'))
}

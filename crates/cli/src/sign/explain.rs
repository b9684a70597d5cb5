//! Explains a signature: the string to sign, and a curl command with the headers.

use nxcloud::signing::{Body, Request, Signer, antbuddy, header};
use nxcloud_spec::OperationRef;
use reqwest::Url;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::mask::{self, MASK};
use crate::spec::{self, operations};

/// The headers of a signed request.
pub(super) fn headers(signer: &Signer, request: &Request<'_>, signature: &str) -> Value {
    json!({
        header::ACCESS_KEY: signer.access_key().as_str(),
        header::TS: request.ts.as_str(),
        header::BIZ_TYPE: request.biz_type.as_str(),
        header::ACTION: request.action.as_str(),
        header::SIGN: signature,
    })
}

/// Explains the signature of an NXCLOUD request.
pub(super) fn nxcloud(
    signer: &Signer,
    request: &Request<'_>,
    body: Option<&str>,
    base_url: Option<&str>,
) -> Result<String, Failure> {
    let signature = signer.sign(request);
    let operation = operation(request)?;
    let method = operation.map_or("POST", |operation| operation.method());
    let mut command: Vec<String> = ["curl", "-X", method].map(str::to_owned).into();
    let headers = [
        (header::ACCESS_KEY, signer.access_key().as_str()),
        (header::TS, request.ts.as_str()),
        (header::BIZ_TYPE, request.biz_type.as_str()),
        (header::ACTION, request.action.as_str()),
        (header::SIGN, signature.as_str()),
    ];
    for (name, value) in headers {
        command.extend(["-H".to_owned(), format!("{name}: {value}")]);
    }
    match (request.body, body) {
        (Body::Unsigned, _) => command.extend(["-F".to_owned(), "file=@FILE".to_owned()]),
        (_, Some(file)) => command.extend([
            "-H".to_owned(),
            "content-type: application/json".to_owned(),
            "--data-binary".to_owned(),
            format!("@{file}"),
        ]),
        (_, None) => {}
    }
    command.push(match operation {
        Some(operation) => url(operation, base_url)?,
        None => "URL".to_owned(),
    });
    let command = quoted(command.iter().map(String::as_str))?;
    Ok(explanation(
        &signer.masked_string_to_sign(request),
        signature.as_str(),
        &command,
    ))
}

/// Explains the hash of an `AntBuddy` request. The hash of the app id never changes and is enough for a call, so the curl command
/// does not contain it but computes it when it runs. `account` are the flags that choose the account.
pub(super) fn antbuddy(
    signer: &antbuddy::Signer,
    values: &[&str],
    account: &[&str],
) -> Result<String, Failure> {
    let app_id = signer.app_id().as_str();
    let sign = ["nxcloud", "sign", "--scheme", "antbuddy"];
    let sign = sign.iter().chain(account).chain(&["--"]).chain(values);
    let hash = format!("$({})", quoted(sign.copied())?);
    let command = if values == [app_id] {
        let id = quoted([format!("x-auth-app-id: {app_id}").as_str()])?;
        format!("curl -H {id} -H \"x-auth-app-hash: {hash}\" URL")
    } else {
        let start = quoted([format!("URL?appId={app_id}&…").as_str()])?;
        format!("curl {start}\"&hash={hash}\"")
    };
    Ok(explanation(
        &signer.masked_string_to_sign(values),
        MASK,
        &command,
    ))
}

fn explanation(string_to_sign: &str, signature: &str, command: &str) -> String {
    format!("string to sign: {string_to_sign}\nsignature:      {signature}\n{command}")
}

fn quoted<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Result<String, Failure> {
    shlex::try_join(arguments).map_err(|_| {
        let problem = "a value contains a NUL character, which no shell command can contain";
        Failure::usage(problem)
    })
}

/// Finds the operation with a bizType and an action. Returns `None` if several have them.
fn operation(request: &Request<'_>) -> Result<Option<OperationRef<'static>>, Failure> {
    let (biz_type, action) = (request.biz_type.as_str(), request.action.as_str());
    let mut matching = operations()?.filter(|operation| {
        operation.biz_type() == Some(biz_type) && operation.action.as_deref() == Some(action)
    });
    Ok(matching.next().filter(|_| matching.next().is_none()))
}

/// The URL of a call, below `base_url` or the documented URL of the service.
fn url(operation: OperationRef<'static>, base_url: Option<&str>) -> Result<String, Failure> {
    let path = operation.path();
    let base_url = match base_url.map(Url::parse).transpose() {
        Ok(Some(url)) => mask::url(&url),
        Ok(None) => spec::base_url(operation).to_owned(),
        Err(_) => {
            let problem = "the base URL is not a URL; write it as https://host[:port]";
            return Err(Failure::usage(problem));
        }
    };
    Ok(format!("{}{path}", base_url.trim_end_matches('/')))
}

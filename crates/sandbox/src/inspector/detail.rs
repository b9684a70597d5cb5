//! One request with the details that explain it.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::advice::advice;
use super::reply::{Problem, made, refuse};
use super::text;
use crate::platform::Incoming;
use crate::platform::text::beginning;
use crate::platform::verdict::{Cause, LikelyCause};
use crate::server::record::{ReceivedRequest, summary};
use crate::server::{Shared, pool};
use nxcloud_spec::document::Scheme;

/// The string to sign is not shown for bodies above this size.
const MAX_SIGNED: usize = 1024 * 1024;

/// `GET requests/ID`
pub(super) async fn show(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    made(move || Ok(detail(&shared, &request(&shared, &id)?))).await
}

fn request(shared: &Shared, id: &str) -> Result<ReceivedRequest, Problem> {
    let request = id.parse().ok().and_then(|id| shared.history.request(id));
    request.ok_or_else(|| {
        refuse(
            StatusCode::NOT_FOUND,
            "the history has no request with this id: list them with GET requests",
        )
    })
}

/// `GET requests/ID/body` and `GET requests/ID/reply`: all bytes, sent as a download so that a browser does not
/// render them.
pub(super) async fn whole(
    State(shared): State<Arc<Shared>>,
    Path((id, part)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let request = pool::run(move || request(&shared, &id)).await?;
    let bytes = match &*part {
        "body" => &request.parts().body,
        "reply" => &request.parts().reply,
        _ => {
            let problem = "unknown part of a request: use body or reply";
            return Err(refuse(StatusCode::NOT_FOUND, problem));
        }
    };
    let headers = [
        (CONTENT_TYPE, "application/octet-stream"),
        (CONTENT_DISPOSITION, "attachment"),
        (CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, bytes.clone()).into_response())
}

fn detail(shared: &Shared, request: &ReceivedRequest) -> Value {
    let mut detail = summary(&shared.platform.catalog, request);
    detail["path"] = request.path().into();
    detail["query"] = request.query().into();
    let headers = request
        .headers()
        .map(|(name, value)| json!([name, String::from_utf8_lossy(value)]));
    detail["headers"] = headers.collect();
    detail["body"] = text::describe(request.body(), request.header("content-type"));
    detail["reply"] = text::describe(request.reply(), None);
    detail["verdict"] = verdict(request);
    detail["signing"] = signing(shared, request);
    let pushes = shared.pushes.latest(usize::MAX);
    let own = pushes
        .iter()
        .filter(|push| push.request == Some(request.id()));
    detail["pushes"] = own.map(|push| push.to_json()).collect();
    detail
}

fn verdict(request: &ReceivedRequest) -> Value {
    let mut object = json!({
        "accepted": request.verdict().is_accepted(),
        "code": request.verdict().code(),
    });
    if let Some(cause) = request.verdict().cause() {
        object["cause"] = cause.name().into();
        object["message"] = cause.to_string().into();
        object["advice"] = advice(cause).into();
        if let Cause::Signature(mismatch) = cause {
            object["likely_cause"] = json!(mismatch.likely_cause());
            object["explanation"] = mismatch.explanation().into();
        }
    }
    object
}

/// The string to sign that the server computed and, for a wrong signature, the one that the client probably signed.
fn signing(shared: &Shared, request: &ReceivedRequest) -> Value {
    let parts = request.parts();
    if request.body().len() > MAX_SIGNED {
        return json!({ "note": "The body is too large to show the string to sign." });
    }
    let headers = parts.headers.iter().cloned().collect::<HeaderMap>();
    let incoming = Incoming {
        method: &parts.method,
        path: &parts.path,
        query: parts.query.as_deref(),
        headers: &headers,
        body: &parts.body,
    };
    let Some((scheme, server)) = shared.platform.string_to_sign(&incoming) else {
        return Value::Null;
    };
    let scheme = match scheme {
        Scheme::NxcloudMd5 => "MD5 over header parameters, body and secret",
        Scheme::AntBuddySha256 => "SHA-256 over parameter values and secret",
    };
    let client = match request.verdict().cause() {
        Some(Cause::Signature(mismatch)) => match mismatch.likely_cause() {
            // The client signed the same string and only wrote the signature differently.
            LikelyCause::UpperCase => Some(mismatch.string_to_sign()),
            _ => mismatch.client_string(),
        },
        _ => None,
    };
    let cut = |string: &str| beginning(string, text::MAX_SHOWN).0.to_owned();
    json!({
        "scheme": scheme,
        "server": server.as_deref().map(cut),
        "client": client.map(cut),
    })
}

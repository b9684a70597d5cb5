//! `nxcloud listen`: an endpoint for pushes that says what came, checks signatures and forwards the very bytes.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use nxcloud::webhooks::Verifier;
use reqwest::Url;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::trigger::LISTEN_PORT;
use super::{in_one_line, interrupted};
use crate::account;
use crate::failure::Failure;
use crate::generated::SERVICES;
use crate::output::{self, Format};
use crate::table::Push;

/// The largest push that is taken: 1 MiB.
const BODY_LIMIT: usize = 1024 * 1024;
/// How long the endpoint that pushes are forwarded to may take.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn subcommand() -> Command {
    Command::new("listen")
        .about("Receive pushes on this machine, say what came, and forward them")
        .long_about(
            "Receive pushes on this machine, say what came, and forward them.\n\nOne line a push: where it came in, whether its signature \
             is right (of pushes that are signed, when an account is given), and what the endpoint answered. The very bytes and headers \
             are forwarded, and the endpoint's answer goes back. Without an endpoint every push is answered as documented. With \
             --sandbox the sandbox of this machine is told to send its pushes here.",
        )
        .arg(
            Arg::new("forward-to")
                .long("forward-to")
                .value_name("URL")
                .help("The endpoint under development"),
        )
        .arg(
            Arg::new("port")
                .long("port")
                .short('p')
                .value_name("PORT")
                .value_parser(value_parser!(u16))
                .help("Port to listen on; 4011 unless given, 0 for any free one"),
        )
        .arg(
            Arg::new("show-body")
                .long("show-body")
                .action(ArgAction::SetTrue)
                .help("Print the fields as well, which hold phone numbers and texts"),
        )
}

/// What every push needs.
struct Shared {
    verifier: Option<Verifier>,
    forward: Option<(reqwest::Client, Url)>,
    format: Format,
    show_body: bool,
}

pub(crate) fn run(matches: &ArgMatches, format: Format) -> Result<(), Failure> {
    let forward = match matches.get_one::<String>("forward-to") {
        None => None,
        Some(url) => Some((client()?, endpoint(url)?)),
    };
    // Most pushes are not signed, so that no account is needed; a broken one is told.
    let signer = match account::builder_if_any(matches)? {
        Some(builder) => builder.credentials().nxcloud_signer().cloned(),
        None => None,
    };
    let shared = Arc::new(Shared {
        verifier: signer.map(|signer| Verifier::new(signer).without_replay_guard()),
        forward,
        format,
        show_body: matches.get_flag("show-body"),
    });
    let port = matches.get_one::<u16>("port").copied();
    let port = port.unwrap_or(LISTEN_PORT);
    crate::block_on(async {
        let interrupted = interrupted()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
        let listener = listener.map_err(|error| {
            let failure = Failure::usage(format!("cannot listen on port {port}: {error}"));
            failure.hint("Choose another --port, or 0 for any free one.")
        })?;
        let address = listener
            .local_addr()
            .map_err(|error| Failure::io("the socket", &error))?;
        let here = format!("http://{address}");
        let sandbox = matches
            .get_flag("sandbox")
            .then(|| account::sandbox_url(matches));
        if let Some(sandbox) = &sandbox {
            register(sandbox, Some(&here)).await?;
        }
        output::data(&format!("listening on {here}/<service>/<push>"))?;
        let router = Router::new().fallback(receive).with_state(shared);
        let served = axum::serve(listener, router).with_graceful_shutdown(interrupted);
        served
            .await
            .map_err(|error| Failure::io("the listener", &error))?;
        if let Some(sandbox) = &sandbox {
            // It may have gone first, and then there is nothing to forget.
            let _ = register(sandbox, None).await;
        }
        Ok(())
    })?
}

fn client() -> Result<reqwest::Client, Failure> {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE)
        .build()
        .map_err(|error| Failure::usage(in_one_line(&error)))
}

fn endpoint(text: &str) -> Result<Url, Failure> {
    let wrong =
        || Failure::usage("--forward-to takes a URL such as http://127.0.0.1:3000/receipts");
    let url = Url::parse(text).map_err(|_| wrong())?;
    match (url.scheme(), url.host_str()) {
        ("http" | "https", Some(_)) => Ok(url),
        _ => Err(wrong()),
    }
}

/// Tells a sandbox to send each push to a path of its own here, or to forget that.
async fn register(sandbox: &str, here: Option<&str>) -> Result<(), Failure> {
    let client = client()?;
    let address = format!("{sandbox}/__sandbox/pushes/address");
    for service in SERVICES {
        for push in service.pushes {
            let order = json!({
                "service": service.name,
                "push": push.name,
                "url": here.map(|here| format!("{here}/{}/{}", service.name, push.name)),
            });
            let told = client.put(&address).json(&order).send().await;
            let told = told.and_then(reqwest::Response::error_for_status);
            told.map_err(|error| {
                let reason = in_one_line(&error.without_url());
                let failure = Failure::usage(format!("the sandbox cannot be told: {reason}"));
                failure.hint("Start it with `nxcloud sandbox`, and check --base-url.")
            })?;
        }
    }
    Ok(())
}

async fn receive(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let began = Instant::now();
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return (StatusCode::PAYLOAD_TOO_LARGE, "too large").into_response();
    };
    let signature = shared.signature(&head.headers, &body);
    let known = push(head.uri.path());
    let (answer, to) = shared
        .answer(&head.method, &head.uri, &head.headers, &body, known)
        .await;
    let mut row = json!({
        "path": head.uri.path(),
        "bytes": body.len(),
        "signature": signature,
        "answered": answer.status().as_u16(),
        "by": to,
        "ms": u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    });
    if shared.show_body {
        row["query"] = head.uri.query().into();
        row["body"] = shown(&body);
    }
    let told = match shared.format {
        Format::Json => output::line(&row),
        Format::Table => output::data(&in_words(&row)),
    };
    if let Err(failure) = told {
        output::note(&failure.message);
    }
    answer
}

/// The push that a path names.
fn push(path: &str) -> Option<&'static Push> {
    let (service, push) = path.strip_prefix('/')?.split_once('/')?;
    let service = SERVICES.iter().find(|known| known.name == service)?;
    service.pushes.iter().find(|known| known.name == push)
}

fn shown(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into())
}

fn in_words(row: &Value) -> String {
    let cell = |name: &str| match &row[name] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut line = format!(
        "{}  {} bytes  {}  {} by {} in {} ms",
        cell("path"),
        cell("bytes"),
        cell("signature"),
        cell("answered"),
        cell("by"),
        cell("ms")
    );
    for name in ["query", "body"] {
        if row.get(name).is_some_and(|value| !value.is_null()) {
            line.push_str(&format!("\n  {}", row[name]));
        }
    }
    line
}

impl Shared {
    fn signature(&self, headers: &HeaderMap, body: &[u8]) -> String {
        if !headers.contains_key("sign") {
            return "unsigned".to_owned();
        }
        match &self.verifier {
            None => "signature not checked, no account".to_owned(),
            Some(verifier) => match verifier.verify(headers, body) {
                Ok(_) => "signature right".to_owned(),
                Err(error) => format!("signature wrong: {error}"),
            },
        }
    }

    async fn answer(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &Bytes,
        push: Option<&Push>,
    ) -> (Response, &'static str) {
        let Some((client, endpoint)) = &self.forward else {
            let word = push.and_then(|push| push.reply).unwrap_or("success");
            return (word.into_response(), "listen");
        };
        let mut url = endpoint.clone();
        if let Some(query) = uri.query() {
            // A form in the query belongs to the push; one of the endpoint's own stays before it.
            let query = match endpoint.query() {
                Some(own) => format!("{own}&{query}"),
                None => query.to_owned(),
            };
            url.set_query(Some(&query));
        }
        let mut headers = headers.clone();
        for name in [HOST, CONNECTION, TRANSFER_ENCODING, CONTENT_LENGTH] {
            headers.remove(name);
        }
        let request = client.request(method.clone(), url).headers(headers);
        match forward(request.body(body.clone())).await {
            Ok(response) => (response, "endpoint"),
            Err(error) => {
                let reason = in_one_line(&error.without_url());
                output::note(&format!("the endpoint cannot be reached: {reason}"));
                let refused = (StatusCode::BAD_GATEWAY, "the endpoint cannot be reached");
                (refused.into_response(), "listen")
            }
        }
    }
}

async fn forward(request: reqwest::RequestBuilder) -> Result<Response, reqwest::Error> {
    let answer = request.send().await?;
    let status = answer.status();
    let kind = answer.headers().get(CONTENT_TYPE).cloned();
    let body = answer.bytes().await?;
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    if let Some(kind) = kind {
        response.headers_mut().insert(CONTENT_TYPE, kind);
    }
    Ok(response)
}

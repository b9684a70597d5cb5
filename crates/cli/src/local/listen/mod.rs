//! `nxcloud listen`: an endpoint for pushes that prints what arrived, checks signatures and forwards it.

mod forward;
mod guard;
mod receive;

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::uri::Authority;
use clap::Args;
use nxcloud::webhooks::Verifier;
use nxcloud_spec::embedded_services;
use reqwest::Url;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use self::forward::Endpoint;
use self::receive::Shared;
use super::trigger::LISTEN_PORT;
use super::{in_one_line, variable};
use crate::account::{self, AccountArgs};
use crate::failure::Failure;
use crate::http;
use crate::interrupt::interrupted;
use crate::output::{self, Format};

/// How long the endpoint that pushes are forwarded to may take.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Args)]
pub(crate) struct ListenArgs {
    /// Endpoint to forward pushes to
    #[arg(long, value_name = "URL")]
    forward_to: Option<String>,
    /// Port to listen on (0: any free port)
    #[arg(long, short, value_name = "PORT", default_value_t = LISTEN_PORT)]
    port: u16,
    /// Print the fields as well, which hold phone numbers and texts
    #[arg(long)]
    show_body: bool,
    /// Accept requests that name this host, such as a tunnel's, as well as this machine's own names
    #[arg(long, value_name = "NAME")]
    host: Vec<Authority>,
    /// With --sandbox: environment variable that holds the sandbox's token
    #[arg(long, value_name = "VARIABLE")]
    token_variable: Option<String>,
}

pub(crate) fn run(args: ListenArgs, account: &AccountArgs, format: Format) -> Result<(), Failure> {
    let endpoint = args.forward_to.as_deref().map(Endpoint::new).transpose()?;
    let token = args.token_variable.as_deref();
    let token = token
        .map(|name| variable(name, || "--token-variable".to_owned()))
        .transpose()?;
    // Most pushes are not signed, so that no account is needed; a malformed one is an error.
    let signer = match account::session_if_any(account)? {
        Some(session) => session.credentials().nxcloud_signer().cloned(),
        None => None,
    };
    let shared = Arc::new(Shared {
        verifier: signer.map(|signer| Verifier::new(signer).without_replay_guard()),
        endpoint,
        hosts: args.host,
        format,
        show_body: args.show_body,
        unread: Notify::new(),
    });
    let port = args.port;
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
        let sandbox = account
            .sandbox
            .then(|| Registry::new(&account::sandbox_url(account), token))
            .transpose()?;
        if let Some(sandbox) = &sandbox {
            sandbox.register(Some(&here)).await?;
        }
        if !output::is_read(&format!("listening on {here}/<service>/<push>"))? {
            shared.unread.notify_one();
        }
        let router = Router::new()
            .fallback(receive::receive)
            .with_state(Arc::clone(&shared));
        let ended = async move {
            tokio::select! {
                signal = interrupted => output::note(&format!("stopping: {signal}")),
                () = shared.unread.notified() => {}
            }
        };
        let served = axum::serve(listener, router).with_graceful_shutdown(ended);
        served
            .await
            .map_err(|error| Failure::io("the listener", &error))?;
        if let Some(sandbox) = &sandbox {
            // It may have gone first, and then there is nothing to forget.
            let _ = sandbox.register(None).await;
        }
        Ok(())
    })?
}

/// The sandbox that sends its pushes here.
struct Registry {
    client: reqwest::Client,
    address: Url,
    token: Option<String>,
}

impl Registry {
    fn new(sandbox: &str, token: Option<String>) -> Result<Self, Failure> {
        let address = Url::parse(&format!("{sandbox}/__sandbox/pushes/address"));
        let address = address
            .map_err(|_| Failure::usage("--base-url takes a URL such as http://127.0.0.1:4010"))?;
        let client = http::client(&address, PATIENCE)
            .map_err(|error| Failure::usage(in_one_line(&error.without_url())))?;
        Ok(Self {
            client,
            address,
            token,
        })
    }

    /// Has the sandbox send each push to a path of its own here, or no longer.
    async fn register(&self, here: Option<&str>) -> Result<(), Failure> {
        for service in embedded_services()? {
            let name = service.name();
            for push in service.webhooks() {
                let order = json!({
                    "service": name,
                    "push": push.name,
                    "url": here.map(|here| format!("{here}/{name}/{}", push.name)),
                });
                let mut request = self.client.put(self.address.clone()).json(&order);
                if let Some(token) = &self.token {
                    request = request.bearer_auth(token);
                }
                let response = request.send().await;
                let response = response.and_then(reqwest::Response::error_for_status);
                response.map_err(refused)?;
            }
        }
        Ok(())
    }
}

fn refused(error: reqwest::Error) -> Failure {
    let hint = if error.status() == Some(reqwest::StatusCode::UNAUTHORIZED) {
        "Name the variable that holds its token with --token-variable."
    } else {
        "Start it with `nxcloud sandbox`, and check --base-url."
    };
    let reason = in_one_line(&error.without_url());
    Failure::usage(format!(
        "the sandbox does not send its pushes here: {reason}"
    ))
    .hint(hint)
}

//! `nxcloud listen`: receives pushes, checks their signatures, prints and forwards them.

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
use tokio::net::TcpListener;
use tokio::sync::Notify;

use self::forward::Endpoint;
use self::receive::Shared;
use super::registry::Registry;
use super::trigger::LISTEN_PORT;
use super::variable;
use crate::account::{self, AccountArgs};
use crate::failure::Failure;
use crate::interrupt::interrupted;
use crate::output::{self, Format};

/// How long the endpoint may take to answer.
const TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Args)]
pub(crate) struct ListenArgs {
    /// Endpoint to forward pushes to
    #[arg(long, value_name = "URL")]
    forward_to: Option<String>,
    /// Port to listen on (0: any free port)
    #[arg(long, short, value_name = "PORT", default_value_t = LISTEN_PORT)]
    port: u16,
    /// Also print the fields; they contain phone numbers and texts
    #[arg(long)]
    show_body: bool,
    /// Also accept requests for this host name, such as the name of a tunnel
    #[arg(long, value_name = "NAME")]
    host: Vec<Authority>,
    /// With --sandbox: environment variable that contains the sandbox's token
    #[arg(long, value_name = "VARIABLE")]
    token_variable: Option<String>,
}

pub(crate) fn run(args: ListenArgs, account: &AccountArgs, format: Format) -> Result<(), Failure> {
    let endpoint = args.forward_to.as_deref().map(Endpoint::new).transpose()?;
    let token = args.token_variable.as_deref();
    let token = token
        .map(|name| variable(name, || "--token-variable".to_owned()))
        .transpose()?;
    // Most pushes are not signed, so an account is optional. A malformed account is an error.
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
        stdout_closed: Notify::new(),
    });
    let port = args.port;
    crate::block_on(async {
        let interrupted = interrupted()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
        let listener = listener.map_err(|error| {
            let failure = Failure::usage(format!("cannot listen on port {port}: {error}"));
            failure.hint("Choose another --port, or 0 for any free port.")
        })?;
        let address = listener
            .local_addr()
            .map_err(|error| Failure::io("cannot read the address of the socket", &error))?;
        let own_url = format!("http://{address}");
        let sandbox = account
            .sandbox
            .then(|| Registry::new(&account::sandbox_url(account), token))
            .transpose()?;
        if let Some(sandbox) = &sandbox {
            sandbox.register(Some(&own_url), |_| true).await?;
        }
        if !output::print_if_open(&format!("listening on {own_url}/<service>/<push>"))? {
            shared.stdout_closed.notify_one();
        }
        let router = Router::new()
            .fallback(receive::receive)
            .with_state(Arc::clone(&shared));
        let shutdown = async move {
            tokio::select! {
                signal = interrupted => output::eprint(&format!("stopping: {signal}")),
                () = shared.stdout_closed.notified() => {}
            }
        };
        axum::serve(listener, router)
            .with_graceful_shutdown(shutdown)
            .await
            .map_err(|error| Failure::io("cannot accept connections", &error))?;
        if let Some(sandbox) = &sandbox {
            // If the sandbox has already stopped, there is nothing to unregister.
            let _ = sandbox.register(None, |_| true).await;
        }
        Ok(())
    })?
}

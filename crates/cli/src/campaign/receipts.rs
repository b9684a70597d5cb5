//! `nxcloud campaign receipts`: the endpoint that stores receipts, alone or beside a run.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use clap::Args;
use nxcloud::Session;
use nxcloud::campaign::{Error, Ledger as _, Recorded, STOPPED};
use nxcloud::signing::header;
use nxcloud::webhooks::{DEFAULT_BODY_LIMIT, Event, Incoming, Pending, Receiver, Verifier};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::ledger::{Place, Store};
use super::operation;
use crate::account::{self, AccountArgs};
use crate::failure::Failure;
use crate::generated;
use crate::interrupt::interrupted;
use crate::local::registry::Registry;
use crate::output::{self, Format};

#[derive(Args)]
pub(crate) struct ReceiptsArgs {
    /// Address and port to receive pushes on, such as 127.0.0.1:4011 (port 0: any free port). With --sandbox, the sandbox sends its
    /// pushes here
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4011", value_parser = address)]
    listen: SocketAddr,
    /// Answer that puts its sender on the suppression list, if the service pushes answers; may be repeated
    #[arg(long, value_name = "TEXT", default_value = "STOP")]
    stop: Vec<String>,
}

pub(super) fn address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse()
        .map_err(|_| "expected an IP address and a port, such as 127.0.0.1:4011")
}

pub(super) fn run(
    args: &ReceiptsArgs,
    ledger: &Place,
    account: &AccountArgs,
    format: Format,
) -> Result<(), Failure> {
    // Some pushes are not signed, so an account is optional.
    let session = account::session_if_any(account)?;
    crate::block_on(async {
        // Before signals are caught: Ctrl-C ends a prompt.
        let store = ledger.open().await?;
        let interrupted = interrupted()?;
        let endpoint = Endpoint::new(store, session.as_ref(), &args.stop);
        let counts = Arc::clone(&endpoint.0);
        let server = Server::start(endpoint, args.listen, account).await?;
        if output::print_if_open(&format!("listening on {}", server.url()))? {
            output::eprint(&format!("stopping: {}", interrupted.await));
        }
        server.stop().await;
        output::reply(format, &counts.summary())
    })?
}

/// Stores the receipts of pushes.
#[derive(Clone)]
pub(crate) struct Endpoint(Arc<Shared>);

struct Shared {
    store: Store,
    verifier: Option<Verifier>,
    stop: Vec<String>,
    matched: AtomicU64,
    waiting: AtomicU64,
    no_row: AtomicU64,
    stopped: AtomicU64,
    refused: AtomicU64,
    /// Whether the last push could not be stored.
    failing: AtomicBool,
}

impl Endpoint {
    pub(super) fn new(store: Store, session: Option<&Session>, stop: &[String]) -> Self {
        let signer = session.and_then(|session| session.credentials().nxcloud_signer().cloned());
        Self(Arc::new(Shared {
            store,
            verifier: signer.map(|signer| Verifier::new(signer).without_replay_guard()),
            stop: stop.to_vec(),
            matched: AtomicU64::new(0),
            waiting: AtomicU64::new(0),
            no_row: AtomicU64::new(0),
            stopped: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            failing: AtomicBool::new(false),
        }))
    }

    /// A receiver that verifies a push with a signature. If the service signs all its pushes, one without a signature is refused.
    fn receiver<E: Event>(&self, head: &Parts) -> Receiver<E> {
        let signs =
            head.headers.contains_key(header::SIGN) || E::PUSHES.iter().all(|push| push.signed);
        match &self.0.verifier {
            Some(verifier) if signs => Receiver::signed(verifier.clone()),
            _ => Receiver::unprotected(),
        }
    }

    /// Stores what a push says. It is durable when this returns.
    async fn store<E: Event>(&self, push: &Pending<E>) -> Result<(), Error> {
        let received = push.received();
        let Some(name) = received.event.push_name() else {
            return Ok(());
        };
        let event = serde_json::to_value(&received.event).unwrap_or_default();
        let signed = received.verified.is_some();
        let shared = &*self.0;
        let mut operations = operation::of_service(E::SERVICE);
        let receipts = operations.map(|operation| operation.receipts(name, &event, signed));
        // Operations with the same push read the same receipts.
        let receipts = receipts.into_iter().find(|receipts| !receipts.is_empty());
        for recorded in shared.store.record(receipts.unwrap_or_default()).await? {
            let count = match recorded {
                Recorded::Matched { .. } => &shared.matched,
                Recorded::Waiting => &shared.waiting,
                _ => &shared.no_row,
            };
            count.fetch_add(1, Ordering::Relaxed);
        }
        let texts: Vec<&str> = shared.stop.iter().map(String::as_str).collect();
        operations = operation::of_service(E::SERVICE);
        if let Some(phone) = operations.find_map(|operation| operation.stop(name, &event, &texts)) {
            let new = shared.store.suppress(vec![phone], STOPPED).await?;
            shared.stopped.fetch_add(new, Ordering::Relaxed);
        }
        Ok(())
    }
}

impl Shared {
    fn summary(&self) -> serde_json::Value {
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        json!({
            "matched": count(&self.matched),
            "waiting": count(&self.waiting),
            "no_row": count(&self.no_row),
            "suppressed": count(&self.stopped),
            "refused": count(&self.refused),
        })
    }
}

/// Receives a push of a service, and answers it once its receipts are stored.
pub(super) async fn receive<E: Event>(
    State(endpoint): State<Endpoint>,
    head: Parts,
    body: Bytes,
) -> Response {
    let push = Incoming::new(&body)
        .headers(&head.headers)
        .url(head.uri.path(), head.uri.query());
    let pending = match endpoint.receiver::<E>(&head).receive(&push) {
        Ok(pending) => pending,
        Err(refused) => {
            endpoint.0.refused.fetch_add(1, Ordering::Relaxed);
            output::eprint(&format!(
                "a push of {} was refused: {}",
                E::SERVICE,
                refused.reason()
            ));
            return refused.into_response();
        }
    };
    let stored = endpoint.store(&pending).await;
    let was_failing = endpoint.0.failing.swap(stored.is_err(), Ordering::Relaxed);
    if let (Err(error), false) = (&stored, was_failing) {
        output::eprint(&format!("pushes cannot be stored and are refused: {error}"));
    }
    pending.handle(|_| stored).into_response()
}

/// A server of an [`Endpoint`].
pub(super) struct Server {
    address: SocketAddr,
    end: Arc<Notify>,
    serving: JoinHandle<std::io::Result<()>>,
    sandbox: Option<Registry>,
}

impl Server {
    pub(super) async fn start(
        endpoint: Endpoint,
        address: SocketAddr,
        account: &AccountArgs,
    ) -> Result<Self, Failure> {
        let listener = TcpListener::bind(address).await.map_err(|error| {
            Failure::usage(format!("cannot listen on {address}: {error}"))
                .hint("Choose another address or port; port 0 is any free port.")
        })?;
        let address = listener
            .local_addr()
            .map_err(|error| Failure::io("cannot read the address of the socket", &error))?;
        let end = Arc::new(Notify::new());
        let ended = Arc::clone(&end);
        let router = router().with_state(endpoint);
        let serving = tokio::spawn(async move {
            let ended = async move { ended.notified().await };
            axum::serve(listener, router)
                .with_graceful_shutdown(ended)
                .await
        });
        let sandbox = account
            .sandbox
            .then(|| Registry::new(&account::sandbox_url(account), None))
            .transpose()?;
        let server = Self {
            address,
            end,
            serving,
            sandbox,
        };
        if let Some(sandbox) = &server.sandbox {
            let url = server.address_url();
            sandbox.register(Some(&url), is_served).await?;
        }
        Ok(server)
    }

    fn address_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The form of the addresses for the platform's pushes.
    pub(super) fn url(&self) -> String {
        format!("{}/<service>", self.address_url())
    }

    /// Ends it after the pushes that have arrived.
    pub(super) async fn stop(self) {
        if let Some(sandbox) = &self.sandbox {
            // If the sandbox has already stopped, there is nothing to unregister.
            let _ = sandbox.register(None, is_served).await;
        }
        self.end.notify_one();
        // It fails only if it panicked.
        let _ = self.serving.await;
    }
}

fn is_served(service: &str) -> bool {
    operation::of_service(service).next().is_some()
}

/// The routes of every service that sends messages.
fn router() -> Router<Endpoint> {
    let mut router = Router::new().layer(DefaultBodyLimit::max(DEFAULT_BODY_LIMIT));
    let mut services = Vec::new();
    for operation in generated::CAMPAIGNS {
        if !services.contains(&operation.service()) {
            services.push(operation.service());
            router = router.merge(operation.routes());
        }
    }
    router
}

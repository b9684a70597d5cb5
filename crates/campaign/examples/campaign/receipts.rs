//! The endpoint to which the platform pushes receipts.

use std::time::Duration;

use axum::Router;
use axum::extract::{FromRef, State as Of};
use axum::routing::post;
use nxcloud_campaign::{AnyLedger, Error, ErrorKind, record};
use nxcloud_sms::SendSms;
use nxcloud_webhooks::{Answer, Pending, Received, Receiver, sms};
use tokio::net::TcpListener;
use tokio::time::sleep;

/// How often a receipt is recorded at most while the ledger cannot be reached, and the pause in between.
const ATTEMPTS: u32 = 40;
const PAUSE: Duration = Duration::from_millis(200);

#[derive(Clone)]
struct Endpoint {
    receiver: Receiver<sms::Event>,
    ledger: AnyLedger,
}

impl FromRef<Endpoint> for Receiver<sms::Event> {
    fn from_ref(endpoint: &Endpoint) -> Self {
        endpoint.receiver.clone()
    }
}

/// Receives receipts into the ledger; the URL for the platform.
pub(super) async fn receive(ledger: AnyLedger) -> std::io::Result<String> {
    let endpoint = Endpoint {
        receiver: Receiver::unprotected(),
        ledger,
    };
    let app = Router::new().route("/", post(push)).with_state(endpoint);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async { axum::serve(listener, app).await });
    Ok(url)
}

/// Answers when the receipt is in the ledger. If that fails, the platform gets an error.
async fn push(Of(endpoint): Of<Endpoint>, push: Pending<sms::Event>) -> Answer {
    push.handle_async(async |received| store(&endpoint.ledger, &received).await)
        .await
}

/// No repetition of SMS receipts is documented, so the endpoint waits for a database that is restarted.
async fn store(ledger: &AnyLedger, received: &Received<sms::Event>) -> Result<(), Error> {
    let mut attempt = 1;
    loop {
        match record::<SendSms, _>(ledger, received).await {
            Err(error) if error.kind() == ErrorKind::Unreachable && attempt < ATTEMPTS => {
                attempt += 1;
                sleep(PAUSE).await;
            }
            recorded => return recorded.map(drop),
        }
    }
}

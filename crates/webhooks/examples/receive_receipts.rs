//! Receives SMS delivery receipts at `http://127.0.0.1:8080/receipts/SECRET`. The environment variable `RECEIPTS_SECRET` contains the
//! secret.
#![expect(clippy::print_stdout, reason = "an example prints its results")]

use axum::{Router, routing::post};
use nxcloud_webhooks::{Answer, Pending, Received, Receiver, Secret, UrlSecret, sms};
use tokio::{net::TcpListener, sync::mpsc};

/// Puts receipts into a queue. If the queue is full, the answer to the platform is that the receipt was not accepted.
pub fn app(secret: Secret, queue: mpsc::Sender<Received<sms::Event>>) -> Router {
    let receiver = Receiver::<sms::Event>::with_url_secret(UrlSecret::last_segment(secret));
    let receive = async move |push: Pending<sms::Event>| -> Answer { push.enqueue(&queue) };
    Router::new()
        .route("/receipts/{secret}", post(receive))
        .with_state(receiver)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let secret = Secret::new(std::env::var("RECEIPTS_SECRET")?)?;
    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    let (queue, mut receipts) = mpsc::channel(1000);
    let server = tokio::spawn(async { axum::serve(listener, app(secret, queue)).await });
    while let Some(received) = receipts.recv().await {
        if let sms::Event::SmsReceipt(receipt) = received.event {
            println!("{:?}: delivered {}", receipt.ext, receipt.is_delivered());
        }
    }
    Ok(server.await??)
}

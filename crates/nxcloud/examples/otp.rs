//! Sends a log-in code and waits for its delivery receipt: a sender and a webhook receiver in one program.
//!
//!     cargo run -p nxcloud --example otp
//!
//! A sandbox in this process plays the platform. A receipt can arrive before the reply to its send, and a send with unknown outcome returns
//! no id. So the program matches them by its own id, which the receipt returns as `ext`.

#![expect(clippy::print_stdout, reason = "an example prints its results")]

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{FromRef, State};
use axum::{Router, routing::post};
use nxcloud::sms::{Client, SendSms};
use nxcloud::webhooks::sms::{Event, SmsReceipt};
use nxcloud::webhooks::{Answer, Pending, Receiver, Secret, UrlSecret};
use nxcloud::{AppKey, Outcome};
use nxcloud_sandbox::Sandbox;
use tokio::{net::TcpListener, sync::oneshot, time::timeout};

type Waiting = HashMap<String, oneshot::Sender<SmsReceipt>>;

/// The program's state. It contains the receiver.
#[derive(Clone)]
struct App {
    receiver: Receiver<Event>,
    sms: Client,
    /// The sends that wait for their receipt, by the program's own id.
    waiting: Arc<Mutex<Waiting>>,
}

impl FromRef<App> for Receiver<Event> {
    fn from_ref(app: &App) -> Self {
        app.receiver.clone()
    }
}

impl App {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a message and waits for its receipt. Returns whether it was delivered.
    async fn deliver(&self, id: &str, request: SendSms) -> Result<bool, Box<dyn Error>> {
        let (sender, receipt) = oneshot::channel();
        // Register first: the receipt can arrive before the reply.
        self.waiting().insert(id.to_owned(), sender);
        match self.sms.send_sms(&request.with_ext(id)).await {
            Ok(reply) => println!("{id}: accepted as {}", reply.message_id()?),
            // The message may have been sent. Its receipt will show it.
            Err(error) if error.outcome() == Outcome::Unknown => println!("{id}: {error}"),
            Err(error) => {
                self.waiting().remove(id);
                return Err(error.into());
            }
        }
        let receipt = timeout(Duration::from_secs(10), receipt).await;
        self.waiting().remove(id);
        Ok(receipt??.is_delivered())
    }
}

async fn receive(State(app): State<App>, push: Pending<Event>) -> Answer {
    push.accept_with(|received| {
        if let Event::SmsReceipt(receipt) = received.event
            && let Some(id) = &receipt.ext
            && let Some(sender) = app.waiting().remove(id)
        {
            // This fails if the wait has timed out.
            let _ = sender.send(receipt);
        }
    })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::start().await?;
    // In your program, use at least 128 random bits: the secret is the only protection of the URL.
    let secret = "7b6f0c5d9a1e48f3a6d20b94c87e15f2";
    let app = App {
        receiver: Receiver::with_url_secret(UrlSecret::last_segment(Secret::new(secret)?)),
        sms: Client::new(&sandbox.session()),
        waiting: Arc::default(),
    };
    let router = Router::new().route("/receipts/{secret}", post(receive));
    let router = router.with_state(app.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let hook = format!("http://{}/receipts/{secret}", listener.local_addr()?);
    tokio::spawn(async { axum::serve(listener, router).await });

    let key = AppKey::new("my-app-key");
    for (id, outcome) in [
        ("log-in-1", "delivered"),
        ("log-in-2", "undelivered_with_ext"),
    ] {
        sandbox.pushes().outcomes("sms_receipt", &[outcome])?;
        let request = SendSms::new(&key, "8615012345678", "Your code is 4711");
        let delivered = app.deliver(id, request.with_dr_url(&hook)).await?;
        println!("{id}: delivered {delivered}");
    }
    Ok(())
}

//! Sends a log-in code, and waits for its delivery receipt: a sender and a webhook receiver in one program.
//!
//!     cargo run -p nxcloud --example otp
//!
//! A sandbox in this process plays the platform. A receipt can come before the reply to its send, and a send with unknown outcome
//! returns no id, so the two are matched by an id of the program's own, which the receipt carries back as `ext`.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

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

/// The program's state, with the receiver in it.
#[derive(Clone)]
struct App {
    receiver: Receiver<Event>,
    sms: Client,
    /// Who waits for the receipt of which send, by the program's own id.
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

    /// Sends a message; true once its receipt says that it was delivered.
    async fn deliver(&self, id: &str, request: SendSms) -> Result<bool, Box<dyn Error>> {
        let (sender, receipt) = oneshot::channel();
        // Before the send, since the receipt may come first.
        self.waiting().insert(id.to_owned(), sender);
        match self.sms.send_sms(&request.with_ext(id)).await {
            Ok(reply) => println!("{id}: accepted as {}", reply.message_id()?),
            // The message may be on its way: its receipt will tell.
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
            // It fails if nobody waits any more.
            let _ = sender.send(receipt);
        }
    })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::start().await?;
    // Make it random, with 128 bits or more: it is all that keeps strangers out.
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

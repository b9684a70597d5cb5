//! Sends a log-in code, and waits for its delivery receipt: a sender and a webhook receiver in one program.
//!
//!     cargo run -p nxcloud --example otp
//!
//! A sandbox in this process plays the platform. A receipt can come before the reply to its send, and a send with unknown outcome
//! returns no id, so the two are matched by an id of the program's own, which the receipt carries back as `ext`.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{FromRef, State};
use axum::{Router, routing::post};
use nxcloud::sms::{Client, SendSms};
use nxcloud::webhooks::sms::{Event, SmsReceipt};
use nxcloud::webhooks::{Answer, Pending, Receiver, Secret, UrlSecret};
use nxcloud::{AppKey, Outcome};
use nxcloud_sandbox::Sandbox;
use tokio::{net::TcpListener, sync::oneshot, time::timeout};

/// The program's state, with the receiver in it.
#[derive(Clone)]
struct App {
    receiver: Receiver<Event>,
    /// Who waits for the receipt of which send.
    waiting: Arc<Mutex<HashMap<String, oneshot::Sender<SmsReceipt>>>>,
}

impl FromRef<App> for Receiver<Event> {
    fn from_ref(app: &App) -> Self {
        app.receiver.clone()
    }
}

async fn receipt(State(app): State<App>, push: Pending<Event>) -> Answer {
    push.accept_with(|received| {
        let Event::SmsReceipt(receipt) = received.event else {
            return;
        };
        let mut waiting = app.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = receipt.ext.as_ref().and_then(|id| waiting.remove(id)) {
            // Nobody listens any more if the receipt came too late.
            let _ = sender.send(receipt);
        }
    })
}

/// Sends the code; true once it is delivered.
async fn log_in(
    app: &App,
    sms: &Client,
    key: &AppKey,
    hook: &str,
    id: &str,
) -> Result<bool, Box<dyn Error>> {
    let (sender, receipt) = oneshot::channel();
    app.waiting
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(id.to_owned(), sender);
    let request = SendSms::new(key, "8615012345678", "Your code is 4711")
        .with_ext(id)
        .with_dr_url(hook);
    match sms.send_sms(&request).await {
        Ok(reply) => println!("{id}: accepted as {}", reply.message_id()?),
        // The code may be on its way: its receipt will tell.
        Err(error) if error.outcome() == Outcome::Unknown => println!("{id}: {error}"),
        Err(error) => return Err(error.into()),
    }
    Ok(timeout(Duration::from_secs(10), receipt)
        .await??
        .is_delivered())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let secret = "7b6f0c5d9a1e48f3a6d20b94c87e15f2";
    let receiver = Receiver::with_url_secret(UrlSecret::last_segment(Secret::new(secret)?));
    let app = App {
        receiver,
        waiting: Arc::default(),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let hook = format!("http://{}/receipts/{secret}", listener.local_addr()?);
    let router = Router::new()
        .route("/receipts/{secret}", post(receipt))
        .with_state(app.clone());
    tokio::spawn(async { axum::serve(listener, router).await });

    let sandbox = Sandbox::start().await?;
    sandbox
        .pushes()
        .outcomes("sms_receipt", &["delivered", "undelivered_with_ext"])?;
    let sms = Client::new(&sandbox.session());
    let key = AppKey::new("my-app-key");
    for id in ["log-in-1", "log-in-2"] {
        println!(
            "{id}: delivered {}",
            log_in(&app, &sms, &key, &hook, id).await?
        );
    }
    Ok(())
}

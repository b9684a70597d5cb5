//! Code that sends messages, with tests that use a sandbox in place of the platform.
//!
//!     cargo test -p nxcloud --example test_double
//!     cargo run -p nxcloud --example test_double
//!
//! The sandbox verifies signatures and bodies, keeps the requests, and can make requests fail. Each test has its own sandbox on a free port.
//! Blocking code needs `Sandbox::start_blocking`, also in a `#[tokio::test]`.

#![expect(clippy::print_stdout, reason = "an example prints its results")]

use nxcloud::sms::{self, SendSms};
use nxcloud::{AppKey, Error, Outcome, Session};
use nxcloud_sandbox::Sandbox;

/// Notifies a customer that the order is on its way. Returns `false` if it is unknown whether the message was sent.
async fn notify(session: &Session, app: &AppKey, phone: &str, order: u32) -> Result<bool, Error> {
    let reply = sms::Client::new(session)
        .send_sms(&message(app, phone, order))
        .await;
    is_known(reply.map(drop))
}

/// The blocking version.
fn notify_blocking(
    session: &Session,
    app: &AppKey,
    phone: &str,
    order: u32,
) -> Result<bool, Error> {
    let reply = sms::blocking::Client::new(session).send_sms(&message(app, phone, order));
    is_known(reply.map(drop))
}

fn message(app: &AppKey, phone: &str, order: u32) -> SendSms {
    SendSms::new(app, phone, format!("Order {order} is on its way"))
}

fn is_known(result: Result<(), Error>) -> Result<bool, Error> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.outcome() == Outcome::Unknown => Ok(false),
        Err(error) => Err(error),
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::start_blocking()?;
    let app = AppKey::new("my-app-key");
    let known = notify_blocking(&sandbox.session(), &app, "8615012345678", 4711)?;
    println!(
        "outcome known: {known}; accepted {}",
        sandbox.accepted("send_sms").len()
    );
    let runtime = tokio::runtime::Runtime::new()?;
    let known = runtime.block_on(notify(&sandbox.session(), &app, "8615012345678", 4712))?;
    println!(
        "outcome known: {known}; accepted {}",
        sandbox.accepted("send_sms").len()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use nxcloud_sandbox::Fault;

    const PHONE: &str = "8615012345678";

    #[tokio::test]
    async fn a_lost_reply_is_an_unknown_outcome_and_the_message_is_sent_once() {
        let sandbox = Sandbox::start().await.unwrap();
        let app = AppKey::new("my-app-key");
        sandbox
            .faults()
            .enqueue_for("send_sms", Fault::StatusAfterAccept(502));
        assert!(!notify(&sandbox.session(), &app, PHONE, 4711).await.unwrap());
        let [sent] = sandbox.accepted("send_sms").try_into().unwrap();
        assert_eq!(
            sent.decode::<SendSms>().unwrap(),
            message(&app, PHONE, 4711)
        );
    }

    #[test]
    fn a_rejected_message_is_an_error() {
        let sandbox = Sandbox::start_blocking().unwrap();
        sandbox.faults().enqueue_for("send_sms", Fault::Code(3));
        let error = notify_blocking(&sandbox.session(), &AppKey::new("my-app-key"), PHONE, 4711)
            .unwrap_err();
        assert!(error.is_code(sms::codes::BALANCE_TOO_LOW), "{error}");
        assert!(sandbox.accepted("send_sms").is_empty());
    }
}

//! Submits a number check and sends an SMS, and shows what was signed and what came back.
//!
//! Without credentials it starts the sandbox in its own process; with `NXCLOUD_ACCESS_KEY` and `NXCLOUD_ACCESS_SECRET` set it
//! talks to the real platform, where both calls cost money.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error as _;

use nxcloud::number_check::SubmitCheck;
use nxcloud::sms::SendSms;
use nxcloud::{CallOptions, Credentials, Error, Session, SignedRequest, number_check, sms};
use nxcloud_sandbox::Sandbox;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The sandbox lives as long as this variable.
    let mut sandbox = None;
    let session = if std::env::var_os("NXCLOUD_ACCESS_KEY").is_some() {
        println!("NXCLOUD_ACCESS_KEY is set: talking to the REAL platform, this costs money.");
        Session::from_env()?
    } else {
        let started = Sandbox::start().await?;
        println!(
            "no credentials: talking to a sandbox on {} in this process",
            started.url()
        );
        let session = sandbox_session(&started, nxcloud_sandbox::ACCESS_SECRET)?;
        sandbox = Some(started);
        session
    };
    let app_key = std::env::var("NXCLOUD_APP_KEY").unwrap_or_else(|_| "sandbox-app".to_owned());
    let phone = std::env::var("NXCLOUD_PHONE").unwrap_or_else(|_| "8615012345678".to_owned());
    let show = CallOptions::new().on_signed(show_signed);

    let checks = number_check::Client::new(&session).with_options(show.clone());
    let reply = checks
        .submit_check(&SubmitCheck::new(&phone, &app_key).with_batch_no("quickstart"))
        .await?;
    println!("  reply           {}", serde_json::to_string(&reply)?);

    let messages = sms::Client::new(&session).with_options(show.clone());
    let request = SendSms::new(&app_key, &phone, "Grüße! 您的验证码是 4711 ✓");
    let reply = messages.send_sms(&request).await?;
    println!("  reply           {}", serde_json::to_string(&reply)?);

    // The same message signed with another secret is refused, and the error says why.
    if let Some(sandbox) = &sandbox {
        let stranger = sandbox_session(sandbox, "not-the-secret")?;
        let messages = sms::Client::new(&stranger).with_options(show);
        match messages.send_sms(&request).await {
            Ok(_) => return Err("the sandbox took a wrong signature".into()),
            Err(error) => show_error(&error),
        }
    }
    Ok(())
}

fn sandbox_session(sandbox: &Sandbox, secret: &str) -> Result<Session, Error> {
    Session::builder(Credentials::nxcloud(nxcloud_sandbox::ACCESS_KEY, secret)?)
        .base_url(sandbox.url())
        .build()
}

fn show_signed(signed: &SignedRequest) {
    println!("\n{}", signed.operation().id);
    println!("  string to sign  {}", signed.string_to_sign());
    if let Some(signature) = signed.headers().get("sign") {
        println!("  signature       {}", signature.to_str().unwrap_or("?"));
    }
}

fn show_error(error: &Error) {
    println!("  error           {error}");
    println!("  kind            {:?}", error.kind());
    println!("  outcome         {:?}", error.outcome());
    println!("  what to do      {}", error.hint());
    if let Some(source) = error.source() {
        println!("  cause           {source}");
    }
}

//! Submits a number check, sends an SMS, and prints what was signed and the replies.
//!
//! Without credentials it starts a sandbox in its own process. If `NXCLOUD_ACCESS_KEY` and `NXCLOUD_ACCESS_SECRET` are set, it calls the
//! real platform, where both calls cost money.

#![expect(clippy::print_stdout, reason = "an example prints its results")]

use std::error::Error as _;

use nxcloud::number_check::SubmitCheck;
use nxcloud::sms::SendSms;
use nxcloud::{AppKey, CallOptions, Credentials, Error, Session, SignedRequest, number_check, sms};
use nxcloud_sandbox::Sandbox;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The sandbox stops when this variable is dropped.
    let mut sandbox = None;
    let session = if std::env::var_os("NXCLOUD_ACCESS_KEY").is_some() {
        println!("NXCLOUD_ACCESS_KEY is set: calling the REAL platform, which costs money");
        Session::from_env()?
    } else {
        let started = Sandbox::start().await?;
        println!(
            "no credentials: calling a sandbox at {} in this process",
            started.url()
        );
        let session = sandbox_session(&started, nxcloud_sandbox::ACCESS_SECRET)?;
        sandbox = Some(started);
        session
    };
    let app = std::env::var("NXCLOUD_APP_KEY").unwrap_or_else(|_| "sandbox-app".to_owned());
    let app = AppKey::new(app);
    let phone = std::env::var("NXCLOUD_PHONE").unwrap_or_else(|_| "8615012345678".to_owned());
    let options = CallOptions::new().on_signed(print_signed);

    let checks = number_check::Client::new(&session).with_options(options.clone());
    let reply = checks
        .submit_check(&SubmitCheck::new(&app, &phone).with_batch_no("quickstart"))
        .await?;
    println!("  reply           {}", serde_json::to_string(&reply)?);

    let messages = sms::Client::new(&session).with_options(options.clone());
    let request = SendSms::new(&app, &phone, "Grüße! 您的验证码是 4711 ✓");
    let reply = messages.send_sms(&request).await?;
    println!("  reply           {}", serde_json::to_string(&reply)?);

    // The same message, signed with a wrong secret, is refused. The error says why.
    if let Some(sandbox) = &sandbox {
        let session = sandbox_session(sandbox, "wrong-secret")?;
        let messages = sms::Client::new(&session).with_options(options);
        match messages.send_sms(&request).await {
            Ok(_) => return Err("the sandbox accepted a wrong signature".into()),
            Err(error) => print_error(&error),
        }
    }
    Ok(())
}

fn sandbox_session(sandbox: &Sandbox, secret: &str) -> Result<Session, Error> {
    Session::builder()
        .credentials(Credentials::nxcloud(nxcloud_sandbox::ACCESS_KEY, secret)?)
        .base_url(sandbox.url())
        .build()
}

fn print_signed(signed: &SignedRequest) {
    println!("\n{}", signed.operation().id);
    println!("  string to sign  {}", signed.string_to_sign());
    if let Some(signature) = signed.headers().get("sign") {
        println!("  signature       {}", signature.to_str().unwrap_or("?"));
    }
}

fn print_error(error: &Error) {
    println!("  error           {error}");
    println!("  kind            {:?}", error.kind());
    println!("  outcome         {:?}", error.outcome());
    println!("  what to do      {}", error.hint());
    if let Some(source) = error.source() {
        println!("  cause           {source}");
    }
}

//! Sends a WhatsApp template with an image, two variables and a button, and prints the id of the message.
//!
//!     cargo run -p nxcloud --example whatsapp_template -- APP_KEY FROM TO
//!
//! If `NXCLOUD_ACCESS_KEY` and `NXCLOUD_ACCESS_SECRET` are set, it calls the real platform, which costs money. Otherwise a sandbox in this
//! process plays the platform, and the arguments are optional. To send your own image, upload it with `upload_media` and use
//! `Image::from_id`.

#![expect(clippy::print_stdout, reason = "an example prints its results")]

use std::error::Error;

use nxcloud::whatsapp::{Image, SendMessage, Template};
use nxcloud::{AppKey, Session};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let sandbox = nxcloud_sandbox::Sandbox::start().await?;
    let real = std::env::var_os("NXCLOUD_ACCESS_KEY").is_some();
    let session = if real {
        Session::from_env()?
    } else {
        sandbox.session()
    };
    let mut arguments = std::env::args().skip(1);
    let mut next = |name, default: &str| match arguments.next() {
        None if real => Err(format!("missing argument: {name}")),
        argument => Ok(argument.unwrap_or_else(|| default.to_owned())),
    };
    let app = AppKey::new(next("application key", "my-app-key")?);
    let from = next("business number", "12025550143")?;
    let to = next("recipient", "8615012345678")?;

    let template = Template::new("order_shipped", "en_US")
        .with_header([Image::from_link("https://shop.example/parcel.png")])
        .with_body(["Ada", "4711"])
        .with_quick_reply_button(0, ["TRACK"]);
    let message = SendMessage::new(&app, from, to, template);

    let reply = session.send(&message).await?;
    println!("accepted as {}", reply.message_id()?);
    for sent in sandbox.accepted("send_message") {
        println!("the sandbox received {:#}", sent.json().unwrap_or_default());
    }
    Ok(())
}

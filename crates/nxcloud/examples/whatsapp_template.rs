//! Sends a WhatsApp template with an image, two variables and a button, and prints the id of the message.
//!
//! It talks to the real platform, where this costs money: `NXCLOUD_ACCESS_KEY` and `NXCLOUD_ACCESS_SECRET` have to be set. The
//! arguments are the application key, the business number, the recipient, and the id of an image that `upload_media` returned.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use nxcloud::whatsapp::{Image, SendMessage, Template};
use nxcloud::{AppKey, Session};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |name| arguments.next().ok_or(format!("pass the {name}"));
    let app = AppKey::new(next("application key")?);
    let (from, to) = (next("business number")?, next("recipient")?);
    let image = next("id of the image")?;

    let template = Template::new("order_shipped", "en_US")
        .with_header([Image::from_id(image)])
        .with_body(["Ada", "4711"])
        .with_quick_reply_button(0, ["TRACK"]);
    let message = SendMessage::new(&app, from, to, template);

    let reply = Session::from_env()?.send(&message).await?;
    for sent in reply.data.messages {
        println!("{}", sent.id.ok_or("the reply has no message id")?);
    }
    Ok(())
}

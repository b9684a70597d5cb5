//! Message bodies as a person writes them, and the flat JSON that goes out.

use nxcloud::viber::{self, VideoTextButtonMessage};
use nxcloud::whatsapp::{
    BodyValues, ButtonValues, Image, ImageContent, PayloadValue, QuickReplyButtonValues,
    SendMessage, Template, TemplateContent, TemplateLanguage, TemplateValues, Text, TextContent,
    TextValue,
};
use serde::Serialize;
use serde_json::{Value, json};

fn wire(message: &impl Serialize) -> Value {
    serde_json::to_value(message).unwrap()
}

#[test]
fn a_whatsapp_text() {
    let message = SendMessage::new(
        "app",
        "12025550143",
        "8615012345678",
        TextContent::new(Text::new("hello")),
    );
    assert_eq!(
        wire(&message),
        json!({
            "appkey": "app", "business_phone": "12025550143", "messaging_product": "whatsapp",
            "recipient_type": "individual", "to": "8615012345678", "type": "text", "text": {"body": "hello"}
        })
    );
}

#[test]
fn a_whatsapp_image() {
    let image = Image::from_link("https://shop.example/a.png").with_caption("A");
    let message = SendMessage::new(
        "app",
        "12025550143",
        "8615012345678",
        ImageContent::new(image),
    );
    let wire = wire(&message);
    assert_eq!(wire["type"], "image");
    assert_eq!(
        wire["image"],
        json!({"link": "https://shop.example/a.png", "caption": "A"})
    );
}

#[test]
fn a_whatsapp_template_with_a_button() {
    let body = BodyValues::new().with_parameters([TextValue::new("4711")]);
    let button = QuickReplyButtonValues::new("0").with_parameters([PayloadValue::new("yes")]);
    let values = [
        TemplateValues::Body(body),
        TemplateValues::Button(ButtonValues::from(button)),
    ];
    let template =
        Template::new("order_ready", TemplateLanguage::new("en_US")).with_components(values);
    let message = SendMessage::new(
        "app",
        "12025550143",
        "8615012345678",
        TemplateContent::new(template),
    );
    assert_eq!(
        wire(&message)["template"],
        json!({
            "name": "order_ready",
            "language": {"code": "en_US", "policy": "deterministic"},
            "components": [
                {"type": "body", "parameters": [{"type": "text", "text": "4711"}]},
                {"type": "button", "sub_type": "quick_reply", "index": "0",
                 "parameters": [{"type": "payload", "payload": "yes"}]}
            ]
        })
    );
}

#[test]
fn a_viber_video_with_text_and_button() {
    let video = VideoTextButtonMessage::new(
        "https://x.example/t.jpeg",
        "https://x.example/v.mp4",
        1024,
        30,
        "Look",
        "Open",
    );
    let message = viber::SendMessage::new("app", "375291234567", video);
    assert_eq!(
        wire(&message),
        json!({
            "appkey": "app", "phone": "375291234567", "functionType": "video_text_button",
            "messageData": {
                "rateType": "Promotional", "thumbnail": "https://x.example/t.jpeg", "videoLink": "https://x.example/v.mp4",
                "videoSize": 1024, "duration": 30, "text": "Look", "buttonText": "Open"
            }
        })
    );
}

#[test]
fn a_limit_inside_a_message_is_named_by_its_path() {
    let video = VideoTextButtonMessage::new("t", "v", 1024, 601, "Look", "Open");
    let message = viber::SendMessage::new("app", "375291234567", video);
    let broken = nxcloud_client::codegen::Validator::run(&message)
        .unwrap_err()
        .to_string();
    assert_eq!(broken, "`messageData.duration` must be at most 600");
}

//! Messages as a program builds them, and their JSON on the wire.

use nxcloud::AppKey;
use nxcloud::viber::{self, VideoTextButtonMessage};
use nxcloud::whatsapp::{
    self, BodyComponent, BodyValues, ButtonValues, ButtonsComponent, CreateTemplate, Decimal,
    HeaderParameter, HeaderValues, Image, ImageParameter, Location, MediaHeaderExample,
    PayloadValue, QuickReplyButtonValues, SaasComponentType, SaasImage, SaasTemplateValues,
    SendMessage, Sticker, Template, TemplateCategory, TemplateLanguage, TemplateValues, Text,
    TextContent, TextParameter, TextValue, UrlButtonValues,
};
use serde::Serialize;
use serde_json::{Value, json};

fn wire(message: &impl Serialize) -> Value {
    serde_json::to_value(message).unwrap()
}

/// A message with the test's sender and recipient.
fn message(content: impl Into<whatsapp::MessageContent>) -> SendMessage {
    SendMessage::new(AppKey::new("app"), "12025550143", "8615012345678", content)
}

#[test]
fn a_whatsapp_text_is_flat_json() {
    let expected = json!({
        "appkey": "app", "business_phone": "12025550143", "messaging_product": "whatsapp",
        "recipient_type": "individual", "to": "8615012345678", "type": "text", "text": {"body": "hello"}
    });
    assert_eq!(wire(&message(Text::new("hello"))), expected);
    assert_eq!(wire(&message(TextContent::new("hello"))), expected);
}

#[test]
fn an_application_key_can_be_passed_by_reference() {
    let app = AppKey::new("app");
    for number in ["8615012345678", "8615012345679"] {
        let request = nxcloud::sms::SendSms::new(&app, number, "hello");
        assert_eq!(wire(&request)["appKey"], "app");
        let check = nxcloud::number_check::SubmitCheck::new(&app, number);
        assert_eq!(wire(&check), json!({"appkey": "app", "phone": number}));
        assert!(!format!("{request:?}{check:?}").contains("\"app\""));
    }
    let query =
        nxcloud::number_check::QueryChecks::new(1, nxcloud::Date::new(2026, 11, 21).unwrap())
            .with_app_key(&app);
    assert_eq!(wire(&query)["appkey"], "app");
}

#[test]
fn several_recipients_are_joined_with_commas() {
    let app = AppKey::new("app");
    let numbers = vec!["8615012345678".to_owned(), "8615012345679".to_owned()];
    let joined = "8615012345678,8615012345679";
    let request = nxcloud::sms::SendSms::new(&app, &numbers, "hello");
    assert_eq!(wire(&request)["phone"], joined);
    let request = nxcloud::number_check::SubmitCheck::new(&app, numbers.as_slice());
    assert_eq!(wire(&request)["phone"], joined);
    let request = nxcloud::virtual_number::CreateGroup::new(["8615012345678", "8615012345679"]);
    assert_eq!(wire(&request)["phones"], joined);
    let request = whatsapp::GetPhones::new(&app).with_business_phones(numbers);
    assert_eq!(wire(&request)["business_phones"], joined);
}

#[test]
fn a_whatsapp_image_can_have_a_link_and_a_caption() {
    let image = Image::from_link("https://shop.example/a.png").with_caption("A");
    let wire = wire(&message(image));
    assert_eq!(wire["type"], "image");
    assert_eq!(
        wire["image"],
        json!({"link": "https://shop.example/a.png", "caption": "A"})
    );
}

#[test]
fn every_whatsapp_content_converts_into_a_message() {
    let location = Location::new(
        "121.5".parse::<Decimal>().unwrap(),
        "31.2".parse::<Decimal>().unwrap(),
    );
    for (message, kind) in [
        (message(whatsapp::Video::from_id("1")), "video"),
        (message(whatsapp::Audio::from_id("1")), "audio"),
        (message(whatsapp::Document::from_id("1")), "document"),
        (message(Sticker::from_id("1")), "sticker"),
        (message(location), "location"),
        (message(Template::new("t", "en_US")), "template"),
    ] {
        let wire = wire(&message);
        assert_eq!(wire["type"], kind);
        assert!(wire[kind].is_object(), "{wire}");
    }
}

#[test]
fn the_short_and_the_long_form_of_a_template_are_equal() {
    let template = Template::new("order_shipped", "en_US")
        .with_header([Image::from_id("5f0c1e9a")])
        .with_body(["Ada", "4711"])
        .with_quick_reply_button(0, ["TRACK"])
        .with_url_button(1, ["4711"]);
    let expected = json!({
        "name": "order_shipped",
        "language": {"code": "en_US", "policy": "deterministic"},
        "components": [
            {"type": "header", "parameters": [{"type": "image", "image": {"id": "5f0c1e9a"}}]},
            {"type": "body", "parameters": [{"type": "text", "text": "Ada"}, {"type": "text", "text": "4711"}]},
            {"type": "button", "sub_type": "quick_reply", "index": "0",
             "parameters": [{"type": "payload", "payload": "TRACK"}]},
            {"type": "button", "sub_type": "url", "index": "1", "parameters": [{"type": "text", "text": "4711"}]}
        ]
    });
    assert_eq!(wire(&message(template.clone()))["template"], expected);
    let header = ImageParameter::new(Image::from_id("5f0c1e9a"));
    let body = [TextValue::new("Ada"), TextValue::new("4711")];
    let track = QuickReplyButtonValues::new(0).with_parameters([PayloadValue::new("TRACK")]);
    let long = Template::new("order_shipped", TemplateLanguage::new("en_US")).with_components([
        TemplateValues::Header(HeaderValues::new().with_parameters([header])),
        TemplateValues::Body(BodyValues::new().with_parameters(body)),
        TemplateValues::Button(ButtonValues::QuickReply(track)),
        TemplateValues::from(UrlButtonValues::new(1).with_parameters(["4711"])),
    ]);
    assert_eq!(long, template);
    let decoded: Template = serde_json::from_value(expected).unwrap();
    assert_eq!(decoded, template);
}

/// The template of the recipe needs at most six imported names and twelve lines.
#[test]
fn the_template_of_the_recipes_is_short() {
    let recipes = include_str!("../../docs/recipes.md");
    let (_, recipe) = recipes
        .split_once("\n# A template with an image\n")
        .unwrap();
    let program = recipe.split("```").nth(1).unwrap();
    let imports = program
        .lines()
        .filter(|line| line.starts_with("use nxcloud::"));
    let names = imports.flat_map(|line| {
        let names = line.split(['{', '}']).nth(1).unwrap_or(line);
        names
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
    });
    let names: Vec<&str> = names.collect();
    assert!((1..=6).contains(&names.len()), "{names:?}");
    let message = program.split("let template = ").nth(1).unwrap();
    let message = message.split("let reply").next().unwrap();
    assert!(message.trim().lines().count() <= 12, "{message}");
}

#[tokio::test]
async fn the_sandbox_accepts_a_template_in_its_short_form() {
    let sandbox = nxcloud_sandbox::Sandbox::start().await.unwrap();
    let credentials =
        nxcloud::Credentials::nxcloud(nxcloud_sandbox::ACCESS_KEY, nxcloud_sandbox::ACCESS_SECRET);
    let session = nxcloud::Session::builder()
        .credentials(credentials.unwrap())
        .base_url(sandbox.url())
        .build()
        .unwrap();
    let template = Template::new("order_shipped", "en_US")
        .with_header([Image::from_id("5f0c1e9a")])
        .with_body(["Ada", "4711"])
        .with_quick_reply_button(0, ["TRACK"]);
    let client = whatsapp::Client::new(&session);
    let reply = client.send_message(&message(template)).await.unwrap();
    assert!(reply.data.messages[0].id.is_some());
}

#[test]
fn the_position_of_a_button_is_checked() {
    let validate = |index| {
        let message = message(Template::new("t", "en_US").with_quick_reply_button(index, ["x"]));
        nxcloud_client::codegen::Validator::run(&message)
    };
    assert_eq!(validate(2), Ok(()));
    for index in [-1, 3] {
        let error = validate(index).unwrap_err().to_string();
        assert!(error.contains("components[0].index` must be at"), "{error}");
    }
}

#[test]
fn a_header_can_have_values_of_several_kinds() {
    let values = HeaderValues::new()
        .with_text("Ada")
        .with_image(Image::from_id("1"))
        .with_document(whatsapp::Document::from_id("2"));
    let parameters = [
        HeaderParameter::Text(TextParameter::new("Ada")),
        HeaderParameter::from(Image::from_id("1")),
        HeaderParameter::from(whatsapp::Document::from_id("2")),
    ];
    assert_eq!(values, HeaderValues::new().with_parameters(parameters));
}

#[test]
fn a_saas_template_can_have_texts_and_images() {
    let values = SaasTemplateValues::new(SaasComponentType::Header)
        .with_text("Ada")
        .with_image(SaasImage::new("https://x.example/a.png"));
    assert_eq!(
        wire(&values),
        json!({"type": "header", "parameters": [
            {"type": "text", "text": "Ada"},
            {"type": "image", "image": {"link": "https://x.example/a.png"}}
        ]})
    );
}

#[test]
fn a_template_can_be_built_part_by_part() {
    let body = BodyComponent::new().with_text("Hello {{1}}");
    let buttons = ButtonsComponent::new(["Track"].map(whatsapp::QuickReplyButton::from))
        .with_url(whatsapp::UrlButton::new("Open", "https://x.example"))
        .with_copy_code_otp("Copy");
    let template = CreateTemplate::new(
        AppKey::new("app"),
        "12025550143",
        TemplateCategory::Utility,
        "en_US",
        "order_shipped",
        [body],
    )
    .with_image_header(MediaHeaderExample::new().with_header_handle("4:x"))
    .with_buttons(buttons.buttons);
    assert_eq!(
        wire(&template)["components"],
        json!([
            {"type": "BODY", "text": "Hello {{1}}"},
            {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": "4:x"}},
            {"type": "BUTTONS", "buttons": [
                {"type": "QUICK_REPLY", "text": "Track"},
                {"type": "URL", "text": "Open", "url": "https://x.example"},
                {"type": "OTP", "otp_type": "COPY_CODE", "text": "Copy"}
            ]}
        ])
    );
}

#[test]
fn a_viber_video_can_have_text_and_button() {
    let video = VideoTextButtonMessage::new(
        "https://x.example/t.jpeg",
        "https://x.example/v.mp4",
        1024,
        30,
        "Look",
        "Open",
    );
    let message = viber::SendMessage::new(AppKey::new("app"), "375291234567", video);
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
fn a_violated_limit_in_a_message_has_its_path() {
    let video = VideoTextButtonMessage::new("t", "v", 1024, 601, "Look", "Open");
    let message = viber::SendMessage::new(AppKey::new("app"), "375291234567", video);
    let error = nxcloud_client::codegen::Validator::run(&message)
        .unwrap_err()
        .to_string();
    assert_eq!(error, "`messageData.duration` must be at most 600");
}

#![forbid(unsafe_code)]
#![doc = include_str!("../../../README.md")]

mod services;

pub use nxcloud_client::{
    AppKey, CallOptions, Code, CodeInfo, CodeKind, Credentials, Decimal, Decision, Error,
    ErrorKind, Failure, Items, OnLimit, Operation, Outcome, PLATFORM_CODES, Paged, RateLimit,
    Repair, Repairs, Request, RetryBudget, RetryPolicy, Scheme, Sent, Session, SessionBuilder,
    SignedRequest, env, phone, profiles, signing,
};
#[cfg(feature = "webhooks")]
#[doc(inline)]
pub use nxcloud_webhooks as webhooks;
pub use services::*;

/// Wrong combinations do not compile: an image message without an image, an image without an address or an id,
///
/// ```compile_fail,E0061
/// let _ = nxcloud::whatsapp::ImageContent::new();
/// ```
/// ```compile_fail,E0599
/// let _ = nxcloud::whatsapp::Image::new();
/// ```
///
/// an address and an id at once, a Viber button without its link, a request without a required field,
///
/// ```compile_fail,E0599
/// let _ = nxcloud::whatsapp::Image::from_link("https://x.example/a.png").with_id("1");
/// ```
/// ```compile_fail,E0061
/// let _ = nxcloud::viber::TextButtonMessage::new("text", "button");
/// ```
/// ```compile_fail,E0061
/// let app = nxcloud::AppKey::new("my-app-key");
/// let _ = nxcloud::sms::SendSms::new(&app, "8615012345678");
/// ```
///
/// a text as an application key, a key as a phone number or as a text, key and phone in the wrong order,
///
/// ```compile_fail,E0277
/// let _ = nxcloud::sms::SendSms::new("my-app-key", "8615012345678", "Your code is 4711");
/// ```
/// ```compile_fail,E0308
/// let app: nxcloud::AppKey = "my-app-key".to_owned();
/// ```
/// ```compile_fail,E0277
/// let app = nxcloud::AppKey::new("my-app-key");
/// let _ = nxcloud::sms::SendSms::new(&app, &app, "Your code is 4711");
/// ```
/// ```compile_fail,E0277
/// let app = nxcloud::AppKey::new("my-app-key");
/// let _ = nxcloud::number_check::SubmitCheck::new("8613912345678", &app);
/// ```
/// ```compile_fail,E0277
/// let _ = nxcloud::number_check::QueryChecks::new(1, 100, "2026-11-21").with_app_key("my-app-key");
/// ```
///
/// several recipients where there is one, a text, an id or a link as a whole message or image,
///
/// ```compile_fail,E0277
/// let app = nxcloud::AppKey::new("my-app-key");
/// let _ = nxcloud::ota::Init::new(&app, ["8613912345678", "8613912345679"], "203.0.113.7");
/// ```
/// ```compile_fail,E0277
/// let app = nxcloud::AppKey::new("my-app-key");
/// let _ = nxcloud::whatsapp::SendMessage::new(&app, "12025550143", "8615012345678", "hello");
/// ```
/// ```compile_fail,E0277
/// let _ = nxcloud::whatsapp::ImageContent::new("https://x.example/a.png");
/// ```
///
/// and of a template: an image header without an image, a text without its type among the images of the header, an image among the
/// texts of the body, a button without its position, a button of which no such kind takes values, a template of the SaaS product in
/// an ordinary message, a header of several kinds made from its example alone.
///
/// ```compile_fail,E0061
/// let _ = nxcloud::whatsapp::Template::new("order_shipped", "en_US").with_header();
/// ```
/// ```compile_fail,E0277
/// let _ = nxcloud::whatsapp::Template::new("order_shipped", "en_US").with_header(["5f0c1e9a"]);
/// ```
/// ```compile_fail,E0277
/// use nxcloud::whatsapp::{Image, Template};
/// let _ = Template::new("order_shipped", "en_US").with_body([Image::from_id("5f0c1e9a")]);
/// ```
/// ```compile_fail,E0061
/// let _ = nxcloud::whatsapp::Template::new("order_shipped", "en_US").with_quick_reply_button(["TRACK"]);
/// ```
/// ```compile_fail,E0599
/// let _ = nxcloud::whatsapp::Template::new("order_shipped", "en_US").with_phone_number_button(0, ["x"]);
/// ```
/// ```compile_fail,E0277
/// use nxcloud::whatsapp::{SaasTemplate, SendMessage};
/// let app = nxcloud::AppKey::new("my-app-key");
/// let _ = SendMessage::new(&app, "12025550143", "8615012345678", SaasTemplate::new("order_shipped", "en_US"));
/// ```
/// ```compile_fail,E0277
/// use nxcloud::whatsapp::{HeaderComponent, MediaHeader, MediaHeaderExample};
/// let header = MediaHeader::new(MediaHeaderExample::new().with_header_handle("4:x"));
/// let _ = HeaderComponent::from(header);
/// ```
#[cfg(doctest)]
struct WrongCombinationsDoNotCompile;

#![forbid(unsafe_code)]
#![doc = include_str!("../../../README.md")]

mod services;

pub use nxcloud_client::{
    CallOptions, Code, CodeInfo, CodeKind, Credentials, Date, DateTime, Decimal, Decision, Error,
    ErrorKind, Failure, InvalidTime, Items, OnLimit, Operation, Outcome, PLATFORM_CODES, Paged,
    RateLimit, Repair, Repairs, Request, RetryBudget, RetryPolicy, Scheme, Sent, Session,
    SessionBuilder, SignedRequest, Time, env, phone, profiles, signing,
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
/// an address and an id at once, a Viber button without its link, a request without a required field.
///
/// ```compile_fail,E0599
/// let _ = nxcloud::whatsapp::Image::from_link("https://x.example/a.png").with_id("1");
/// ```
/// ```compile_fail,E0061
/// let _ = nxcloud::viber::TextButtonMessage::new("text", "button");
/// ```
/// ```compile_fail,E0061
/// let _ = nxcloud::sms::SendSms::new("app-key", "8615012345678");
/// ```
#[cfg(doctest)]
struct WrongCombinationsDoNotCompile;

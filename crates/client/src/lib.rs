#![forbid(unsafe_code)]
#![doc = include_str!("../README.md")]

mod base_url;
mod call;
#[doc(hidden)]
pub mod codegen;
mod error;
mod incoming;
mod operation;
mod policy;
mod session;
mod signed_request;
mod trace;
mod types;

pub use call::Details;
pub use call::paging::{Items, Paged};
pub use call::request::Request;
#[cfg(feature = "uploads")]
pub use call::upload::Upload;
pub use error::Error;
pub use error::kind::{ErrorKind, Outcome};
pub use error::sent::Sent;
pub use incoming::{Repair, Repairs};
pub use nxcloud_signing as signing;
pub use operation::code::{Code, CodeInfo, CodeKind, PLATFORM_CODES};
pub use operation::message::{Message, MessageAnswer, MessageReceipt, MessageState};
pub use operation::service_name::ServiceName;
pub use operation::{HashIn, Operation, Scheme};
pub use policy::rate_limit::{OnLimit, RateLimit};
pub use policy::retry::{RetryBudget, RetryPolicy};
/// The reqwest version whose types [`SessionBuilder::http_client`] uses. A new major version of reqwest is a breaking change of this crate.
pub use reqwest;
pub use session::Session;
pub use session::builder::SessionBuilder;
pub use session::credentials::{Credentials, env};
pub use session::options::CallOptions;
#[cfg(feature = "profiles")]
pub use session::profiles;
pub use signed_request::SignedRequest;
pub use types::app_key::AppKey;
pub use types::date::{Date, DateTime, InvalidTime};
pub use types::decimal::{Decimal, NotDecimal};
pub use types::phone;
pub use types::time::Time;
pub use types::validate::{Violation, Violations};

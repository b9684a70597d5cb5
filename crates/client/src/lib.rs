#![forbid(unsafe_code)]
#![doc = include_str!("../README.md")]

mod attempt_body;
mod attempts;
mod base_url;
#[cfg(feature = "blocking")]
pub mod blocking;
mod builder;
mod bulk;
mod call;
pub mod check;
mod clock;
mod code;
mod credentials;
mod decimal;
mod envelope;
mod error;
mod handover;
mod hidden;
#[doc(hidden)]
pub mod incoming;
mod kind;
pub mod lenient;
mod limit;
mod open_enum;
mod operation;
mod options;
pub mod paging;
pub mod phone;
mod plain_pattern;
mod profile;
pub mod profiles;
mod reply;
mod retry;
mod sent;
mod session;
mod trace;
mod transport;
#[cfg(feature = "uploads")]
pub mod upload;
mod verdict;

pub use builder::SessionBuilder;
pub use bulk::Presigned;
pub use call::{Call, Service, encode_path};
pub use code::{Code, CodeInfo, CodeKind, PLATFORM_CODES};
pub use credentials::{Credentials, env};
pub use decimal::{Decimal, NotDecimal};
pub use error::Error;
pub use hidden::{Hidden, Shape};
pub use incoming::{Repair, Repairs};
pub use kind::{ErrorKind, Outcome};
pub use limit::{RateLimit, WhenLimited};
pub use nxcloud_signing as signing;
pub use operation::{HashIn, Operation, Scheme};
pub use options::{CallOptions, Signed};
pub use retry::{Decision, Failure, RetryBudget, RetryPolicy};
pub use sent::Sent;
pub use session::Session;

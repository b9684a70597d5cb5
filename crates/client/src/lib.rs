#![forbid(unsafe_code)]
#![doc = include_str!("../README.md")]

mod call;
pub mod check;
mod code;
mod credentials;
mod decimal;
mod envelope;
mod error;
mod hidden;
pub mod lenient;
mod open_enum;
mod operation;
pub mod paging;
mod session;
#[cfg(feature = "uploads")]
pub mod upload;

pub use call::{Call, CallOptions, Service, Signed};
pub use code::{Code, CodeInfo, CodeKind, PLATFORM_CODES};
pub use credentials::{Credentials, env};
pub use decimal::{Decimal, NotDecimal};
pub use error::{Error, ErrorKind, Outcome};
pub use hidden::{Hidden, Shape};
pub use nxcloud_signing as signing;
pub use operation::{HashIn, Operation, Scheme};
pub use session::{Session, SessionBuilder};

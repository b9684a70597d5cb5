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
mod session;

pub use call::{Call, CallOptions, Service};
pub use code::{Code, CodeInfo, CodeKind, PLATFORM_CODES};
pub use credentials::{Credentials, env};
pub use decimal::{Decimal, NotDecimal};
pub use error::{Error, ErrorKind, Outcome};
pub use hidden::{Hidden, Shape};
pub use nxcloud_signing as signing;
pub use operation::{HashIn, Operation, Scheme};
pub use session::{Session, SessionBuilder};

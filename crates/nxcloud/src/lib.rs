#![forbid(unsafe_code)]
#![doc = include_str!("../../../README.md")]

mod services;

pub use nxcloud_client::{
    CallOptions, Code, CodeInfo, CodeKind, Credentials, Decimal, Error, ErrorKind, Operation,
    Outcome, Scheme, Session, SessionBuilder, Signed, check, lenient, signing,
};
pub use services::*;

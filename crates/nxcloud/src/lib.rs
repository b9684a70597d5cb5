#![forbid(unsafe_code)]
#![doc = include_str!("../../../README.md")]

mod services;

pub use nxcloud_client::{
    CallOptions, Code, CodeInfo, CodeKind, Credentials, Decimal, Decision, Error, ErrorKind,
    Failure, Operation, Outcome, RateLimit, RetryBudget, RetryPolicy, Scheme, Sent, Session,
    SessionBuilder, Signed, WhenLimited, check, lenient, profiles, signing,
};
pub use services::*;

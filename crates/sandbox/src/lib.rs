#![forbid(unsafe_code)]
#![doc = include_str!("../README.md")]

mod access;
mod catalog;
mod error;
mod events;
mod faults;
mod format;
mod http;
mod inspect;
mod loopback;
mod platform;
mod push;
mod record;
mod sandbox;
mod server;
mod state;

pub use error::Error;
pub use faults::{Fault, FaultSwitch, Faults, Mix};
pub use loopback::is_named_by as names_this_machine;
pub use nxcloud_spec::SpecError;
pub use push::{Delivery, DeliveryOutcome, Order, PushError, PushInfo, Pushes, Transport};
#[doc(hidden)]
pub use record::secret;
pub use record::{
    Cause, CommonProblem, LikelyCause, ReceivedRequest, RecordError, SignatureMismatch, Verdict,
};
pub use sandbox::{
    ACCESS_KEY, ACCESS_SECRET, APP_ID, APP_SECRET, Builder, DEFAULT_BODY_LIMIT,
    DEFAULT_HISTORY_BYTES, DEFAULT_HISTORY_REQUESTS, DEFAULT_RECORD_BYTES, MIN_TOKEN, Sandbox,
};
pub use state::SeedError;

#![forbid(unsafe_code)]
#![doc = include_str!("../README.md")]
#![doc = include_str!("generated/pushes.md")]

#[cfg(any(feature = "axum", feature = "tower"))]
mod body;
mod clock;
mod event;
#[cfg(feature = "axum")]
mod extract;
mod fields;
#[rustfmt::skip]
mod generated;
mod idempotency;
#[cfg(feature = "tower")]
mod layer;
mod push;
mod receiver;
mod replay;
#[cfg(feature = "testing")]
pub mod testing;
mod time;
mod unsigned;
mod verify;

pub use clock::{Clock, SystemClock};
pub use event::{Event, Unrecognized};
pub use fields::ParseError;
#[allow(
    unreachable_pub,
    unused_imports,
    reason = "without a service there is nothing"
)]
pub use generated::*;
pub use idempotency::IdempotencyKey;
#[cfg(feature = "tower")]
pub use layer::{PeerAddress, PushLayer, PushService};
pub use nxcloud_client::{Decimal, Repair, Repairs};
pub use nxcloud_signing::{AccessKey, Secret, Signer, Timestamp};
pub use push::{Content, Push, Reply, Retry};
#[doc(hidden)]
pub use push::{Kind, Name};
pub use receiver::{
    Answer, DEFAULT_BODY_TIMEOUT, Incoming, NotQueued, Pending, Queue, Received, Receiver, Refusal,
    Refused,
};
pub use replay::{
    Claim, DEFAULT_REPEAT_WINDOW, DEFAULT_REPLAY_CAPACITY, MemoryStore, ReplayKey, ReplayStore,
};
pub use time::{LocalDateTime, NotADateTime, UnixTime};
pub use unsigned::{AllowList, IpRange, NotARange, SourceError, UrlSecret};
pub use verify::{
    DEFAULT_BODY_LIMIT, DEFAULT_TOLERANCE, SignedHeader, Verified, Verifier, VerifyError,
};

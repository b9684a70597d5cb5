#![forbid(unsafe_code)]
#![doc = include_str!("../README.md")]
#![doc = include_str!("generated/pushes.md")]

#[cfg(feature = "axum")]
mod axum;
#[cfg(any(feature = "axum", feature = "tower"))]
mod body;
mod event;
mod fields;
#[rustfmt::skip]
mod generated;
mod idempotency;
mod millis;
mod push;
mod receiver;
mod replay;
mod source;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "tower")]
mod tower;
mod verify;

#[cfg(feature = "tower")]
pub use self::tower::{PeerAddress, PushLayer, PushService};
pub use event::{Event, Unrecognized};
pub use fields::ParseError;
#[allow(
    unreachable_pub,
    unused_imports,
    reason = "without the feature of a service, this is empty"
)]
pub use generated::*;
pub use idempotency::IdempotencyKey;
pub use nxcloud_client::{Date, Decimal, InvalidTime, Repair, Repairs, Time};
pub use nxcloud_signing::{AccessKey, Secret, Signer, Timestamp};
pub use push::{Push, Reply, Retry, Transport};
pub use receiver::{
    Answer, DEFAULT_BODY_TIMEOUT, Incoming, NotQueued, Pending, Queue, Received, Receiver, Refusal,
    Refused,
};
pub use replay::{
    Claim, DEFAULT_REPEAT_WINDOW, DEFAULT_REPLAY_CAPACITY, MemoryStore, ReplayKey, ReplayStore,
};
pub use source::{AllowList, InvalidIpRange, IpRange, SourceError, UrlSecret};
pub use verify::{
    DEFAULT_BODY_LIMIT, DEFAULT_TOLERANCE, SignedHeader, Verified, Verifier, VerifyError,
};

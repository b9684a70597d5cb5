#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;

pub mod antbuddy;
mod batch;
mod block_buffer;
mod canonical;
mod copy;
mod field;
pub mod header;
mod invalid;
mod md5;
mod nxcloud;
mod request;
mod secret;
mod signature;
mod timestamp;

pub use batch::BatchError;
pub use field::{AccessKey, Action, BizType};
pub use invalid::{Field, InvalidField, Reason};
pub use md5::lanes::Lanes;
pub use nxcloud::Signer;
pub use request::{Body, Request};
pub use secret::Secret;
pub use signature::{AntBuddySignature, HexDigest, Mismatch, Signature};
pub use timestamp::Timestamp;

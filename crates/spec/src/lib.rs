//! The specs of the services, typed and embedded.
//!
//! [`embedded()`] gives a service of the workspace, [`Service::read`] reads another spec in JSON. A [`Service`] leads to its operations, pushes, schemas
//! and examples. What a spec may hold is documented in [`document`], [`schema`], [`webhook`] and [`message`]: these structs are the reference of the
//! dialect, and refuse every key that they do not know.
//!
//! ```
//! let sms = nxcloud_spec::embedded("sms").expect("there is an SMS service")?;
//! let operation = sms.operation("send_sms").expect("it sends");
//! assert_eq!((operation.method(), operation.path()), ("POST", "/api/sms/mtsend_v2"));
//! let schema = operation.request_schema().expect("it has a body");
//! assert_eq!(schema.properties().next().map(|(name, _)| name), Some("appKey"));
//! # Ok::<(), nxcloud_spec::SpecError>(())
//! ```
//!
//! Features: `embedded` (on by default) holds the specs of the workspace; `validate` adds the module `validate`, which checks values against schemas.
#![forbid(unsafe_code)]
#![allow(
    clippy::exhaustive_enums,
    reason = "what reads specs has to handle every kind that the dialect knows"
)]

mod code;
pub mod document;
#[cfg(feature = "embedded")]
mod embedded;
mod error;
mod example;
#[cfg(feature = "embedded")]
#[rustfmt::skip]
mod generated;
pub mod message;
mod paging;
pub mod path;
pub mod schema;
mod service;
mod switch;
mod template;
#[cfg(feature = "validate")]
pub mod validate;
mod view;
pub mod webhook;

pub use document::Document;
#[cfg(feature = "embedded")]
pub use embedded::{embedded, embedded_names, embedded_services};
pub use error::SpecError;
pub use service::{OperationRef, Service};
pub use template::{Source, Template};
pub use view::SchemaRef;

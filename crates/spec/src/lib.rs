//! The specs of the services as typed, embedded data.
//!
//! [`embedded()`] returns a service of the workspace, [`Service::read`] reads any other spec in JSON. A [`Service`] has operations, pushes, schemas and
//! examples. The structs in [`document`], [`schema`], [`webhook`] and [`message`] define and document the dialect. They refuse unknown keys.
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
//! Features: `embedded` (default) embeds the specs of the workspace; `validate` adds the module `validate`, which validates values against schemas.
#![forbid(unsafe_code)]
#![allow(
    clippy::exhaustive_enums,
    reason = "readers of specs must handle every variant of the dialect"
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

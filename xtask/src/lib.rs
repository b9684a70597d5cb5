//! Developer tasks of the workspace.
//!
//! `cargo xtask generate` reads `specs/*.yaml`, lints them ([`lint`]), reads them into a model ([`read`], [`model`]), and writes
//! whole files ([`emit`]). Nothing here runs in a user's build.
#![forbid(unsafe_code)]

mod characters;
mod compiles;
mod crates;
pub mod emit;
pub mod generate;
pub mod lint;
pub mod model;
pub mod names;
mod ownership;
pub mod read;
mod schema;
pub mod webhooks;

//! Developer tasks of the workspace.
//!
//! `cargo xtask generate` parses `specs/*.yaml` into documents of `nxcloud-spec` and lints them. It reads them into a model
//! ([`read`], [`model`]), checks the model, and writes whole files ([`emit`]), for this workspace ([`generate`]) or for another one
//! ([`outside`]). It never runs in the build of a user.
#![forbid(unsafe_code)]
#![allow(
    clippy::exhaustive_enums,
    clippy::exhaustive_structs,
    reason = "not published: users of the model handle all of it"
)]

mod blocks;
mod characters;
mod check;
mod crates;
pub mod emit;
pub mod finding;
pub mod generate;
mod lint;
mod manifest;
pub mod model;
pub mod names;
pub mod outside;
mod ownership;
mod packages;
mod parse;
pub mod paths;
mod places;
mod plan;
pub mod prose;
pub mod read;
mod schema;
mod specs;
pub mod webhooks;

//! Policies of a session: retries, rate limits, clock.

pub(crate) mod bucket;
pub(crate) mod clock;
pub(crate) mod gcra;
pub(crate) mod rate_limit;
pub(crate) mod retry;

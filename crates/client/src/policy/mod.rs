//! Decisions of a session: when to try again, how fast to call, which time it is.

pub(crate) mod bucket;
pub(crate) mod clock;
pub(crate) mod gcra;
pub(crate) mod rate_limit;
pub(crate) mod retry;

#![forbid(unsafe_code)]
#![doc = include_str!("../README.md")]

mod inspector;
mod platform;
mod server;

pub use nxcloud_spec::{Service, SpecError};
pub use platform::accepted::{AcceptedKeys, DEFAULT_ACCEPTED_KEYS};
pub use platform::accounts::{ACCESS_KEY, ACCESS_SECRET, APP_ID, APP_SECRET};
pub use platform::rate::RateReport;
pub use platform::state::SeedError;
pub use platform::verdict::{Cause, CommonProblem, LikelyCause, SignatureMismatch, Verdict};
pub use server::faults::{Fault, FaultSwitch, Faults, Mix};
pub use server::names_this_machine;
pub use server::push::{
    Delivery, DeliveryOutcome, PushError, PushInfo, PushRequest, Pushes, Transport,
};
#[doc(hidden)]
pub use server::record::secret;
pub use server::record::{ReceivedRequest, RecordError};
pub use server::{
    Builder, DEFAULT_BODY_LIMIT, DEFAULT_HISTORY_BYTES, DEFAULT_HISTORY_REQUESTS,
    DEFAULT_RECORD_BYTES, Error, MIN_TOKEN, Sandbox,
};

/// Constructors of a sandbox with the inspector's routes.
impl Sandbox {
    /// Settings to start a sandbox with.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::new(inspector::routes)
    }

    /// Starts a sandbox with default settings on any free port.
    ///
    /// # Errors
    /// The errors of [`Builder::start`].
    pub async fn start() -> Result<Self, Error> {
        Self::builder().start().await
    }

    /// Starts a sandbox with default settings on any free port, on a separate thread. Use it in tests without async
    /// code, and for blocking calls in multi-thread async tests.
    ///
    /// # Errors
    /// The errors of [`Builder::start_blocking`].
    pub fn start_blocking() -> Result<Self, Error> {
        Self::builder().start_blocking()
    }
}

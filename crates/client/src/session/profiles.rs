//! Where a session's accounts come from, and in which order.
//!
//! [`Session::discover`](crate::Session::discover) takes the first source that has an account, whole; accounts of two sources are
//! never mixed:
//!
//! 1. what the program passes,
//! 2. the environment: `NXCLOUD_ACCESS_KEY` with `NXCLOUD_ACCESS_SECRET`, `ANTBUDDY_APP_ID` with `ANTBUDDY_APP_SECRET`,
//! 3. the profile named by `NXCLOUD_PROFILE`, or else `default`, in the user's file.
//!
//! A source that is there but broken (half a pair, a file that others can read) is an error, not a reason to try the next one. A
//! variable that is set but empty is not there.
//! `NXCLOUD_BASE_URL` and the proxy variables apply to all three; a profile's own `base_url` and `proxy` go before them.
//!
//! The file is `nxcloud/profiles.toml` in the usual configuration directory, [`path`] says which. It holds one table a profile:
//!
//! ```toml
//! [default]
//! access_key = "my-access-key"
//! access_secret = "my-access-secret"
//!
//! [calls]
//! app_id = "my-app-id"
//! app_secret = "my-app-secret"
//! base_url = "https://gateway.example"   # optional
//! proxy = "http://proxy.example:3128"    # optional
//! ```
//!
//! A file that other users have access to is refused (`chmod 600` cures that; on systems without such permissions nothing is
//! checked). A program that needs several accounts makes one session for each:
//!
//! ```no_run
//! use nxcloud_client::Session;
//!
//! let marketing = Session::from_profile("marketing")?;
//! let logins = Session::from_profile("logins")?;
//! # Ok::<(), nxcloud_client::Error>(())
//! ```

pub use crate::session::profile::{DEFAULT_PROFILE, path};

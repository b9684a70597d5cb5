//! Application keys.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::types::redact::Redact;

/// The key of an application on the platform. Most requests need one.
///
/// Create it once and pass it by reference. Strings do not convert to it, so a phone number in its place is a compile error. `Debug` hides
/// the key.
///
/// ```
/// use nxcloud_client::AppKey;
///
/// let app = AppKey::new("my-app-key");
/// assert_eq!(app.as_str(), "my-app-key");
/// assert_eq!(format!("{app:?}"), "AppKey(<hidden>)");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AppKey(String);

impl AppKey {
    /// The application key shown in the platform's console.
    #[must_use]
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// The key as it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&AppKey> for AppKey {
    fn from(key: &AppKey) -> Self {
        key.clone()
    }
}

impl fmt::Debug for AppKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AppKey").field(&self.0.redact()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_string_on_the_wire_and_hidden_in_debug() {
        let app = AppKey::new("app-1=");
        assert_eq!(serde_json::to_string(&app).unwrap(), "\"app-1=\"");
        assert_eq!(serde_json::from_str::<AppKey>("\"app-1=\"").unwrap(), app);
        for debug in [format!("{app:?}"), format!("{:#?}", Some(&app))] {
            assert!(
                debug.contains("<hidden>") && !debug.contains("app-1"),
                "{debug}"
            );
        }
        assert_eq!(AppKey::from(&app), app);
    }
}

//! The initial state of a sandbox.

use std::fmt;

use parking_lot::Mutex;
use serde_json::Value;

use super::State;
use super::account::All;

/// A seed. `Debug` omits its content, which contains phone numbers.
#[derive(Default)]
pub(crate) struct Seed(pub(crate) Option<Value>);

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Seed" } else { "None" })
    }
}

impl Seed {
    /// The state that the seed describes.
    pub(crate) fn into_state(self) -> Result<State, SeedError> {
        let Some(seed) = self.0 else {
            return Ok(State::default());
        };
        let seed: All = serde_path_to_error::deserialize(seed).map_err(|error| SeedError {
            path: error.path().to_string(),
            reason: reason(&error.inner().to_string()),
        })?;
        Ok(State {
            accounts: Mutex::new(seed.clone()),
            seed,
        })
    }
}

/// serde's message without the value in it, which may be a phone number.
fn reason(text: &str) -> String {
    let problem = text.split([':', ' ']).take(2).collect::<Vec<_>>().join(" ");
    match (problem.as_str(), text.rsplit_once(", expected ")) {
        ("missing field", _) => text.to_owned(),
        (problem, Some((_, "a sequence"))) => format!("{problem}, expected a list"),
        (problem, Some((_, expected))) => format!("{problem}, expected {expected}"),
        (problem, None) => problem.to_owned(),
    }
}

/// The seed does not have the format of [`Sandbox::state`](crate::Sandbox::state). The message names the place and
/// the problem. It contains no value of the seed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct SeedError {
    path: String,
    reason: String,
}

impl SeedError {
    /// The place, such as `sandbox-key.checks[0].phone`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn error(seed: Value) -> SeedError {
        Seed(Some(seed)).into_state().err().unwrap()
    }

    #[test]
    fn a_wrong_seed_is_refused_with_the_place_and_without_its_values() {
        let client = json!({ "phone_number": "8615012345678", "verified": true, "created": true });
        let with = |name: &str, value: Value| {
            let mut client = client.clone();
            client[name] = value;
            json!({ "key": { "clients": [client] } })
        };
        assert!(
            Seed(Some(json!({ "key": { "clients": [client] } })))
                .into_state()
                .is_ok()
        );
        for (seed, path, reason) in [
            (json!("8615012345678"), ".", "a map"),
            (
                json!({ "key": { "checks": "8615012345678" } }),
                "key.checks",
                "a list",
            ),
            (
                json!({ "key": { "cheques": [] } }),
                "key.cheques",
                "unknown field, expected one of `checks`",
            ),
            (
                with("phone_number", json!(8_615_012_345_678_u64)),
                "key.clients[0].phone_number",
                "a string",
            ),
            (
                with("verified", json!("8615012345678, expected 8615012345678")),
                "key.clients[0].verified",
                "a boolean",
            ),
            (
                with("phone", json!("8615012345678")),
                "key.clients[0].phone",
                "unknown field",
            ),
            (
                json!({ "key": { "clients": [{ "verified": true, "created": true }] } }),
                "key.clients[0]",
                "missing field `phone_number`",
            ),
        ] {
            let error = error(seed);
            assert_eq!(error.path(), path, "{error}");
            let text = format!("{error} {error:?}");
            assert!(text.contains(reason) && !text.contains("86150"), "{text}");
        }
    }

    #[test]
    fn clearing_restores_the_seed() {
        let seed = json!({ "key": { "logins": [
            { "request_id": "1", "phone": "8615012345678", "status": "PENDING" },
        ] } });
        let state = Seed(Some(seed)).into_state().unwrap();
        let before = state.snapshot();
        assert!(state.set_ota_status("1", "SUCCESS"));
        assert_ne!(state.snapshot(), before);
        state.clear();
        assert_eq!(state.snapshot(), before);
    }
}

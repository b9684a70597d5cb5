//! Credentials: an NXCLOUD account, an `AntBuddy` account, or both.

use nxcloud_signing::{AccessKey, Secret, Signer, antbuddy};

use crate::Error;

/// The environment variables that [`Credentials::from_env`] reads.
pub mod env {
    /// The NXCLOUD access key.
    pub const ACCESS_KEY: &str = "NXCLOUD_ACCESS_KEY";
    /// The NXCLOUD access secret.
    pub const ACCESS_SECRET: &str = "NXCLOUD_ACCESS_SECRET";
    /// The `AntBuddy` app id.
    pub const APP_ID: &str = "ANTBUDDY_APP_ID";
    /// The `AntBuddy` app secret.
    pub const APP_SECRET: &str = "ANTBUDDY_APP_SECRET";
    /// The base URL of all services, instead of the documented ones.
    pub const BASE_URL: &str = "NXCLOUD_BASE_URL";
    /// The profile that `SessionBuilder::discover` uses instead of `default`.
    pub const PROFILE: &str = "NXCLOUD_PROFILE";

    /// The variables with account data.
    #[cfg(feature = "profiles")]
    pub(crate) const ACCOUNTS: [&str; 4] = [ACCESS_KEY, ACCESS_SECRET, APP_ID, APP_SECRET];
}

/// The accounts of a session. `Debug` shows access keys and app ids, never secrets.
///
/// ```
/// use nxcloud_client::Credentials;
///
/// let both = Credentials::nxcloud("my-access-key", "my-access-secret")?
///     .with_antbuddy("my-app-id", "my-app-secret")?;
/// assert!(!format!("{both:?}").contains("my-access-secret"));
/// # Ok::<(), nxcloud_client::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    pub(crate) nxcloud: Option<Signer>,
    pub(crate) antbuddy: Option<antbuddy::Signer>,
}

impl Credentials {
    /// An NXCLOUD account.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) if the key or the secret is empty, the key contains characters
    /// that an HTTP header cannot carry, or the secret contains stray characters ([`secret_problem`](Self::secret_problem)).
    pub fn nxcloud(
        access_key: impl Into<String>,
        access_secret: impl Into<String>,
    ) -> Result<Self, Error> {
        Self::default().with_nxcloud(access_key, access_secret)
    }

    /// An `AntBuddy` account.
    ///
    /// # Errors
    ///
    /// As for [`nxcloud`](Self::nxcloud).
    pub fn antbuddy(
        app_id: impl Into<String>,
        app_secret: impl Into<String>,
    ) -> Result<Self, Error> {
        Self::default().with_antbuddy(app_id, app_secret)
    }

    /// Adds or replaces the NXCLOUD account.
    ///
    /// # Errors
    ///
    /// As for [`nxcloud`](Self::nxcloud).
    pub fn with_nxcloud(
        mut self,
        access_key: impl Into<String>,
        access_secret: impl Into<String>,
    ) -> Result<Self, Error> {
        // Created first: the secret is wiped even if the key is invalid.
        let secret = Secret::new(access_secret).map_err(invalid);
        let key = AccessKey::new(access_key).map_err(invalid)?;
        let secret = without_stray_characters(secret?, "access key", key.as_str())?;
        self.nxcloud = Some(Signer::new(key, secret));
        Ok(self)
    }

    /// Adds or replaces the `AntBuddy` account.
    ///
    /// # Errors
    ///
    /// As for [`nxcloud`](Self::nxcloud).
    pub fn with_antbuddy(
        mut self,
        app_id: impl Into<String>,
        app_secret: impl Into<String>,
    ) -> Result<Self, Error> {
        let secret = Secret::new(app_secret).map_err(invalid);
        let id = antbuddy::AppId::new(app_id).map_err(invalid)?;
        let secret = without_stray_characters(secret?, "app id", id.as_str())?;
        self.antbuddy = Some(antbuddy::Signer::new(id, secret));
        Ok(self)
    }

    /// Says which stray characters a secret contains, usually from a copy and paste error: control characters such as line ends, or
    /// leading or trailing white space or invisible characters. The platform would only report a wrong signature.
    #[must_use]
    pub fn secret_problem(secret: &Secret) -> Option<&'static str> {
        let text = secret.expose();
        let invisible = |character: char| {
            character.is_whitespace()
                || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}')
        };
        if text.contains(char::is_control) {
            Some("contains a line end, a tab or another control character")
        } else if text.starts_with(invisible) || text.ends_with(invisible) {
            Some("starts or ends with a space or an invisible character")
        } else {
            None
        }
    }

    /// The signer of the NXCLOUD account, if there is one.
    #[must_use]
    pub fn nxcloud_signer(&self) -> Option<&Signer> {
        self.nxcloud.as_ref()
    }

    /// The signer of the `AntBuddy` account, if there is one.
    #[must_use]
    pub fn antbuddy_signer(&self) -> Option<&antbuddy::Signer> {
        self.antbuddy.as_ref()
    }

    /// Whether there is no account.
    pub(crate) fn is_empty(&self) -> bool {
        self.nxcloud.is_none() && self.antbuddy.is_none()
    }

    /// Reads the accounts from environment variables: `NXCLOUD_ACCESS_KEY` with `NXCLOUD_ACCESS_SECRET`, `ANTBUDDY_APP_ID` with
    /// `ANTBUDDY_APP_SECRET`, or both pairs. An empty variable counts as not set.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) if no pair is set, only half of a pair is set, or a value is
    /// malformed. The error names the variable, never its value.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_lookup(variable)
    }

    /// Like [`from_env`](Self::from_env), with any source of variables.
    pub(crate) fn from_lookup(
        lookup: impl Fn(&'static str) -> Result<Option<String>, Error>,
    ) -> Result<Self, Error> {
        let pair = |id: &'static str, secret: &'static str| match (lookup(id)?, lookup(secret)?) {
            (Some(key), Some(value)) => Ok(Some((key, value))),
            (None, None) => Ok(None),
            (Some(_), None) => Err(half_a_pair(id, secret)),
            (None, Some(_)) => Err(half_a_pair(secret, id)),
        };
        let mut credentials = Self::default();
        if let Some((key, secret)) = pair(env::ACCESS_KEY, env::ACCESS_SECRET)? {
            credentials = credentials
                .with_nxcloud(key, secret)
                .map_err(|error| error.within(&either(env::ACCESS_KEY, env::ACCESS_SECRET)))?;
        }
        if let Some((id, secret)) = pair(env::APP_ID, env::APP_SECRET)? {
            credentials = credentials
                .with_antbuddy(id, secret)
                .map_err(|error| error.within(&either(env::APP_ID, env::APP_SECRET)))?;
        }
        if credentials.is_empty() {
            return Err(Error::configuration(format!(
                "no credentials in the environment; set {} and {}, or {} and {}",
                env::ACCESS_KEY,
                env::ACCESS_SECRET,
                env::APP_ID,
                env::APP_SECRET
            )));
        }
        Ok(credentials)
    }
}

/// Reads a variable. An empty variable counts as not set, because scripts and containers clear variables like that. One that is not
/// UTF-8 is an error.
pub(crate) fn variable(name: &'static str) -> Result<Option<String>, Error> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => Err(Error::configuration(format!(
            "{name} is not UTF-8; set it to UTF-8 text"
        ))),
    }
}

fn invalid(error: nxcloud_signing::InvalidField) -> Error {
    Error::configuration(error.to_string()).with_source(error)
}

fn without_stray_characters(secret: Secret, name: &str, id: &str) -> Result<Secret, Error> {
    match Credentials::secret_problem(&secret) {
        None => Ok(secret),
        Some(problem) => Err(Error::configuration(format!(
            "the secret of {name} {id} {problem}; copy it again, without surrounding characters"
        ))),
    }
}

fn half_a_pair(set: &str, missing: &str) -> Error {
    Error::configuration(format!(
        "{set} is set, but {missing} is missing or empty; set both"
    ))
}

fn either(id: &str, secret: &str) -> String {
    format!("{id} or {secret}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_with_stray_characters_is_refused_without_being_shown() {
        for secret in [
            "hush\n",
            "hush\r\n",
            " hush",
            "hush ",
            "hu\tsh",
            "hush\u{a0}",
            "\u{feff}hush",
            "hush\u{200b}",
            "\u{3000}hush",
            "hush\0",
        ] {
            for result in [
                Credentials::nxcloud("key", secret),
                Credentials::antbuddy("id", secret),
            ] {
                let error = result.unwrap_err();
                assert_eq!(error.kind(), crate::ErrorKind::Configuration);
                let text = format!("{error} {error:?}");
                assert!(text.contains("copy it again"), "{text}");
                assert!(!text.contains("hush"), "{text}");
            }
        }
        let variables = |name| {
            let values = [(env::ACCESS_KEY, "key"), (env::ACCESS_SECRET, "hush ")];
            let value = values.iter().find(|(other, _)| *other == name);
            Ok(value.map(|(_, value)| (*value).to_owned()))
        };
        let error = Credentials::from_lookup(variables).unwrap_err().to_string();
        assert_eq!(
            error,
            "wrong configuration: NXCLOUD_ACCESS_KEY or NXCLOUD_ACCESS_SECRET: the secret of access key key starts or ends with a space \
             or an invisible character; copy it again, without surrounding characters"
        );
        // White space inside may be part of the secret.
        assert!(Credentials::nxcloud("key", "hush hush").is_ok());
    }
}

//! The sources of a session's accounts, base URL and proxy.

use std::fmt;

use crate::session::credentials::{env, variable};
#[cfg(feature = "profiles")]
use crate::session::profiles::{self, DEFAULT_PROFILE, Profile};
use crate::{Credentials, Error};

/// The values set on the builder, and the sources to read.
#[derive(Clone, Default)]
pub(crate) struct Sources {
    pub(crate) credentials: Option<Credentials>,
    pub(crate) base_url: Option<String>,
    pub(crate) proxy: Option<String>,
    pub(crate) proxy_from_env: Option<bool>,
    pub(crate) env: bool,
    #[cfg(feature = "profiles")]
    pub(crate) profile: Option<String>,
    #[cfg(feature = "profiles")]
    pub(crate) discover: bool,
}

/// The values read from the sources.
pub(crate) struct Settings {
    pub(crate) credentials: Credentials,
    pub(crate) base_url: Option<String>,
    pub(crate) proxy: Option<String>,
    pub(crate) proxy_from_env: bool,
}

impl Sources {
    /// Reads the sources. Values of the builder take precedence over the profile, and the profile over the environment.
    #[cfg(feature = "profiles")]
    pub(crate) fn read(mut self) -> Result<Settings, Error> {
        if let Some(profile) = self.read_profile()? {
            self.credentials.get_or_insert(profile.credentials);
            self.base_url = self.base_url.or(profile.base_url);
            self.proxy = self
                .proxy
                .or(profile.proxy.map(|url| url.as_str().to_owned()));
        }
        self.env |= self.discover;
        self.read_env()
    }

    /// Reads the sources. Values of the builder take precedence over the environment.
    #[cfg(not(feature = "profiles"))]
    pub(crate) fn read(self) -> Result<Settings, Error> {
        self.read_env()
    }

    /// The named profile, or the profile of `discover`.
    #[cfg(feature = "profiles")]
    fn read_profile(&self) -> Result<Option<Profile>, Error> {
        if let Some(name) = &self.profile {
            return profiles::read(name).map(Some);
        }
        // A variable that is not UTF-8 counts as set; reading it returns the error.
        let is_set = |name: &&'static str| !matches!(variable(name), Ok(None));
        if !self.discover || self.credentials.is_some() || env::ACCOUNTS.iter().any(is_set) {
            return Ok(None);
        }
        let from_env = variable(env::PROFILE)?;
        let name = from_env.as_deref().unwrap_or(DEFAULT_PROFILE);
        let profile = profiles::read_if_any(name)?;
        if profile.is_some() {
            return Ok(profile);
        }
        Err(Error::configuration(format!(
            "no account found; set {} and {} or {} and {}, or write the profile `{name}` to {}, or pass credentials",
            env::ACCESS_KEY,
            env::ACCESS_SECRET,
            env::APP_ID,
            env::APP_SECRET,
            profiles::path()?.display()
        )))
    }

    fn read_env(self) -> Result<Settings, Error> {
        let credentials = match self.credentials {
            Some(credentials) => credentials,
            None if self.env => Credentials::from_env()?,
            None => return Err(Error::configuration(NO_SOURCE)),
        };
        let base_url = match self.base_url {
            None if self.env => variable(env::BASE_URL)?,
            set => set,
        };
        Ok(Settings {
            credentials,
            base_url,
            proxy: self.proxy,
            proxy_from_env: self.proxy_from_env.unwrap_or(self.env),
        })
    }
}

const NO_SOURCE: &str = if cfg!(feature = "profiles") {
    "the session has no account; call credentials, env, profile or discover on the builder before build"
} else {
    "the session has no account; call credentials or env on the builder before build (profile and discover need the feature profiles)"
};

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Sources");
        debug
            .field("credentials", &self.credentials)
            .field("base_url", &self.base_url)
            .field("proxy", &self.proxy.as_ref().map(|_| "<hidden>"))
            .field("proxy_from_env", &self.proxy_from_env)
            .field("env", &self.env);
        #[cfg(feature = "profiles")]
        debug
            .field("profile", &self.profile)
            .field("discover", &self.discover);
        debug.finish()
    }
}

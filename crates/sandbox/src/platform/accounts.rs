//! The accounts that the sandbox knows.

use std::collections::HashMap;

use nxcloud_signing::antbuddy::{self, AppId};
use nxcloud_signing::{AccessKey, Secret, Signer};

/// Access key of the built-in NXCLOUD account.
pub const ACCESS_KEY: &str = "sandbox-key";
/// Secret of the built-in NXCLOUD account. It is public and protects nothing.
pub const ACCESS_SECRET: &str = "sandbox-secret";
/// App id of the built-in `AntBuddy` account.
pub const APP_ID: &str = "sandbox-app";
/// Secret of the built-in `AntBuddy` account. It is public and protects nothing.
pub const APP_SECRET: &str = "sandbox-secret";

/// Accounts of both schemes.
#[derive(Default)]
pub(crate) struct Accounts {
    nxcloud: HashMap<String, Signer>,
    antbuddy: HashMap<String, antbuddy::Signer>,
}

impl Accounts {
    /// Adds an NXCLOUD account or replaces its secret.
    pub(crate) fn add(&mut self, access_key: AccessKey, secret: Secret) {
        let key = access_key.as_str().to_owned();
        self.nxcloud.insert(key, Signer::new(access_key, secret));
    }

    /// Adds an `AntBuddy` account or replaces its secret.
    pub(crate) fn add_antbuddy(&mut self, app_id: AppId, secret: Secret) {
        let key = app_id.as_str().to_owned();
        let signer = antbuddy::Signer::new(app_id, secret);
        self.antbuddy.insert(key, signer);
    }

    pub(crate) fn nxcloud(&self, access_key: &str) -> Option<&Signer> {
        self.nxcloud.get(access_key)
    }

    pub(crate) fn antbuddy(&self, app_id: &str) -> Option<&antbuddy::Signer> {
        self.antbuddy.get(app_id)
    }
}

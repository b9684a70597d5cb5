//! The accounts that the sandbox knows.

use std::collections::HashMap;

use nxcloud_signing::antbuddy::{self, AppId};
use nxcloud_signing::{AccessKey, Secret, Signer};

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

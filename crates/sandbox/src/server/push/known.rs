//! The documented pushes, and their addresses.

use std::fmt;

use super::delivery::PushError;
use super::pushes::Pushes;
use super::send::Target;

/// A documented push.
///
/// `Debug` omits the address, because it may contain a secret.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PushInfo {
    /// Name of the service, such as `sms`.
    pub service: String,
    /// Name of the push, such as `sms_receipt`.
    pub name: String,
    /// Its description in the spec.
    pub description: Option<String>,
    /// Whether it is signed.
    pub signed: bool,
    /// The names of its examples. The first one is the default.
    pub examples: Vec<String>,
    /// The operation that it follows, if any.
    pub follows: Option<String>,
    /// The address that is set for it.
    pub address: Option<String>,
}

impl fmt::Debug for PushInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushInfo")
            .field("service", &self.service)
            .field("name", &self.name)
            .field("signed", &self.signed)
            .field("examples", &self.examples)
            .field("follows", &self.follows)
            .finish_non_exhaustive()
    }
}

impl Pushes {
    /// Every documented push, in the order of the specs.
    #[must_use]
    pub fn known(&self) -> Vec<PushInfo> {
        let known = self.inner.specs.iter().map(|spec| PushInfo {
            service: spec.service.clone(),
            name: spec.webhook.name.clone(),
            description: spec.webhook.description.clone(),
            signed: spec.webhook.signed,
            examples: spec.examples().map(str::to_owned).collect(),
            follows: spec
                .webhook
                .after
                .as_ref()
                .map(|after| after.operation.clone()),
            address: self.inner.address(spec),
        });
        known.collect()
    }

    /// Sets the address of every push without its own address.
    pub fn send_all_to(&self, url: impl Into<String>) {
        self.inner.settings.lock().any_address = Some(url.into());
    }

    /// Removes the address of a push; without a push, the address of all.
    pub(crate) fn forget_address(&self, push: Option<&str>) -> Result<(), PushError> {
        let push = push.map(|push| self.inner.spec(push)).transpose()?;
        let mut settings = self.inner.settings.lock();
        match push {
            Some(push) => drop(settings.addresses.remove(&push.number)),
            None => settings.any_address = None,
        }
        Ok(())
    }

    /// The address of the pushes without their own address.
    pub(crate) fn any_address(&self) -> Option<String> {
        self.inner.settings.lock().any_address.clone()
    }

    /// Whether pushes to this address are allowed.
    pub(crate) fn reaches(url: &str) -> bool {
        Target::new(url).is_some()
    }
}

//! The configuration of pushes: their specs, the accounts that sign them, their settings, and the log.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use nxcloud_signing::Signer;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::{Semaphore, watch};

use super::Transport;
use super::delivery::{Delivery, DeliveryOutcome, PushError};
use super::fill::{Digits, Following};
use super::send::Target;
use super::spec::PushSpec;
use crate::server::clock::Clock;
use crate::server::events::Events;

pub(super) struct Outbox {
    pub(super) specs: Arc<[PushSpec]>,
    pub(super) signers: HashMap<String, Signer>,
    /// This account signs pushes that name no other.
    pub(super) first_account: Option<String>,
    /// The allowed ports of addresses in requests; `None` if all are allowed.
    pub(super) ports: Option<Vec<u16>>,
    pub(super) clock: Clock,
    pub(super) events: Events,
    pub(super) settings: Mutex<Settings>,
    pub(super) log: Mutex<VecDeque<Arc<Delivery>>>,
    /// One permit for each attempt that may run at the same time.
    pub(super) slots: Arc<Semaphore>,
    /// Number of attempts so far.
    pub(super) attempts: AtomicU64,
    /// Number of pushes that are not settled.
    pub(super) open: watch::Sender<usize>,
    pub(super) digits: Digits,
}

#[derive(Default)]
pub(super) struct Settings {
    /// By the number of the push.
    pub(super) addresses: HashMap<usize, String>,
    /// For pushes without their own address.
    pub(super) any_address: Option<String>,
    pub(super) outcomes: HashMap<usize, Vec<String>>,
    pub(super) content: HashMap<usize, Transport>,
    pub(super) delay: Option<Duration>,
    pub(super) retry_pause: Option<Duration>,
}

/// A push that is ready to be sent.
pub(super) struct Job {
    /// Its attempts, as far as they are known in advance.
    pub(super) delivery: Delivery,
    pub(super) once: bool,
}

impl Outbox {
    /// The push of a name: `message_receipt`, or `viber/message_receipt` if several services have one.
    pub(super) fn spec(&self, name: &str) -> Result<&PushSpec, PushError> {
        if let Some((service, name)) = name.split_once('/') {
            return self.spec_of(service, name);
        }
        let mut specs = self.specs.iter().filter(|spec| spec.webhook.name == name);
        match (specs.next(), specs.next()) {
            (Some(spec), None) => Ok(spec),
            (Some(_), Some(_)) => Err(PushError::AmbiguousPush(name.to_owned())),
            (None, _) => Err(PushError::UnknownPush(name.to_owned())),
        }
    }

    pub(super) fn spec_of(&self, service: &str, push: &str) -> Result<&PushSpec, PushError> {
        let mut specs = self.specs.iter();
        let spec = specs.find(|spec| spec.service == service && spec.webhook.name == push);
        spec.ok_or_else(|| PushError::UnknownPush(push.to_owned()))
    }

    /// The address that is set for a push.
    pub(super) fn address(&self, spec: &PushSpec) -> Option<String> {
        let settings = self.settings.lock();
        let own = settings.addresses.get(&spec.number);
        own.or(settings.any_address.as_ref()).cloned()
    }

    /// The address in a request, if its port is allowed.
    pub(super) fn named_address(&self, spec: &PushSpec, following: &Following) -> Option<String> {
        let url = following.address()?;
        let port = || Target::new(url).map(|target| target.port());
        if let Some(ports) = &self.ports
            && !port().is_some_and(|port| ports.contains(&port))
        {
            let push = &spec.webhook.name;
            tracing::warn!(
                push,
                "the address in the request is not used: its port is not allowed; see Builder::push_port"
            );
            return None;
        }
        Some(url.to_owned())
    }

    /// A push with these fields, before its first attempt.
    pub(super) fn planned(&self, spec: &PushSpec, url: String, fields: Value) -> Delivery {
        let chosen = self.settings.lock().content.get(&spec.number).copied();
        let documented = spec.webhook.content.first();
        Delivery {
            id: 0,
            at: 0,
            request: None,
            push: spec.webhook.name.clone(),
            service: spec.service.clone(),
            url,
            attempt: 0,
            after: Duration::ZERO,
            fields,
            headers: Vec::new(),
            outcome: DeliveryOutcome::NotSent,
            content: chosen.unwrap_or(*documented.unwrap_or(&Transport::Json)),
            access_key: String::new(),
            action: None,
            entry: 0,
        }
    }
}

//! What pushes are made from: their specs, the accounts that sign them, what is set, and the log.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use nxcloud_signing::{Signer, header};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::{Semaphore, watch};

use super::Transport;
use super::delivery::{Delivery, PushError};
use super::fill::Digits;
use super::spec::PushSpec;
use crate::platform::Action;
use crate::server::clock::Clock;
use crate::server::events::Events;
use crate::server::record::ReceivedRequest;

pub(super) struct Outbox {
    pub(super) specs: Arc<[PushSpec]>,
    pub(super) signers: HashMap<String, Signer>,
    /// Its key signs what names no other.
    pub(super) first_account: Option<String>,
    /// The ports of addresses that requests name; `None` if all are allowed.
    pub(super) ports: Option<Vec<u16>>,
    pub(super) clock: Clock,
    pub(super) events: Events,
    pub(super) settings: Mutex<Settings>,
    pub(super) log: Mutex<VecDeque<Arc<Delivery>>>,
    /// One for each attempt that may be made at once.
    pub(super) slots: Arc<Semaphore>,
    /// Attempts so far.
    pub(super) attempts: AtomicU64,
    /// Pushes that are not settled.
    pub(super) open: watch::Sender<usize>,
    pub(super) digits: Digits,
}

#[derive(Default)]
pub(super) struct Settings {
    /// By the number of the push.
    pub(super) addresses: HashMap<usize, String>,
    /// For the pushes without an address of their own.
    pub(super) any_address: Option<String>,
    pub(super) outcomes: HashMap<usize, Vec<String>>,
    pub(super) content: HashMap<usize, Transport>,
    pub(super) delay: Option<Duration>,
    pub(super) retry_pause: Option<Duration>,
}

/// A push, decided on.
pub(super) struct Job {
    pub(super) spec: usize,
    pub(super) url: String,
    pub(super) fields: Value,
    pub(super) content: Transport,
    pub(super) access_key: String,
    /// The first documented one unless it is set.
    pub(super) action: Option<String>,
    /// The number of the request that it follows, and of the entry in it.
    pub(super) follows: Option<(u64, usize)>,
    pub(super) once: bool,
}

/// A request that pushes follow.
pub(super) struct Origin {
    pub(super) request: ReceivedRequest,
    pub(super) body: Value,
    pub(super) reply: Value,
    pub(super) access_key: String,
}

impl Origin {
    /// A request of the history.
    pub(super) fn of(request: &ReceivedRequest) -> Self {
        let body = request.json().unwrap_or_default();
        let reply = serde_json::from_slice(request.reply()).unwrap_or_default();
        let action = Action {
            request: body,
            reply,
        };
        Self::new(request, action)
    }

    /// A request that was just carried out.
    pub(super) fn new(request: &ReceivedRequest, action: Action) -> Self {
        let access_key = request.header(header::ACCESS_KEY).unwrap_or_default();
        Self {
            request: request.clone(),
            access_key: access_key.to_owned(),
            body: action.request,
            reply: action.reply,
        }
    }
}

impl Settings {
    pub(super) fn address(&self, push: usize) -> Option<&String> {
        self.addresses.get(&push).or(self.any_address.as_ref())
    }
}

impl Outbox {
    /// The push of a name: `message_receipt`, or `viber/message_receipt` where several services have one.
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

    pub(super) fn content(&self, spec: &PushSpec) -> Transport {
        let chosen = self.settings.lock().content.get(&spec.number).copied();
        chosen.unwrap_or(*spec.webhook.content.first().unwrap_or(&Transport::Json))
    }
}

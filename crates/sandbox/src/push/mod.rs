//! Pushing what the platform would push.

mod delivery;
mod fill;
mod follow;
mod known;
mod order;
mod rules;
mod run;
mod send;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nxcloud_signing::{Signer, header};
use nxcloud_spec::Service;
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use delivery::{Delivery, DeliveryOutcome, PushError};
pub use known::PushInfo;
/// How a push travels.
pub use nxcloud_spec::webhook::Transport;
pub use order::Order;
use rules::Rule;

use crate::events::Events;
use crate::platform::Clock;
use crate::record::ReceivedRequest;

/// Pause before the first attempt unless [`Pushes::delay`] says otherwise, so that the sender mostly has its reply before.
const DEFAULT_DELAY: Duration = Duration::from_millis(20);
/// The latest attempts that are kept.
const MAX_LOG: usize = 10_000;

/// The pushes of a [`Sandbox`](crate::Sandbox): where they go, what they say, and what became of them.
pub struct Pushes {
    inner: Arc<Inner>,
    /// Aborted when the sandbox goes.
    tasks: Mutex<JoinSet<()>>,
}

struct Inner {
    rules: Arc<[Rule]>,
    signers: HashMap<String, Signer>,
    /// Its key signs what names no other.
    first_account: Option<String>,
    /// The ports of addresses that requests name; `None` if all are allowed.
    ports: Option<Vec<u16>>,
    clock: Clock,
    events: Events,
    settings: Mutex<Settings>,
    log: Mutex<VecDeque<Delivery>>,
    /// Attempts so far.
    attempts: AtomicU64,
    /// Pushes that are not settled.
    open: watch::Sender<usize>,
    digits: fill::Digits,
}

#[derive(Default)]
struct Settings {
    addresses: HashMap<String, String>,
    /// For the pushes without an address of their own.
    any_address: Option<String>,
    outcomes: HashMap<String, Vec<String>>,
    content: HashMap<String, Transport>,
    delay: Option<Duration>,
    retry_pause: Option<Duration>,
}

/// A push, decided on.
struct Job {
    rule: usize,
    url: String,
    fields: Value,
    content: Transport,
    access_key: String,
    /// The first documented one if none is given.
    action: Option<String>,
    delay: Duration,
    /// The number of the request that it follows, and of the entry in it.
    follows: Option<(u64, usize)>,
    once: bool,
}

/// A request that pushes follow.
struct Origin<'a> {
    request: &'a ReceivedRequest,
    body: Value,
    reply: Value,
    access_key: String,
}

impl<'a> Origin<'a> {
    fn of(request: &'a ReceivedRequest) -> Self {
        let access_key = request.header(header::ACCESS_KEY).unwrap_or_default();
        Self {
            request,
            body: request.json().unwrap_or_default(),
            reply: serde_json::from_slice(request.reply()).unwrap_or_default(),
            access_key: access_key.to_owned(),
        }
    }
}

impl Pushes {
    pub(crate) fn new(
        services: &[Service],
        signers: Vec<Signer>,
        ports: Option<Vec<u16>>,
        clock: Clock,
        events: Events,
    ) -> Self {
        let key = |signer: &Signer| signer.access_key().as_str().to_owned();
        let first_account = signers.first().map(key);
        let signers = signers.into_iter().map(|signer| (key(&signer), signer));
        Self {
            inner: Arc::new(Inner {
                rules: rules::rules(services),
                signers: signers.collect(),
                first_account,
                ports,
                clock,
                events,
                settings: Mutex::default(),
                log: Mutex::default(),
                attempts: AtomicU64::new(0),
                open: watch::Sender::new(0),
                digits: fill::Digits::default(),
            }),
            tasks: Mutex::default(),
        }
    }

    /// Sends a push to an address, if the request that it follows names none, or the reference knows no such field.
    ///
    /// # Errors
    ///
    /// [`PushError::UnknownPush`].
    pub fn send_to(&self, push: &str, url: impl Into<String>) -> Result<(), PushError> {
        self.inner.rule(push)?;
        let mut settings = lock(&self.inner.settings);
        settings.addresses.insert(push.to_owned(), url.into());
        Ok(())
    }

    /// What becomes of each message, check or call from now on: it gets a push for every named example, in this order, such as
    /// `sent`, `delivered` and `read`. Without it there is one push, the first example.
    ///
    /// # Errors
    ///
    /// [`PushError::UnknownPush`], [`PushError::UnknownExample`].
    pub fn outcomes(&self, push: &str, examples: &[&str]) -> Result<(), PushError> {
        let (_, rule) = self.inner.rule(push)?;
        for example in examples {
            if !rule.examples().any(|known| known == *example) {
                return Err(PushError::UnknownExample((*example).to_owned()));
            }
        }
        let examples = examples.iter().map(|example| (*example).to_owned());
        let mut settings = lock(&self.inner.settings);
        settings
            .outcomes
            .insert(push.to_owned(), examples.collect());
        Ok(())
    }

    /// How a push travels, where the reference knows several ways. Without it the first one.
    ///
    /// # Errors
    ///
    /// [`PushError::UnknownPush`], [`PushError::UnknownContent`].
    pub fn content(&self, push: &str, content: Transport) -> Result<(), PushError> {
        let (_, rule) = self.inner.rule(push)?;
        if !rule.spec.content.contains(&content) {
            return Err(PushError::UnknownContent);
        }
        let mut settings = lock(&self.inner.settings);
        settings.content.insert(push.to_owned(), content);
        Ok(())
    }

    /// How long after the reply a push comes: 20 ms unless set.
    pub fn delay(&self, delay: Duration) {
        lock(&self.inner.settings).delay = Some(delay);
    }

    /// The pause between attempts, instead of the documented one; there are as many attempts as documented.
    pub fn retry_pause(&self, pause: Duration) {
        lock(&self.inner.settings).retry_pause = Some(pause);
    }

    /// Every attempt, in the order in which they ended; the latest 10,000.
    #[must_use]
    pub fn log(&self) -> Vec<Delivery> {
        lock(&self.inner.log).iter().cloned().collect()
    }

    /// The attempts of one push.
    #[must_use]
    pub fn log_of(&self, push: &str) -> Vec<Delivery> {
        let mut log = self.log();
        log.retain(|delivery| delivery.push == push);
        log
    }

    /// Waits until every push that is under way was accepted or given up.
    pub async fn settled(&self) {
        let mut open = self.inner.open.subscribe();
        // It cannot fail: the sender lives as long as `self`.
        let _ = open.wait_for(|open| *open == 0).await;
    }

    /// Pushes on demand and gives back the attempts.
    ///
    /// # Errors
    ///
    /// [`PushError`].
    pub async fn send(&self, order: Order) -> Result<Vec<Delivery>, PushError> {
        let job = self.inner.job(order)?;
        Ok(self.inner.run(job).await)
    }

    /// Makes the attempt with this [`id`](Delivery::id) again, once: the same fields to the same address, signed anew.
    ///
    /// # Errors
    ///
    /// [`PushError::UnknownDelivery`] if the log does not have it.
    pub async fn resend(&self, delivery: u64) -> Result<Vec<Delivery>, PushError> {
        let job = self.inner.again(delivery)?;
        Ok(self.inner.run(job).await)
    }

    /// A short form of [`send`](Self::send): a push by its name alone. `fields` replace those of the example, by dotted path.
    ///
    /// # Errors
    ///
    /// [`PushError`].
    pub async fn push(
        &self,
        push: &str,
        example: Option<&str>,
        fields: &[(&str, Value)],
    ) -> Result<Vec<Delivery>, PushError> {
        let (_, rule) = self.inner.rule(push)?;
        let mut order = Order::new(&rule.service, push);
        if let Some(example) = example {
            order = order.example(example);
        }
        for (path, value) in fields {
            order = order.field(*path, value.clone());
        }
        self.send(order).await
    }

    /// Forgets the attempts.
    pub(crate) fn clear_log(&self) {
        lock(&self.inner.log).clear();
    }

    /// Starts the pushes that an accepted request brings.
    pub(crate) fn follow(&self, request: &ReceivedRequest) {
        if !request.verdict().is_accepted() {
            return;
        }
        for job in self.inner.jobs(request) {
            self.inner.open.send_modify(|open| *open += 1);
            let inner = Arc::clone(&self.inner);
            let mut tasks = lock(&self.tasks);
            while tasks.try_join_next().is_some() {}
            tasks.spawn(async move {
                inner.run(job).await;
                inner.open.send_modify(|open| *open -= 1);
            });
        }
    }
}

impl Settings {
    fn address(&self, push: &str) -> Option<&String> {
        self.addresses.get(push).or(self.any_address.as_ref())
    }
}

impl Inner {
    fn rule(&self, name: &str) -> Result<(usize, &Rule), PushError> {
        let mut rules = self.rules.iter().enumerate();
        let found = rules.find(|(_, rule)| rule.spec.name == name);
        found.ok_or_else(|| PushError::UnknownPush(name.to_owned()))
    }

    fn content(&self, rule: &Rule) -> Transport {
        let chosen = lock(&self.settings).content.get(&rule.spec.name).copied();
        chosen.unwrap_or(*rule.spec.content.first().unwrap_or(&Transport::Json))
    }

    fn rule_of(&self, service: &str, push: &str) -> Result<(usize, &Rule), PushError> {
        let mut rules = self.rules.iter().enumerate();
        let found = rules.find(|(_, rule)| rule.service == service && rule.spec.name == push);
        found.ok_or_else(|| PushError::UnknownPush(push.to_owned()))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change under a lock is complete or not begun, so a poisoned one guards a sound value.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Pushes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pushes")
            .field("open", &*self.inner.open.borrow())
            .field("log", &lock(&self.inner.log).len())
            .finish_non_exhaustive()
    }
}

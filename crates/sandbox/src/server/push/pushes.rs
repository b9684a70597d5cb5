//! Sends the pushes of the platform.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use nxcloud_signing::Signer;
use nxcloud_spec::Service;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::task::JoinSet;

use super::Transport;
use super::delivery::{Delivery, PushError};
use super::fill::Digits;
use super::outbox::{Job, Outbox};
use super::request::PushRequest;
use super::spec;
use crate::platform::Action;
use crate::server::clock::Clock;
use crate::server::events::Events;
use crate::server::pace::Settled;
use crate::server::pool;
use crate::server::record::ReceivedRequest;

/// Maximum number of attempts at the same time.
const MAX_AT_ONCE: usize = 128;

/// The pushes of a [`Sandbox`](crate::Sandbox): their addresses, contents and results.
///
/// Use the name of a push in its spec, such as `sms_receipt`. If several services have a push of one name, put the
/// service in front: `viber/message_receipt`.
pub struct Pushes {
    pub(super) inner: Arc<Outbox>,
    /// Aborted when the sandbox is dropped.
    tasks: Mutex<JoinSet<()>>,
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
            inner: Arc::new(Outbox {
                specs: spec::push_specs(services),
                signers: signers.collect(),
                first_account,
                ports,
                clock,
                events,
                settings: Mutex::default(),
                log: Mutex::default(),
                slots: Arc::new(Semaphore::new(MAX_AT_ONCE)),
                attempts: AtomicU64::new(0),
                open: watch::Sender::new(0),
                digits: Digits::default(),
            }),
            tasks: Mutex::default(),
        }
    }

    /// Sets the address of a push. It is used if the request that the push follows names no address.
    ///
    /// # Errors
    ///
    /// [`PushError::UnknownPush`], [`PushError::AmbiguousPush`].
    pub fn send_to(&self, push: &str, url: impl Into<String>) -> Result<(), PushError> {
        let push = self.inner.spec(push)?.number;
        let mut settings = self.inner.settings.lock();
        settings.addresses.insert(push, url.into());
        Ok(())
    }

    /// Sets the outcome of future messages, checks or calls: each gets one push for every named example, in this
    /// order, such as `sent`, `delivered` and `read`. By default there is one push, the first example.
    ///
    /// # Errors
    ///
    /// [`PushError::UnknownPush`], [`PushError::AmbiguousPush`], [`PushError::UnknownExample`].
    pub fn outcomes(&self, push: &str, examples: &[&str]) -> Result<(), PushError> {
        let spec = self.inner.spec(push)?;
        for example in examples {
            if !spec.examples().any(|known| known == *example) {
                return Err(PushError::UnknownExample((*example).to_owned()));
            }
        }
        let examples = examples.iter().map(|example| (*example).to_owned());
        let mut settings = self.inner.settings.lock();
        settings.outcomes.insert(spec.number, examples.collect());
        Ok(())
    }

    /// Sets the transport of a push for which the reference documents several. The default is the first one.
    ///
    /// # Errors
    ///
    /// [`PushError::UnknownPush`], [`PushError::AmbiguousPush`], [`PushError::UnknownContent`].
    pub fn content(&self, push: &str, content: Transport) -> Result<(), PushError> {
        let spec = self.inner.spec(push)?;
        if !spec.webhook.content.contains(&content) {
            return Err(PushError::UnknownContent);
        }
        let mut settings = self.inner.settings.lock();
        settings.content.insert(spec.number, content);
        Ok(())
    }

    /// Sets the time between the reply and a push; 20 ms by default.
    pub fn delay(&self, delay: Duration) {
        self.inner.settings.lock().delay = Some(delay);
    }

    /// Replaces the documented pause between attempts. The number of attempts does not change.
    pub fn retry_pause(&self, pause: Duration) {
        self.inner.settings.lock().retry_pause = Some(pause);
    }

    /// All attempts, in the order in which they ended; at most the latest 10,000.
    #[must_use]
    pub fn log(&self) -> Vec<Delivery> {
        let log = self.latest(usize::MAX);
        log.iter().map(|delivery| (**delivery).clone()).collect()
    }

    /// The latest attempts up to this number, oldest first.
    pub(crate) fn latest(&self, count: usize) -> Vec<Arc<Delivery>> {
        let log = self.inner.log.lock();
        let from = log.len().saturating_sub(count);
        log.range(from..).cloned().collect()
    }

    /// The attempts of one push.
    #[must_use]
    pub fn log_of(&self, push: &str) -> Vec<Delivery> {
        let mut log = self.log();
        let (service, push) = match push.split_once('/') {
            Some((service, push)) => (Some(service), push),
            None => (None, push),
        };
        let is_of = |delivery: &Delivery| service.is_none_or(|service| delivery.service == service);
        log.retain(|delivery| delivery.push == push && is_of(delivery));
        log
    }

    /// Waits until every push is accepted or given up.
    pub async fn settled(&self) {
        let mut open = self.inner.open.subscribe();
        // It cannot fail: the sender lives as long as `self`.
        let _ = open.wait_for(|open| *open == 0).await;
    }

    /// Sends a push on demand and returns the attempts.
    ///
    /// # Errors
    ///
    /// [`PushError`].
    pub async fn send(&self, request: PushRequest) -> Result<Vec<Delivery>, PushError> {
        let bytes = request.follows.as_ref().map(|(of, _)| of.body().len());
        let inner = Arc::clone(&self.inner);
        let job = pool::run_if_large(bytes.unwrap_or_default(), move || inner.job(request)).await?;
        Ok(self.run(job).await)
    }

    /// Repeats the attempt with this [`id`](Delivery::id) once: the same fields to the same address, with a new
    /// signature.
    ///
    /// # Errors
    ///
    /// [`PushError::UnknownDelivery`] if the log does not contain it.
    pub async fn resend(&self, delivery: u64) -> Result<Vec<Delivery>, PushError> {
        let job = self.inner.again(delivery)?;
        Ok(self.run(job).await)
    }

    async fn run(&self, job: Job) -> Vec<Delivery> {
        let slot = self.inner.slot().await;
        Arc::clone(&self.inner).run(job, slot).await
    }

    /// A short form of [`send`](Self::send): a push by its name. `fields` replace those of the example, by dotted
    /// path.
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
        let spec = self.inner.spec(push)?;
        let mut request = PushRequest::new(&spec.service, &spec.webhook.name);
        if let Some(example) = example {
            request = request.example(example);
        }
        for (path, value) in fields {
            request = request.field(*path, value.clone());
        }
        self.send(request).await
    }

    /// Deletes the log of attempts.
    pub(crate) fn clear_log(&self) {
        self.inner.log.lock().clear();
    }

    /// Starts the pushes that follow a request that was carried out; without the usual delay if they come before the
    /// reply.
    pub(crate) fn follow(
        &self,
        request: &ReceivedRequest,
        action: Action,
        before_reply: bool,
    ) -> Vec<Settled> {
        let mut pushes = Vec::new();
        for mut followers in self.inner.followers(request, action) {
            if before_reply {
                followers.at_once();
            }
            let (settle, settled) = oneshot::channel();
            pushes.push(settled);
            self.inner.open.send_modify(|open| *open += 1);
            let inner = Arc::clone(&self.inner);
            let mut tasks = self.tasks.lock();
            while tasks.try_join_next().is_some() {}
            tasks.spawn(async move {
                Arc::clone(&inner).send_all(followers).await;
                inner.open.send_modify(|open| *open -= 1);
                // The reply may have been sent meanwhile.
                let _ = settle.send(());
            });
        }
        pushes
    }
}

impl fmt::Debug for Pushes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pushes")
            .field("open", &*self.inner.open.borrow())
            .field("log", &self.inner.log.lock().len())
            .finish_non_exhaustive()
    }
}

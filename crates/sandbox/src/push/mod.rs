//! Pushing what the platform would push.

mod delivery;
mod fill;
mod rules;
mod send;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use memchr::memmem;
use nxcloud_signing::Signer;
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time;

pub use delivery::{Delivery, DeliveryOutcome, PushError};
pub use rules::PushContent;
use rules::Rule;
use send::{Message, Target};

use crate::platform::Clock;
use crate::record::ReceivedRequest;
use crate::{ACCESS_KEY, SpecError};

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
    clock: Clock,
    settings: Mutex<Settings>,
    log: Mutex<Vec<Delivery>>,
    /// Pushes that are not settled.
    open: watch::Sender<usize>,
    digits: AtomicU64,
}

#[derive(Default)]
struct Settings {
    addresses: HashMap<String, String>,
    outcomes: HashMap<String, Vec<String>>,
    content: HashMap<String, PushContent>,
    delay: Option<Duration>,
    retry_pause: Option<Duration>,
}

/// A push, decided on.
struct Job {
    rule: usize,
    url: String,
    fields: Value,
    content: PushContent,
    access_key: String,
    delay: Duration,
}

impl Pushes {
    pub(crate) fn new(
        signers: impl IntoIterator<Item = Signer>,
        clock: Clock,
    ) -> Result<Self, SpecError> {
        let signers = signers.into_iter();
        let signers = signers.map(|signer| (signer.access_key().as_str().to_owned(), signer));
        Ok(Self {
            inner: Arc::new(Inner {
                rules: rules::rules()?,
                signers: signers.collect(),
                clock,
                settings: Mutex::default(),
                log: Mutex::default(),
                open: watch::Sender::new(0),
                digits: AtomicU64::new(1),
            }),
            tasks: Mutex::default(),
        })
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

    /// What becomes of what is sent: the named examples of the push, one after another. Without it the first one.
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
    pub fn content(&self, push: &str, content: PushContent) -> Result<(), PushError> {
        let (_, rule) = self.inner.rule(push)?;
        if !rule.content.contains(&content) {
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
        lock(&self.inner.log).clone()
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

    /// Pushes on demand, for example a reply of a user, and gives back the attempts. `fields` replace those of the example, by dotted path.
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
        let (index, rule) = self.inner.rule(push)?;
        let unknown = || PushError::UnknownExample(example.unwrap_or_default().to_owned());
        let mut values = rule.example(example).ok_or_else(unknown)?;
        for (path, value) in fields {
            fill::set(&mut values, path, value.clone());
        }
        let url = lock(&self.inner.settings).addresses.get(push).cloned();
        let job = Job {
            rule: index,
            url: url.ok_or(PushError::NoAddress)?,
            fields: values,
            content: self.inner.content(rule),
            access_key: ACCESS_KEY.to_owned(),
            delay: Duration::ZERO,
        };
        Ok(self.inner.run(job).await)
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

impl Inner {
    fn rule(&self, name: &str) -> Result<(usize, &Rule), PushError> {
        let mut rules = self.rules.iter().enumerate();
        let found = rules.find(|(_, rule)| rule.name == name);
        found.ok_or_else(|| PushError::UnknownPush(name.to_owned()))
    }

    fn content(&self, rule: &Rule) -> PushContent {
        let chosen = lock(&self.settings).content.get(&rule.name).copied();
        chosen.unwrap_or(*rule.content.first().unwrap_or(&PushContent::Json))
    }

    /// The pushes that follow a request.
    fn jobs(&self, request: &ReceivedRequest) -> Vec<Job> {
        let follows = |rule: &Rule| {
            rule.after.as_ref().is_some_and(|after| {
                Some(rule.service) == request.service()
                    && Some(after.operation.as_str()) == request.operation()
            })
        };
        let rules = self.rules.iter().enumerate();
        let mut rules = rules.filter(|(_, rule)| follows(rule)).peekable();
        if rules.peek().is_none()
            || !rules
                .clone()
                .any(|(_, rule)| self.has_address(rule, request.body()))
        {
            return Vec::new();
        }
        let body = request.json().unwrap_or_default();
        let reply = serde_json::from_slice(request.reply()).unwrap_or_default();
        let access_key = request.header("accessKey").unwrap_or_default();
        rules
            .flat_map(|(index, rule)| self.jobs_of(index, rule, &body, &reply, access_key))
            .collect()
    }

    /// Whether a push can have an address, told without reading the body as JSON.
    fn has_address(&self, rule: &Rule, body: &[u8]) -> bool {
        let named = |field: &String| {
            // Behind a backslash a name may be spelled in another way.
            memmem::find(body, field.as_bytes()).is_some() || memchr::memchr(b'\\', body).is_some()
        };
        let field = rule.after.as_ref().and_then(|after| after.address.as_ref());
        field.is_some_and(named) || lock(&self.settings).addresses.contains_key(&rule.name)
    }

    fn jobs_of(
        &self,
        index: usize,
        rule: &Rule,
        body: &Value,
        reply: &Value,
        access_key: &str,
    ) -> Vec<Job> {
        let Some(after) = &rule.after else {
            return Vec::new();
        };
        let entries = fill::entries(after, body);
        let many = entries.len() > 1;
        let ignored: &[String] = if many { &after.single_only } else { &[] };
        let settings = lock(&self.settings);
        let named = after
            .address
            .as_ref()
            .filter(|field| !ignored.contains(field))
            .and_then(|field| body.get(field)?.as_str());
        let configured = || settings.addresses.get(&rule.name).map(String::as_str);
        let Some(url) = named.or_else(configured).map(str::to_owned) else {
            return Vec::new();
        };
        let delay = settings.delay.unwrap_or(DEFAULT_DELAY);
        let outcomes = settings.outcomes.get(&rule.name).cloned();
        drop(settings);
        let content = self.content(rule);
        let examples = match &outcomes {
            Some(names) => names.iter().map(|name| Some(name.as_str())).collect(),
            None => vec![None],
        };
        let mut jobs = Vec::new();
        for entry in &entries {
            for (place, example) in (1_u32..).zip(&examples) {
                let Some(mut fields) = rule.example(*example) else {
                    continue;
                };
                let sources = fill::Sources {
                    request: body,
                    reply,
                    entry,
                    ignored,
                    digits: &|count| self.digits(count),
                };
                fill::fill(&mut fields, after, many, &sources);
                jobs.push(Job {
                    rule: index,
                    url: url.clone(),
                    fields,
                    content,
                    access_key: access_key.to_owned(),
                    // One state of a message after another.
                    delay: delay.saturating_mul(place),
                });
            }
        }
        jobs
    }

    /// Digits that no earlier push had.
    fn digits(&self, count: usize) -> String {
        let number = self.digits.fetch_add(1, Ordering::Relaxed);
        let text = format!("{number:0count$}");
        text.get(text.len() - count..).unwrap_or(&text).to_owned()
    }

    /// Sends until the receiver accepts, or the documented attempts are over.
    async fn run(&self, job: Job) -> Vec<Delivery> {
        time::sleep(job.delay).await;
        let Some(rule) = self.rules.get(job.rule) else {
            return Vec::new();
        };
        let (documented, attempts) = rule.attempts();
        let target = Target::new(&job.url);
        let message = Message::new(&job.fields, job.content);
        let mut made = Vec::new();
        for attempt in 1..=attempts {
            if attempt > 1 {
                let pause = lock(&self.settings).retry_pause;
                time::sleep(pause.unwrap_or(documented)).await;
            }
            let headers = match self.signers.get(&job.access_key) {
                Some(signer) if rule.signed => {
                    send::sign(rule, signer, self.clock.now(), &message.body)
                }
                _ => Vec::new(),
            };
            let outcome = match &target {
                Some(target) => judge(rule, send::send(target, &message, &headers).await),
                None => DeliveryOutcome::NotSent,
            };
            let last = matches!(
                outcome,
                DeliveryOutcome::Accepted | DeliveryOutcome::NotSent
            );
            let headers = headers.into_iter();
            let delivery = Delivery {
                push: rule.name.clone(),
                service: rule.service.to_owned(),
                url: job.url.clone(),
                attempt,
                after: documented.saturating_mul(attempt - 1),
                fields: job.fields.clone(),
                headers: headers
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect(),
                outcome,
            };
            self.note(delivery.clone());
            made.push(delivery);
            if last {
                break;
            }
        }
        made
    }

    fn note(&self, delivery: Delivery) {
        tracing::info!(push = delivery.push, attempt = delivery.attempt, outcome = ?delivery.outcome, "pushed");
        let mut log = lock(&self.log);
        if log.len() >= MAX_LOG {
            log.remove(0);
        }
        log.push(delivery);
    }
}

/// What the platform makes of an answer: the documented word, or HTTP 200 where none is documented.
fn judge(rule: &Rule, answer: Result<send::Reply, String>) -> DeliveryOutcome {
    match answer {
        Ok((200, body)) if rule.reply.as_ref().is_none_or(|word| body.trim() == word) => {
            DeliveryOutcome::Accepted
        }
        Ok((status, body)) => DeliveryOutcome::Refused { status, body },
        Err(reason) => DeliveryOutcome::Failed { reason },
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

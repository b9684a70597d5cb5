//! The platform itself: turns a request into its answer, without any network.

pub(crate) mod accepted;
pub(crate) mod accounts;
mod answer;
mod antbuddy;
pub(crate) mod catalog;
mod diagnosis;
mod fields;
mod headers;
mod ids;
pub(crate) mod multipart;
mod nxcloud;
mod parameter_codes;
pub(crate) mod percent;
pub(crate) mod rate;
mod reply;
mod request;
pub(crate) mod state;
pub(crate) mod text;
mod time;
pub(crate) mod unreadable;
pub(crate) mod verdict;

use std::sync::Arc;

use http::StatusCode;
use nxcloud_signing::header;
use nxcloud_spec::document::Scheme;
use nxcloud_spec::path;
use serde_json::{Value, json};

use accepted::{Counter, DEFAULT_ACCEPTED_KEYS};
pub(crate) use accounts::Accounts;
use answer::to_bytes;
pub(crate) use answer::{Action, Answer};
use catalog::{Catalog, NoRoute, Operation, Route, Signed};
use ids::Ids;
use rate::Limiter;
use reply::Filler;
use request::Fields;
pub(crate) use request::Incoming;
use state::State;
use verdict::{Cause, SignatureMismatch, Verdict};

/// The state that answering requires.
pub(crate) struct Platform {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) accounts: Accounts,
    pub(crate) state: State,
    /// How often each row key was accepted.
    pub(crate) accepted: Counter,
    /// Enforces a rate of sends, if one is set.
    pub(crate) limiter: Option<Limiter>,
    ids: Ids,
}

impl Platform {
    pub(crate) fn new(catalog: Arc<Catalog>, accounts: Accounts) -> Self {
        Self {
            catalog,
            accounts,
            state: State::default(),
            accepted: Counter::new(DEFAULT_ACCEPTED_KEYS),
            limiter: None,
            ids: Ids::new(),
        }
    }

    /// Deletes what requests created.
    pub(crate) fn clear(&self) {
        self.state.clear();
        self.accepted.clear();
        if let Some(limiter) = &self.limiter {
            limiter.clear();
        }
    }

    /// Answers a request. It does not diagnose a wrong signature; [`diagnose`](Self::diagnose) does. Returns `None`
    /// and does nothing if the work is large or another request holds the state, and this one must not wait.
    pub(crate) fn answer(&self, incoming: &Incoming<'_>, now: u64, wait: bool) -> Option<Answer> {
        match self.catalog.route(incoming.method, incoming.path) {
            Ok(route) => self.of_route(&route, incoming, now, wait),
            Err(NoRoute::Path) => Some(Answer::refused(StatusCode::NOT_FOUND, Cause::UnknownPath)),
            Err(NoRoute::Method(allowed)) => {
                let cause = Cause::Method { allowed };
                Some(Answer::refused(StatusCode::METHOD_NOT_ALLOWED, cause))
            }
        }
    }

    /// The operation that a request appears to mean, if known.
    pub(crate) fn operation(&self, incoming: &Incoming<'_>) -> Option<&str> {
        self.meant(incoming).map(|operation| &*operation.id)
    }

    fn meant(&self, incoming: &Incoming<'_>) -> Option<&Operation> {
        let route = self.catalog.route(incoming.method, incoming.path).ok()?;
        let sent = incoming.headers.get(header::ACTION);
        let sent = sent.and_then(|action| action.to_str().ok());
        let means = |operation: &&&Operation| match &operation.signed {
            Signed::Md5 { action, .. } => sent == Some(action),
            Signed::Sha256 { .. } => false,
        };
        match route.operations.as_slice() {
            [alone] => Some(alone),
            several => several.iter().find(means).copied(),
        }
    }

    /// The signing scheme of a request, and the string to sign that the server computes, with the secret masked. The
    /// string is `None` if a common parameter or the account is missing.
    pub(crate) fn string_to_sign(
        &self,
        incoming: &Incoming<'_>,
    ) -> Option<(Scheme, Option<String>)> {
        let route = self.catalog.route(incoming.method, incoming.path).ok()?;
        Some(match route.first.signed {
            Signed::Md5 { .. } => (
                Scheme::NxcloudMd5,
                nxcloud::explain(incoming, &self.accounts),
            ),
            Signed::Sha256 { .. } => {
                let string = antbuddy::explain(route.first, incoming, &self.accounts);
                (Scheme::AntBuddySha256, string)
            }
        })
    }

    /// Finds the cause of a wrong signature. It hashes up to `diagnosis::BUDGET` bytes, so do not call it on a thread
    /// that others wait for.
    pub(crate) fn diagnose(&self, incoming: &Incoming<'_>) -> Option<SignatureMismatch> {
        let route = self.catalog.route(incoming.method, incoming.path).ok()?;
        match route.first.signed {
            Signed::Md5 { .. } => nxcloud::diagnosed(incoming, &self.accounts),
            Signed::Sha256 { .. } => antbuddy::diagnosed(route.first, incoming, &self.accounts),
        }
    }

    /// Refuses a request with this code, without checking it.
    pub(crate) fn fail(&self, incoming: &Incoming<'_>, code: i64, now: u64) -> Answer {
        let Some(operation) = self.meant(incoming) else {
            return Answer::refused(StatusCode::BAD_GATEWAY, Cause::Fault);
        };
        let text = operation.meaning(code).unwrap_or("refused");
        let fields = Fields::new();
        let filler = self.filler(&fields, now);
        refused(
            operation,
            Verdict::refused(code, Cause::Fault),
            text,
            &filler,
        )
    }

    fn of_route(
        &self,
        route: &Route<'_>,
        incoming: &Incoming<'_>,
        now: u64,
        wait: bool,
    ) -> Option<Answer> {
        let md5 = |operation: &&Operation| matches!(operation.signed, Signed::Md5 { .. });
        let checked = if route.operations.iter().all(md5) {
            nxcloud::check(route, incoming, &self.accounts, now)
        } else {
            antbuddy::check(route, incoming, &self.accounts)
        };
        let operation = checked.operation;
        let (fields, done) = match checked.result {
            Ok((account, fields)) => {
                let done = self.act_in_turn(operation, &account, &fields, now, wait)?;
                (fields, done)
            }
            Err(cause) => (Fields::new(), Err(cause)),
        };
        let mut answer = match done {
            Ok(reply) => {
                let request = fields.into();
                self.count_key(operation, &request);
                Answer {
                    status: StatusCode::OK,
                    body: reply.as_ref().map(to_bytes).unwrap_or_default(),
                    verdict: Verdict::accepted(),
                    service: Some(Arc::clone(&operation.service)),
                    operation: Some(Arc::clone(&operation.id)),
                    action: Some(Action {
                        request,
                        reply: reply.unwrap_or_default(),
                    }),
                }
            }
            Err(cause) => {
                let (code, text) = code_and_text(operation, &cause, incoming.body);
                let filler = self.filler(&fields, now);
                refused(operation, Verdict::refused(code, cause), &text, &filler)
            }
        };
        if !checked.certain {
            answer.operation = None;
        }
        Some(answer)
    }

    /// Counts the row key of an accepted request, if its operation has one.
    fn count_key(&self, operation: &Operation, request: &Value) {
        let messages = operation.messages.as_ref();
        if let Some(echo) = messages.and_then(|messages| messages.spec.echo.as_ref()) {
            let key = path::get(request, echo).and_then(Value::as_str);
            self.accepted.add(key);
        }
    }

    /// Carries out a request that passed all stateless checks, unless it is a send over the rate. A send counts once,
    /// also if this returns `None` and is called again.
    fn act_in_turn(
        &self,
        operation: &Operation,
        account: &str,
        fields: &Fields,
        now: u64,
        wait: bool,
    ) -> Option<Result<Option<Value>, Cause>> {
        let limit = self.limiter.as_ref().zip(operation.rate_code);
        let Some((limiter, code)) = limit.filter(|_| operation.messages.is_some()) else {
            return self.act(operation, account, fields, now, wait);
        };
        let mut uses = limiter.lock(wait)?;
        let done = if limiter.conforms(&uses, account, &operation.service, now) {
            self.act(operation, account, fields, now, wait)?
        } else {
            let problem = "the sends are faster than the rate that the sandbox enforces".into();
            Err(Cause::State { code, problem })
        };
        limiter.count(&mut uses, account, &operation.service, now);
        Some(done)
    }

    /// Carries out a request that passed all stateless checks.
    fn act(
        &self,
        operation: &Operation,
        account: &str,
        fields: &Fields,
        now: u64,
        wait: bool,
    ) -> Option<Result<Option<Value>, Cause>> {
        let Some(mut reply) = self.filler(fields, now).success(operation) else {
            return Some(Ok(None));
        };
        let call = state::Call {
            account,
            operation,
            fields,
            ids: &self.ids,
            now,
        };
        let acted = self.state.act(&call, &mut reply, wait)?;
        Some(acted.map(|()| Some(reply)))
    }

    fn filler<'a>(&'a self, fields: &'a Fields, now: u64) -> Filler<'a> {
        Filler {
            ids: &self.ids,
            now,
            fields,
        }
    }
}

/// The form of a refusal: NXCLOUD uses a code in the envelope of the operation, `AntBuddy` an HTTP status.
fn refused(operation: &Operation, verdict: Verdict, text: &str, filler: &Filler<'_>) -> Answer {
    let code = verdict.code();
    let (status, reply) = match operation.signed {
        Signed::Md5 { .. } => (StatusCode::OK, filler.failure(operation, code, text)),
        Signed::Sha256 { .. } => {
            let status = u16::try_from(code).ok();
            let status = status.and_then(|status| StatusCode::from_u16(status).ok());
            let reply = json!({ "message": text });
            (status.unwrap_or(StatusCode::BAD_REQUEST), reply)
        }
    };
    Answer {
        status,
        body: to_bytes(&reply),
        verdict,
        service: Some(Arc::clone(&operation.service)),
        operation: Some(Arc::clone(&operation.id)),
        action: None,
    }
}

/// The code and the text of a refusal.
fn code_and_text(operation: &Operation, cause: &Cause, body: &[u8]) -> (i64, String) {
    let Signed::Md5 { parameter_code, .. } = operation.signed else {
        return (StatusCode::BAD_REQUEST.as_u16().into(), cause.to_string());
    };
    let own = match cause {
        Cause::Parameter { pointer, .. } => parameter_codes::code(operation, pointer, body),
        _ => None,
    };
    let code = nxcloud::code(cause, own.unwrap_or(parameter_code));
    match (cause, operation.meaning(code)) {
        (Cause::Parameter { .. } | Cause::State { .. }, Some(meaning)) => {
            (code, format!("{meaning}: {cause}"))
        }
        _ => (code, cause.to_string()),
    }
}

#[cfg(test)]
mod tests;

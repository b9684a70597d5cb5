//! The platform itself: from a request to its answer, without any network.

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
mod phone_codes;
mod reply;
mod request;
pub(crate) mod state;
pub(crate) mod text;
mod time;
pub(crate) mod unreadable;
pub(crate) mod verdict;

use std::borrow::Cow;
use std::sync::Arc;

use http::StatusCode;
use nxcloud_signing::header;
use nxcloud_spec::document::{HashIn, Scheme};
use serde_json::{Value, json};

pub(crate) use accounts::Accounts;
use answer::to_bytes;
pub(crate) use answer::{Action, Answer};
use catalog::{Catalog, NoRoute, Operation, Route, Signed};
use ids::Ids;
use reply::Filler;
pub(crate) use request::Incoming;
use request::{Checked, Fields};
use state::State;
use verdict::{Cause, SignatureMismatch, Verdict};

/// Everything that answering takes.
pub(crate) struct Platform {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) accounts: Accounts,
    pub(crate) state: State,
    ids: Ids,
}

impl Platform {
    pub(crate) fn new(catalog: Arc<Catalog>, accounts: Accounts) -> Self {
        Self {
            catalog,
            accounts,
            state: State::default(),
            ids: Ids::new(),
        }
    }

    /// Answers a request. A wrong signature is not looked into; [`diagnose`](Self::diagnose) does that. `None`, and nothing
    /// done, if this takes long, or another request has the state, and this one does not wait.
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

    /// The operation that a request seems to mean, if that is known.
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

    /// The scheme by which a request is signed, and its string to sign as the server sees it, with the secret masked; `None`
    /// for the string if a common parameter or the account is not there.
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

    /// Finds out what a wrong signature was made over. It hashes up to `diagnosis::BUDGET` bytes, so that it is no work for
    /// a thread that others wait for.
    pub(crate) fn diagnose(&self, incoming: &Incoming<'_>) -> Option<SignatureMismatch> {
        let route = self.catalog.route(incoming.method, incoming.path).ok()?;
        match route.first.signed {
            Signed::Md5 { .. } => nxcloud::diagnosed(incoming, &self.accounts),
            Signed::Sha256 { .. } => antbuddy::diagnosed(route.first, incoming, &self.accounts),
        }
    }

    /// Refuses a request with this code, whatever it says.
    pub(crate) fn fail(&self, incoming: &Incoming<'_>, code: i64, now: u64) -> Answer {
        let Some(operation) = self.meant(incoming) else {
            return Answer::refused(StatusCode::BAD_GATEWAY, Cause::Fault);
        };
        let text = operation.meaning(code).unwrap_or("refused");
        let (status, body) = match operation.signed {
            Signed::Md5 { .. } => {
                let filler = Filler {
                    ids: &self.ids,
                    now,
                    fields: &Fields::new(),
                };
                (StatusCode::OK, filler.failure(operation, code, text))
            }
            Signed::Sha256 { .. } => {
                let status = u16::try_from(code).map(StatusCode::from_u16);
                let status = status.map_or(StatusCode::BAD_REQUEST, |status| {
                    status.unwrap_or(StatusCode::BAD_REQUEST)
                });
                (status, json!({ "message": text }))
            }
        };
        Answer {
            status,
            body: to_bytes(&body),
            verdict: Verdict::refused(code, Cause::Fault),
            service: Some(Arc::clone(&operation.service)),
            operation: Some(Arc::clone(&operation.id)),
            action: None,
        }
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
        let Checked {
            operation, certain, ..
        } = checked;
        let nothing = Fields::new();
        let filler = Filler {
            ids: &self.ids,
            now,
            fields: checked.result.as_ref().unwrap_or(&nothing),
        };
        let done = match &checked.result {
            Ok(fields) => self.act(operation, fields, incoming, &filler, wait)?,
            Err(cause) => Err(cause.clone()),
        };
        let (status, body, verdict) = match done {
            Ok(reply) => (StatusCode::OK, reply, Verdict::accepted()),
            Err(cause) => {
                let (status, code, body) = refusal(operation, &cause, &filler, incoming.body);
                (status, Some(body), Verdict::refused(code, cause))
            }
        };
        Some(Answer {
            status,
            body: body.as_ref().map(to_bytes).unwrap_or_default(),
            service: Some(Arc::clone(&operation.service)),
            operation: certain.then(|| Arc::clone(&operation.id)),
            action: checked
                .result
                .ok()
                .filter(|_| verdict.is_accepted())
                .map(|fields| Action {
                    request: fields.into(),
                    reply: body.unwrap_or_default(),
                }),
            verdict,
        })
    }
}

impl Platform {
    /// Carries out a request that passed every check of its own.
    fn act(
        &self,
        operation: &Operation,
        fields: &Fields,
        incoming: &Incoming<'_>,
        filler: &Filler<'_>,
        wait: bool,
    ) -> Option<Result<Option<Value>, Cause>> {
        let Some(mut reply) = filler.success(operation) else {
            return Some(Ok(None));
        };
        let call = state::Call {
            account: &account_of(operation, incoming),
            operation,
            fields,
            ids: &self.ids,
            now: filler.now,
        };
        let acted = self.state.act(&call, &mut reply, wait)?;
        Some(acted.map(|()| Some(reply)))
    }
}

/// The access key or app id of a request, which has been verified.
fn account_of<'a>(operation: &Operation, incoming: &Incoming<'a>) -> Cow<'a, str> {
    let name = match operation.signed {
        Signed::Md5 { .. } => &headers::ACCESS_KEY,
        Signed::Sha256 {
            place: HashIn::Query,
            ..
        } => {
            let sent = percent::parameters(incoming.query).unwrap_or_default();
            let app_id = sent.into_iter().find(|(name, _)| name == "appId");
            return app_id.map(|(_, value)| value).unwrap_or_default().into();
        }
        Signed::Sha256 { .. } => &headers::APP_ID,
    };
    let account = headers::header(incoming.headers, name);
    account.unwrap_or_default().into()
}

/// How a scheme says no: NXCLOUD with a code in the envelope of the operation, `AntBuddy` with an HTTP status.
fn refusal(
    operation: &Operation,
    cause: &Cause,
    filler: &Filler<'_>,
    body: &[u8],
) -> (StatusCode, i64, Value) {
    match operation.signed {
        Signed::Md5 { parameter_code, .. } => {
            let own = match cause {
                Cause::Parameter { pointer, .. } => phone_codes::code(operation, pointer, body)
                    .or_else(|| parameter_codes::code(operation, pointer, body)),
                _ => None,
            };
            let code = nxcloud::code(cause, own.unwrap_or(parameter_code));
            let text = match (cause, operation.meaning(code)) {
                (Cause::Parameter { .. } | Cause::State { .. }, Some(meaning)) => {
                    format!("{meaning}: {cause}")
                }
                _ => cause.to_string(),
            };
            (StatusCode::OK, code, filler.failure(operation, code, &text))
        }
        Signed::Sha256 { .. } => {
            let status = StatusCode::BAD_REQUEST;
            let reply = json!({ "message": cause.to_string() });
            (status, i64::from(status.as_u16()), reply)
        }
    }
}

#[cfg(test)]
mod tests;

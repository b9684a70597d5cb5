//! What sends the request of a row: a session, or in benches and tests anything else.

use nxcloud_client::{CodeKind, Error, ErrorKind, Outcome, Request, RetryPolicy, Session};

use crate::state::{AccountProblem, Attempt, AttemptResult};

/// Sends the request of a row, once.
///
/// [`Session`] implements it. What implements it must not repeat a send by itself whose outcome is unknown.
pub trait Sender<R>: Send + Sync {
    /// Sends it and says how that ended.
    fn send(&self, request: &R) -> impl Future<Output = Attempt> + Send;
}

/// One attempt; the ledger decides on another one. Other settings of the session stay, its retries do not.
impl<R: Request> Sender<R> for Session {
    async fn send(&self, request: &R) -> Attempt {
        let once = self.with_retry(RetryPolicy::never());
        Attempt::of::<R>(once.send(request).await)
    }
}

impl Attempt {
    /// How a call ended.
    #[must_use]
    pub fn of<R: Request>(result: Result<R::Reply, Error>) -> Self {
        match result {
            Ok(reply) => {
                let reply = serde_json::to_value(&reply).unwrap_or_default();
                let id = R::MESSAGE.and_then(|message| message.id_in(&reply));
                Self::accepted(id.map(str::to_owned))
            }
            Err(error) => Self::failed(&error),
        }
    }

    /// How a call ended that failed.
    #[must_use]
    pub fn failed(error: &Error) -> Self {
        let too_fast = error.kind() == ErrorKind::ResultCode(CodeKind::RateLimit)
            || matches!(error.status(), Some(429 | 503));
        Self {
            result: result(error),
            message_id: None,
            code: error.code().map(nxcloud_client::Code::value),
            reason: error.to_string(),
            retry_after: error.retry_after(),
            too_fast,
        }
    }
}

fn result(error: &Error) -> AttemptResult {
    use AttemptResult as R;
    match (error.outcome(), error.kind()) {
        (Outcome::NotSent, ErrorKind::InvalidRequest) => R::Invalid,
        (Outcome::NotSent, ErrorKind::Configuration) => R::Account(AccountProblem::Configuration),
        (Outcome::NotSent, _) => R::NotSent,
        (Outcome::Rejected, ErrorKind::ResultCode(kind)) => match kind {
            CodeKind::Balance => R::Account(AccountProblem::Balance),
            CodeKind::Permission => R::Account(AccountProblem::Permission),
            CodeKind::Authentication => R::Account(AccountProblem::Authentication),
            CodeKind::RateLimit => R::TooFast,
            CodeKind::Quota => R::Quota,
            _ => R::Rejected,
        },
        // Not from the platform: a wrong base URL or a gateway, which would answer every row like this.
        (Outcome::Rejected, _) => match error.status() {
            Some(429) => R::TooFast,
            Some(301..=308 | 401 | 403..=407 | 451) => R::Account(AccountProblem::Configuration),
            _ => R::Rejected,
        },
        // Whatever a later version of the client says that is not known here is not sent again either.
        _ => R::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use nxcloud_sms::SendSms;

    use super::*;

    fn of(status: u16, body: &str) -> Attempt {
        Attempt::of::<SendSms>(SendSms::read_reply(status, body.to_owned()))
    }

    #[test]
    fn replies_of_the_platform_are_told_apart() {
        use AttemptResult as R;
        let accepted = of(200, r#"{"code":"0","messageid":"4711","result":"ok"}"#);
        assert_eq!(accepted, Attempt::accepted("4711".to_owned()));
        for (code, expected) in [
            ("3", R::Account(AccountProblem::Balance)),
            ("9", R::Account(AccountProblem::Permission)),
            ("1003", R::Account(AccountProblem::Authentication)),
            ("1005", R::Account(AccountProblem::Permission)),
            ("28", R::TooFast),
            ("27", R::Quota),
            ("4", R::Rejected),
            ("88", R::Unknown),
            ("4711", R::Unknown),
        ] {
            let attempt = of(
                200,
                &format!(r#"{{"code":"{code}","result":"8615012345678"}}"#),
            );
            assert_eq!(attempt.result, expected, "{code}");
            assert_eq!(attempt.code, code.parse().ok());
            assert_eq!(attempt.too_fast, code == "28");
            assert!(!attempt.reason.contains("86150"), "{}", attempt.reason);
        }
    }

    #[test]
    fn answers_of_a_gateway_are_not_the_rows_fault() {
        use AttemptResult as R;
        for (status, expected, too_fast) in [
            (401, R::Account(AccountProblem::Configuration), false),
            (404, R::Account(AccountProblem::Configuration), false),
            (302, R::Account(AccountProblem::Configuration), false),
            (413, R::Rejected, false),
            (429, R::TooFast, true),
            (502, R::Unknown, false),
            (503, R::Unknown, true),
            (200, R::Unknown, false),
        ] {
            let attempt = of(status, "<html>");
            assert_eq!(
                (attempt.result, attempt.too_fast),
                (expected, too_fast),
                "{status}"
            );
        }
    }
}

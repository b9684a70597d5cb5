//! Sandboxes, sessions, and the two operations under test: a send and a query.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use nxcloud::number_check::{self, QueryChecks};
use nxcloud::signing::{AccessKey, Secret};
use nxcloud::sms::{self, SendSms};
use nxcloud::{AppKey, CallOptions, Credentials, Error, Session, SessionBuilder};
use nxcloud_sandbox::Sandbox;

use crate::capture;

pub(crate) const KEY: &str = "matrix-key";
pub(crate) const SECRET: &str = "hush-hush-secret";
pub(crate) const PHONE: &str = "8615012345678";
pub(crate) const TEXT: &str = "Grüße 验证码 471199";
pub(crate) const ID: &str = "order-0000001";

pub(crate) async fn sandbox() -> Sandbox {
    shifted_sandbox(0).await
}

/// The time of every session and sandbox. It does not advance, so a slow machine does not change an outcome.
static NOW: LazyLock<SystemTime> = LazyLock::new(SystemTime::now);

/// A sandbox whose clock is ahead by a number of milliseconds.
pub(crate) async fn shifted_sandbox(millis: i64) -> Sandbox {
    capture::begin();
    let now = move || {
        let shift = Duration::from_millis(millis.unsigned_abs());
        if millis < 0 {
            *NOW - shift
        } else {
            *NOW + shift
        }
    };
    Sandbox::builder()
        .account(AccessKey::new(KEY).unwrap(), Secret::new(SECRET).unwrap())
        .clock(now)
        .start()
        .await
        .unwrap()
}

/// A session that does not wait between attempts.
pub(crate) fn hasty(url: &str) -> SessionBuilder {
    Session::builder()
        .credentials(Credentials::nxcloud(KEY, SECRET).unwrap())
        .base_url(url)
        .clock(|| *NOW)
        .sleep(|_| async {})
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Send,
    Read,
}

impl Operation {
    pub(crate) const BOTH: [Self; 2] = [Self::Send, Self::Read];

    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Send => "send_sms",
            Self::Read => "query_checks",
        }
    }

    pub(crate) fn row(self) -> &'static nxcloud::Operation {
        match self {
            Self::Send => &sms::operations::SEND_SMS,
            Self::Read => &number_check::operations::QUERY_CHECKS,
        }
    }

    pub(crate) async fn call(self, session: &Session, options: CallOptions) -> Result<(), Error> {
        match self {
            Self::Send => {
                let request = SendSms::new(AppKey::new("app"), PHONE, TEXT).with_sys_message_id(ID);
                let client = sms::Client::new(session).with_options(options);
                client.send_sms(&request).await.map(drop)
            }
            Self::Read => {
                let request = QueryChecks::new(10, "2026-11-21".parse().unwrap())
                    .with_batch_no("batch-1")
                    .with_phone(PHONE);
                let client = number_check::Client::new(session).with_options(options);
                client.query_checks(&request).await.map(drop)
            }
        }
    }

    /// The number of requests that the platform carried out.
    pub(crate) fn accepted(self, sandbox: &Sandbox) -> usize {
        Self::accepted_of(self.id(), sandbox)
    }

    pub(crate) fn accepted_of(id: &str, sandbox: &Sandbox) -> usize {
        let requests = sandbox.requests_for(id);
        requests
            .iter()
            .filter(|request| request.verdict().is_accepted())
            .count()
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// Counts attempts: each attempt signs its request once.
pub(crate) fn counting() -> (CallOptions, Arc<AtomicU32>) {
    let attempts = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&attempts);
    let options = CallOptions::new().on_signed(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
    });
    (options, attempts)
}

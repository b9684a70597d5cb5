//! Checks that the hosts answer, and compares this machine's clock with theirs.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use nxcloud::Session;

use super::{Finding, State};
use crate::failure::Failure;
use crate::spec::{base_url, operations};

/// How long a host may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The platform refuses requests whose clock differs by more than this many seconds.
const TOLERANCE: i64 = 60;
/// From this many seconds on, a difference is a warning.
const WARN_ABOVE: i64 = 30;

/// A host that receives calls, and the proxy in between.
pub(super) struct Host {
    url: String,
    proxy: Option<String>,
}

/// The hosts that receive the calls of a session.
pub(super) fn of(session: &Session) -> Result<Vec<Host>, Failure> {
    let urls: BTreeSet<&str> = match session.base_url() {
        Some(url) => BTreeSet::from([url]),
        None => operations()?.map(base_url).collect(),
    };
    let hosts = urls.into_iter().map(|url| Host {
        url: url.to_owned(),
        proxy: session.proxy_for(url),
    });
    Ok(hosts.collect())
}

/// Asks each host for its clock, over the same connection settings as a call.
pub(super) async fn ask(session: &Session, hosts: &[Host], findings: &mut Vec<Finding>) {
    for host in hosts {
        let (reach, clock) = host.ask(session).await;
        findings.push(Finding {
            check: format!("reach {}", host.url),
            ..reach
        });
        findings.extend(clock.map(|clock| Finding {
            check: format!("clock {}", host.url),
            ..clock
        }));
    }
}

impl Host {
    async fn ask(&self, session: &Session) -> (Finding, Option<Finding>) {
        let proxy = self.proxy.as_ref();
        let route = proxy.map_or_else(String::new, |proxy| format!(" through the proxy {proxy}"));
        let start = SystemTime::now();
        let request = session.http().get(&self.url).timeout(TIMEOUT);
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => {
                let detail = unreachable(&error, &route);
                return (Finding::new("", State::Wrong, detail), None);
            }
        };
        let elapsed = start.elapsed().unwrap_or_default();
        let status = response.status().as_u16();
        let detail = format!(
            "answers (HTTP {status}) in {} ms{route}",
            elapsed.as_millis()
        );
        let reach = Finding::new("", State::Fine, detail);
        let date = response.headers().get(reqwest::header::DATE);
        let date = date.and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
        let Some(date) = date else {
            let detail = "the host's answer has no Date header";
            return (reach, Some(Finding::new("", State::Warning, detail)));
        };
        (reach, Some(clock(date, start + elapsed / 2)))
    }
}

/// Compares this machine's clock with the host's, which has a resolution of one second.
fn clock(theirs: SystemTime, ours: SystemTime) -> Finding {
    let ahead = match ours.duration_since(theirs) {
        Ok(ahead) => i64::try_from(ahead.as_secs()).unwrap_or(i64::MAX),
        Err(behind) => -i64::try_from(behind.duration().as_secs()).unwrap_or(i64::MAX),
    };
    let direction = if ahead < 0 { "behind" } else { "ahead" };
    let seconds = ahead.abs();
    let offset = format!("this machine's clock is {seconds} s {direction}");
    if seconds > TOLERANCE {
        let detail = format!(
            "{offset}; the platform refuses requests beyond {TOLERANCE} s (code 1004); set the clock"
        );
        return Finding::new("", State::Wrong, detail);
    }
    if seconds > WARN_ABOVE {
        let detail =
            format!("{offset}; the platform refuses requests beyond {TOLERANCE} s; set the clock");
        return Finding::new("", State::Warning, detail);
    }
    Finding::new(
        "",
        State::Fine,
        format!("within {WARN_ABOVE} s of the host's clock"),
    )
}

/// Says why a host cannot be reached, with the innermost cause.
fn unreachable(error: &reqwest::Error, route: &str) -> String {
    if error.is_timeout() {
        return format!(
            "no answer within {} s{route}; check whether a firewall drops the packets",
            TIMEOUT.as_secs()
        );
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    format!("cannot be reached{route}: {cause}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_offsets_are_compared_with_the_documented_tolerance() {
        let theirs = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let state = |offset: i64| {
            let seconds = Duration::from_secs(offset.unsigned_abs());
            let ours = if offset < 0 {
                theirs - seconds
            } else {
                theirs + seconds
            };
            clock(theirs, ours).state
        };
        assert!(state(0) == State::Fine && state(-30) == State::Fine && state(30) == State::Fine);
        assert!(state(31) == State::Warning && state(-60) == State::Warning);
        assert!(state(61) == State::Wrong && state(-3600) == State::Wrong);
    }
}

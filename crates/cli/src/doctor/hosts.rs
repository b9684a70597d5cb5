//! Whether hosts answer, and how far this machine's clock is from theirs.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use nxcloud::Session;

use super::{Finding, State};
use crate::failure::Failure;
use crate::spec::{base_url, operations};

/// How long a host may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Farther than this from the platform's clock a request is refused.
const TOLERANCE: i64 = 60;
/// Half of it is worth a word.
const WORTH_A_WORD: i64 = 30;

/// A host that calls go to, and the proxy on the way.
pub(super) struct Host {
    url: String,
    proxy: Option<String>,
}

/// The hosts that calls of this session go to.
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

/// Asks each host for its clock, on the way that a call takes.
pub(super) async fn ask(session: &Session, hosts: &[Host], findings: &mut Vec<Finding>) {
    for host in hosts {
        let (reached, clock) = host.ask(session).await;
        findings.push(Finding {
            check: format!("reach {}", host.url),
            ..reached
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
        let way = proxy.map_or_else(String::new, |proxy| format!(" through the proxy {proxy}"));
        let before = SystemTime::now();
        let request = session.http().get(&self.url).timeout(PATIENCE);
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => {
                let detail = unreachable(&error, &way);
                return (Finding::new("", State::Wrong, detail), None);
            }
        };
        let round = before.elapsed().unwrap_or_default();
        let status = answer.status().as_u16();
        let detail = format!("answers (HTTP {status}) in {} ms{way}", round.as_millis());
        let reached = Finding::new("", State::Fine, detail);
        let date = answer.headers().get(reqwest::header::DATE);
        let date = date.and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
        let Some(date) = date else {
            let detail = "the host does not say what time it is";
            return (reached, Some(Finding::new("", State::Warning, detail)));
        };
        (reached, Some(clock(date, before + round / 2)))
    }
}

/// This machine's clock beside the host's, which counts whole seconds.
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
            "{offset}: requests more than {TOLERANCE} s off are refused (code 1004); set the clock"
        );
        return Finding::new("", State::Wrong, detail);
    }
    if seconds > WORTH_A_WORD {
        let detail = format!("{offset}; from {TOLERANCE} s on requests are refused");
        return Finding::new("", State::Warning, detail);
    }
    Finding::new(
        "",
        State::Fine,
        format!("within {WORTH_A_WORD} s of the host's"),
    )
}

/// Why a host cannot be reached, by the last of its causes.
fn unreachable(error: &reqwest::Error, way: &str) -> String {
    if error.is_timeout() {
        return format!(
            "no answer within {} s{way}; a firewall may drop the packets",
            PATIENCE.as_secs()
        );
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    format!("cannot be reached{way}: {cause}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_judged_by_the_documented_tolerance() {
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

//! One request.

use std::fs;
use std::io::{Read as _, stdin};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::ArgMatches;
use nxcloud::signing::{Action, BizType, Body, InvalidField, Request, Timestamp};
use serde_json::json;

use super::{Account, Verb, explain, verdict};
use crate::failure::Failure;
use crate::mask::MASK;
use crate::output;

/// What the flags say of a request.
pub(super) struct Given {
    pub(super) action: Option<String>,
    pub(super) biz_type: Option<String>,
    pub(super) ts: Option<Timestamp>,
    pub(super) multipart: bool,
    pub(super) values: Vec<String>,
    /// The moment of this run, for requests that name none.
    pub(super) now: Timestamp,
}

impl Given {
    pub(super) fn of(matches: &ArgMatches) -> Result<Self, Failure> {
        let text = |name: &str| matches.get_one::<String>(name).cloned();
        let ts = text("ts").map(|ts| ts.parse::<Timestamp>()).transpose();
        let values = matches.get_many::<String>("values");
        Ok(Self {
            action: text("action"),
            biz_type: text("biz-type"),
            ts: ts.map_err(|error| Failure::usage(format!("--ts: {error}")))?,
            multipart: matches.get_flag("multipart"),
            values: values.into_iter().flatten().cloned().collect(),
            now: now(),
        })
    }

    fn ts(&self, verb: Verb) -> Result<Timestamp, Failure> {
        match (self.ts, verb) {
            (Some(ts), _) => Ok(ts),
            (None, Verb::Verify) => Err(Failure::usage("give the ts header with --ts")),
            (None, Verb::Sign) => Ok(self.now),
        }
    }
}

fn now() -> Timestamp {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = elapsed.map_or(0, |elapsed| elapsed.as_millis());
    Timestamp::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

pub(super) fn run(
    verb: Verb,
    account: &Account,
    given: &Given,
    matches: &ArgMatches,
    json: bool,
) -> Result<(), Failure> {
    let claimed = match verb {
        Verb::Sign => None,
        Verb::Verify => {
            let claimed = matches.get_one::<String>("signature");
            Some(claimed.ok_or_else(|| Failure::usage("give the signature with --signature"))?)
        }
    };
    let explained = matches.get_flag("explain");
    match account {
        Account::AntBuddy(signer) => {
            let values: Vec<&str> = given.values.iter().map(String::as_str).collect();
            if values.is_empty() {
                let problem = "give the values in order, such as the app id alone";
                return Err(Failure::usage(problem));
            }
            if explained {
                let flags = account_flags(matches);
                output::data(&explain::antbuddy(signer, &values, &flags)?)?;
            }
            if let Some(claimed) = claimed {
                return verdict(signer.verify(&values, claimed).is_ok());
            }
            let hash = signer.sign(&values);
            match (json, explained) {
                (true, true) => output::line(&json!({ "hash": MASK })),
                (true, false) => output::line(&json!({ "hash": hash.as_str() })),
                (false, true) => Ok(()),
                (false, false) => output::data(hash.as_str()),
            }
        }
        Account::Nxcloud(signer) => {
            let from = matches.get_one::<String>("body").map(String::as_str);
            let body = from.map(read_bytes).transpose()?.unwrap_or_default();
            let request = request(
                given.action.as_deref(),
                given.biz_type.as_deref(),
                given.ts(verb)?,
                if given.multipart {
                    Body::Unsigned
                } else {
                    Body::Signed(&body)
                },
            )?;
            if explained {
                output::data(&explain::nxcloud(signer, &request, from)?)?;
            }
            if let Some(claimed) = claimed {
                return verdict(signer.verify(&request, claimed).is_ok());
            }
            let signature = signer.sign(&request);
            match (json, explained) {
                (true, _) => output::line(&explain::headers(signer, &request, signature.as_str())),
                (false, true) => Ok(()),
                (false, false) => {
                    if given.ts.is_none() {
                        // Whoever sees nothing but the signature must know what it is for.
                        output::note(&format!("ts: {}", given.now));
                    }
                    output::data(signature.as_str())
                }
            }
        }
    }
}

/// The flags that name the account, for a command that uses the same one.
fn account_flags(matches: &ArgMatches) -> Vec<&str> {
    let mut flags = Vec::new();
    for (name, flag) in [("profile", "--profile"), ("app-id", "--app-id")] {
        if let Some(value) = matches.get_one::<String>(name) {
            flags.extend([flag, value]);
        }
    }
    if matches.get_flag("sandbox") {
        flags.push("--sandbox");
    }
    flags
}

/// The parts of a request, with what is missing named by its flag.
pub(super) fn request<'a>(
    action: Option<&'a str>,
    biz_type: Option<&'a str>,
    ts: Timestamp,
    body: Body<'a>,
) -> Result<Request<'a>, Failure> {
    let missing = |what: &str| Failure::usage(format!("{what} is missing"));
    let wrong = |error: InvalidField| Failure::usage(error.to_string());
    let action = action.ok_or_else(|| missing("the action (--action)"))?;
    let biz_type = biz_type.ok_or_else(|| missing("the bizType (--biz-type)"))?;
    Ok(Request {
        action: Action::new(action).map_err(wrong)?,
        biz_type: BizType::new(biz_type).map_err(wrong)?,
        ts,
        body,
    })
}

/// The bytes of a file, or of standard input.
fn read_bytes(from: &str) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| Failure::io(from, &error);
    if from != "-" {
        return fs::read(from).map_err(failed);
    }
    let mut bytes = Vec::new();
    stdin().read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

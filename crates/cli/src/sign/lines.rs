//! Many requests, one JSON object a line, signed or verified as batches.

use std::fs::File;
use std::io::{self, BufRead, BufReader};

use data_encoding::BASE64;
use nxcloud::signing::{Body, Mismatch, Request, Signature, Signer, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::one::{Given, request};
use super::{Account, Verb, explain};
use crate::failure::{Exit, Failure};
use crate::output;

/// How many requests are signed at once: enough for the widest registers, and little memory.
const BATCH: usize = 1024;

/// One line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(skip)]
    number: usize,
    action: Option<String>,
    #[serde(alias = "bizType")]
    biz_type: Option<Value>,
    ts: Option<Value>,
    body: Option<String>,
    body_base64: Option<String>,
    multipart: Option<bool>,
    values: Option<Vec<String>>,
    #[serde(alias = "signature", alias = "hash")]
    sign: Option<String>,
}

/// A line with everything that the signer needs.
struct Ready {
    number: usize,
    action: Option<String>,
    biz_type: Option<String>,
    ts: Timestamp,
    body: Vec<u8>,
    multipart: bool,
    values: Vec<String>,
    sign: String,
}

pub(super) fn run(
    verb: Verb,
    account: &Account,
    given: &Given,
    from: &str,
    json: bool,
) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::io(from, &error);
    let reader: Box<dyn BufRead> = if from == "-" {
        Box::new(io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(from).map_err(failed)?))
    };
    let mut batch = Vec::with_capacity(BATCH);
    let mut wrong = 0;
    let mut untimed = false;
    for (number, line) in (1..).zip(reader.lines()) {
        let line = line.map_err(failed)?;
        if line.trim().is_empty() {
            continue;
        }
        let ready = read(&line, number, given, verb, &mut untimed);
        match ready.and_then(|ready| ready.check(account)) {
            Ok(ready) => batch.push(ready),
            Err(failure) => {
                // What came before the wrong line is not lost.
                flush(verb, account, &mut batch, json)?;
                return Err(failure);
            }
        }
        if batch.len() == BATCH {
            wrong += flush(verb, account, &mut batch, json)?;
        }
    }
    wrong += flush(verb, account, &mut batch, json)?;
    if untimed && !json {
        output::note(&format!("ts: {}", given.now));
    }
    match wrong {
        0 => Ok(()),
        _ => Err(Failure::new(
            Exit::Refused,
            format!("{wrong} signatures are not those of their requests"),
        )),
    }
}

fn at(number: usize, problem: impl std::fmt::Display) -> Failure {
    Failure::usage(format!("line {number}: {problem}"))
}

fn read(
    line: &str,
    number: usize,
    given: &Given,
    verb: Verb,
    untimed: &mut bool,
) -> Result<Ready, Failure> {
    let mut line: Line = serde_json::from_str(line).map_err(|error| {
        // serde's own words could repeat a value.
        let column = error.column();
        let expected =
            "an object with action, biz_type, ts, body, body_base64, multipart, values, sign";
        at(
            number,
            format_args!("column {column} is not as expected: {expected}"),
        )
    })?;
    line.number = number;
    let body = match (&line.body, &line.body_base64) {
        (Some(_), Some(_)) => return Err(at(number, "body and body_base64 exclude each other")),
        (Some(text), None) => text.as_bytes().to_vec(),
        (None, Some(text)) => BASE64
            .decode(text.as_bytes())
            .map_err(|_| at(number, "body_base64 is not base64"))?,
        (None, None) => Vec::new(),
    };
    let ts = match (line.ts.as_ref().map(digits), given.ts, verb) {
        (Some(ts), _, _) => ts
            .parse()
            .map_err(|error| at(number, format_args!("ts: {error}")))?,
        (None, Some(ts), _) => ts,
        (None, None, Verb::Sign) => {
            *untimed = true;
            given.now
        }
        // `AntBuddy` hashes no time, so that this is not looked at.
        (None, None, Verb::Verify) if line.values.is_some() => given.now,
        (None, None, Verb::Verify) => return Err(at(number, "ts is missing")),
    };
    let sign = match (line.sign, verb) {
        // As of `--signature`.
        (Some(sign), _) => sign.trim().to_owned(),
        (None, Verb::Sign) => String::new(),
        (None, Verb::Verify) => return Err(at(number, "sign is missing")),
    };
    Ok(Ready {
        number,
        action: line.action.or_else(|| given.action.clone()),
        biz_type: line
            .biz_type
            .as_ref()
            .map(digits)
            .or_else(|| given.biz_type.clone()),
        ts,
        body,
        multipart: line.multipart.unwrap_or(given.multipart),
        values: line.values.unwrap_or_else(|| given.values.clone()),
        sign,
    })
}

/// A text, or a number as it would stand in a header.
fn digits(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl Ready {
    fn request(&self) -> Result<Request<'_>, Failure> {
        let body = if self.multipart {
            Body::Unsigned
        } else {
            Body::Signed(&self.body)
        };
        let (action, biz_type) = (self.action.as_deref(), self.biz_type.as_deref());
        request(action, biz_type, self.ts, body).map_err(|failure| at(self.number, failure.message))
    }

    /// Whether it can be signed, said before anything of its batch is.
    fn check(self, account: &Account) -> Result<Self, Failure> {
        match account {
            Account::Nxcloud(_) => {
                self.request()?;
            }
            Account::AntBuddy(_) if self.values.is_empty() => {
                return Err(at(self.number, "values is missing"));
            }
            Account::AntBuddy(_) => {}
        }
        Ok(self)
    }
}

/// Signs or verifies what has come together; gives the number of signatures that are wrong.
fn flush(
    verb: Verb,
    account: &Account,
    batch: &mut Vec<Ready>,
    json: bool,
) -> Result<usize, Failure> {
    let mut text = String::new();
    let mut wrong = 0;
    let mut say = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    match account {
        Account::AntBuddy(signer) => {
            for ready in batch.iter() {
                let values: Vec<&str> = ready.values.iter().map(String::as_str).collect();
                match verb {
                    Verb::Sign => {
                        let hash = signer.sign(&values).to_string();
                        say(if json {
                            json!({ "hash": hash }).to_string()
                        } else {
                            hash
                        });
                    }
                    Verb::Verify => {
                        let verdict = signer.verify(&values, &ready.sign);
                        wrong += usize::from(verdict.is_err());
                        say(told(ready, verdict, json));
                    }
                }
            }
        }
        Account::Nxcloud(signer) => {
            let requests = batch.iter().map(Ready::request);
            let requests = requests.collect::<Result<Vec<_>, _>>()?;
            match verb {
                Verb::Sign => {
                    for (request, signature) in requests.iter().zip(sign(signer, &requests)?) {
                        let signature = signature.as_str();
                        say(if json {
                            explain::headers(signer, request, signature).to_string()
                        } else {
                            signature.to_owned()
                        });
                    }
                }
                Verb::Verify => {
                    let claims: Vec<&str> = batch.iter().map(|ready| ready.sign.as_str()).collect();
                    let mut verdicts = vec![Ok(()); requests.len()];
                    signer
                        .verify_batch(&requests, &claims, &mut verdicts)
                        .map_err(|error| Failure::usage(error.to_string()))?;
                    for (ready, verdict) in batch.iter().zip(verdicts) {
                        wrong += usize::from(verdict.is_err());
                        say(told(ready, verdict, json));
                    }
                }
            }
        }
    }
    if !text.is_empty() {
        output::data(&text)?;
    }
    batch.clear();
    Ok(wrong)
}

fn sign(signer: &Signer, requests: &[Request<'_>]) -> Result<Vec<Signature>, Failure> {
    let mut signatures = vec![Signature::UNSET; requests.len()];
    signer
        .sign_batch(requests, &mut signatures)
        .map_err(|error| Failure::usage(error.to_string()))?;
    Ok(signatures)
}

fn told(ready: &Ready, verdict: Result<(), Mismatch>, json: bool) -> String {
    if json {
        return json!({ "line": ready.number, "valid": verdict.is_ok() }).to_string();
    }
    match verdict {
        Ok(()) => "valid".to_owned(),
        Err(_) => "invalid".to_owned(),
    }
}

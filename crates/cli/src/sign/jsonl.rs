//! Many requests, one JSON object per line, signed or verified as batches.

use data_encoding::BASE64;
use nxcloud::signing::{Body, Mismatch, Request, Signature, Signer, Timestamp, antbuddy};
use serde::Deserialize;
use serde_json::{Value, json};

use super::single::request;
use super::{Account, Run, Task, explain};
use crate::failure::{Exit, Failure};
use crate::lines::Lines;
use crate::output;
use crate::text;

/// How many requests are signed at once: enough for the widest registers, and little memory.
const BATCH: usize = 1024;
/// After so many wrong lines without a right one the rest is not looked at.
const GIVE_UP: usize = 1024;

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

/// A run through all lines.
struct Batches<'a> {
    run: &'a Run<'a>,
    batch: Vec<Ready>,
    /// Lines that were signed or verified.
    done: usize,
    /// Lines that could not be read.
    left_out: usize,
    /// Signatures that are not right.
    invalid: usize,
}

pub(super) fn run(run: &Run<'_>, from: &str) -> Result<(), Failure> {
    let mut lines = Lines::open(from)?;
    let mut batches = Batches {
        run,
        batch: Vec::with_capacity(BATCH),
        done: 0,
        left_out: 0,
        invalid: 0,
    };
    let mut untimed = false;
    loop {
        // Nobody waits for an answer while the next line is waited for.
        if (batches.batch.len() == BATCH || !lines.is_ready()) && !batches.flush()? {
            break;
        }
        let Some((number, line)) = lines.next()? else {
            break;
        };
        let line = line.map_err(|problem| at(number, problem));
        if line.as_ref().is_ok_and(|line| line.trim().is_empty()) {
            continue;
        }
        let ready = line.and_then(|line| read(line, number, run, &mut untimed));
        match ready.and_then(|ready| ready.check(&run.signer)) {
            Ok(ready) => batches.batch.push(ready),
            Err(failure) => batches.leave_out(&failure, from)?,
        }
    }
    if untimed && !run.json {
        output::note(&format!("ts: {}", run.times.now));
    }
    batches.verdict()
}

impl Batches<'_> {
    /// One wrong line hides no other; but where none is right, something else was meant.
    fn leave_out(&mut self, failure: &Failure, from: &str) -> Result<(), Failure> {
        output::note(&failure.message);
        self.left_out += 1;
        if self.done == 0 && self.batch.is_empty() && self.left_out == GIVE_UP {
            let problem = format!("{from} holds no requests: its first {GIVE_UP} lines are wrong");
            return Err(Failure::usage(problem).hint("Write one JSON object a line."));
        }
        Ok(())
    }

    fn verdict(&self) -> Result<(), Failure> {
        let invalid = format!(
            "{} signatures are not those of their requests",
            self.invalid
        );
        let left_out = format!(
            "{} of {} lines were left out",
            self.left_out,
            self.left_out + self.done
        );
        match (self.left_out, self.invalid) {
            (0, 0) => Ok(()),
            (0, _) => Err(Failure::new(Exit::Refused, invalid)),
            (_, 0) => Err(Failure::usage(left_out)),
            _ => Err(Failure::usage(format!("{left_out}, and {invalid}"))),
        }
    }
}

fn at(number: usize, problem: impl std::fmt::Display) -> Failure {
    Failure::usage(format!("line {number}: {problem}"))
}

fn read(line: &str, number: usize, run: &Run<'_>, untimed: &mut bool) -> Result<Ready, Failure> {
    let mut line = parse(line).map_err(|error| {
        // serde's own text could repeat a value.
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
    let ts = match (line.ts.as_ref().map(digits), run.times.flag, run.task) {
        (Some(ts), _, _) => ts
            .parse()
            .map_err(|error| at(number, format_args!("ts: {error}")))?,
        (None, Some(ts), _) => ts,
        (None, None, Task::Sign) => {
            *untimed = true;
            run.times.now
        }
        // `AntBuddy` hashes no time, so that this is not looked at.
        (None, None, Task::Verify(_)) if line.values.is_some() => run.times.now,
        (None, None, Task::Verify(_)) => return Err(at(number, "ts is missing")),
    };
    let sign = match (line.sign, run.task) {
        // As of `--signature`.
        (Some(sign), _) => sign.trim().to_owned(),
        (None, Task::Sign) => String::new(),
        (None, Task::Verify(_)) => return Err(at(number, "sign is missing")),
    };
    Ok(Ready {
        number,
        action: line.action.or_else(|| run.args.action.clone()),
        biz_type: line
            .biz_type
            .as_ref()
            .map(digits)
            .or_else(|| run.args.biz_type.clone()),
        ts,
        body,
        multipart: line.multipart.unwrap_or(run.args.multipart),
        values: line.values.unwrap_or_else(|| run.args.values.clone()),
        sign,
    })
}

/// A number keeps its digits, where 64 bits cannot hold it as a text.
fn parse(text: &str) -> Result<Line, serde_json::Error> {
    let is_float = |value: &Option<Value>| value.as_ref().is_some_and(Value::is_f64);
    match serde_json::from_str::<Line>(text) {
        Ok(line) if !is_float(&line.ts) && !is_float(&line.biz_type) => Ok(line),
        lossy => match text::json(text).map(serde_json::from_value) {
            Ok(Ok(line)) => Ok(line),
            _ => lossy,
        },
    }
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

impl Batches<'_> {
    /// Signs or verifies what has come together; false when nobody reads the answers.
    fn flush(&mut self) -> Result<bool, Failure> {
        if self.batch.is_empty() {
            return Ok(true);
        }
        let batch = std::mem::take(&mut self.batch);
        let run = self.run;
        let answers = match &run.signer {
            Account::Nxcloud(signer) => self.nxcloud(signer, &batch)?,
            Account::AntBuddy(signer) => self.antbuddy(signer, &batch),
        };
        self.done += batch.len();
        self.batch = batch;
        self.batch.clear();
        output::is_read(&answers.join("\n"))
    }

    fn antbuddy(&mut self, signer: &antbuddy::Signer, batch: &[Ready]) -> Vec<String> {
        let answers = batch.iter().map(|ready| {
            let values: Vec<&str> = ready.values.iter().map(String::as_str).collect();
            if matches!(self.run.task, Task::Verify(_)) {
                let verdict = signer.verify(&values, &ready.sign);
                return self.answer(ready, verdict);
            }
            let hash = signer.sign(&values).to_string();
            if self.run.json {
                json!({ "hash": hash }).to_string()
            } else {
                hash
            }
        });
        answers.collect()
    }

    fn nxcloud(&mut self, signer: &Signer, batch: &[Ready]) -> Result<Vec<String>, Failure> {
        let requests = batch.iter().map(Ready::request);
        let requests = requests.collect::<Result<Vec<_>, _>>()?;
        if matches!(self.run.task, Task::Sign) {
            let signed = requests.iter().zip(sign(signer, &requests)?);
            let answers = signed.map(|(request, signature)| {
                let signature = signature.as_str();
                if self.run.json {
                    explain::headers(signer, request, signature).to_string()
                } else {
                    signature.to_owned()
                }
            });
            return Ok(answers.collect());
        }
        let claims: Vec<&str> = batch.iter().map(|ready| ready.sign.as_str()).collect();
        let mut verdicts = vec![Ok(()); requests.len()];
        signer
            .verify_batch(&requests, &claims, &mut verdicts)
            .map_err(|error| Failure::usage(error.to_string()))?;
        let verdicts = batch.iter().zip(verdicts);
        Ok(verdicts
            .map(|(ready, verdict)| self.answer(ready, verdict))
            .collect())
    }

    fn answer(&mut self, ready: &Ready, verdict: Result<(), Mismatch>) -> String {
        self.invalid += usize::from(verdict.is_err());
        if self.run.json {
            return json!({ "line": ready.number, "valid": verdict.is_ok() }).to_string();
        }
        let word = if verdict.is_ok() { "valid" } else { "invalid" };
        word.to_owned()
    }
}

fn sign(signer: &Signer, requests: &[Request<'_>]) -> Result<Vec<Signature>, Failure> {
    let mut signatures = vec![Signature::UNSET; requests.len()];
    signer
        .sign_batch(requests, &mut signatures)
        .map_err(|error| Failure::usage(error.to_string()))?;
    Ok(signatures)
}

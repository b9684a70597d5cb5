//! Signs or verifies many requests, one JSON object per line, in batches.

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

/// The number of requests in a batch. It fills the widest vector registers and needs little memory.
const BATCH: usize = 1024;
/// If this many lines at the start are all invalid, the command gives up.
const GIVE_UP: usize = 1024;

/// A line of input.
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

/// A valid line, completed with the flags.
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

/// The current batch, and counts of all lines.
struct Batches<'a> {
    run: &'a Run<'a>,
    batch: Vec<Ready>,
    /// Lines that were signed or verified.
    done: usize,
    /// Lines that are invalid.
    skipped: usize,
    /// Signatures that do not match.
    mismatches: usize,
}

pub(super) fn run(run: &Run<'_>, path: &str) -> Result<(), Failure> {
    let mut lines = Lines::open(path)?;
    let mut batches = Batches {
        run,
        batch: Vec::with_capacity(BATCH),
        done: 0,
        skipped: 0,
        mismatches: 0,
    };
    let mut untimed = false;
    loop {
        // Answer before waiting for more input.
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
            Err(failure) => batches.skip(&failure, path)?,
        }
    }
    if untimed && !run.json {
        output::eprint(&format!("ts: {}", run.times.now));
    }
    batches.verdict()
}

impl Batches<'_> {
    /// Reports an invalid line. Gives up if the input has no valid line at the start: it is probably not JSON Lines.
    fn skip(&mut self, failure: &Failure, path: &str) -> Result<(), Failure> {
        output::eprint(&failure.message);
        self.skipped += 1;
        if self.done == 0 && self.batch.is_empty() && self.skipped == GIVE_UP {
            let source = text::source_name(path);
            let problem =
                format!("{source} contains no requests: the first {GIVE_UP} lines are invalid");
            return Err(Failure::usage(problem).hint("Write one JSON object per line."));
        }
        Ok(())
    }

    fn verdict(&self) -> Result<(), Failure> {
        let mismatches = format!("invalid signatures: {}", self.mismatches);
        let skipped = format!(
            "skipped lines: {} of {}",
            self.skipped,
            self.skipped + self.done
        );
        match (self.skipped, self.mismatches) {
            (0, 0) => Ok(()),
            (0, _) => Err(Failure::new(Exit::Refused, mismatches)),
            (_, 0) => Err(Failure::usage(skipped)),
            _ => Err(Failure::usage(format!("{skipped}; {mismatches}"))),
        }
    }
}

fn at(number: usize, problem: impl std::fmt::Display) -> Failure {
    Failure::usage(format!("line {number}: {problem}"))
}

fn read(line: &str, number: usize, run: &Run<'_>, untimed: &mut bool) -> Result<Ready, Failure> {
    let mut line = parse(line).map_err(|error| {
        // The error of serde could repeat a value.
        let column = error.column();
        let expected =
            "an object with action, biz_type, ts, body, body_base64, multipart, values, sign";
        at(number, format_args!("column {column}: expected {expected}"))
    })?;
    line.number = number;
    let body = match (&line.body, &line.body_base64) {
        (Some(_), Some(_)) => {
            return Err(at(number, "body and body_base64 are both set; remove one"));
        }
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
        // `AntBuddy` does not hash the time, so any value will do.
        (None, None, Task::Verify(_)) if line.values.is_some() => run.times.now,
        (None, None, Task::Verify(_)) => return Err(at(number, "ts is missing")),
    };
    let sign = match (line.sign, run.task) {
        // Trimmed, like the value of `--signature`.
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

/// Parses a line. A number that 64 bits cannot hold becomes a string of its digits.
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

/// The value of a header, from a string or a number.
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

    /// Checks that the line can be signed, before its batch is.
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
    /// Signs or verifies the current batch. Returns `false` if nobody reads the answers.
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
        output::print_if_open(&answers.join("\n"))
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
        self.mismatches += usize::from(verdict.is_err());
        if self.run.json {
            return json!({ "line": ready.number, "valid": verdict.is_ok() }).to_string();
        }
        let verdict = if verdict.is_ok() { "valid" } else { "invalid" };
        verdict.to_owned()
    }
}

fn sign(signer: &Signer, requests: &[Request<'_>]) -> Result<Vec<Signature>, Failure> {
    let mut signatures = vec![Signature::UNSET; requests.len()];
    signer
        .sign_batch(requests, &mut signatures)
        .map_err(|error| Failure::usage(error.to_string()))?;
    Ok(signatures)
}

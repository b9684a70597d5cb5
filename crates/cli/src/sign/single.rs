//! A single request.

use nxcloud::signing::{Action, BizType, Body, InvalidField, Request, Timestamp};
use serde_json::json;

use super::{Account, Run, Task, explain, verdict};
use crate::account::AccountArgs;
use crate::failure::Failure;
use crate::mask::MASK;
use crate::output;
use crate::text;

pub(super) fn run(
    run: &Run<'_>,
    account: &AccountArgs,
    base_url: Option<&str>,
) -> Result<(), Failure> {
    let args = run.args;
    let signature = match run.task {
        Task::Sign => None,
        Task::Verify(signature) => {
            let missing = || Failure::usage("give the signature with --signature");
            // Spaces and line ends come with it when it is copied.
            Some(signature.ok_or_else(missing)?.trim())
        }
    };
    match &run.signer {
        Account::AntBuddy(signer) => {
            let values: Vec<&str> = args.values.iter().map(String::as_str).collect();
            if values.is_empty() {
                let problem = "give the values in order, such as the app id alone";
                return Err(Failure::usage(problem));
            }
            if args.explain {
                let flags = account_flags(account);
                output::data(&explain::antbuddy(signer, &values, &flags)?)?;
            }
            if let Some(signature) = signature {
                return verdict(signer.verify(&values, signature).is_ok());
            }
            let hash = signer.sign(&values);
            match (run.json, args.explain) {
                (true, true) => output::line(&json!({ "hash": MASK })),
                (true, false) => output::line(&json!({ "hash": hash.as_str() })),
                (false, true) => Ok(()),
                (false, false) => output::data(hash.as_str()),
            }
        }
        Account::Nxcloud(signer) => {
            let from = args.body.as_deref();
            let body = from.map(text::read).transpose()?.unwrap_or_default();
            let ts = match (run.times.flag, run.task) {
                (Some(ts), _) => ts,
                (None, Task::Sign) => run.times.now,
                (None, Task::Verify(_)) => {
                    return Err(Failure::usage("give the ts header with --ts"));
                }
            };
            let request = request(
                args.action.as_deref(),
                args.biz_type.as_deref(),
                ts,
                if args.multipart {
                    Body::Unsigned
                } else {
                    Body::Signed(&body)
                },
            )?;
            if args.explain {
                output::data(&explain::nxcloud(signer, &request, from, base_url)?)?;
            }
            if let Some(signature) = signature {
                return verdict(signer.verify(&request, signature).is_ok());
            }
            let signature = signer.sign(&request);
            match (run.json, args.explain) {
                (true, _) => output::line(&explain::headers(signer, &request, signature.as_str())),
                (false, true) => Ok(()),
                (false, false) => {
                    if run.times.flag.is_none() {
                        // Whoever sees nothing but the signature must know what it is for.
                        output::note(&format!("ts: {}", run.times.now));
                    }
                    output::data(signature.as_str())
                }
            }
        }
    }
}

/// The flags that name the account, for a command that uses the same one.
fn account_flags(account: &AccountArgs) -> Vec<&str> {
    let mut flags = Vec::new();
    for (flag, value) in [
        ("--profile", &account.profile),
        ("--app-id", &account.app_id),
    ] {
        if let Some(value) = value {
            flags.extend([flag, value]);
        }
    }
    if account.sandbox {
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

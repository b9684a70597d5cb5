//! Signs or verifies a single request.

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
            let missing = || Failure::usage("no signature; pass it with --signature");
            // A copied signature may have spaces and line breaks around it.
            Some(signature.ok_or_else(missing)?.trim())
        }
    };
    match &run.signer {
        Account::AntBuddy(signer) => {
            let values: Vec<&str> = args.values.iter().map(String::as_str).collect();
            if values.is_empty() {
                let problem = "no values; pass them in order, for example the app id alone";
                return Err(Failure::usage(problem));
            }
            if args.explain {
                let flags = account_flags(account);
                output::print(&explain::antbuddy(signer, &values, &flags)?)?;
            }
            if let Some(signature) = signature {
                return verdict(signer.verify(&values, signature).is_ok());
            }
            let hash = signer.sign(&values);
            match (run.json, args.explain) {
                (true, true) => output::line(&json!({ "hash": MASK })),
                (true, false) => output::line(&json!({ "hash": hash.as_str() })),
                (false, true) => Ok(()),
                (false, false) => output::print(hash.as_str()),
            }
        }
        Account::Nxcloud(signer) => {
            let path = args.body.as_deref();
            let body = path.map(text::read).transpose()?.unwrap_or_default();
            let ts = match (run.times.flag, run.task) {
                (Some(ts), _) => ts,
                (None, Task::Sign) => run.times.now,
                (None, Task::Verify(_)) => {
                    return Err(Failure::usage("no ts; pass the ts header with --ts"));
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
                output::print(&explain::nxcloud(signer, &request, path, base_url)?)?;
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
                        // The signature is useless without the time that it covers.
                        output::eprint(&format!("ts: {}", run.times.now));
                    }
                    output::print(signature.as_str())
                }
            }
        }
    }
}

/// The flags that choose the account, for a command that uses the same account.
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

/// Builds a request. An error names the flag of the missing part.
pub(super) fn request<'a>(
    action: Option<&'a str>,
    biz_type: Option<&'a str>,
    ts: Timestamp,
    body: Body<'a>,
) -> Result<Request<'a>, Failure> {
    let missing = |part: &str| Failure::usage(format!("{part} is missing"));
    let invalid = |error: InvalidField| Failure::usage(error.to_string());
    let action = action.ok_or_else(|| missing("the action (--action)"))?;
    let biz_type = biz_type.ok_or_else(|| missing("the bizType (--biz-type)"))?;
    Ok(Request {
        action: Action::new(action).map_err(invalid)?,
        biz_type: BizType::new(biz_type).map_err(invalid)?,
        ts,
        body,
    })
}

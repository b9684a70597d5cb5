//! The checks of the NXCLOUD scheme, in their documented order.

use http::HeaderMap;
use nxcloud_signing::{Action, BizType, Body, Request, Signer, Timestamp, header};

use super::accounts::Accounts;
use super::diagnosis::diagnose;
use super::request::{Checked, Incoming};
use super::{fields, headers, unreadable};
use crate::platform::catalog::Route;
use crate::platform::verdict::{Cause, CommonProblem, SignatureMismatch};

/// The maximum difference between a timestamp and the server's clock, in milliseconds.
const MAX_SKEW: u64 = 60_000;

/// The common headers of a request.
struct Common<'a> {
    access_key: &'a str,
    ts: Timestamp,
    biz_type: BizType<'a>,
    action: Action<'a>,
    sign: &'a str,
}

impl<'a> Common<'a> {
    fn read(headers: &'a HeaderMap) -> Result<Self, Cause> {
        let unreadable = |name: &'static str| Cause::CommonParameter {
            name: name.into(),
            problem: CommonProblem::Unreadable,
        };
        let access_key = headers::header(headers, header::ACCESS_KEY)?;
        let ts = headers::header(headers, header::TS)?;
        let biz_type = headers::header(headers, header::BIZ_TYPE)?;
        let action = headers::header(headers, header::ACTION)?;
        let sign = headers::header(headers, header::SIGN)?;
        Ok(Self {
            access_key,
            ts: ts.parse().map_err(|_| unreadable(header::TS))?,
            biz_type: BizType::new(biz_type).map_err(|_| unreadable(header::BIZ_TYPE))?,
            action: Action::new(action).map_err(|_| unreadable(header::ACTION))?,
            sign,
        })
    }
}

/// The code of a refusal.
pub(super) const fn code(cause: &Cause, parameter_code: i64) -> i64 {
    match cause {
        Cause::UnknownAccount => 1005,
        Cause::Timestamp => 1004,
        Cause::Signature(_) => 1003,
        Cause::Operation => 1002,
        Cause::Parameter { .. } => parameter_code,
        Cause::State { code, .. } => *code,
        _ => 1001,
    }
}

/// Checks a request to one of the operations of a route.
pub(super) fn check<'a>(
    route: &Route<'a>,
    incoming: &Incoming<'_>,
    accounts: &Accounts,
    now: u64,
) -> Checked<'a> {
    let alone = route.operations.len() == 1;
    // The headers decide which envelope and record name a failed check uses.
    let common = Common::read(incoming.headers);
    let (biz_type, action) = match &common {
        Ok(common) => (Some(common.biz_type.as_str()), Some(common.action.as_str())),
        Err(_) => {
            let text = |name| headers::header(incoming.headers, name).ok();
            (text(header::BIZ_TYPE), text(header::ACTION))
        }
    };
    let mut seeming = route.operations.clone();
    seeming.retain(|operation| operation.is_named(biz_type, action));
    let operation = seeming.first().copied().unwrap_or(route.first);
    let refused = |cause| Checked {
        operation,
        certain: alone || !seeming.is_empty(),
        result: Err(cause),
    };
    let authentic = common.and_then(|common| authenticate(common, incoming, accounts, now));
    let account = match authentic {
        Ok(account) => account,
        Err(cause) => return refused(cause),
    };
    let Some((operation, fields)) = fields::read(&seeming, route, incoming) else {
        return refused(Cause::Operation);
    };
    Checked {
        operation,
        certain: true,
        result: fields.map(|fields| (account, fields)).map_err(Cause::from),
    }
}

/// An account, the request as it is signed, and the claimed signature.
type Claim<'a> = (&'a Signer, Request<'a>, &'a str);

fn claim<'a>(
    common: Common<'a>,
    incoming: &'a Incoming<'_>,
    accounts: &'a Accounts,
) -> Result<Claim<'a>, Cause> {
    let signer = accounts.nxcloud(common.access_key);
    let multipart = fields::has_media_type(incoming.headers, "multipart/form-data");
    let request = Request {
        action: common.action,
        biz_type: common.biz_type,
        ts: common.ts,
        body: if multipart {
            Body::Unsigned
        } else {
            Body::Signed(incoming.body)
        },
    };
    Ok((signer.ok_or(Cause::UnknownAccount)?, request, common.sign))
}

/// The access key of a request whose signature is correct.
fn authenticate(
    common: Common<'_>,
    incoming: &Incoming<'_>,
    accounts: &Accounts,
    now: u64,
) -> Result<String, Cause> {
    let (signer, request, sign) = claim(common, incoming, accounts)?;
    let near = |ts: u64| ts.abs_diff(now) <= MAX_SKEW;
    if !request.ts.millis().is_some_and(near) {
        return Err(Cause::Timestamp);
    }
    match signer.verify(&request, sign) {
        Ok(()) => Ok(signer.access_key().as_str().to_owned()),
        Err(_) => Err(Cause::Signature(SignatureMismatch::default())),
    }
}

/// The likely cause of a wrong signature, if the account is known.
pub(super) fn diagnosed(incoming: &Incoming<'_>, accounts: &Accounts) -> Option<SignatureMismatch> {
    let common = Common::read(incoming.headers).ok()?;
    let (signer, request, sign) = claim(common, incoming, accounts).ok()?;
    let mismatch = diagnose(signer, &request, incoming.body, sign);
    Some(unreadable::explain(incoming.headers, mismatch))
}

/// The string to sign of a request, with the secret masked, if the account is known.
pub(super) fn explain(incoming: &Incoming<'_>, accounts: &Accounts) -> Option<String> {
    let common = Common::read(incoming.headers).ok()?;
    let (signer, request, _) = claim(common, incoming, accounts).ok()?;
    Some(signer.masked_string_to_sign(&request))
}

//! The checks of the `AntBuddy` scheme.

use nxcloud_signing::antbuddy::Signer;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::account::Accounts;
use super::diagnose::permutations;
use super::{Checked, Incoming, common, input};
use crate::catalog::{HashIn, Route, Signed};
use crate::record::{Cause, LikelyCause, SignatureMismatch};

/// What a query encodes: everything but the unreserved characters.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// Up to so many values, every order of them is tried to explain a wrong hash.
const MAX_REORDERED: usize = 5;

/// Checks a request to the operation of a route.
pub(super) fn check<'a>(
    route: &Route<'a>,
    incoming: &Incoming<'_>,
    accounts: &Accounts,
) -> Checked<'a> {
    let operation = route.first;
    let authentic = match &operation.signed {
        Signed::Sha256 {
            place: HashIn::Query,
            order,
        } => by_query(order, incoming, accounts),
        Signed::Sha256 { .. } | Signed::Md5 { .. } => by_header(incoming, accounts),
    };
    let result = authentic.and_then(|()| {
        let (_, fields) = input::read(&[operation], route, incoming).ok_or(Cause::Operation)?;
        fields.map_err(Cause::from)
    });
    Checked {
        operation,
        certain: true,
        result,
    }
}

fn by_header(incoming: &Incoming<'_>, accounts: &Accounts) -> Result<(), Cause> {
    let app_id = common::header(incoming.headers, "x-auth-app-id")?;
    let hash = common::header(incoming.headers, "x-auth-app-hash")?;
    verify(accounts, app_id, &[app_id], hash)
}

fn by_query(order: &[String], incoming: &Incoming<'_>, accounts: &Accounts) -> Result<(), Cause> {
    let sent = common::query(incoming.query).collect::<Vec<_>>();
    let app_id = common::parameter(&sent, "appId")?;
    let hash = common::parameter(&sent, "hash")?;
    // A parameter that is not sent contributes nothing.
    let values = order
        .iter()
        .flat_map(|name| sent.iter().filter(move |(key, _)| key == name))
        .map(|(_, value)| value.as_str())
        .collect::<Vec<_>>();
    verify(accounts, &app_id, &values, &hash)
}

fn verify(accounts: &Accounts, app_id: &str, values: &[&str], hash: &str) -> Result<(), Cause> {
    let signer = accounts.antbuddy(app_id).ok_or(Cause::UnknownAccount)?;
    signer.verify(values, hash).map_err(|_| {
        let likely = likely_cause(signer, values, hash);
        Cause::Signature(SignatureMismatch::new(likely, signer.explain(values)))
    })
}

fn likely_cause(signer: &Signer, values: &[&str], hash: &str) -> LikelyCause {
    let fits = |values: &[&str], hash: &str| signer.verify(values, hash).is_ok();
    let encoded = values
        .iter()
        .map(|value| utf8_percent_encode(value, QUERY).to_string())
        .collect::<Vec<_>>();
    let encoded = encoded.iter().map(String::as_str).collect::<Vec<_>>();
    let reordered = |order: Vec<usize>| {
        let values = order.iter().filter_map(|at| values.get(*at).copied());
        fits(&values.collect::<Vec<_>>(), hash)
    };
    if fits(values, &hash.to_ascii_lowercase()) {
        LikelyCause::UpperCase
    } else if fits(&encoded, hash) {
        LikelyCause::EncodedValues
    } else if values.len() <= MAX_REORDERED && permutations(values.len()).into_iter().any(reordered)
    {
        LikelyCause::ParameterOrder
    } else {
        LikelyCause::WrongSecret
    }
}

#[cfg(test)]
#[path = "antbuddy_tests.rs"]
mod tests;

//! The checks of the `AntBuddy` scheme.

use nxcloud_signing::Secret;
use nxcloud_signing::antbuddy::Signer;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::accounts::Accounts;
use super::diagnosis::{Budget, permutations, secret_with_white_space};
use super::request::{Checked, Incoming};
use super::{fields, headers, percent};
use nxcloud_spec::document::HashIn;

use crate::platform::catalog::{Operation, Route, Signed};
use crate::platform::verdict::{Cause, LikelyCause, SignatureMismatch};

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
    let authentic = Claim::of(operation, incoming).and_then(|claim| claim.verify(accounts));
    let result = authentic.and_then(|()| {
        let (_, fields) = fields::read(&[operation], route, incoming).ok_or(Cause::Operation)?;
        fields.map_err(Cause::from)
    });
    Checked {
        operation,
        certain: true,
        result,
    }
}

/// What a request says about itself.
struct Claim {
    app_id: String,
    values: Vec<String>,
    hash: String,
}

impl Claim {
    fn by_header(incoming: &Incoming<'_>) -> Result<Self, Cause> {
        let app_id = headers::header(incoming.headers, &headers::APP_ID)?;
        let hash = headers::header(incoming.headers, &headers::APP_HASH)?;
        Ok(Self {
            app_id: app_id.to_owned(),
            values: vec![app_id.to_owned()],
            hash: hash.to_owned(),
        })
    }

    fn by_query(order: &[String], incoming: &Incoming<'_>) -> Result<Self, Cause> {
        let sent = percent::parameters(incoming.query)?;
        let app_id = headers::parameter(&sent, "appId")?;
        let hash = headers::parameter(&sent, "hash")?;
        // A parameter that is not sent contributes nothing.
        let values = order
            .iter()
            .flat_map(|name| sent.iter().filter(move |(key, _)| key == name))
            .map(|(_, value)| value.clone())
            .collect();
        Ok(Self {
            app_id,
            values,
            hash,
        })
    }

    fn of(operation: &Operation, incoming: &Incoming<'_>) -> Result<Self, Cause> {
        match &operation.signed {
            Signed::Sha256 {
                place: HashIn::Query,
                order,
            } => Self::by_query(order, incoming),
            Signed::Sha256 { .. } | Signed::Md5 { .. } => Self::by_header(incoming),
        }
    }

    fn values(&self) -> Vec<&str> {
        self.values.iter().map(String::as_str).collect()
    }

    fn verify(&self, accounts: &Accounts) -> Result<(), Cause> {
        let signer = accounts
            .antbuddy(&self.app_id)
            .ok_or(Cause::UnknownAccount)?;
        let verified = signer.verify(&self.values(), &self.hash);
        verified.map_err(|_| Cause::Signature(SignatureMismatch::default()))
    }
}

/// What a wrong hash looks like, if the account is known.
pub(super) fn diagnosed(
    operation: &Operation,
    incoming: &Incoming<'_>,
    accounts: &Accounts,
) -> Option<SignatureMismatch> {
    let claim = Claim::of(operation, incoming).ok()?;
    let signer = accounts.antbuddy(&claim.app_id)?;
    let values = claim.values();
    let budget = Budget::new();
    let (likely, client) = likely_cause(signer, &values, &claim.hash, &budget);
    let length = values.iter().map(|value| value.len()).sum();
    let fits = |secret: &str| {
        let secret = Secret::new(secret).ok();
        let signer = secret.map(|secret| Signer::new(signer.app_id().clone(), secret));
        let verified = |signer: Signer| signer.verify(&values, &claim.hash).is_ok();
        budget.spend(length) && signer.is_some_and(verified)
    };
    let secret = (likely == LikelyCause::WrongSecret)
        .then(|| secret_with_white_space(signer.secret().expose(), fits))
        .flatten();
    let likely = secret.map_or(likely, |_| LikelyCause::SecretWhiteSpace);
    let mismatch = SignatureMismatch::new(likely, signer.masked_string_to_sign(&values), client);
    Some(mismatch.with_difference(secret.map(str::to_owned)))
}

/// The string to hash of a request, the secret masked, if the account is known.
pub(super) fn explain(
    operation: &Operation,
    incoming: &Incoming<'_>,
    accounts: &Accounts,
) -> Option<String> {
    let claim = Claim::of(operation, incoming).ok()?;
    let signer = accounts.antbuddy(&claim.app_id)?;
    Some(signer.masked_string_to_sign(&claim.values()))
}

/// The cause, and the string that the client hashed if it is another one.
fn likely_cause(
    signer: &Signer,
    values: &[&str],
    hash: &str,
    budget: &Budget,
) -> (LikelyCause, Option<String>) {
    let fits = |values: &[&str], hash: &str| signer.verify(values, hash).is_ok();
    let encoded = values
        .iter()
        .map(|value| utf8_percent_encode(value, QUERY).to_string())
        .collect::<Vec<_>>();
    let encoded = encoded.iter().map(String::as_str).collect::<Vec<_>>();
    if fits(values, &hash.to_ascii_lowercase()) {
        return (LikelyCause::UpperCase, None);
    }
    if fits(&encoded, hash) {
        return (
            LikelyCause::EncodedValues,
            Some(signer.masked_string_to_sign(&encoded)),
        );
    }
    let orders = if values.len() <= MAX_REORDERED {
        permutations(values.len())
    } else {
        Vec::new()
    };
    let length = values.iter().map(|value| value.len()).sum();
    let mut reordered = orders.into_iter().map(|order| {
        let values = order.into_iter().filter_map(|at| values.get(at).copied());
        values.collect::<Vec<_>>()
    });
    match reordered.find(|values| budget.spend(length) && fits(values, hash)) {
        Some(values) => (
            LikelyCause::ParameterOrder,
            Some(signer.masked_string_to_sign(&values)),
        ),
        None => (LikelyCause::WrongSecret, None),
    }
}

#[cfg(test)]
#[path = "antbuddy_tests.rs"]
mod tests;

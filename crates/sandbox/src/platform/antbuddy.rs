//! The checks of the `AntBuddy` scheme.

use nxcloud_signing::antbuddy::Signer;
use nxcloud_signing::{Secret, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::accounts::Accounts;
use super::diagnosis::{Budget, permutations, secret_with_white_space};
use super::request::{Checked, Incoming};
use super::{fields, headers, percent};
use nxcloud_spec::document::HashIn;

use crate::platform::catalog::{Operation, Route, Signed};
use crate::platform::verdict::{Cause, LikelyCause, SignatureMismatch};

/// The characters that are percent-encoded in a query: all but the unreserved ones.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// Up to this number of values, every order is tried to explain a wrong hash.
const MAX_REORDERED: usize = 5;

/// Checks a request to the operation of a route.
pub(super) fn check<'a>(
    route: &Route<'a>,
    incoming: &Incoming<'_>,
    accounts: &Accounts,
) -> Checked<'a> {
    let operation = route.first;
    let authentic = Claim::of(operation, incoming).and_then(|claim| claim.verify(accounts));
    let result = authentic.and_then(|app_id| {
        let (_, fields) = fields::read(&[operation], route, incoming).ok_or(Cause::Operation)?;
        Ok((app_id, fields?))
    });
    Checked {
        operation,
        certain: true,
        result,
    }
}

/// The fields of a request that the checks use.
struct Claim {
    app_id: String,
    values: Vec<String>,
    hash: String,
}

impl Claim {
    fn by_header(incoming: &Incoming<'_>) -> Result<Self, Cause> {
        let app_id = headers::header(incoming.headers, header::APP_ID)?;
        let hash = headers::header(incoming.headers, header::APP_HASH)?;
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
        // An absent parameter contributes nothing.
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

    /// The app id, if the hash is correct.
    fn verify(self, accounts: &Accounts) -> Result<String, Cause> {
        let signer = accounts.antbuddy(&self.app_id);
        let signer = signer.ok_or(Cause::UnknownAccount)?;
        match signer.verify(&self.values(), &self.hash) {
            Ok(()) => Ok(self.app_id),
            Err(_) => Err(Cause::Signature(SignatureMismatch::default())),
        }
    }
}

/// The likely cause of a wrong hash, if the account is known.
pub(super) fn diagnosed(
    operation: &Operation,
    incoming: &Incoming<'_>,
    accounts: &Accounts,
) -> Option<SignatureMismatch> {
    let claim = Claim::of(operation, incoming).ok()?;
    let signer = accounts.antbuddy(&claim.app_id)?;
    let values = claim.values();
    let budget = Budget::new();
    let length = values.iter().map(|value| value.len()).sum();
    let masked = |values: &[&str]| signer.masked_string_to_sign(values);
    let mismatch = |likely, client| SignatureMismatch::new(likely, masked(&values), client);
    let fits =
        |values: &[&str], hash: &str| budget.spend(length) && signer.verify(values, hash).is_ok();
    if fits(&values, &claim.hash.to_ascii_lowercase()) {
        return Some(mismatch(LikelyCause::UpperCase, None));
    }
    let encoded = values
        .iter()
        .map(|value| utf8_percent_encode(value, QUERY).to_string());
    let encoded = encoded.collect::<Vec<_>>();
    let encoded = encoded.iter().map(String::as_str).collect::<Vec<_>>();
    if fits(&encoded, &claim.hash) {
        let client = masked(&encoded);
        return Some(mismatch(LikelyCause::EncodedValues, Some(client)));
    }
    let mut orders = match values.len() {
        0..=MAX_REORDERED => permutations(&values).into_iter(),
        _ => Vec::new().into_iter(),
    };
    if let Some(order) = orders.find(|order| fits(order, &claim.hash)) {
        return Some(mismatch(LikelyCause::ParameterOrder, Some(masked(&order))));
    }
    let has_secret = |secret: &str| {
        let signer = Secret::new(secret).map(|secret| Signer::new(signer.app_id().clone(), secret));
        budget.spend(length)
            && signer.is_ok_and(|signer| signer.verify(&values, &claim.hash).is_ok())
    };
    match secret_with_white_space(signer.secret().expose(), has_secret) {
        Some(difference) => {
            let mismatch = mismatch(LikelyCause::SecretWhiteSpace, None);
            Some(mismatch.with_difference(Some(difference.to_owned())))
        }
        None => Some(mismatch(LikelyCause::WrongSecret, None)),
    }
}

/// The string to hash of a request, with the secret masked, if the account is known.
pub(super) fn explain(
    operation: &Operation,
    incoming: &Incoming<'_>,
    accounts: &Accounts,
) -> Option<String> {
    let claim = Claim::of(operation, incoming).ok()?;
    let signer = accounts.antbuddy(&claim.app_id)?;
    Some(signer.masked_string_to_sign(&claim.values()))
}

#[cfg(test)]
#[path = "antbuddy_tests.rs"]
mod tests;

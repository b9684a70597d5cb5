//! Which documented cause a wrong signature looks like.

use md5::{Digest, Md5};
use nxcloud_signing::{AccessKey, Body, Request, Secret, Signer};

use super::respelled;
use crate::record::{LikelyCause, SignatureMismatch};

/// Orders of the parameters are tried with bodies up to this size only, because each try digests the whole body.
const MAX_REORDERED_BODY: usize = 1024 * 1024;

/// Finds out what a wrong signature was made over, by trying the documented mistakes.
///
/// `request` is the request as the server verified it: its body is `Signed` or, for `multipart/form-data`, `Unsigned`.
/// `body` holds the bytes received in either case.
pub(super) fn diagnose(
    access_key: &AccessKey,
    secret: &Secret,
    request: &Request<'_>,
    body: &[u8],
    claimed: &str,
) -> SignatureMismatch {
    let signer = Signer::new(access_key.clone(), secret.clone());
    let attempt = Attempt {
        access_key,
        secret,
        signer: &signer,
        request: *request,
        body,
        claimed,
    };
    SignatureMismatch::new(attempt.likely_cause(), signer.explain(request))
}

struct Attempt<'a> {
    access_key: &'a AccessKey,
    secret: &'a Secret,
    signer: &'a Signer,
    request: Request<'a>,
    body: &'a [u8],
    claimed: &'a str,
}

impl Attempt<'_> {
    fn likely_cause(&self) -> LikelyCause {
        let multipart = self.request.body == Body::Unsigned;
        let lower = self.claimed.to_ascii_lowercase();
        if lower != self.claimed && self.signer.verify(&self.request, &lower).is_ok() {
            LikelyCause::UpperCase
        } else if multipart && self.fits(Body::Signed(self.body)) {
            LikelyCause::MultipartBodySigned
        } else if !multipart && self.fits(Body::Unsigned) {
            LikelyCause::BodyLeftOut
        } else if !multipart && self.fits_another_spelling() {
            LikelyCause::BodyReserialised
        } else if self.fits_another_order() {
            LikelyCause::ParameterOrder
        } else {
            LikelyCause::WrongSecret
        }
    }

    fn fits(&self, body: Body<'_>) -> bool {
        let request = Request {
            action: self.request.action,
            biz_type: self.request.biz_type,
            ts: self.request.ts,
            body,
        };
        self.signer.verify(&request, self.claimed).is_ok()
    }

    fn fits_another_spelling(&self) -> bool {
        respelled::any(self.body, |body| self.fits(Body::Signed(body)))
    }

    /// Tries every order of the four header parameters, with the body and without it.
    fn fits_another_order(&self) -> bool {
        let pairs = [
            ("accessKey", self.access_key.as_str()),
            ("action", self.request.action.as_str()),
            ("bizType", self.request.biz_type.as_str()),
            ("ts", self.request.ts.as_str()),
        ];
        let with_body = Some(self.body).filter(|body| body.len() <= MAX_REORDERED_BODY);
        let bodies = [with_body.unwrap_or_default(), &[]];
        permutations(pairs.len()).iter().any(|order| {
            bodies
                .iter()
                .any(|body| self.digest_in_order(&pairs, order, body) == self.claimed)
        })
    }

    /// The signature that a client makes that puts its parameters in a wrong order. The right order is written in the
    /// signing crate alone.
    fn digest_in_order(&self, pairs: &[(&str, &str)], order: &[usize], body: &[u8]) -> String {
        let mut md5 = Md5::new();
        let ordered = order.iter().filter_map(|at| pairs.get(*at));
        for (position, (name, value)) in ordered.enumerate() {
            if position > 0 {
                md5.update("&");
            }
            md5.update(name);
            md5.update("=");
            md5.update(value);
        }
        if !body.is_empty() {
            md5.update("&body=");
            md5.update(body);
        }
        md5.update("&accessSecret=");
        md5.update(self.secret.expose());
        data_encoding::HEXLOWER.encode(&md5.finalize())
    }
}

/// Every order of the numbers below `count`.
pub(super) fn permutations(count: usize) -> Vec<Vec<usize>> {
    let mut orders = vec![Vec::new()];
    for number in 0..count {
        orders = orders
            .into_iter()
            .flat_map(|order: Vec<usize>| {
                (0..=order.len()).map(move |at| {
                    let mut longer = order.clone();
                    longer.insert(at, number);
                    longer
                })
            })
            .collect();
    }
    orders
}

#[cfg(test)]
#[path = "diagnose_tests.rs"]
mod tests;

//! Which documented cause a wrong signature looks like.

use std::cell::Cell;

use md5::{Digest, Md5};
use nxcloud_signing::{AccessKey, Body, Request, Secret, Signer};

use super::respelled;
use crate::record::{LikelyCause, SignatureMismatch};

/// How many bytes one diagnosis hashes at most. A test that embeds the sandbox may run unoptimised, where this takes about
/// half a second.
pub(super) const BUDGET: usize = 4 * 1024 * 1024;

/// How many bytes may still be hashed.
pub(super) struct Budget(Cell<usize>);

impl Budget {
    pub(super) const fn new() -> Self {
        Self(Cell::new(BUDGET))
    }

    /// How many are left.
    pub(super) const fn left(&self) -> usize {
        self.0.get()
    }

    /// Takes so many bytes; false if fewer are left.
    pub(super) fn spend(&self, bytes: usize) -> bool {
        let left = self.0.get().checked_sub(bytes);
        self.0.set(left.unwrap_or_else(|| self.0.get()));
        left.is_some()
    }
}

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
        budget: Budget::new(),
    };
    let (likely, client) = attempt.likely_cause();
    SignatureMismatch::new(likely, signer.explain(request), client)
}

struct Attempt<'a> {
    access_key: &'a AccessKey,
    secret: &'a Secret,
    signer: &'a Signer,
    request: Request<'a>,
    body: &'a [u8],
    claimed: &'a str,
    budget: Budget,
}

impl Attempt<'_> {
    /// The cause, and the string that the client signed if it is another one.
    fn likely_cause(&self) -> (LikelyCause, Option<String>) {
        let multipart = self.request.body == Body::Unsigned;
        let lower = self.claimed.to_ascii_lowercase();
        let over = |body| Some(self.signer.explain(&self.over(body)));
        if lower != self.claimed && self.fits_as(self.request.body, &lower) {
            (LikelyCause::UpperCase, None)
        } else if multipart && self.fits(Body::Signed(self.body)) {
            (
                LikelyCause::MultipartBodySigned,
                over(Body::Signed(self.body)),
            )
        } else if !multipart && self.fits(Body::Unsigned) {
            (LikelyCause::BodyLeftOut, over(Body::Unsigned))
        } else if let Some(body) = self.fitting_spelling(multipart) {
            (LikelyCause::BodyReserialised, over(Body::Signed(&body)))
        } else if let Some(text) = self.fitting_order() {
            (LikelyCause::ParameterOrder, Some(text))
        } else {
            (LikelyCause::WrongSecret, None)
        }
    }

    /// The same request over another body.
    fn over<'b>(&'b self, body: Body<'b>) -> Request<'b> {
        Request {
            action: self.request.action,
            biz_type: self.request.biz_type,
            ts: self.request.ts,
            body,
        }
    }

    fn fits(&self, body: Body<'_>) -> bool {
        self.fits_as(body, self.claimed)
    }

    /// Whether a body has a signature. It does not if that is more than the budget allows to hash.
    fn fits_as(&self, body: Body<'_>, claimed: &str) -> bool {
        let length = match body {
            Body::Signed(bytes) => bytes.len(),
            Body::Unsigned => 0,
        };
        self.budget.spend(length) && {
            #[cfg(test)]
            tests::HASHED.set(tests::HASHED.get() + length);
            self.signer.verify(&self.over(body), claimed).is_ok()
        }
    }

    fn fitting_spelling(&self, multipart: bool) -> Option<Vec<u8>> {
        if multipart {
            return None;
        }
        let mut found = None;
        respelled::any(self.body, |body| {
            if self.fits(Body::Signed(body)) {
                found = Some(body.to_vec());
            }
            // Those that follow are about as long.
            found.is_some() || self.budget.left() < body.len()
        });
        found
    }

    /// Tries every order of the four header parameters, with the body and without it.
    fn fitting_order(&self) -> Option<String> {
        let pairs = [
            ("accessKey", self.access_key.as_str()),
            ("action", self.request.action.as_str()),
            ("bizType", self.request.biz_type.as_str()),
            ("ts", self.request.ts.as_str()),
        ];
        let orders = permutations(pairs.len());
        let without = orders.iter().map(|order| (order, &[][..]));
        let with = orders.iter().map(|order| (order, self.body));
        without.chain(with).find_map(|(order, body)| {
            let fits = self.budget.spend(body.len())
                && self.digest_in_order(&pairs, order, body) == self.claimed;
            if !fits {
                return None;
            }
            let mut text = String::new();
            let mut write = |bytes: &[u8]| text.push_str(&String::from_utf8_lossy(bytes));
            in_order(&pairs, order, body, b"***", &mut write);
            Some(text)
        })
    }

    /// The signature that a client makes that puts its parameters in a wrong order. The right order is written in the
    /// signing crate alone.
    fn digest_in_order(&self, pairs: &[(&str, &str)], order: &[usize], body: &[u8]) -> String {
        #[cfg(test)]
        tests::HASHED.set(tests::HASHED.get() + body.len());
        let mut md5 = Md5::new();
        let secret = self.secret.expose().as_bytes();
        in_order(pairs, order, body, secret, &mut |bytes| md5.update(bytes));
        data_encoding::HEXLOWER.encode(&md5.finalize())
    }
}

/// Writes the string that such a client signs.
fn in_order(
    pairs: &[(&str, &str)],
    order: &[usize],
    body: &[u8],
    secret: &[u8],
    write: &mut dyn FnMut(&[u8]),
) {
    let ordered = order.iter().filter_map(|at| pairs.get(*at));
    for (position, (name, value)) in ordered.enumerate() {
        if position > 0 {
            write(b"&");
        }
        write(name.as_bytes());
        write(b"=");
        write(value.as_bytes());
    }
    if !body.is_empty() {
        write(b"&body=");
        write(body);
    }
    write(b"&accessSecret=");
    write(secret);
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

//! Which documented cause a wrong signature looks like.

mod budget;
mod permutations;
mod secret;
mod spellings;

use md5::{Digest, Md5};
use nxcloud_signing::{Body, Request, Signer, header};

pub(crate) use budget::Budget;
use budget::SMALL_BODY;
pub(crate) use permutations::permutations;
pub(crate) use secret::secret_with_white_space;

use crate::platform::verdict::{LikelyCause, SignatureMismatch};

/// Finds out what a wrong signature was made over, by trying the usual mistakes.
///
/// `request` is the request as the server verified it: its body is `Signed` or, for `multipart/form-data`, `Unsigned`.
/// `body` holds the bytes received in either case.
pub(super) fn diagnose(
    signer: &Signer,
    request: &Request<'_>,
    body: &[u8],
    claimed: &str,
) -> SignatureMismatch {
    let lower = claimed.to_ascii_lowercase();
    let attempt = Attempt {
        signer,
        request: *request,
        body,
        claimed: &lower,
        is_upper: lower != claimed,
        budget: Budget::new(),
    };
    let string = signer.masked_string_to_sign(request);
    let found = attempt.find(&string);
    SignatureMismatch::new(found.cause, string, found.client).with_difference(found.difference)
}

/// What a signature was made over.
struct Found {
    cause: LikelyCause,
    /// The string that the client signed, if it is another one.
    client: Option<String>,
    difference: Option<String>,
}

impl Found {
    const fn new(cause: LikelyCause, client: Option<String>) -> Self {
        Self {
            cause,
            client,
            difference: None,
        }
    }
}

struct Attempt<'a> {
    signer: &'a Signer,
    request: Request<'a>,
    body: &'a [u8],
    /// In small letters.
    claimed: &'a str,
    /// Whether it had capitals.
    is_upper: bool,
    budget: Budget,
}

impl Attempt<'_> {
    /// `string` is the string to sign as the server sees it.
    fn find(&self, string: &str) -> Found {
        let small = self.body.len() <= SMALL_BODY;
        let order = |body| {
            let text = self.fitting_order(body)?;
            Some(Found::new(LikelyCause::ParameterOrder, Some(text)))
        };
        self.fitting_part()
            .or_else(|| self.fitting_secret(string))
            .or_else(|| order(&[]))
            .or_else(|| small.then(|| order(self.body)).flatten())
            .or_else(|| self.fitting_spelling())
            .or_else(|| (!small).then(|| order(self.body)).flatten())
            .unwrap_or_else(|| self.nothing())
    }

    /// Tries the documented mistakes: capitals, and the body signed where it must not be or the reverse.
    fn fitting_part(&self) -> Option<Found> {
        let multipart = self.request.body == Body::Unsigned;
        if self.is_upper && self.fits(self.request.body) {
            return Some(Found::new(LikelyCause::UpperCase, None));
        }
        let (cause, body) = if multipart {
            (LikelyCause::MultipartBodySigned, Body::Signed(self.body))
        } else {
            (LikelyCause::BodyLeftOut, Body::Unsigned)
        };
        let fits = self.fits(body);
        fits.then(|| {
            Found::new(
                cause,
                Some(self.signer.masked_string_to_sign(&self.over(body))),
            )
        })
    }

    /// Tries the secret with white space around it, and without its own. The rest is hashed once.
    fn fitting_secret(&self, string: &str) -> Option<Found> {
        let start = string.strip_suffix("***")?;
        if !self.budget.spend(start.len()) {
            return None;
        }
        let start = Md5::new_with_prefix(start);
        let fits = |secret: &str| {
            let md5 = start.clone().chain_update(secret);
            data_encoding::HEXLOWER.encode(&md5.finalize()) == self.claimed
        };
        let difference = secret_with_white_space(self.signer.secret().expose(), fits)?;
        Some(Found {
            cause: LikelyCause::SecretWhiteSpace,
            client: None,
            difference: Some(difference.to_owned()),
        })
    }

    fn nothing(&self) -> Found {
        let tired = self.budget.left() == 0;
        let difference = "signed with another secret, or in a spelling that was not tried because the body is large";
        Found {
            cause: LikelyCause::WrongSecret,
            client: None,
            difference: tired.then(|| difference.to_owned()),
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

    /// Whether a body has the signature. It does not if that is more than the budget allows to hash.
    fn fits(&self, body: Body<'_>) -> bool {
        let length = match body {
            Body::Signed(bytes) => bytes.len(),
            _ => 0,
        };
        self.budget.spend(length) && {
            #[cfg(test)]
            tests::HASHED.set(tests::HASHED.get() + length);
            self.signer.verify(&self.over(body), self.claimed).is_ok()
        }
    }

    fn fitting_spelling(&self) -> Option<Found> {
        let multipart = self.request.body == Body::Unsigned;
        if multipart || self.body.len() > self.budget.left() {
            return None;
        }
        let bases = spellings::bases(self.body, &self.budget);
        let found = spellings::all(&bases, &self.budget)
            .take_while(|_| self.budget.left() > 0)
            .find(|spelling| self.fits(Body::Signed(&spelling.body)))?;
        let request = self.over(Body::Signed(&found.body));
        Some(Found {
            cause: found.cause,
            client: Some(self.signer.masked_string_to_sign(&request)),
            difference: Some(found.difference.into_owned()),
        })
    }

    /// Tries every order of the four header parameters with a body.
    fn fitting_order(&self, body: &[u8]) -> Option<String> {
        let pairs = [
            (header::ACCESS_KEY, self.signer.access_key().as_str()),
            (header::ACTION, self.request.action.as_str()),
            (header::BIZ_TYPE, self.request.biz_type.as_str()),
            (header::TS, self.request.ts.as_str()),
        ];
        let orders = permutations(pairs.len());
        let order = orders.iter().find(|order| {
            self.budget.spend(body.len())
                && self.digest_in_order(&pairs, order, body) == self.claimed
        })?;
        let mut text = String::new();
        let mut write = |bytes: &[u8]| text.push_str(&String::from_utf8_lossy(bytes));
        in_order(&pairs, order, body, b"***", &mut write);
        Some(text)
    }

    /// The signature that a client makes that puts its parameters in a wrong order. The right order is written in the
    /// signing crate alone.
    fn digest_in_order(&self, pairs: &[(&str, &str)], order: &[usize], body: &[u8]) -> String {
        #[cfg(test)]
        tests::HASHED.set(tests::HASHED.get() + body.len());
        let mut md5 = Md5::new();
        let secret = self.signer.secret().expose().as_bytes();
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

#[cfg(test)]
mod spellings_tests;
#[cfg(test)]
#[path = "diagnosis_tests.rs"]
mod tests;

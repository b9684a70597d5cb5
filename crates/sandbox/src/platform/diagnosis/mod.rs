//! Finds the likely cause of a wrong signature.

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

/// Finds out what a wrong signature was computed over, by trying the usual mistakes.
///
/// `request` is the request as the server verified it: its body is `Signed` or, for `multipart/form-data`,
/// `Unsigned`. In both cases `body` contains the received bytes.
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
    attempt.find()
}

struct Attempt<'a> {
    signer: &'a Signer,
    request: Request<'a>,
    body: &'a [u8],
    /// In lower case.
    claimed: &'a str,
    /// Whether the signature had uppercase letters.
    is_upper: bool,
    budget: Budget,
}

impl Attempt<'_> {
    fn find(&self) -> SignatureMismatch {
        let small = self.body.len() <= SMALL_BODY;
        self.fitting_part()
            .or_else(|| self.fitting_secret())
            .or_else(|| self.fitting_order(&[]))
            .or_else(|| small.then(|| self.fitting_order(self.body)).flatten())
            .or_else(|| self.fitting_spelling())
            .or_else(|| (!small).then(|| self.fitting_order(self.body)).flatten())
            .unwrap_or_else(|| self.nothing())
    }

    /// A result. `client` is the string that the client signed, if it differs from the server's.
    fn mismatch(&self, cause: LikelyCause, client: Option<String>) -> SignatureMismatch {
        let server = self.signer.masked_string_to_sign(&self.request);
        SignatureMismatch::new(cause, server, client)
    }

    /// Tries the documented mistakes: uppercase letters, and a body that was wrongly signed or left out.
    fn fitting_part(&self) -> Option<SignatureMismatch> {
        if self.is_upper && self.fits(self.request.body) {
            return Some(self.mismatch(LikelyCause::UpperCase, None));
        }
        let (cause, body) = match self.request.body {
            Body::Unsigned => (LikelyCause::MultipartBodySigned, Body::Signed(self.body)),
            _ => (LikelyCause::BodyLeftOut, Body::Unsigned),
        };
        let client = || self.signer.masked_string_to_sign(&self.over(body));
        self.fits(body)
            .then(|| self.mismatch(cause, Some(client())))
    }

    /// Tries the secret with white space around it, and without its own. The other bytes are hashed once.
    fn fitting_secret(&self) -> Option<SignatureMismatch> {
        let string = self.signer.masked_string_to_sign(&self.request);
        let start = string.strip_suffix("***")?;
        if !self.budget.spend(start.len()) {
            return None;
        }
        let start = Md5::new_with_prefix(start);
        let fits = |secret: &str| hex(start.clone().chain_update(secret)) == self.claimed;
        let difference = secret_with_white_space(self.signer.secret().expose(), fits)?;
        let mismatch = self.mismatch(LikelyCause::SecretWhiteSpace, None);
        Some(mismatch.with_difference(Some(difference.to_owned())))
    }

    /// Tries every order of the four header parameters with a body. The right order is defined in the signing crate
    /// only.
    fn fitting_order(&self, body: &[u8]) -> Option<SignatureMismatch> {
        let parameters = [
            (header::ACCESS_KEY, self.signer.access_key().as_str()),
            (header::ACTION, self.request.action.as_str()),
            (header::BIZ_TYPE, self.request.biz_type.as_str()),
            (header::TS, self.request.ts.as_str()),
        ];
        let parameters = parameters.map(|(name, value)| format!("{name}={value}"));
        let marker: &[u8] = if body.is_empty() { b"" } else { b"&body=" };
        permutations(&parameters).into_iter().find_map(|order| {
            let order = order.join("&");
            let start = [order.as_bytes(), marker, body, b"&accessSecret="].concat();
            let fits = self.budget.spend(body.len()) && {
                #[cfg(test)]
                tests::HASHED.set(tests::HASHED.get() + body.len());
                let secret = self.signer.secret().expose();
                hex(Md5::new_with_prefix(&start).chain_update(secret)) == self.claimed
            };
            let client = || String::from_utf8_lossy(&start).into_owned() + "***";
            fits.then(|| self.mismatch(LikelyCause::ParameterOrder, Some(client())))
        })
    }

    fn fitting_spelling(&self) -> Option<SignatureMismatch> {
        if self.request.body == Body::Unsigned || self.body.len() > self.budget.left() {
            return None;
        }
        let fits = |body: &[u8]| self.fits(Body::Signed(body));
        let variant = spellings::find(self.body, &self.budget, &fits)?;
        let request = self.over(Body::Signed(&variant.body));
        let client = self.signer.masked_string_to_sign(&request);
        let mismatch = self.mismatch(variant.cause, Some(client));
        Some(mismatch.with_difference(Some(variant.difference)))
    }

    fn nothing(&self) -> SignatureMismatch {
        let difference = "signed with another secret, or in a variant that was not tried because the body is large";
        let tired = self.budget.left() == 0;
        let mismatch = self.mismatch(LikelyCause::WrongSecret, None);
        mismatch.with_difference(tired.then(|| difference.to_owned()))
    }

    /// The same request over another body.
    fn over<'b>(&'b self, body: Body<'b>) -> Request<'b> {
        Request {
            body,
            ..self.request
        }
    }

    /// Whether the signature matches a body. False if the budget does not allow to hash it.
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
}

fn hex(md5: Md5) -> String {
    data_encoding::HEXLOWER.encode(&md5.finalize())
}

#[cfg(test)]
mod spellings_tests;
#[cfg(test)]
#[path = "diagnosis_tests.rs"]
mod tests;

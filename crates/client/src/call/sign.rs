//! Signs requests. No other module does. The signature covers exactly the bytes of the request's body.

use std::borrow::Cow;

use http::header::{HeaderName, HeaderValue};
use nxcloud_signing::header::lower;
use nxcloud_signing::{
    AccessKey, Action, BizType, Body, InvalidField, Request as Parts, Timestamp,
};
use nxcloud_signing::{Signature, Signer, antbuddy};

use crate::call::prepare::Prepared;
use crate::{Error, HashIn, Operation, Scheme, Session, SignedRequest};

const ACCESS_KEY: HeaderName = HeaderName::from_static(lower::ACCESS_KEY);
const ACTION: HeaderName = HeaderName::from_static(lower::ACTION);
const APP_HASH: HeaderName = HeaderName::from_static(lower::APP_HASH);
const APP_ID: HeaderName = HeaderName::from_static(lower::APP_ID);
const BIZ_TYPE: HeaderName = HeaderName::from_static(lower::BIZ_TYPE);
const SIGN: HeaderName = HeaderName::from_static(lower::SIGN);
const TS: HeaderName = HeaderName::from_static(lower::TS);

/// The NXCLOUD headers that all requests of a batch share.
const SHARED: [HeaderName; 4] = [ACCESS_KEY, TS, BIZ_TYPE, ACTION];

/// Signs the requests of one operation with one account.
pub(crate) enum Signing<'a> {
    Nxcloud(Nxcloud<'a>),
    AntBuddy(AntBuddy<'a>),
}

pub(crate) struct Nxcloud<'a> {
    signer: &'a Signer,
    biz_type: BizType<'a>,
    action: Action<'a>,
    body_signed: bool,
}

pub(crate) struct AntBuddy<'a> {
    signer: &'a antbuddy::Signer,
    hash_in: HashIn,
    /// Wire names of the hashed parameters.
    order: &'static [&'static str],
}

impl<'a> Signing<'a> {
    /// # Errors
    ///
    /// If the session has no account for the operation, or a header set in its options is invalid.
    pub(crate) fn new(session: &'a Session, operation: &Operation) -> Result<Self, Error> {
        let invalid = |error: InvalidField| Error::configuration(error.to_string());
        let (credentials, options) = (session.credentials(), session.options());
        Ok(match operation.scheme {
            Scheme::NxcloudMd5 {
                biz_type,
                action,
                body_signed,
            } => Self::Nxcloud(Nxcloud {
                signer: credentials.nxcloud.as_ref().ok_or_else(|| {
                    Error::configuration(
                        "the session has no NXCLOUD account; pass an access key and secret when you build it",
                    )
                })?,
                biz_type: match &options.biz_type {
                    Some(other) => BizType::new(other).map_err(invalid)?,
                    None => biz_type,
                },
                action: match &options.action {
                    Some(other) => Action::new(other).map_err(invalid)?,
                    None => action,
                },
                body_signed,
            }),
            Scheme::AntBuddySha256 { hash_in, order } => Self::AntBuddy(AntBuddy {
                signer: credentials.antbuddy.as_ref().ok_or_else(|| {
                    Error::configuration(
                        "the session has no AntBuddy account; pass an app id and secret when you build it",
                    )
                })?,
                hash_in,
                order,
            }),
        })
    }

    /// Whether requests carry a timestamp.
    pub(crate) fn has_ts(&self) -> bool {
        matches!(self, Self::Nxcloud(_))
    }

    /// Signs a request.
    pub(crate) fn sign(&self, request: &Prepared, ts: Timestamp) -> Result<SignedRequest, Error> {
        match self {
            Self::Nxcloud(account) => account.sign(request, ts),
            Self::AntBuddy(account) => account.sign(request),
        }
    }

    /// Signs many requests. NXCLOUD requests are hashed in parallel with SIMD instructions.
    pub(crate) fn sign_batch(
        &self,
        requests: &[Prepared],
        ts: Timestamp,
    ) -> Result<Vec<SignedRequest>, Error> {
        match self {
            Self::Nxcloud(account) => account.sign_batch(requests, ts),
            Self::AntBuddy(account) => requests
                .iter()
                .map(|request| account.sign(request))
                .collect(),
        }
    }
}

impl Nxcloud<'_> {
    fn sign(&self, request: &Prepared, ts: Timestamp) -> Result<SignedRequest, Error> {
        let signature = self.signer.sign(&self.parts(request, ts)?);
        self.signed(request, ts, self.shared(ts)?, &signature)
    }

    fn sign_batch(
        &self,
        requests: &[Prepared],
        ts: Timestamp,
    ) -> Result<Vec<SignedRequest>, Error> {
        let parts = requests.iter().map(|request| self.parts(request, ts));
        let parts: Vec<Parts<'_>> = parts.collect::<Result<_, _>>()?;
        let mut signatures = vec![Signature::UNSET; parts.len()];
        self.signer
            .sign_batch(&parts, &mut signatures)
            .map_err(|error| Error::configuration(error.to_string()))?;
        let shared = self.shared(ts)?;
        let signed = requests.iter().zip(&signatures);
        signed
            .map(|(request, signature)| self.signed(request, ts, shared.clone(), signature))
            .collect()
    }

    fn parts<'r>(&'r self, request: &'r Prepared, ts: Timestamp) -> Result<Parts<'r>, Error> {
        if self.body_signed && request.body.is_none() {
            let problem = "a multipart body cannot be signed; pass the body as bytes";
            return Err(Error::configuration(problem));
        }
        Ok(Parts {
            action: self.action,
            biz_type: self.biz_type,
            ts,
            body: signed_body(self.body_signed, request.body.as_deref()),
        })
    }

    /// The values of [`SHARED`].
    fn shared(&self, ts: Timestamp) -> Result<[HeaderValue; 4], Error> {
        Ok([
            sensitive(self.signer.access_key().as_str())?,
            value(ts.as_str())?,
            value(self.biz_type.as_str())?,
            value(self.action.as_str())?,
        ])
    }

    fn signed(
        &self,
        request: &Prepared,
        ts: Timestamp,
        shared: [HeaderValue; 4],
        signature: &Signature,
    ) -> Result<SignedRequest, Error> {
        let mut signed = request.copy();
        for (name, value) in SHARED.into_iter().zip(shared) {
            signed.headers.insert(name, value);
        }
        let signature = sensitive(signature.as_str())?;
        signed.headers.insert(SIGN, signature);
        signed.ts = Some(ts);
        Ok(signed)
    }
}

impl AntBuddy<'_> {
    fn sign(&self, request: &Prepared) -> Result<SignedRequest, Error> {
        let app_id = self.signer.app_id().as_str();
        let mut signed = request.copy();
        match self.hash_in {
            HashIn::Header => {
                let hash = self.signer.sign_app_id();
                signed.headers.insert(APP_ID, sensitive(app_id)?);
                signed.headers.insert(APP_HASH, sensitive(hash.as_str())?);
            }
            HashIn::Query => {
                let mut pairs = vec![("appId".into(), app_id.into())];
                pairs.extend(request.url.query_pairs());
                let hash = self.signer.sign(&hashed_values(self.order, &pairs));
                signed
                    .url
                    .query_pairs_mut()
                    .clear()
                    .extend_pairs(&pairs)
                    .append_pair("hash", hash.as_str());
            }
        }
        Ok(signed)
    }
}

impl SignedRequest {
    /// The string that was signed, with `***` in place of the secret. It contains the body, and so phone numbers and message texts.
    #[must_use]
    pub fn string_to_sign(&self) -> String {
        match self.operation.scheme {
            // These headers were written from values of the same types, so none of them is missing or invalid.
            Scheme::NxcloudMd5 { body_signed, .. } => {
                self.nxcloud_string(body_signed).unwrap_or_default()
            }
            Scheme::AntBuddySha256 { hash_in, order } => match hash_in {
                HashIn::Header => {
                    let app_id = self.header(&APP_ID).unwrap_or_default();
                    antbuddy::masked_string_to_sign(&[app_id])
                }
                HashIn::Query => {
                    let pairs: Vec<_> = self.url.query_pairs().collect();
                    antbuddy::masked_string_to_sign(&hashed_values(order, &pairs))
                }
            },
        }
    }

    fn nxcloud_string(&self, body_signed: bool) -> Option<String> {
        let parts = Parts {
            action: Action::new(self.header(&ACTION)?).ok()?,
            biz_type: BizType::new(self.header(&BIZ_TYPE)?).ok()?,
            ts: self.ts?,
            body: signed_body(body_signed, self.body.as_deref()),
        };
        let access_key = AccessKey::new(self.header(&ACCESS_KEY)?).ok()?;
        Some(parts.masked_string_to_sign(&access_key))
    }

    fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The part of the body that the signature covers.
fn signed_body(is_signed: bool, body: Option<&[u8]>) -> Body<'_> {
    match body {
        Some(body) if is_signed => Body::Signed(body),
        _ => Body::Unsigned,
    }
}

/// The values to hash: decoded, in the documented order. Parameters that are not sent are left out.
fn hashed_values<'p>(order: &[&str], pairs: &'p [(Cow<'_, str>, Cow<'_, str>)]) -> Vec<&'p str> {
    order
        .iter()
        .filter_map(|name| pairs.iter().find(|(key, _)| key == name))
        .map(|(_, value)| value.as_ref())
        .collect()
}

fn value(text: &str) -> Result<HeaderValue, Error> {
    // The signing crate validates every value, so an error here is a bug in that validation.
    HeaderValue::from_str(text).map_err(|error| {
        Error::configuration(
            "the account or an option holds characters that an HTTP header cannot carry; remove them",
        )
        .with_source(error)
    })
}

fn sensitive(text: &str) -> Result<HeaderValue, Error> {
    let mut value = value(text)?;
    value.set_sensitive(true);
    Ok(value)
}

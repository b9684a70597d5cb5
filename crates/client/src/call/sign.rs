//! Puts the signature on a request: the only place where one is signed. What is signed is the body that the request holds.

use http::header::{HeaderName, HeaderValue};
use nxcloud_signing::{Action, BizType, Body, InvalidField, Request as Parts, Timestamp};
use nxcloud_signing::{Signature, Signer, antbuddy};
use reqwest::Request;

use crate::{Error, HashIn, Operation, Scheme, Session};

const ACCESS_KEY: HeaderName = HeaderName::from_static("accesskey");
const ACTION: HeaderName = HeaderName::from_static("action");
const APP_HASH: HeaderName = HeaderName::from_static("x-auth-app-hash");
const APP_ID: HeaderName = HeaderName::from_static("x-auth-app-id");
const BIZ_TYPE: HeaderName = HeaderName::from_static("biztype");
const SIGN: HeaderName = HeaderName::from_static("sign");
const TS: HeaderName = HeaderName::from_static("ts");

/// How the requests of one operation are signed with one account.
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
    /// When the session has no account for the operation, or a header of its options cannot be sent.
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
                        "the session has no NXCLOUD account; give it an access key and secret",
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
                        "the session has no AntBuddy account; give it an app id and secret",
                    )
                })?,
                hash_in,
                order,
            }),
        })
    }

    /// Whether requests carry the time.
    pub(crate) fn has_ts(&self) -> bool {
        matches!(self, Self::Nxcloud(_))
    }

    /// Signs a request. Gives the string that was signed, with the secret masked, if asked to.
    pub(crate) fn sign(
        &self,
        request: &mut Request,
        ts: Timestamp,
        explain: bool,
    ) -> Result<Option<String>, Error> {
        match self {
            Self::Nxcloud(account) => account.sign(request, ts, explain),
            Self::AntBuddy(account) => account.sign(request, explain),
        }
    }

    /// Signs many requests; NXCLOUD's in the vector registers of the CPU. Gives the strings that were signed.
    pub(crate) fn sign_batch(
        &self,
        requests: &mut [Request],
        ts: Timestamp,
    ) -> Result<Vec<String>, Error> {
        match self {
            Self::Nxcloud(account) => account.sign_batch(requests, ts),
            Self::AntBuddy(account) => requests
                .iter_mut()
                .map(|request| Ok(account.sign(request, true)?.unwrap_or_default()))
                .collect(),
        }
    }
}

impl Nxcloud<'_> {
    fn sign(
        &self,
        request: &mut Request,
        ts: Timestamp,
        explain: bool,
    ) -> Result<Option<String>, Error> {
        let parts = self.parts(request, ts)?;
        let signature = self.signer.sign(&parts);
        let string_to_sign = explain.then(|| self.signer.masked_string_to_sign(&parts));
        self.put(request, ts, &signature)?;
        Ok(string_to_sign)
    }

    fn sign_batch(&self, requests: &mut [Request], ts: Timestamp) -> Result<Vec<String>, Error> {
        let parts = requests.iter().map(|request| self.parts(request, ts));
        let parts: Vec<Parts<'_>> = parts.collect::<Result<_, _>>()?;
        let mut signatures = vec![Signature::UNSET; parts.len()];
        self.signer
            .sign_batch(&parts, &mut signatures)
            .map_err(|error| Error::configuration(error.to_string()))?;
        let strings = parts
            .iter()
            .map(|parts| self.signer.masked_string_to_sign(parts));
        let strings = strings.collect();
        for (request, signature) in requests.iter_mut().zip(&signatures) {
            self.put(request, ts, signature)?;
        }
        Ok(strings)
    }

    fn parts<'r>(&'r self, request: &'r Request, ts: Timestamp) -> Result<Parts<'r>, Error> {
        let body = match request.body() {
            _ if !self.body_signed => Body::Unsigned,
            None => Body::Signed(&[]),
            Some(body) => Body::Signed(body.as_bytes().ok_or_else(|| {
                Error::configuration(
                    "a streamed body cannot be signed; this operation needs it whole",
                )
            })?),
        };
        Ok(Parts {
            action: self.action,
            biz_type: self.biz_type,
            ts,
            body,
        })
    }

    fn put(
        &self,
        request: &mut Request,
        ts: Timestamp,
        signature: &Signature,
    ) -> Result<(), Error> {
        let headers = [
            (ACCESS_KEY, self.signer.access_key().as_str(), true),
            (TS, ts.as_str(), false),
            (BIZ_TYPE, self.biz_type.as_str(), false),
            (ACTION, self.action.as_str(), false),
            (SIGN, signature.as_str(), true),
        ];
        put(request, headers)
    }
}

impl AntBuddy<'_> {
    fn sign(&self, request: &mut Request, explain: bool) -> Result<Option<String>, Error> {
        let app_id = self.signer.app_id().as_str();
        match self.hash_in {
            HashIn::Header => {
                let hash = self.signer.sign_app_id();
                put(
                    request,
                    [(APP_ID, app_id, true), (APP_HASH, hash.as_str(), true)],
                )?;
                Ok(explain.then(|| self.signer.masked_string_to_sign(&[app_id])))
            }
            HashIn::Query => {
                let mut pairs = vec![("appId".to_owned(), app_id.to_owned())];
                pairs.extend(request.url().query_pairs().into_owned());
                // Values as plain text in the documented order; what is not sent contributes nothing.
                let values: Vec<&str> = self
                    .order
                    .iter()
                    .filter_map(|name| pairs.iter().find(|(key, _)| key == name))
                    .map(|(_, value)| value.as_str())
                    .collect();
                let hash = self.signer.sign(&values);
                let string_to_sign = explain.then(|| self.signer.masked_string_to_sign(&values));
                request
                    .url_mut()
                    .query_pairs_mut()
                    .clear()
                    .extend_pairs(&pairs)
                    .append_pair("hash", hash.as_str());
                Ok(string_to_sign)
            }
        }
    }
}

fn put<const N: usize>(
    request: &mut Request,
    headers: [(HeaderName, &str, bool); N],
) -> Result<(), Error> {
    request.headers_mut().reserve(N);
    for (name, text, sensitive) in headers {
        // The signing crate has checked every value; an error here would be a defect of that check.
        let mut value = HeaderValue::from_str(text).map_err(|error| {
            Error::configuration(format!("header {name} cannot be sent")).with_source(error)
        })?;
        value.set_sensitive(sensitive);
        request.headers_mut().insert(name, value);
    }
    Ok(())
}

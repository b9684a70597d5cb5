//! Signs a request: the only place where one is signed. What is signed is the body that the request holds.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use nxcloud_signing::{Action, BizType, Body, InvalidField, Request as Parts, Timestamp};
use nxcloud_signing::{Signature, Signer, antbuddy};

use crate::call::prepare::Prepared;
use crate::{Error, HashIn, Operation, Scheme, Session, SignedRequest};

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

    /// Signs a request. The string that was signed, with the secret masked, is written if asked for.
    pub(crate) fn sign(
        &self,
        request: &Prepared,
        ts: Timestamp,
        explain: bool,
    ) -> Result<SignedRequest, Error> {
        match self {
            Self::Nxcloud(account) => account.sign(request, ts, explain),
            Self::AntBuddy(account) => account.sign(request, explain),
        }
    }

    /// Signs many requests; NXCLOUD's in the vector registers of the CPU.
    pub(crate) fn sign_batch(
        &self,
        requests: &[Prepared],
        ts: Timestamp,
    ) -> Result<Vec<SignedRequest>, Error> {
        match self {
            Self::Nxcloud(account) => account.sign_batch(requests, ts),
            Self::AntBuddy(account) => requests
                .iter()
                .map(|request| account.sign(request, true))
                .collect(),
        }
    }
}

impl Nxcloud<'_> {
    fn sign(
        &self,
        request: &Prepared,
        ts: Timestamp,
        explain: bool,
    ) -> Result<SignedRequest, Error> {
        let parts = self.parts(request, ts)?;
        self.signed(request, &parts, &self.signer.sign(&parts), explain)
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
        let signed = requests.iter().zip(&parts).zip(&signatures);
        signed
            .map(|((request, parts), signature)| self.signed(request, parts, signature, true))
            .collect()
    }

    fn parts<'r>(&'r self, request: &'r Prepared, ts: Timestamp) -> Result<Parts<'r>, Error> {
        let body = match &request.body {
            _ if !self.body_signed => Body::Unsigned,
            Some(body) => Body::Signed(body),
            None => {
                let problem = "a multipart body cannot be signed; this operation needs it whole";
                return Err(Error::configuration(problem));
            }
        };
        Ok(Parts {
            action: self.action,
            biz_type: self.biz_type,
            ts,
            body,
        })
    }

    fn signed(
        &self,
        request: &Prepared,
        parts: &Parts<'_>,
        signature: &Signature,
        explain: bool,
    ) -> Result<SignedRequest, Error> {
        let ts = parts.ts;
        let headers = [
            (ACCESS_KEY, self.signer.access_key().as_str(), true),
            (TS, ts.as_str(), false),
            (BIZ_TYPE, self.biz_type.as_str(), false),
            (ACTION, self.action.as_str(), false),
            (SIGN, signature.as_str(), true),
        ];
        let mut signed = request.copy();
        put(&mut signed.headers, headers)?;
        signed.ts = Some(ts);
        if explain {
            signed.string_to_sign = self.signer.masked_string_to_sign(parts);
        }
        Ok(signed)
    }
}

impl AntBuddy<'_> {
    fn sign(&self, request: &Prepared, explain: bool) -> Result<SignedRequest, Error> {
        let app_id = self.signer.app_id().as_str();
        let mut signed = request.copy();
        match self.hash_in {
            HashIn::Header => {
                let hash = self.signer.sign_app_id();
                let headers = [(APP_ID, app_id, true), (APP_HASH, hash.as_str(), true)];
                put(&mut signed.headers, headers)?;
                if explain {
                    signed.string_to_sign = self.signer.masked_string_to_sign(&[app_id]);
                }
            }
            HashIn::Query => {
                let mut pairs = vec![("appId".to_owned(), app_id.to_owned())];
                pairs.extend(request.url.query_pairs().into_owned());
                // Values as plain text in the documented order; what is not sent contributes nothing.
                let values: Vec<&str> = self
                    .order
                    .iter()
                    .filter_map(|name| pairs.iter().find(|(key, _)| key == name))
                    .map(|(_, value)| value.as_str())
                    .collect();
                let hash = self.signer.sign(&values);
                if explain {
                    signed.string_to_sign = self.signer.masked_string_to_sign(&values);
                }
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

fn put<const N: usize>(
    into: &mut HeaderMap,
    headers: [(HeaderName, &str, bool); N],
) -> Result<(), Error> {
    for (name, text, sensitive) in headers {
        // The signing crate has checked every value; an error here would be a defect of that check.
        let mut value = HeaderValue::from_str(text).map_err(|error| {
            Error::configuration(format!("header {name} cannot be sent")).with_source(error)
        })?;
        value.set_sensitive(sensitive);
        into.insert(name, value);
    }
    Ok(())
}

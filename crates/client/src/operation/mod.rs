//! Operations: one constant each, written by the generator.

pub(crate) mod code;
pub(crate) mod message;
pub(crate) mod service_name;

use nxcloud_signing::{Action, BizType};

use crate::CodeInfo;

/// The description of one operation. Each service crate has one constant per operation in its module `operations`.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Operation {
    /// The service, named after the file of its spec: `sms`.
    pub service: &'static str,
    /// The operation id: `send_sms`.
    pub id: &'static str,
    /// The HTTP method.
    pub method: &'static str,
    /// The path in the spec. A `#fragment` is never sent.
    pub path: &'static str,
    /// The documented base URL.
    pub base_url: &'static str,
    /// How the request is signed.
    pub scheme: Scheme,
    /// Whether the operation only reads, so that it can be repeated after an unknown outcome.
    pub safe: bool,
    /// The result codes: those of the operation, then those of its service.
    pub codes: &'static [&'static [CodeInfo]],
    /// Wire names of the request's fields that may appear in logs and errors: ids, states, dates.
    pub public_fields: &'static [&'static str],
}

/// How a request is signed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Scheme {
    /// MD5 over the header parameters, the body and the secret.
    NxcloudMd5 {
        /// The `bizType` header.
        biz_type: BizType<'static>,
        /// The `action` header.
        action: Action<'static>,
        /// Whether the signature covers the body. False for multipart bodies.
        body_signed: bool,
    },
    /// SHA-256 over parameter values, in order, and the secret.
    AntBuddySha256 {
        /// Where the hash is sent.
        hash_in: HashIn,
        /// The wire names of the hashed parameters, in order.
        order: &'static [&'static str],
    },
}

/// Where AntBuddy expects the hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HashIn {
    /// In the headers `x-auth-app-id` and `x-auth-app-hash`.
    Header,
    /// In the query parameters `appId` and `hash`.
    Query,
}

impl Operation {
    /// An operation. Called by generated code.
    #[doc(hidden)]
    #[must_use]
    #[expect(
        clippy::too_many_arguments,
        reason = "one argument per field, called by generated code only"
    )]
    pub const fn new(
        service: &'static str,
        id: &'static str,
        method: &'static str,
        path: &'static str,
        base_url: &'static str,
        scheme: Scheme,
        safe: bool,
        codes: &'static [&'static [CodeInfo]],
    ) -> Self {
        Self {
            service,
            id,
            method,
            path,
            base_url,
            scheme,
            safe,
            codes,
            public_fields: &[],
        }
    }

    /// Sets the fields of the request that may appear in logs and errors. Called by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn with_public_fields(mut self, names: &'static [&'static str]) -> Self {
        self.public_fields = names;
        self
    }

    /// The documentation of a result code of this operation.
    #[must_use]
    pub fn code_info(&self, code: crate::Code) -> Option<&'static CodeInfo> {
        let shared: &[CodeInfo] = match self.scheme {
            Scheme::NxcloudMd5 { .. } => crate::PLATFORM_CODES,
            Scheme::AntBuddySha256 { .. } => &[],
        };
        self.codes
            .iter()
            .copied()
            .chain([shared])
            .flatten()
            .find(|info| info.code == code)
    }
}

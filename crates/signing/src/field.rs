//! The signed header values, validated on construction.

use alloc::string::String;
use core::fmt;

use crate::invalid::{Field, InvalidField, Reason};

/// Validates a header value: visible ASCII, with spaces only between other characters.
///
/// HTTP trims spaces around a value and forbids control characters. Some proxies re-encode bytes above 0x7F, which would break the signature.
const fn check_header_text(value: &[u8]) -> Option<Reason> {
    if value.is_empty() {
        return Some(Reason::Empty);
    }
    let mut at = 0;
    while at < value.len() {
        let inner_space = value[at] == b' ' && at != 0 && at + 1 != value.len();
        if !value[at].is_ascii_graphic() && !inner_space {
            return Some(Reason::NotHeaderText { at });
        }
        at += 1;
    }
    None
}

macro_rules! owned_field {
    ($(#[$doc:meta])* $name:ident, $field:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name(String);

        impl $name {
            /// A value of visible ASCII characters: at least one, and no space at either end.
            ///
            /// # Errors
            /// [`InvalidField`] if the value is empty or an HTTP header cannot carry it unchanged.
            pub fn new(value: impl Into<String>) -> Result<Self, InvalidField> {
                let value = value.into();
                match check_header_text(value.as_bytes()) {
                    None => Ok(Self(value)),
                    Some(reason) => Err(InvalidField::new($field, reason)),
                }
            }

            /// The value.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl core::str::FromStr for $name {
            type Err = InvalidField;

            fn from_str(value: &str) -> Result<Self, InvalidField> {
                Self::new(value)
            }
        }
    };
}

macro_rules! borrowed_field {
    ($(#[$doc:meta])* $name:ident, $field:expr, $message:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $name<'a>(&'a str);

        impl<'a> $name<'a> {
            /// A value of visible ASCII characters: at least one, and no space at either end.
            ///
            /// # Errors
            /// [`InvalidField`] if the value is empty or an HTTP header cannot carry it unchanged.
            pub const fn new(value: &'a str) -> Result<Self, InvalidField> {
                match check_header_text(value.as_bytes()) {
                    None => Ok(Self(value)),
                    Some(reason) => Err(InvalidField::new($field, reason)),
                }
            }

            /// The value.
            #[must_use]
            pub const fn as_str(&self) -> &'a str {
                self.0
            }
        }

        impl $name<'static> {
            /// A value known at compile time. In a `const`, an invalid value is a compile error.
            ///
            /// # Panics
            /// Outside a `const`, if [`new`](Self::new) would return an error.
            #[must_use]
            pub const fn from_static(value: &'static str) -> Self {
                assert!(check_header_text(value.as_bytes()).is_none(), $message);
                Self(value)
            }
        }

        impl AsRef<str> for $name<'_> {
            fn as_ref(&self) -> &str {
                self.0
            }
        }

        impl fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.0)
            }
        }
    };
}

owned_field!(
    /// The access key of an NXCLOUD account, sent in the `accessKey` header.
    AccessKey,
    Field::AccessKey
);

owned_field!(
    /// The app id of an `AntBuddy` account, sent in the `x-auth-app-id` header or the `appId` query parameter.
    AppId,
    Field::AppId
);

borrowed_field!(
    /// The operation of a request, sent in the `action` header.
    Action,
    Field::Action,
    "an action must be visible ASCII and not empty"
);

borrowed_field!(
    /// The service of a request, sent in the `bizType` header: `1` number check, `2` WhatsApp, `3` SMS, and so on.
    BizType,
    Field::BizType,
    "a bizType must be visible ASCII and not empty"
);

/// ```
/// const SEND: nxcloud_signing::Action = nxcloud_signing::Action::from_static("send");
/// ```
/// ```compile_fail,E0080
/// const SEND: nxcloud_signing::Action = nxcloud_signing::Action::from_static("se\nnd");
/// let _ = SEND;
/// ```
/// ```compile_fail,E0080
/// const SMS: nxcloud_signing::BizType = nxcloud_signing::BizType::from_static("");
/// let _ = SMS;
/// ```
#[cfg(doctest)]
struct AWrongConstantDoesNotCompile;

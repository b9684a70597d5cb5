//! Names of the headers of a signature, as documented. HTTP ignores their case.

/// NXCLOUD: the account.
pub const ACCESS_KEY: &str = "accessKey";
/// NXCLOUD: milliseconds since 1970.
pub const TS: &str = "ts";
/// NXCLOUD: the service.
pub const BIZ_TYPE: &str = "bizType";
/// NXCLOUD: the operation.
pub const ACTION: &str = "action";
/// NXCLOUD: the signature.
pub const SIGN: &str = "sign";
/// AntBuddy: the account.
pub const APP_ID: &str = "x-auth-app-id";
/// AntBuddy: the signature.
pub const APP_HASH: &str = "x-auth-app-hash";

/// The same names in lower case, as HTTP/2 sends them and `http::HeaderName::from_static` expects them.
pub mod lower {
    pub use super::{ACTION, APP_HASH, APP_ID, SIGN, TS};

    /// NXCLOUD: the account.
    pub const ACCESS_KEY: &str = "accesskey";
    /// NXCLOUD: the service.
    pub const BIZ_TYPE: &str = "biztype";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lower_holds_the_same_names_in_lower_case() {
        for (name, lower) in [
            (ACCESS_KEY, lower::ACCESS_KEY),
            (TS, lower::TS),
            (BIZ_TYPE, lower::BIZ_TYPE),
            (ACTION, lower::ACTION),
            (SIGN, lower::SIGN),
            (APP_ID, lower::APP_ID),
            (APP_HASH, lower::APP_HASH),
        ] {
            assert!(name.eq_ignore_ascii_case(lower), "{name}");
            assert!(
                !lower.bytes().any(|byte| byte.is_ascii_uppercase()),
                "{lower}"
            );
        }
    }
}

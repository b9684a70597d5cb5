//! Names of the headers that carry a signature, as the reference writes them. HTTP compares them without regard to case.

/// NXCLOUD: whose account it is.
pub const ACCESS_KEY: &str = "accessKey";
/// NXCLOUD: milliseconds since 1970.
pub const TS: &str = "ts";
/// NXCLOUD: the service.
pub const BIZ_TYPE: &str = "bizType";
/// NXCLOUD: the operation.
pub const ACTION: &str = "action";
/// NXCLOUD: the signature.
pub const SIGN: &str = "sign";
/// AntBuddy: whose account it is.
pub const APP_ID: &str = "x-auth-app-id";
/// AntBuddy: the signature.
pub const APP_HASH: &str = "x-auth-app-hash";

//! `cargo test -p nxcloud-client --no-default-features --features rustls-no-provider --test tls_provider`
#![cfg(all(feature = "rustls-no-provider", not(feature = "rustls")))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use nxcloud_client::{Credentials, ErrorKind, Session};

#[test]
fn a_session_without_a_provider_is_an_error_and_no_panic() {
    let credentials = Credentials::nxcloud("key", "secret").unwrap();
    let error = Session::new(credentials).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let message = error.to_string();
    assert!(
        message.contains("no TLS provider") && message.contains("install_default"),
        "{message}"
    );
}

//! Masks credentials in printed headers and URLs. A request never contains an account's secret, but an `AntBuddy` request contains a
//! hash that is valid until the secret changes, so it is masked. The `sign` of an NXCLOUD request is valid for one minute and is
//! printed. The sandbox decides what counts as a credential; it masks the same values in the requests that it keeps.

use nxcloud_sandbox::secret::is_secret;
pub(crate) use nxcloud_sandbox::secret::{MASK, mask_query as query};
use reqwest::Url;

/// The value of a header, masked if it is a credential.
pub(crate) fn header<'a>(name: &str, value: &'a str) -> &'a str {
    if is_secret(name) { MASK } else { value }
}

/// Masks user name, password and hash in a URL.
pub(crate) fn url(url: &Url) -> String {
    let mut masked = url.clone();
    if !url.username().is_empty() || url.password().is_some() {
        // This fails only for a URL without a host, which has neither user name nor password.
        let _ = masked.set_username(MASK);
        let _ = masked.set_password(None);
    }
    let query = url.query().map(query);
    masked.set_query(query.as_deref());
    masked.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_credentials_are_masked() {
        assert_eq!(header("X-Auth-App-Hash", "abc"), "***");
        assert_eq!(header("Proxy-Authorization", "Basic abc"), "***");
        assert_eq!(header("x-auth-app-id", "my-app"), "my-app");
        assert_eq!(header("sign", "abc"), "abc");
        assert_eq!(
            query("x=1&api_key=abc&h%61sh=abc"),
            "x=1&api_key=***&h%61sh=***"
        );
        for (input, masked) in [
            (
                "https://h/p?a=1%2B&hash=abc&b=",
                "https://h/p?a=1%2B&hash=***&b=",
            ),
            ("https://h/p?HASH=abc", "https://h/p?HASH=***"),
            ("https://h/p?hash", "https://h/p?hash"),
            ("https://h/p?hashes=1", "https://h/p?hashes=1"),
            ("https://h/p", "https://h/p"),
            ("http://me:secret@h/", "http://***@h/"),
            ("http://secret@h/?hash=abc", "http://***@h/?hash=***"),
        ] {
            assert_eq!(url(&Url::parse(input).unwrap()), masked);
        }
    }
}

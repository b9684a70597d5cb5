//! Credentials in what is shown. The secrets of accounts are never in a request; `AntBuddy`'s hash is, and whoever has it can call
//! with the account until its secret is changed. The sign of an NXCLOUD request is good for a minute, and is shown. What is a
//! credential, the sandbox knows, which masks the same before it keeps a request.

use nxcloud_sandbox::secret::is_secret;
pub(crate) use nxcloud_sandbox::secret::{MASK, mask_query as query};
use reqwest::Url;

/// The value of a header as it may be shown.
pub(crate) fn header<'a>(name: &str, value: &'a str) -> &'a str {
    if is_secret(name) { MASK } else { value }
}

/// A URL as it may be shown: without password and hash, otherwise as it is.
pub(crate) fn url(url: &Url) -> String {
    let mut shown = url.clone();
    if !url.username().is_empty() || url.password().is_some() {
        // Only a URL without a host refuses that, and such a one has neither.
        let _ = shown.set_username(MASK);
        let _ = shown.set_password(None);
    }
    let masked = url.query().map(query);
    shown.set_query(masked.as_deref());
    shown.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_masked_and_the_rest_stays() {
        assert_eq!(header("X-Auth-App-Hash", "abc"), "***");
        assert_eq!(header("Proxy-Authorization", "Basic abc"), "***");
        assert_eq!(header("x-auth-app-id", "my-app"), "my-app");
        assert_eq!(header("sign", "abc"), "abc");
        assert_eq!(
            query("x=1&api_key=abc&h%61sh=abc"),
            "x=1&api_key=***&h%61sh=***"
        );
        for (given, shown) in [
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
            assert_eq!(url(&Url::parse(given).unwrap()), shown);
        }
    }
}

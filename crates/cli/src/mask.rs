//! Credentials in what is shown. The secrets of accounts are never in a request; `AntBuddy`'s hash is, and whoever has it can call
//! with the account until its secret is changed. The sign of an NXCLOUD request is good for a minute, and is shown.

use std::borrow::Cow;

use reqwest::Url;

/// What stands where a credential was.
pub(crate) const MASK: &str = "***";

/// The value of a header as it may be shown.
pub(crate) fn header<'a>(name: &str, value: &'a str) -> &'a str {
    let credentials = [
        "x-auth-app-hash",
        "authorization",
        "proxy-authorization",
        "cookie",
    ];
    if credentials
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
    {
        MASK
    } else {
        value
    }
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

/// A query as it may be shown.
pub(crate) fn query(query: &str) -> Cow<'_, str> {
    let is_hash = |pair: &str| {
        let name = pair.split('=').next().unwrap_or_default();
        name.eq_ignore_ascii_case("hash")
    };
    if !query.split('&').any(is_hash) {
        return query.into();
    }
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if is_hash(pair) => format!("{name}={MASK}").into(),
        _ => Cow::from(pair),
    });
    pairs.collect::<Vec<_>>().join("&").into()
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
        for (given, shown) in [
            (
                "https://h/p?a=1%2B&hash=abc&b=",
                "https://h/p?a=1%2B&hash=***&b=",
            ),
            ("https://h/p?HASH=abc", "https://h/p?HASH=***"),
            ("https://h/p?hash", "https://h/p?hash"),
            ("https://h/p?rehash=1", "https://h/p?rehash=1"),
            ("https://h/p", "https://h/p"),
            ("http://me:secret@h/", "http://***@h/"),
            ("http://secret@h/?hash=abc", "http://***@h/?hash=***"),
        ] {
            assert_eq!(url(&Url::parse(given).unwrap()), shown);
        }
    }
}

//! Validates base URLs and recognises the local machine.

use reqwest::Url;

use crate::Error;

/// Parses a base URL. It must be https, or plain http to the local machine, or plain http with `plain_http` set.
///
/// # Errors
///
/// A configuration error that says what to write instead.
pub(crate) fn check_base_url(text: &str, plain_http: bool) -> Result<Url, Error> {
    let url = Url::parse(text).map_err(|error| {
        Error::configuration("the base URL is not a URL; write it as https://host[:port]")
            .with_source(error)
    })?;
    if url.host_str().is_none() || url.query().is_some() || url.fragment().is_some() {
        return Err(Error::configuration(
            "the base URL needs a host and takes no query or fragment; write it as https://host[:port]",
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::configuration(
            "the base URL contains a user name or password; remove it, and pass the account as credentials",
        ));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if plain_http || is_loopback(&url) => Ok(url),
        "http" => Err(Error::configuration(
            "the base URL uses plain http to another machine; use https, or call allow_plain_http to permit it",
        )),
        _ => Err(Error::configuration(
            "the base URL has an unsupported scheme; write it as https://host[:port]",
        )),
    }
}

/// Whether replies from this URL cannot be modified on the network: https, or the local machine.
pub(crate) fn is_authentic(url: &Url) -> bool {
    url.scheme() == "https" || is_loopback(url)
}

/// Host names of the local machine. The HTTP client resolves them to loopback itself, so DNS cannot redirect them.
pub(crate) const LOCAL_NAMES: [&str; 2] = ["localhost", "localhost."];

/// Whether a URL points to the local machine. The sandbox and `nxcloud listen` use the same names.
pub(crate) fn is_loopback(url: &Url) -> bool {
    // `Url` does not normalise the host of non-web schemes such as `socks5`.
    let host = url.host_str().unwrap_or_default();
    LOCAL_NAMES
        .iter()
        .any(|name| host.eq_ignore_ascii_case(name))
        || host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_local_machine_is_recognised_by_every_name() {
        for (host, is_local) in [
            ("localhost", true),
            ("LocalHost.", true),
            ("127.0.0.1", true),
            ("127.1.2.3", true),
            ("2130706433", true),
            ("[::1]", true),
            ("[::ffff:127.0.0.1]", true),
            ("[::FFFF:7F00:1]", true),
            ("localhost.evil.example", false),
            ("localhost..", false),
            ("a.localhost", false),
            ("127.0.0.1.evil.example", false),
            ("0.0.0.0", false),
            ("[::]", false),
            ("[::ffff:192.0.2.1]", false),
        ] {
            let url = format!("http://{host}:80/a");
            assert_eq!(check_base_url(&url, false).is_ok(), is_local, "{host}");
        }
        for proxy in ["socks5://LOCALHOST.:1080", "socks5h://[::ffff:127.0.0.1]"] {
            assert!(is_loopback(&Url::parse(proxy).unwrap()), "{proxy}");
        }
    }
}

//! What a base URL may be.

use reqwest::Url;

use crate::Error;

/// Reads a base URL: https, or plain http to this machine or where the caller allows it.
///
/// # Errors
///
/// When it is something else, with what to write instead.
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
            "the base URL must not hold a user name or password",
        ));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if plain_http || is_loopback(&url) => Ok(url),
        "http" => Err(Error::configuration(
            "plain http is refused for hosts other than loopback; use https, or allow_plain_http to insist",
        )),
        _ => Err(Error::configuration(
            "the base URL must begin with https://",
        )),
    }
}

/// Whether nobody in between can have changed what came from there: https, or this machine.
pub(crate) fn is_authentic(url: &Url) -> bool {
    url.scheme() == "https" || is_loopback(url)
}

/// The names of this machine, as a URL has them. A client looks them up itself, so that no name server can send it elsewhere.
pub(crate) const LOCAL_NAMES: [&str; 2] = ["localhost", "localhost."];

/// Whether a URL names this machine. The sandbox and `nxcloud listen` go by the same names.
pub(crate) fn is_loopback(url: &Url) -> bool {
    // Of a scheme that is not for the web, such as `socks5`, the host is kept as it was written.
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
    fn this_machine_is_known_by_all_its_names() {
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

//! What a base URL may be.

use reqwest::Url;

use crate::Error;

/// Checks a base URL: https, or plain http to this machine or to whom the caller insists on.
///
/// # Errors
///
/// When it is something else, with what to write instead.
pub(crate) fn check_base_url(text: &str, plain_http: bool) -> Result<(), Error> {
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
        "https" => Ok(()),
        "http" if plain_http || is_loopback(&url) => Ok(()),
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

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

//! HTTP clients of the command itself: what `doctor` and `listen` ask without an account.

use std::net::IpAddr;
use std::time::Duration;

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{Client, Url};

/// A client that follows no redirect and gives replies as they came, compressed or not. It takes the proxy of the environment where [`proxy`] names one.
pub(crate) fn client(url: &Url, patience: Duration) -> Result<Client, reqwest::Error> {
    let mut builder = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(patience)
        .no_gzip()
        .no_brotli()
        .no_deflate()
        .no_zstd();
    if is_direct(url) {
        builder = builder.no_proxy();
    }
    builder.build()
}

/// The proxy of the environment that leads to a URL, without user name and password.
pub(crate) fn proxy(url: &Url) -> Option<String> {
    if is_direct(url) {
        return None;
    }
    let proxy = Matcher::from_system().intercept(&url.as_str().parse().ok()?)?;
    let uri = proxy.uri();
    let authority = uri.authority()?.as_str();
    let host = authority.rsplit('@').next()?;
    Some(format!("{}://{host}", uri.scheme_str()?))
}

/// This machine is never reached through a proxy, and no proxy reads what goes over plain http.
fn is_direct(url: &Url) -> bool {
    url.scheme() == "http" || url.host_str().is_some_and(is_loopback)
}

/// Whether a host, as it stands in a URL, means this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let address = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || address
            .unwrap_or(host)
            .parse::<IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_many_names() {
        for (host, local) in [
            ("localhost", true),
            ("LocalHost", true),
            ("localhost.", true),
            ("app.localhost", true),
            ("127.0.0.1", true),
            ("127.255.0.9", true),
            ("::1", true),
            ("[::1]", true),
            ("[::ffff:127.0.0.1]", true),
            ("0.0.0.0", false),
            ("192.168.0.1", false),
            ("localhost.example", false),
            ("notlocalhost", false),
            ("127.0.0.1.example", false),
            ("[::1", false),
            ("", false),
        ] {
            assert_eq!(is_loopback(host), local, "{host}");
        }
    }
}

//! The HTTP client of `listen`. This command has no session and so no client of its own.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use nxcloud_sandbox::names_this_machine;
use reqwest::{Client, Url};

/// Builds a client that does not follow redirects and does not decompress responses. It uses no proxy of the environment for this
/// machine or for plain http, so that no proxy reads the requests.
pub(crate) fn client(url: &Url, timeout: Duration) -> Result<Client, reqwest::Error> {
    // Resolve to both addresses, whatever the hosts file says. The port comes from the URL.
    let localhost = [
        (Ipv4Addr::LOCALHOST, 0).into(),
        (Ipv6Addr::LOCALHOST, 0).into(),
    ];
    let mut builder = Client::builder()
        .resolve_to_addrs("localhost", &localhost)
        .redirect(reqwest::redirect::Policy::none())
        .timeout(timeout)
        .no_gzip()
        .no_brotli()
        .no_deflate()
        .no_zstd();
    if url.scheme() == "http" || url.host_str().is_some_and(names_this_machine) {
        builder = builder.no_proxy();
    }
    builder.build()
}

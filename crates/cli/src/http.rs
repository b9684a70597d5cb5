//! The HTTP client of `listen`, which has no session.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use nxcloud_sandbox::names_this_machine;
use reqwest::{Client, Url};

/// A client that follows no redirect and gives replies as they came, compressed or not. This machine is never reached through a proxy
/// of the environment, and no proxy reads what goes over plain http.
pub(crate) fn client(url: &Url, patience: Duration) -> Result<Client, reqwest::Error> {
    // Both addresses, whatever the machine's table of hosts says; the port is the URL's.
    let localhost = [
        (Ipv4Addr::LOCALHOST, 0).into(),
        (Ipv6Addr::LOCALHOST, 0).into(),
    ];
    let mut builder = Client::builder()
        .resolve_to_addrs("localhost", &localhost)
        .redirect(reqwest::redirect::Policy::none())
        .timeout(patience)
        .no_gzip()
        .no_brotli()
        .no_deflate()
        .no_zstd();
    if url.scheme() == "http" || url.host_str().is_some_and(names_this_machine) {
        builder = builder.no_proxy();
    }
    builder.build()
}

//! The HTTP client of `listen`, which has no session.

use std::time::Duration;

use nxcloud_sandbox::names_this_machine;
use reqwest::{Client, Url};

/// A client that follows no redirect and gives replies as they came, compressed or not. This machine is never reached through a proxy
/// of the environment, and no proxy reads what goes over plain http.
pub(crate) fn client(url: &Url, patience: Duration) -> Result<Client, reqwest::Error> {
    let mut builder = Client::builder()
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

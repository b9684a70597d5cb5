//! How the HTTP client of a session is made.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{ClientBuilder, Url};

use crate::Error;
use crate::base_url::is_loopback;

type Configure = dyn Fn(ClientBuilder) -> ClientBuilder + Send + Sync;

/// The settings that an HTTP client is made from.
#[derive(Clone)]
pub(crate) struct Transport {
    pub(crate) configure: Option<Arc<Configure>>,
    pub(crate) proxy: Option<String>,
    pub(crate) proxy_from_env: bool,
    pub(crate) connect_timeout: Duration,
    base_url: Option<Url>,
}

impl Default for Transport {
    fn default() -> Self {
        Self {
            configure: None,
            proxy: None,
            proxy_from_env: false,
            connect_timeout: Duration::from_secs(10),
            base_url: None,
        }
    }
}

impl Transport {
    /// Takes the base URL of every service, and refuses a proxy on another machine that would see plain http.
    ///
    /// Plain http to another machine needs `plain_http` already, so only a base URL of this machine is left to refuse.
    pub(crate) fn set_base_url(&mut self, url: Url, plain_http: bool) -> Result<(), Error> {
        // reqwest takes a proxy without a scheme for http. What is no URL at all is refused later, as that.
        let proxy = self.proxy.as_ref().and_then(|proxy| {
            let urls = [Url::parse(proxy), Url::parse(&format!("http://{proxy}"))];
            urls.into_iter().flatten().find(Url::has_host)
        });
        let exposed = proxy.is_some_and(|proxy| !is_loopback(&proxy));
        if url.scheme() == "http" && !plain_http && exposed {
            return Err(Error::configuration(
                "plain http through a proxy on another machine is refused; remove the proxy, use https, or allow_plain_http",
            ));
        }
        self.base_url = Some(url);
        Ok(())
    }

    /// A new client, with a pool of its own.
    pub(crate) fn make_http(&self) -> Result<reqwest::Client, Error> {
        let mut builder = reqwest::Client::builder()
            .connect_timeout(self.connect_timeout)
            .user_agent(concat!("nxcloud-rust/", env!("CARGO_PKG_VERSION")));
        if let Some(configure) = &self.configure {
            builder = configure(builder);
        }
        // Whatever the caller configured: a redirect takes a signed request to another place, a repeated request carries an old
        // signature, and HTTP/2 repeats by itself what a server did not take.
        builder = builder
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .http1_only();
        // Where another crate of the build turned the other one on as well, this crate's feature decides.
        #[cfg(feature = "rustls")]
        {
            builder = builder.tls_backend_rustls();
        }
        #[cfg(all(feature = "native-tls", not(feature = "rustls")))]
        {
            builder = builder.tls_backend_native();
        }
        if let Some(url) = &self.proxy {
            // The cause would repeat the URL with its password.
            let proxy = reqwest::Proxy::all(url).map_err(|_| {
                Error::configuration(
                    "the proxy is not a URL; write it as http://[user:password@]host:port",
                )
            })?;
            builder = builder.no_proxy().proxy(proxy);
        } else if !self.proxy_from_env || self.base_url.as_ref().is_some_and(is_loopback) {
            builder = builder.no_proxy();
        }
        builder.build().map_err(|error| {
            Error::configuration("the HTTP client could not be made").with_source(error)
        })
    }
}

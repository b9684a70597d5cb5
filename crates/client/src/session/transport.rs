//! How the HTTP client of a session is made.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{ClientBuilder, Url};

use crate::Error;
use crate::base_url::{LOCAL_NAMES, is_loopback};

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
        let exposed = self.own_proxy().is_some_and(|proxy| !is_loopback(&proxy));
        if url.scheme() == "http" && !plain_http && exposed {
            return Err(Error::configuration(
                "plain http through a proxy on another machine is refused; remove the proxy, use https, or allow_plain_http",
            ));
        }
        self.base_url = Some(url);
        Ok(())
    }

    /// The proxy that was set, not found. reqwest takes one without a scheme for http; what is no URL at all is refused when the client
    /// is made.
    fn own_proxy(&self) -> Option<Url> {
        let proxy = self.proxy.as_ref()?;
        let urls = [Url::parse(proxy), Url::parse(&format!("http://{proxy}"))];
        urls.into_iter().flatten().find(Url::has_host)
    }

    /// The proxy that leads to a URL, without user name and password.
    pub(crate) fn proxy_for(&self, url: &Url) -> Option<String> {
        let mut proxy = match self.own_proxy() {
            Some(proxy) => proxy,
            None if !self.proxy_from_env || is_loopback(url) => return None,
            None => {
                // As reqwest finds it.
                let found = Matcher::from_system().intercept(&url.as_str().parse().ok()?)?;
                Url::parse(&found.uri().to_string()).ok()?
            }
        };
        proxy.set_username("").ok()?;
        proxy.set_password(None).ok()?;
        Some(proxy.as_str().trim_end_matches('/').to_owned())
    }

    /// A new client, with a pool of its own.
    pub(crate) fn make_http(&self) -> Result<reqwest::Client, Error> {
        // Both addresses, whatever the machine's table of hosts says; the port is the URL's.
        let localhost = [
            (Ipv4Addr::LOCALHOST, 0).into(),
            (Ipv6Addr::LOCALHOST, 0).into(),
        ];
        let mut builder = reqwest::Client::builder()
            .resolve_to_addrs("localhost", &localhost)
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
        for name in LOCAL_NAMES {
            let addresses = [
                (Ipv4Addr::LOCALHOST, 0).into(),
                (Ipv6Addr::LOCALHOST, 0).into(),
            ];
            builder = builder.resolve_to_addrs(name, &addresses);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_named_without_its_password() {
        let to = Url::parse("https://api.example").unwrap();
        for (proxy, named) in [
            (
                "http://me:hush@proxy.example:3128",
                "http://proxy.example:3128",
            ),
            ("me:hush@proxy.example:3128", "http://proxy.example:3128"),
            ("proxy.example:3128", "http://proxy.example:3128"),
            ("socks5://me:hush@proxy.example", "socks5://proxy.example"),
        ] {
            let transport = Transport {
                proxy: Some(proxy.to_owned()),
                ..Transport::default()
            };
            assert_eq!(transport.proxy_for(&to).as_deref(), Some(named));
        }
        assert_eq!(Transport::default().proxy_for(&to), None);
    }

    #[tokio::test]
    async fn localhost_is_found_on_either_address() {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        for at in ["127.0.0.1:0", "[::1]:0"] {
            // Where the machine has no IPv6, there is nothing to find on it.
            let Ok(listener) = tokio::net::TcpListener::bind(at).await else {
                continue;
            };
            let url = format!(
                "http://LocalHost:{}/",
                listener.local_addr().unwrap().port()
            );
            let served = tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut piece = [0; 4096];
                let _ = stream.read(&mut piece).await.unwrap();
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
                stream.write_all(answer).await.unwrap();
            });
            let client = Transport::default().make_http().unwrap();
            let answer = client.get(url).send().await.unwrap();
            assert_eq!(answer.text().await.unwrap(), "hi");
            served.await.unwrap();
        }
    }
}

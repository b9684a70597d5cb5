//! Creates the HTTP client of a session.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{ClientBuilder, Url};

use crate::Error;
use crate::base_url::{LOCAL_NAMES, is_loopback};
use crate::session::credentials::variable;

type Configure = dyn Fn(ClientBuilder) -> ClientBuilder + Send + Sync;

/// The settings of an HTTP client.
#[derive(Clone, Default)]
pub(crate) struct Transport {
    pub(crate) configure: Option<Arc<Configure>>,
    pub(crate) proxy: Option<String>,
    pub(crate) proxy_from_env: bool,
    pub(crate) connect_timeout: Option<Duration>,
    base_url: Option<Url>,
}

impl Transport {
    /// Sets the base URL of all services. Refuses a proxy on another machine that would see plain http.
    ///
    /// Plain http to another machine is already refused without `plain_http`, so this concerns only base URLs of the local machine.
    pub(crate) fn set_base_url(&mut self, url: Url, plain_http: bool) -> Result<(), Error> {
        let exposed = self.own_proxy()?.is_some_and(|proxy| !is_loopback(&proxy));
        if url.scheme() == "http" && !plain_http && exposed {
            return Err(Error::configuration(
                "plain http would go through a proxy on another machine; remove the proxy, use https, or call allow_plain_http",
            ));
        }
        self.base_url = Some(url);
        Ok(())
    }

    /// The proxy that was set explicitly, not the one from the environment.
    fn own_proxy(&self) -> Result<Option<Url>, Error> {
        self.proxy.as_deref().map(proxy_url).transpose()
    }

    /// The proxy for requests to a URL, without user name and password.
    pub(crate) fn proxy_for(&self, url: &Url) -> Option<String> {
        let mut proxy = match self.own_proxy().ok()? {
            Some(proxy) => proxy,
            None if !self.uses_proxy_of_env() || is_loopback(url) => return None,
            None => {
                // Finds the proxy in the same way as reqwest.
                let proxy = Matcher::from_system().intercept(&url.as_str().parse().ok()?)?;
                Url::parse(&proxy.uri().to_string()).ok()?
            }
        };
        proxy.set_username("").ok()?;
        proxy.set_password(None).ok()?;
        Some(proxy.as_str().trim_end_matches('/').to_owned())
    }

    fn uses_proxy_of_env(&self) -> bool {
        self.proxy.is_none()
            && self.proxy_from_env
            && !self.base_url.as_ref().is_some_and(is_loopback)
    }

    /// Creates a client with a new pool.
    pub(crate) fn make_http(&self) -> Result<reqwest::Client, Error> {
        has_tls_provider()?;
        // Resolve local names to both loopback addresses, whatever the hosts file says. Port 0 stands for the URL's port.
        let localhost = [
            (Ipv4Addr::LOCALHOST, 0).into(),
            (Ipv6Addr::LOCALHOST, 0).into(),
        ];
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("nxcloud-rust/", env!("CARGO_PKG_VERSION")));
        if let Some(configure) = &self.configure {
            builder = configure(builder);
            refuse_settings_of_session(&builder)?;
        }
        // These override the caller's configuration. A redirect would send a signed request elsewhere, an HTTP retry would repeat an old
        // signature, and HTTP/2 repeats refused requests by itself.
        builder = builder
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .http1_only()
            .connect_timeout(self.connect_timeout.unwrap_or(CONNECT_TIMEOUT));
        for name in LOCAL_NAMES {
            builder = builder.resolve_to_addrs(name, &localhost);
        }
        // Another crate of the build may enable both TLS libraries; the features of this crate decide.
        #[cfg(any(feature = "rustls", feature = "rustls-no-provider"))]
        {
            builder = builder.tls_backend_rustls();
        }
        #[cfg(all(
            feature = "native-tls",
            not(any(feature = "rustls", feature = "rustls-no-provider"))
        ))]
        {
            builder = builder.tls_backend_native();
        }
        if let Some(url) = self.own_proxy()? {
            let proxy = reqwest::Proxy::all(url).map_err(|_| not_a_proxy("proxy"))?;
            builder = builder.no_proxy().proxy(proxy);
        } else if self.uses_proxy_of_env() {
            check_proxies_of_env()?;
        } else {
            builder = builder.no_proxy();
        }
        builder.build().map_err(|error| {
            Error::configuration(
                "the HTTP client could not be created; check the certificates and the settings in http_client",
            )
            .with_source(error)
        })
    }
}

/// The default connect time-out.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The proxy schemes that reqwest supports.
const PROXY_SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// Parses the URL of a proxy. As in reqwest, the default scheme is http.
fn proxy_url(text: &str) -> Result<Url, Error> {
    let url = match text.contains("://") {
        true => Url::parse(text),
        false => Url::parse(&format!("http://{text}")),
    };
    // The parse error is dropped because it may contain the password.
    let url = url.map_err(|_| not_a_proxy("proxy"))?;
    let is_bare =
        matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    if PROXY_SCHEMES.contains(&url.scheme()) && url.has_host() && is_bare && is_used(url.as_str()) {
        Ok(url)
    } else {
        Err(not_a_proxy("proxy"))
    }
}

/// Whether reqwest would use a proxy with this URL. It ignores URLs that it cannot parse, and connects without a proxy. If there are two
/// `@`, it ends the password at the first and takes the rest as the host.
fn is_used(text: &str) -> bool {
    let target = http::Uri::from_static("https://example.com");
    let proxy = Matcher::builder().all(text).build().intercept(&target);
    let host = proxy.and_then(|proxy| proxy.uri().authority().cloned());
    host.is_some_and(|host| !host.as_str().contains('@'))
}

fn not_a_proxy(setting: &str) -> Error {
    Error::configuration(format!(
        "{setting} is not a proxy URL; write it as http://[user:password@]host[:port]"
    ))
}

/// Refuses proxy variables that reqwest would silently ignore.
fn check_proxies_of_env() -> Result<(), Error> {
    // Set in a CGI script, where reqwest uses no proxy variables.
    if std::env::var_os("REQUEST_METHOD").is_some() {
        return Ok(());
    }
    for names in [
        ["HTTPS_PROXY", "https_proxy"],
        ["HTTP_PROXY", "http_proxy"],
        ["ALL_PROXY", "all_proxy"],
    ] {
        // reqwest takes the first variable that is set, even if it is empty.
        let Some(name) = names
            .into_iter()
            .find(|name| std::env::var_os(name).is_some())
        else {
            continue;
        };
        let Some(text) = variable(name)? else {
            continue;
        };
        if proxy_url(&text).is_err() || !is_used(&text) {
            return Err(not_a_proxy(name));
        }
    }
    Ok(())
}

/// Refuses settings that the session overrides: they would silently have no effect.
///
/// reqwest has no getters, so this reads the `Debug` output of the builder, which shows each setting as a field on its own line.
fn refuse_settings_of_session(builder: &ClientBuilder) -> Result<(), Error> {
    let debug = format!("{builder:#?}");
    let is_set = |field: &str| {
        let field = format!("    {field}: ");
        debug.lines().any(|line| line.starts_with(&field))
    };
    for (field, instead) in [
        ("proxies", "call SessionBuilder::proxy instead"),
        (
            "connect_timeout",
            "call SessionBuilder::connect_timeout instead",
        ),
        ("timeout", "call SessionBuilder::timeout instead"),
        (
            "http2_prior_knowledge",
            "remove it, the session needs HTTP/1.1",
        ),
    ] {
        if is_set(field) {
            return Err(Error::configuration(format!(
                "http_client sets `{field}`, which would have no effect; {instead}"
            )));
        }
    }
    Ok(())
}

/// Checks that a crypto provider is installed. Without one, reqwest would panic.
#[cfg(all(feature = "rustls-no-provider", not(feature = "rustls")))]
fn has_tls_provider() -> Result<(), Error> {
    match rustls::crypto::CryptoProvider::get_default() {
        Some(_) => Ok(()),
        None => Err(Error::configuration(
            "no TLS provider is installed; install one before you create a session, for example with \
             rustls::crypto::ring::default_provider().install_default(), or enable the feature rustls",
        )),
    }
}

#[cfg(not(all(feature = "rustls-no-provider", not(feature = "rustls"))))]
#[expect(clippy::unnecessary_wraps, reason = "fails with other features")]
fn has_tls_provider() -> Result<(), Error> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_named_without_its_password() {
        let target = Url::parse("https://api.example").unwrap();
        for (proxy, expected) in [
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
            assert_eq!(transport.proxy_for(&target).as_deref(), Some(expected));
        }
        assert_eq!(Transport::default().proxy_for(&target), None);
    }

    #[test]
    fn a_setting_of_the_session_is_refused_in_the_closure() {
        use reqwest::Proxy;

        type Set = fn(ClientBuilder) -> ClientBuilder;
        let make = |set: Set| {
            let transport = Transport {
                configure: Some(Arc::new(set)),
                ..Transport::default()
            };
            transport.make_http()
        };
        let refused: [(Set, &str); 4] = [
            (
                |builder| builder.proxy(Proxy::all("http://me:hush@127.0.0.1:9").unwrap()),
                "SessionBuilder::proxy",
            ),
            (
                |builder| builder.proxy(Proxy::custom(|_| None::<Url>)),
                "SessionBuilder::proxy",
            ),
            (
                |builder| builder.connect_timeout(Duration::from_secs(1)),
                "SessionBuilder::connect_timeout",
            ),
            (
                |builder| builder.timeout(Duration::from_secs(1)),
                "SessionBuilder::timeout",
            ),
        ];
        for (set, instead) in refused {
            let error = make(set).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Configuration);
            let message = format!("{error} {error:?}");
            assert!(message.contains(instead), "{instead} in {message}");
            assert!(!message.contains("hush"), "{message}");
        }
        // Values that contain these names are allowed.
        let allowed: [Set; 3] = [
            |builder| builder.user_agent("proxies: [], timeout: 1"),
            |builder| builder.pool_max_idle_per_host(1).tcp_nodelay(false),
            |builder| {
                builder
                    .no_proxy()
                    .redirect(reqwest::redirect::Policy::none())
            },
        ];
        for set in allowed {
            make(set).unwrap();
        }
    }

    #[test]
    fn an_invalid_proxy_url_is_refused_by_the_name_of_the_setting() {
        for text in [
            "",
            " ",
            "http://",
            "http://me:hush@",
            "http://me:hush@proxy.example:99999",
            "me:hush@proxy.example:port",
            "ftp://me:hush@proxy.example",
            "file:///hush",
            "http://me:hush@proxy.example/path",
            "http://proxy.example?hush",
            "proxy example",
            "https://[::1",
            // reqwest would ignore these and connect without a proxy.
            "socks5://pro%20xy.example:1080",
            "socks5h://me:hush@prox%79.example",
        ] {
            let transport = Transport {
                proxy: Some(text.to_owned()),
                ..Transport::default()
            };
            let error = transport.make_http().unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Configuration, "{text}");
            let message = format!("{error} {error:?}");
            assert!(
                message.contains("proxy is not a proxy URL"),
                "{text}: {message}"
            );
            assert!(!message.contains("hush"), "{message}");
        }
    }

    /// The first byte sent to the proxy is the version of the SOCKS protocol.
    #[tokio::test]
    async fn a_socks_proxy_is_addressed_with_the_socks_protocol() {
        use tokio::io::AsyncReadExt as _;
        for (scheme, version) in [("socks4", 4), ("socks5", 5), ("socks5h", 5)] {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let greeting = tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                stream.read_u8().await.unwrap()
            });
            let transport = Transport {
                proxy: Some(format!("{scheme}://{address}")),
                ..Transport::default()
            };
            let client = transport.make_http().unwrap();
            client.get("http://127.0.0.1:9/").send().await.unwrap_err();
            let greeting = testing::in_time("the greeting", greeting).await;
            assert_eq!(greeting.unwrap(), version, "{scheme}");
        }
    }

    #[tokio::test]
    async fn localhost_is_reached_on_either_address() {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        for address in ["127.0.0.1:0", "[::1]:0"] {
            // Skip IPv6 on machines without it.
            let Ok(listener) = tokio::net::TcpListener::bind(address).await else {
                continue;
            };
            let url = format!(
                "http://LocalHost:{}/",
                listener.local_addr().unwrap().port()
            );
            let served = tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await.unwrap();
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
                stream.write_all(answer).await.unwrap();
            });
            let client = Transport::default().make_http().unwrap();
            let answer = async { client.get(url).send().await?.text().await };
            let answer = testing::in_time("the answer", answer).await;
            assert_eq!(answer.unwrap(), "hi");
            served.await.unwrap();
        }
    }
}

//! How the HTTP client of a session is made.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{ClientBuilder, Url};

use crate::Error;
use crate::base_url::{LOCAL_NAMES, is_loopback};
use crate::session::credentials::variable;

type Configure = dyn Fn(ClientBuilder) -> ClientBuilder + Send + Sync;

/// The settings that an HTTP client is made from.
#[derive(Clone, Default)]
pub(crate) struct Transport {
    pub(crate) configure: Option<Arc<Configure>>,
    pub(crate) proxy: Option<String>,
    pub(crate) proxy_from_env: bool,
    pub(crate) connect_timeout: Option<Duration>,
    base_url: Option<Url>,
}

impl Transport {
    /// Takes the base URL of every service, and refuses a proxy on another machine that would see plain http.
    ///
    /// Plain http to another machine needs `plain_http` already, so only a base URL of this machine is left to refuse.
    pub(crate) fn set_base_url(&mut self, url: Url, plain_http: bool) -> Result<(), Error> {
        let exposed = self.own_proxy()?.is_some_and(|proxy| !is_loopback(&proxy));
        if url.scheme() == "http" && !plain_http && exposed {
            return Err(Error::configuration(
                "plain http through a proxy on another machine is refused; remove the proxy, use https, or allow_plain_http",
            ));
        }
        self.base_url = Some(url);
        Ok(())
    }

    /// The proxy that was set, not found.
    fn own_proxy(&self) -> Result<Option<Url>, Error> {
        self.proxy.as_deref().map(proxy_url).transpose()
    }

    /// The proxy that leads to a URL, without user name and password.
    pub(crate) fn proxy_for(&self, url: &Url) -> Option<String> {
        let mut proxy = match self.own_proxy().ok()? {
            Some(proxy) => proxy,
            None if !self.uses_proxy_of_env() || is_loopback(url) => return None,
            None => {
                // As reqwest finds it.
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

    /// A new client, with a pool of its own.
    pub(crate) fn make_http(&self) -> Result<reqwest::Client, Error> {
        has_tls_provider()?;
        // Both addresses, whatever the machine's table of hosts says; the port is the URL's.
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
        // Whatever the caller configured: a redirect takes a signed request to another place, a repeated request carries an old
        // signature, and HTTP/2 repeats by itself what a server did not take.
        builder = builder
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .http1_only()
            .connect_timeout(self.connect_timeout.unwrap_or(CONNECT_TIMEOUT));
        for name in LOCAL_NAMES {
            builder = builder.resolve_to_addrs(name, &localhost);
        }
        // Where another crate of the build turned the other one on as well, this crate's feature decides.
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
            Error::configuration("the HTTP client could not be made").with_source(error)
        })
    }
}

/// How long connecting may take unless the caller says.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What reqwest takes for a proxy.
const PROXY_SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// Reads a proxy. One without a scheme is one for http, as reqwest has it.
fn proxy_url(text: &str) -> Result<Url, Error> {
    let url = match text.contains("://") {
        true => Url::parse(text),
        false => Url::parse(&format!("http://{text}")),
    };
    // The cause would repeat the URL with its password.
    let url = url.map_err(|_| not_a_proxy("proxy"))?;
    let is_bare =
        matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    if PROXY_SCHEMES.contains(&url.scheme()) && url.has_host() && is_bare && is_used(url.as_str()) {
        Ok(url)
    } else {
        Err(not_a_proxy("proxy"))
    }
}

/// Whether reqwest uses a proxy that is written like this. It passes over what it cannot read, and connects without a proxy. Of two
/// `@` it takes the first as the end of the password, and the rest for the host.
fn is_used(text: &str) -> bool {
    let anywhere = http::Uri::from_static("https://example.com");
    let proxy = Matcher::builder().all(text).build().intercept(&anywhere);
    let host = proxy.and_then(|proxy| proxy.uri().authority().cloned());
    host.is_some_and(|host| !host.as_str().contains('@'))
}

fn not_a_proxy(setting: &str) -> Error {
    Error::configuration(format!(
        "{setting} is not the URL of a proxy; write it as http://[user:password@]host[:port]"
    ))
}

/// Refuses proxies of the environment that reqwest would pass over in silence.
fn check_proxies_of_env() -> Result<(), Error> {
    // Set for a CGI script, where none is used.
    if std::env::var_os("REQUEST_METHOD").is_some() {
        return Ok(());
    }
    for names in [
        ["HTTPS_PROXY", "https_proxy"],
        ["HTTP_PROXY", "http_proxy"],
        ["ALL_PROXY", "all_proxy"],
    ] {
        // reqwest takes the first that is set, empty or not.
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

/// Refuses what the session sets by itself or has a setting for: it would be dropped in silence.
///
/// reqwest has no getters; what was set is a field of the builder's `Debug`, one in a line.
fn refuse_settings_of_session(builder: &ClientBuilder) -> Result<(), Error> {
    let text = format!("{builder:#?}");
    let set = |field: &str| {
        let field = format!("    {field}: ");
        text.lines().find_map(|line| line.strip_prefix(&field))
    };
    for (field, instead) in [
        ("proxies", "use SessionBuilder::proxy"),
        ("connect_timeout", "use SessionBuilder::connect_timeout"),
        ("timeout", "use SessionBuilder::timeout"),
        ("http2_prior_knowledge", "the session needs HTTP/1.1"),
    ] {
        if set(field).is_some() {
            return Err(Error::configuration(format!(
                "http_client sets `{field}`, which would have no effect; take it out there, {instead}"
            )));
        }
    }
    Ok(())
}

/// reqwest would panic without one.
#[cfg(all(feature = "rustls-no-provider", not(feature = "rustls")))]
fn has_tls_provider() -> Result<(), Error> {
    match rustls::crypto::CryptoProvider::get_default() {
        Some(_) => Ok(()),
        None => Err(Error::configuration(
            "there is no TLS provider: with the feature rustls-no-provider the program installs one first, such as \
             rustls::crypto::ring::default_provider().install_default(), or turns on the feature rustls",
        )),
    }
}

#[cfg(not(all(feature = "rustls-no-provider", not(feature = "rustls"))))]
#[expect(
    clippy::unnecessary_wraps,
    reason = "one can be missing with another feature"
)]
fn has_tls_provider() -> Result<(), Error> {
    Ok(())
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
        // Texts that look like one of them are none.
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
    fn what_is_no_proxy_is_refused_by_the_name_of_the_setting() {
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
            // reqwest would pass over these, and connect without a proxy.
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
                message.contains("proxy is not the URL"),
                "{text}: {message}"
            );
            assert!(!message.contains("hush"), "{message}");
        }
    }

    /// Through which scheme never mind: what is asked of the proxy first is of its own protocol.
    #[tokio::test]
    async fn a_socks_proxy_is_spoken_to_as_one() {
        use tokio::io::AsyncReadExt as _;
        for (scheme, version) in [("socks4", 4), ("socks5", 5), ("socks5h", 5)] {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let greeted = tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                stream.read_u8().await.unwrap()
            });
            let transport = Transport {
                proxy: Some(format!("{scheme}://{address}")),
                ..Transport::default()
            };
            let client = transport.make_http().unwrap();
            client.get("http://127.0.0.1:9/").send().await.unwrap_err();
            let greeted = testing::in_time("the greeting", greeted).await;
            assert_eq!(greeted.unwrap(), version, "{scheme}");
        }
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
            let answer = async { client.get(url).send().await?.text().await };
            let answer = testing::in_time("the answer", answer).await;
            assert_eq!(answer.unwrap(), "hi");
            served.await.unwrap();
        }
    }
}

//! The URL of a database: what it may say, and whether the connection is encrypted.

use std::sync::Arc;
use std::time::Duration;

use nxcloud_client::signing::Secret;
use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls_platform_verifier::Verifier;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{Error, ErrorKind};

/// How to connect.
pub(super) struct Target {
    pub(super) config: Config,
    pub(super) tls: Option<MakeRustlsConnect>,
}

pub(super) fn read(url: &str, password: Option<&Secret>) -> Result<Target, Error> {
    let unreadable =
        || wrong("the URL of the ledger cannot be read; write postgres://user@host:5432/database");
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(unreadable());
    }
    let (plain, mode, roots) = without_tls(url)?;
    let mut config: Config = plain.parse().map_err(|_| unreadable())?;
    let names = [config.get_user(), config.get_dbname(), config.get_options()];
    if names.into_iter().flatten().any(|name| name.contains('\0')) {
        return Err(unreadable());
    }
    if config.get_password().is_some() {
        return Err(wrong(
            "the URL holds a password, which others can see; leave it out, and name a password file",
        ));
    }
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err(wrong(
            "the URL names no host; write postgres://user@host:5432/database",
        ));
    }
    let is_local = |host: &Host| match host {
        Host::Tcp(name) => matches!(name.as_str(), "localhost" | "127.0.0.1" | "::1" | "[::1]"),
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    let is_local = config.get_hostaddrs().is_empty() && config.get_hosts().iter().all(is_local);
    let encrypted = match mode.as_deref() {
        None => !is_local || roots.is_some(),
        Some("disable") => false,
        // Without a check of the certificate encryption protects from nobody.
        Some("require" | "verify-ca" | "verify-full") => true,
        Some(_) => {
            return Err(wrong(
                "sslmode is not one that is supported; write sslmode=require or sslmode=disable",
            ));
        }
    };
    if let Some(password) = password {
        config.password(password.expose());
    }
    config.ssl_mode(if encrypted {
        SslMode::Require
    } else {
        SslMode::Disable
    });
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(Duration::from_secs(10));
    }
    // A network that drops is found out soon, also while nothing is sent.
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(Duration::from_secs(20));
    }
    config.keepalives_idle(Duration::from_secs(15));
    config.keepalives_interval(Duration::from_secs(5));
    config.keepalives_retries(3);
    let tls = if encrypted {
        Some(MakeRustlsConnect::new(tls(roots.as_deref())?))
    } else {
        None
    };
    Ok(Target { config, tls })
}

/// What the driver reads.
const PARAMETERS: &[&str] = &[
    "application_name",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "load_balance_hosts",
    "options",
    "password",
    "port",
    "sslnegotiation",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];

/// The URL without what it says of TLS, which the driver does not know: mode and file of roots.
fn without_tls(url: &str) -> Result<(String, Option<String>, Option<String>), Error> {
    let Some((plain, query)) = url.split_once('?') else {
        return Ok((url.to_owned(), None, None));
    };
    let (mut mode, mut roots, mut rest) = (None, None, Vec::new());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sslmode", value)) => mode = Some(value.to_owned()),
            Some(("sslrootcert", value)) => roots = Some(decoded(value)),
            Some((name, _)) if PARAMETERS.contains(&name) => rest.push(pair),
            // Its name is not shown: it may be part of a password that holds a question mark.
            _ => {
                return Err(wrong(
                    "the URL of the ledger has a parameter that is not supported; leave it out, such as sslcert, passfile, schema or pgbouncer",
                ));
            }
        }
    }
    let url = if rest.is_empty() {
        plain.to_owned()
    } else {
        format!("{plain}?{}", rest.join("&"))
    };
    Ok((url, mode, roots))
}

fn decoded(value: &str) -> String {
    percent_encoding::percent_decode_str(value)
        .decode_utf8_lossy()
        .into_owned()
}

fn tls(roots: Option<&str>) -> Result<ClientConfig, Error> {
    let provider = provider()?;
    let unusable = |error: rustls::Error| {
        wrong(format!(
            "TLS cannot be set up: {error}; check the trust store of the system"
        ))
    };
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(unusable)?;
    let Some(path) = roots else {
        let verifier = Verifier::new(provider).map_err(unusable)?;
        return Ok(builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth());
    };
    let unreadable =
        || wrong("the file of sslrootcert holds no certificate that can be read; name a PEM file");
    let mut store = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|_| unreadable())? {
        let certificate = certificate.map_err(|_| unreadable())?;
        store.add(certificate).map_err(|_| unreadable())?;
    }
    if store.is_empty() {
        return Err(unreadable());
    }
    Ok(builder.with_root_certificates(store).with_no_client_auth())
}

/// The provider that the program has installed; without one the built-in one, if there is any.
fn provider() -> Result<Arc<CryptoProvider>, Error> {
    if let Some(provider) = CryptoProvider::get_default() {
        return Ok(Arc::clone(provider));
    }
    #[cfg(feature = "postgres")]
    return Ok(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    #[cfg(not(feature = "postgres"))]
    Err(wrong(
        "no crypto provider is installed; call rustls::crypto::ring::default_provider().install_default(), or enable the feature postgres",
    ))
}

fn wrong(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::Argument, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str) -> String {
        let error = read(url, None).err().expect(url);
        assert_eq!(error.kind(), ErrorKind::Argument, "{url}");
        let text = error.to_string();
        assert!(!text.contains("hunter2") && !text.contains('\n'), "{text}");
        text
    }

    #[test]
    fn a_password_in_the_url_is_refused_and_not_shown() {
        for url in [
            "postgres://ann:hunter2@db.example/c",
            "postgres://ann@db.example/c?password=hunter2",
            "postgresql://:hunter2@/c?host=/run/postgresql",
        ] {
            assert!(refused(url).contains("name a password file"), "{url}");
        }
        let secret = Secret::new("hunter2").unwrap();
        let target = read("postgres://ann@localhost/c", Some(&secret)).unwrap();
        assert_eq!(target.config.get_password(), Some("hunter2".as_bytes()));
    }

    #[test]
    fn what_is_no_url_of_a_database_is_refused() {
        for url in [
            "",
            "mysql://db/c",
            "host=hunter2",
            "postgres://ann@db:port/c",
            "postgres://ann@db:99999/c",
            "postgres://ann%00hunter2@db/c",
            "postgres://db/c%00",
            "postgres://db/c?port=hunter2",
            "postgres://db/c?target_session_attrs=hunter2",
            " postgres://db/c",
            "POSTGRES://db/c",
        ] {
            assert!(refused(url).contains("cannot be read"), "{url}");
        }
        for query in [
            "hunter2=1",
            "hunter2",
            "sslcert=a.pem",
            "pgbouncer=true",
            "keepalives=0",
        ] {
            let url = format!("postgres://db/c?{query}");
            assert!(refused(&url).contains("a parameter that is not"), "{url}");
        }
        assert!(refused("postgres:///c").contains("names no host"));
        for mode in ["prefer", "allow", "hunter2", ""] {
            assert!(refused(&format!("postgres://db/c?sslmode={mode}")).contains("sslmode"));
        }
        assert!(refused("postgres://db/c?sslrootcert=/no/such/hunter2").contains("PEM"));
    }

    #[test]
    fn connections_to_other_machines_are_encrypted_unless_the_url_says_otherwise() {
        for (url, encrypted) in [
            ("postgres://localhost/c", false),
            ("postgres://127.0.0.1:6432/c", false),
            ("postgres:///c?host=/run/postgresql", false),
            ("postgres://localhost/c?sslmode=require", true),
            ("postgres://db.example/c", true),
            ("postgres://localhost,db.example/c", true),
            ("postgres://localhost/c?hostaddr=10.0.0.1", true),
            ("postgres://db.example/c?sslmode=verify-full", true),
            ("postgres://db.example/c?sslmode=disable", false),
            ("postgres://db.example/c?", true),
            (
                "postgres://db.example/c?connect_timeout=5&sslmode=disable&",
                false,
            ),
        ] {
            let target = read(url, None).unwrap();
            assert_eq!(target.tls.is_some(), encrypted, "{url}");
            let mode = if encrypted {
                SslMode::Require
            } else {
                SslMode::Disable
            };
            assert_eq!(target.config.get_ssl_mode(), mode, "{url}");
        }
    }
}

//! The names and addresses of this machine. This is the only place that defines them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The loopback addresses of a URL's host, in the order in which they are tried; none for another machine. An IPv6
/// address is in brackets. Names ignore case.
pub(crate) fn addresses(host: &str) -> impl Iterator<Item = IpAddr> {
    let name = host.strip_suffix('.').unwrap_or(host);
    let addresses = if name.eq_ignore_ascii_case("localhost") {
        let (v4, v6) = (Ipv4Addr::LOCALHOST, Ipv6Addr::LOCALHOST);
        [Some(v4.into()), Some(v6.into())]
    } else {
        [literal(host), None]
    };
    addresses.into_iter().flatten()
}

fn literal(host: &str) -> Option<IpAddr> {
    let inner = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let address = match inner {
        Some(v6) => v6.parse::<Ipv6Addr>().ok()?.to_canonical(),
        None => host.parse::<Ipv4Addr>().ok()?.into(),
    };
    address.is_loopback().then_some(address)
}

/// Whether a `Host` header or a URL's host is this machine: `localhost` in any case or a loopback address, with or
/// without a port.
#[must_use]
pub fn is_named_by(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    addresses(host).next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_this_machine_in_any_case_and_with_any_port() {
        for name in [
            "127.0.0.1:80",
            "127.0.0.2:80",
            "127.0.0.1",
            "localhost",
            "localhost:8080",
            "LOCALHOST",
            "LocalHost:8080",
            "localhost.:8080",
            "[::1]:8080",
            "[::1]",
            "[0:0:0:0:0:0:0:1]:80",
            "[::ffff:127.0.0.1]:80",
            "[::FFFF:7F00:1]",
        ] {
            assert!(is_named_by(name), "{name}");
        }
        for name in [
            "evil.example",
            "localhost.evil.example:80",
            "LOCALHOST.evil.example",
            "127.0.0.1.evil.example",
            "localhost@evil.example",
            "evil.example#localhost",
            "localhost..",
            "192.168.0.1:80",
            "0.0.0.0:80",
            "[::]:80",
            "[::ffff:192.0.2.1]",
            "[127.0.0.1]",
            "[localhost]",
            "::1",
            "",
            ":80",
        ] {
            assert!(!is_named_by(name), "{name}");
        }
    }

    #[test]
    fn localhost_stands_for_both_loopback_addresses() {
        let of = |host| {
            addresses(host)
                .map(|address| address.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(of("LocalHost"), ["127.0.0.1", "::1"]);
        assert_eq!(of("[::1]"), ["::1"]);
        assert_eq!(of("[::ffff:127.0.0.3]"), ["127.0.0.3"]);
        assert_eq!(of("example"), [""; 0]);
    }
}

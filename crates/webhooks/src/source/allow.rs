//! The allow-list of sender addresses.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

use super::SourceError;

/// A range of IP addresses with the same prefix: `203.0.113.0/24`, `2001:db8::/32`, or a single address.
///
/// Ranges have a canonical form, so equal ranges compare equal: bits after the prefix are zero, and IPv4-mapped IPv6 becomes IPv4
/// (`::ffff:203.0.113.0/120` becomes `203.0.113.0/24`). Addresses are compared in the same form, so `::/0` contains every IPv6 address and
/// no IPv4 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IpRange(IpNet);

/// The error for a text or prefix length that is not an IP range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidIpRange;

impl fmt::Display for InvalidIpRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an IP address or a range such as 203.0.113.0/24")
    }
}

impl std::error::Error for InvalidIpRange {}

impl IpRange {
    /// The range of the addresses whose first `bits` equal those of `base`. The remaining bits of `base` are ignored.
    ///
    /// # Errors
    ///
    /// [`InvalidIpRange`] if the address has fewer bits, or if `base` is an IPv4-mapped IPv6 address and `bits` is less than 96.
    pub fn new(base: IpAddr, bits: u8) -> Result<Self, InvalidIpRange> {
        let canonical = base.to_canonical();
        let bits = match (base, canonical) {
            (IpAddr::V6(_), IpAddr::V4(_)) => bits.checked_sub(96).ok_or(InvalidIpRange)?,
            _ => bits,
        };
        let range = IpNet::new(canonical, bits).map_err(|_| InvalidIpRange)?;
        Ok(Self(range.trunc()))
    }

    /// Whether the range contains an address. An IPv4-mapped IPv6 address (`::ffff:203.0.113.7`) counts as the IPv4 address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl From<IpAddr> for IpRange {
    fn from(address: IpAddr) -> Self {
        Self(address.to_canonical().into())
    }
}

impl FromStr for IpRange {
    type Err = InvalidIpRange;

    /// Parses an address, or an address, a slash and a prefix length. Surrounding white space is ignored.
    fn from_str(text: &str) -> Result<Self, InvalidIpRange> {
        let text = text.trim();
        let (base, bits) = match text.split_once('/') {
            Some((base, bits)) => (base, Some(bits)),
            None => (text, None),
        };
        let base: IpAddr = base.parse().map_err(|_| InvalidIpRange)?;
        match bits {
            None => Ok(base.into()),
            // Parsing a number would also accept a plus sign.
            Some(bits) if bits.bytes().all(|byte| byte.is_ascii_digit()) => {
                Self::new(base, bits.parse().map_err(|_| InvalidIpRange)?)
            }
            Some(_) => Err(InvalidIpRange),
        }
    }
}

/// The addresses that may push, and the proxies whose `X-Forwarded-For` is trusted.
///
/// The reference does not list the addresses of the platform; ask the vendor for them. An address shows who sent a packet, not who wrote
/// its content, so it is only as trustworthy as the network in between.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowList {
    allowed: Vec<IpRange>,
    proxies: Vec<IpRange>,
}

impl AllowList {
    /// Allows only these addresses.
    #[must_use]
    pub fn new(allowed: impl IntoIterator<Item = IpRange>) -> Self {
        Self {
            allowed: allowed.into_iter().collect(),
            proxies: Vec::new(),
        }
    }

    /// Trusts the `X-Forwarded-For` header of these proxies. The header of every other peer is ignored.
    #[must_use]
    pub fn trusted_proxies(mut self, proxies: impl IntoIterator<Item = IpRange>) -> Self {
        self.proxies.extend(proxies);
        self
    }

    /// Checks the source of a push, from the address of the connection's peer and the values of all `X-Forwarded-For` headers in their
    /// order. Returns the sender's address.
    ///
    /// The header is read from its end, where the nearest proxy has appended to it. The sender is the last address that is not a trusted
    /// proxy.
    ///
    /// # Errors
    ///
    /// [`SourceError::PeerUnknown`], [`SourceError::ForwardedFor`], [`SourceError::NotAllowed`].
    pub fn check<'h>(
        &self,
        peer: Option<IpAddr>,
        forwarded_for: impl IntoIterator<Item = &'h [u8]>,
    ) -> Result<IpAddr, SourceError> {
        let peer = peer.ok_or(SourceError::PeerUnknown)?.to_canonical();
        let sender = if self.is_proxy(peer) {
            self.forwarded(forwarded_for)?
        } else {
            peer
        };
        if self.allowed.iter().any(|range| range.contains(sender)) {
            Ok(sender)
        } else {
            Err(SourceError::NotAllowed)
        }
    }

    fn is_proxy(&self, address: IpAddr) -> bool {
        self.proxies.iter().any(|range| range.contains(address))
    }

    fn forwarded<'h>(
        &self,
        headers: impl IntoIterator<Item = &'h [u8]>,
    ) -> Result<IpAddr, SourceError> {
        let headers: Vec<&[u8]> = headers.into_iter().collect();
        for header in headers.into_iter().rev() {
            let header = std::str::from_utf8(header).map_err(|_| SourceError::ForwardedFor)?;
            for entry in header.rsplit(',') {
                let address = address(entry.trim()).ok_or(SourceError::ForwardedFor)?;
                if !self.is_proxy(address) {
                    return Ok(address);
                }
            }
        }
        Err(SourceError::ForwardedFor)
    }
}

/// Parses an address, with or without a port. Some proxies add the port.
fn address(entry: &str) -> Option<IpAddr> {
    let bare = match entry.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next()?,
        // Several colons mean an IPv6 address without a port.
        None => match entry.split_once(':') {
            Some((before, port)) if !port.contains(':') => before,
            _ => entry,
        },
    };
    bare.parse::<IpAddr>()
        .ok()
        .map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> IpRange {
        text.parse().unwrap()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_range_holds_what_shares_its_bits() {
        assert!(range("203.0.113.0/24").contains(ip("203.0.113.255")));
        assert!(range("203.0.113.99/24").contains(ip("203.0.113.1")));
        assert!(range("203.0.113.7").contains(ip("::ffff:203.0.113.7")));
        assert!(!range("203.0.113.0/24").contains(ip("203.0.114.0")));
        assert!(range("0.0.0.0/0").contains(ip("198.51.100.1")));
        assert!(!range("0.0.0.0/0").contains(ip("2001:db8::1")));
        assert!(range("::/0").contains(ip("2001:db8::1")));
        assert!(range("2001:db8::/33").contains(ip("2001:db8:7fff::1")));
        assert!(!range("2001:db8::/33").contains(ip("2001:db8:8000::1")));
        for text in [
            "",
            "x",
            "203.0.113.0/33",
            "::/129",
            "203.0.113.0/",
            "203.0.113.0/-1",
            "203.0.113.0/+24",
            "203.0.113.0 / 24",
            "203.0.113.0/255.255.255.0",
            "203.0.113",
            // IPv4 written as IPv6, with less bits than it takes to say so.
            "::ffff:203.0.113.0/95",
            "::ffff:203.0.113.0/24",
            "::ffff:0:0/0",
            "::ffff:203.0.113.0/129",
        ] {
            assert_eq!(text.parse::<IpRange>(), Err(InvalidIpRange), "{text}");
        }
    }

    #[test]
    fn ranges_are_canonical_and_match_addresses_in_every_form() {
        for (written, canonical) in [
            ("::ffff:203.0.113.0/120", "203.0.113.0/24"),
            ("::FFFF:cb00:7100/120", "203.0.113.0/24"),
            ("0:0:0:0:0:ffff:203.0.113.77/120", "203.0.113.0/24"),
            ("203.0.113.77/24", "203.0.113.0/24"),
            (" 203.0.113.0/24\r\n", "203.0.113.0/24"),
            ("\t203.0.113.7 ", "203.0.113.7/32"),
            ("::ffff:203.0.113.7", "203.0.113.7/32"),
            ("::ffff:203.0.113.7/128", "203.0.113.7"),
            ("::ffff:0:0/96", "0.0.0.0/0"),
            ("203.0.113.7/0", "0.0.0.0/0"),
            ("2001:db8::7/32", "2001:db8::/32"),
            ("2001:db8::7/128", "2001:db8::7"),
            ("ff::1/0", "::/0"),
        ] {
            assert_eq!(range(written), range(canonical), "{written}");
        }
        for inside in ["203.0.113.7", "::ffff:203.0.113.7", "::ffff:cb00:7107"] {
            assert!(range("::ffff:203.0.113.0/120").contains(ip(inside)));
            assert!(range("203.0.113.0/24").contains(ip(inside)));
            assert!(range("0.0.0.0/0").contains(ip(inside)));
            assert!(!range("::/0").contains(ip(inside)), "this is IPv4");
            assert!(!range("::ffff:203.0.114.0/120").contains(ip(inside)));
        }
        let base = ip("::ffff:203.0.113.9");
        assert_eq!(IpRange::new(base, 120), Ok(range("203.0.113.0/24")));
        assert_eq!(IpRange::new(base, 24), Err(InvalidIpRange));
        assert_eq!(IpRange::from(base), range("203.0.113.9"));
        assert_eq!(
            AllowList::new([range("::ffff:203.0.113.0/120")])
                .trusted_proxies([range("::ffff:10.0.0.0/104")])
                .check(Some(ip("::ffff:10.1.1.1")), [&b"::ffff:203.0.113.7"[..]]),
            Ok(ip("203.0.113.7"))
        );
    }

    fn check(peer: &str, headers: &[&str]) -> Result<IpAddr, SourceError> {
        AllowList::new([range("203.0.113.0/24")])
            .trusted_proxies([range("10.0.0.0/8"), range("::1")])
            .check(
                Some(ip(peer)),
                headers.iter().map(|header| header.as_bytes()),
            )
    }

    #[test]
    fn only_the_header_of_trusted_proxies_is_used() {
        assert_eq!(
            check("203.0.113.7", &["198.51.100.1"]),
            Ok(ip("203.0.113.7"))
        );
        assert_eq!(
            check("198.51.100.1", &["203.0.113.7"]),
            Err(SourceError::NotAllowed)
        );
        assert_eq!(check("10.1.1.1", &["203.0.113.7"]), Ok(ip("203.0.113.7")));
        assert_eq!(check("::1", &["203.0.113.7:4711"]), Ok(ip("203.0.113.7")));
        assert_eq!(
            check("10.1.1.1", &["[::ffff:203.0.113.7]:80, 10.2.2.2"]),
            Ok(ip("203.0.113.7"))
        );
    }

    #[test]
    fn addresses_that_the_sender_forged_are_ignored() {
        assert_eq!(
            check("10.1.1.1", &["203.0.113.7, 198.51.100.1"]),
            Err(SourceError::NotAllowed)
        );
        assert_eq!(
            check("10.1.1.1", &["203.0.113.7", "198.51.100.1, 10.2.2.2"]),
            Err(SourceError::NotAllowed)
        );
        assert_eq!(
            check("10.1.1.1", &["198.51.100.1", "203.0.113.7"]),
            Ok(ip("203.0.113.7"))
        );
    }

    #[test]
    fn a_push_without_a_usable_address_is_refused() {
        for headers in [
            &[][..],
            &["10.2.2.2"],
            &["203.0.113.7, unknown"],
            &[""],
            &["203.0.113.7,"],
        ] {
            assert_eq!(
                check("10.1.1.1", headers),
                Err(SourceError::ForwardedFor),
                "{headers:?}"
            );
        }
        let list = AllowList::new([range("203.0.113.0/24")]);
        assert_eq!(list.check(None, []), Err(SourceError::PeerUnknown));
    }
}

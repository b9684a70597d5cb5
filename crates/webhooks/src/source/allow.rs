//! Which addresses may push.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

use super::SourceError;

/// Addresses that share their first bits: `203.0.113.0/24`, `2001:db8::/32`, or a single address.
///
/// There is one form of each range, so that equal ranges compare equal: the bits of the base that do not count are zero, and IPv4
/// written as IPv6 is IPv4 (`::ffff:203.0.113.0/120` is `203.0.113.0/24`). Addresses are looked at in the same form, so that `::/0`
/// is all of IPv6 and no IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IpRange(IpNet);

/// A text is no address, and no address with a number of bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotARange;

impl fmt::Display for NotARange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an IP address or a range such as 203.0.113.0/24")
    }
}

impl std::error::Error for NotARange {}

impl IpRange {
    /// The addresses whose first `bits` are those of `base`; the others of `base` do not count.
    ///
    /// # Errors
    ///
    /// [`NotARange`] if an address has fewer bits, and for an IPv4 base written as IPv6 with less than the 96 bits that say so: no
    /// address looks like that.
    pub fn new(base: IpAddr, bits: u8) -> Result<Self, NotARange> {
        let canonical = base.to_canonical();
        let bits = match (base, canonical) {
            (IpAddr::V6(_), IpAddr::V4(_)) => bits.checked_sub(96).ok_or(NotARange)?,
            _ => bits,
        };
        let range = IpNet::new(canonical, bits).map_err(|_| NotARange)?;
        Ok(Self(range.trunc()))
    }

    /// Whether an address is one of them. An IPv4 address written as an IPv6 one (`::ffff:203.0.113.7`) is the IPv4 address.
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
    type Err = NotARange;

    /// Reads an address, or an address, a slash and a number of bits; blanks around it are ignored.
    fn from_str(text: &str) -> Result<Self, NotARange> {
        let text = text.trim();
        let (base, bits) = match text.split_once('/') {
            Some((base, bits)) => (base, Some(bits)),
            None => (text, None),
        };
        let base: IpAddr = base.parse().map_err(|_| NotARange)?;
        match bits {
            None => Ok(base.into()),
            // A number would take a plus sign too.
            Some(bits) if bits.bytes().all(|byte| byte.is_ascii_digit()) => {
                Self::new(base, bits.parse().map_err(|_| NotARange)?)
            }
            Some(_) => Err(NotARange),
        }
    }
}

/// The addresses that may push, and the proxies that are believed about them.
///
/// The reference names no addresses that the platform pushes from; ask the vendor for them. An address says who sent a packet, not
/// who wrote it: it is worth as much as the network in between.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowList {
    allowed: Vec<IpRange>,
    proxies: Vec<IpRange>,
}

impl AllowList {
    /// Allows these addresses and no other.
    #[must_use]
    pub fn new(allowed: impl IntoIterator<Item = IpRange>) -> Self {
        Self {
            allowed: allowed.into_iter().collect(),
            proxies: Vec::new(),
        }
    }

    /// Believes these proxies about the address of whoever they speak for. `X-Forwarded-For` of anyone else is ignored.
    #[must_use]
    pub fn trusted_proxies(mut self, proxies: impl IntoIterator<Item = IpRange>) -> Self {
        self.proxies.extend(proxies);
        self
    }

    /// Checks where a push came from: the address of the other end of the connection, and the values of all `X-Forwarded-For`
    /// headers in their order. Gives back the sender's address.
    ///
    /// The header is read from its end, where the nearest proxy wrote: the sender is the last address that is not a trusted proxy.
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

/// An address, perhaps with a port as some proxies write it.
fn address(entry: &str) -> Option<IpAddr> {
    let bare = match entry.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next()?,
        // Several colons are an IPv6 address without a port.
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
            assert_eq!(text.parse::<IpRange>(), Err(NotARange), "{text}");
        }
    }

    #[test]
    fn a_range_has_one_form_and_matches_addresses_in_every_form() {
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
            assert!(!range("::/0").contains(ip(inside)), "it is IPv4");
            assert!(!range("::ffff:203.0.114.0/120").contains(ip(inside)));
        }
        let base = ip("::ffff:203.0.113.9");
        assert_eq!(IpRange::new(base, 120), Ok(range("203.0.113.0/24")));
        assert_eq!(IpRange::new(base, 24), Err(NotARange));
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
    fn only_trusted_proxies_are_believed() {
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
    fn what_the_sender_wrote_in_front_does_not_count() {
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
    fn without_a_usable_address_nothing_is_allowed() {
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

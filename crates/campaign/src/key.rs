//! The secret of a ledger: what hides numbers in it, and what row keys are recognised by.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::ledger::CampaignId;

/// The random secret of a ledger. It never leaves the ledger.
#[derive(Clone)]
pub(crate) struct LedgerKey(Hmac<Sha256>);

impl LedgerKey {
    /// Bytes of the secret.
    pub(crate) const LENGTH: usize = 32;

    /// `None` if the secret has another length, so that the ledger is corrupt.
    pub(crate) fn new(secret: &[u8]) -> Option<Self> {
        (secret.len() == Self::LENGTH)
            .then(|| Hmac::new_from_slice(secret).ok().map(Self))
            .flatten()
    }

    fn mac(&self, kind: u8, data: &[u8]) -> [u8; 8] {
        let mut mac = self.0.clone();
        mac.update(&[kind]);
        mac.update(data);
        let mut start = [0; 8];
        let whole = mac.finalize().into_bytes();
        for (to, from) in start.iter_mut().zip(whole) {
            *to = from;
        }
        start
    }

    /// A number as the ledger compares it: 64 bits that say nothing to whoever lacks the secret.
    pub(crate) fn number(&self, phone: &str) -> i64 {
        i64::from_le_bytes(self.mac(b'p', phone.as_bytes()))
    }

    /// The key of a row: what is sent in a field that receipts bring back. It has at most 39 characters: letters, digits and dashes.
    pub(crate) fn row(&self, row: RowId) -> String {
        let RowId { campaign, row } = row;
        format!("nx-{campaign}-{row}-{:012x}", self.tag(campaign, row))
    }

    /// The row of a key; `None` if this ledger did not make it.
    pub(crate) fn read(&self, key: &str) -> Option<RowId> {
        let mut parts = key.trim().strip_prefix("nx-")?.split('-');
        let mut part = || parts.next();
        let (campaign, row, tag) = (part()?, part()?, part()?);
        if part().is_some() {
            return None;
        }
        let campaign = CampaignId::new(campaign.parse().ok()?)?;
        let row = row.parse().ok()?;
        let tag = u64::from_str_radix(tag, 16).ok()?;
        (tag == self.tag(campaign, row)).then_some(RowId { campaign, row })
    }

    /// 48 bits.
    fn tag(&self, campaign: CampaignId, row: u32) -> u64 {
        let mut id = [0; 8];
        let (front, back) = id.split_at_mut(4);
        front.copy_from_slice(&campaign.get().to_le_bytes());
        back.copy_from_slice(&row.to_le_bytes());
        u64::from_le_bytes(self.mac(b'r', &id)) >> 16
    }
}

/// A row of a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a campaign and a row are what a row is known by"
)]
pub struct RowId {
    /// Its campaign.
    pub campaign: CampaignId,
    /// Its number in the list, from 1.
    pub row: u32,
}

impl fmt::Debug for LedgerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LedgerKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(byte: u8) -> LedgerKey {
        LedgerKey::new(&[byte; LedgerKey::LENGTH]).unwrap()
    }

    proptest! {
        #[test]
        fn a_key_leads_back_to_its_row_in_its_ledger_only(campaign in 1..=CampaignId::MAX, row: u32) {
            let row = RowId { campaign: CampaignId::new(campaign).unwrap(), row };
            let text = key(1).row(row);
            prop_assert!(text.len() <= 39);
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
            prop_assert_eq!(key(1).read(&text), Some(row));
            prop_assert_eq!(key(1).read(&format!(" {text} ")), Some(row));
            prop_assert_eq!(key(2).read(&text), None);
        }

        #[test]
        fn another_text_is_no_key(text in "(nx-)?[0-9a-f-]{0,30}|.*") {
            prop_assert_eq!(key(1).read(&text), None);
        }
    }

    #[test]
    fn a_changed_key_is_none() {
        let text = key(1).row(RowId {
            campaign: CampaignId::new(7).unwrap(),
            row: 12,
        });
        for place in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[place] = if changed[place] == b'1' { b'2' } else { b'1' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(key(1).read(&changed), None, "{changed}");
        }
        assert_eq!(key(1).read(&format!("{text}-1")), None);
        assert!(LedgerKey::new(&[0; 31]).is_none());
    }

    #[test]
    fn numbers_are_told_apart_and_hidden() {
        assert_eq!(
            key(1).number("8615012345678"),
            key(1).number("8615012345678")
        );
        assert_ne!(
            key(1).number("8615012345678"),
            key(1).number("8615012345679")
        );
        assert_ne!(
            key(1).number("8615012345678"),
            key(2).number("8615012345678")
        );
        assert_eq!(format!("{:?}", key(1)), "LedgerKey");
    }
}

//! Picks the signed headers of a request.

use super::error::{SignedHeader, VerifyError};

/// The values of the signed headers, in the order of [`SignedHeader::ALL`].
pub(super) struct SignatureHeaders<V>([V; 5]);

impl<V: AsRef<[u8]>> SignatureHeaders<V> {
    /// Picks the five headers. Each must occur exactly once.
    pub(super) fn pick<N: AsRef<str>>(
        headers: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, VerifyError> {
        let mut slots: [Option<V>; 5] = [None, None, None, None, None];
        for (name, value) in headers {
            let name = name.as_ref();
            let slot = SignedHeader::ALL
                .into_iter()
                .zip(&mut slots)
                .find(|(header, _)| header.name().eq_ignore_ascii_case(name));
            if let Some((header, slot)) = slot
                && slot.replace(value).is_some()
            {
                return Err(VerifyError::DuplicateHeader(header));
            }
        }
        match slots {
            [Some(a), Some(b), Some(c), Some(d), Some(e)] => Ok(Self([a, b, c, d, e])),
            slots => {
                let missing = SignedHeader::ALL.into_iter().zip(&slots);
                let missing = missing.filter(|(_, slot)| slot.is_none());
                let first = missing.map(|(header, _)| header).next();
                Err(VerifyError::MissingHeader(
                    first.unwrap_or(SignedHeader::Sign),
                ))
            }
        }
    }

    /// A value as text, without the spaces and tabs that some HTTP libraries leave around it.
    pub(super) fn text(&self, header: SignedHeader) -> Result<&str, VerifyError> {
        let [access_key, ts, biz_type, action, sign] = &self.0;
        let value = match header {
            SignedHeader::AccessKey => access_key,
            SignedHeader::Ts => ts,
            SignedHeader::BizType => biz_type,
            SignedHeader::Action => action,
            SignedHeader::Sign => sign,
        };
        std::str::from_utf8(value.as_ref())
            .map(|text| text.trim_matches([' ', '\t']))
            .map_err(|_| VerifyError::InvalidHeader(header))
    }
}

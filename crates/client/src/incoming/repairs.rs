//! What had to be repaired before something could be read.

use std::fmt;

/// One kind of repair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum Repair {
    /// The body was compressed and not labelled so, or labelled so and not compressed.
    ContentEncoding,
    /// A byte order mark was skipped.
    ByteOrderMark,
    /// The text was in another charset than UTF-8.
    Charset,
    /// Bytes that are no text became U+FFFD.
    InvalidText,
    /// Half of a surrogate pair became U+FFFD.
    Surrogate,
    /// Control characters stood in a JSON text unescaped.
    ControlCharacter,
    /// A JSON text had an escape that JSON does not know; the character after the backslash was kept.
    Escape,
    /// A number that 64 bits cannot hold exactly, or that is not written as JSON has it, became a text of its digits; `NaN` and
    /// `Infinity` became null.
    Number,
    /// The same key came twice; the first counts.
    EqualKeys,
    /// A form had an unescaped plus before a number, or the space that one is read as. A phone number keeps its plus; else both go.
    Plus,
}

impl Repair {
    const ALL: [Self; 10] = [
        Self::ContentEncoding,
        Self::ByteOrderMark,
        Self::Charset,
        Self::InvalidText,
        Self::Surrogate,
        Self::ControlCharacter,
        Self::Escape,
        Self::Number,
        Self::EqualKeys,
        Self::Plus,
    ];

    /// The kind as one word, as traces have it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ContentEncoding => "content_encoding",
            Self::ByteOrderMark => "byte_order_mark",
            Self::Charset => "charset",
            Self::InvalidText => "invalid_text",
            Self::Surrogate => "surrogate",
            Self::ControlCharacter => "control_character",
            Self::Escape => "escape",
            Self::Number => "number",
            Self::EqualKeys => "equal_keys",
            Self::Plus => "plus",
        }
    }
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The kinds of repair that a reply or push needed; usually none.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Repairs(u16);

impl Repairs {
    /// Nothing was repaired.
    pub const NONE: Self = Self(0);

    /// Whether nothing was repaired.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether there was a repair of this kind.
    #[must_use]
    pub const fn contains(self, repair: Repair) -> bool {
        self.0 & (1 << repair as u8) != 0
    }

    /// Every kind of repair that there was.
    pub fn iter(self) -> impl Iterator<Item = Repair> {
        Repair::ALL
            .into_iter()
            .filter(move |repair| self.contains(*repair))
    }

    pub(crate) fn add(&mut self, repair: Repair) {
        self.0 |= 1 << repair as u8;
    }

    /// Adds those of another part of the same reply or push.
    #[doc(hidden)]
    pub fn extend(&mut self, others: Self) {
        self.0 |= others.0;
    }
}

/// The names, with commas between.
impl fmt::Display for Repairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, repair) in self.iter().enumerate() {
            f.write_str(if place == 0 { "" } else { "," })?;
            f.write_str(repair.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Repairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_kept_apart_and_has_a_name_of_its_own() {
        let mut all = Repairs::NONE;
        assert!(all.is_empty());
        for (place, repair) in Repair::ALL.into_iter().enumerate() {
            assert!(!all.contains(repair), "{repair}");
            all.add(repair);
            assert_eq!(all.iter().count(), place + 1);
        }
        let mut names: Vec<_> = Repair::ALL.map(Repair::as_str).into();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Repair::ALL.len());
        assert!(
            all.to_string()
                .starts_with("content_encoding,byte_order_mark,")
        );
    }
}

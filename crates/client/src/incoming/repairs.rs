//! The repairs that a reply or push needed.

use std::fmt;

/// One kind of repair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum Repair {
    /// The content encoding in the header did not match the body: it was compressed without a header, or not compressed despite one.
    ContentEncoding,
    /// A byte order mark was removed.
    ByteOrderMark,
    /// The text was in a charset other than UTF-8.
    Charset,
    /// Invalid bytes became U+FFFD.
    InvalidText,
    /// Half of a surrogate pair became U+FFFD.
    Surrogate,
    /// A JSON string contained unescaped control characters.
    ControlCharacter,
    /// A JSON string contained an invalid escape. The backslash was dropped, and the character after it kept.
    Escape,
    /// A number that 64 bits cannot hold exactly, or in an invalid notation, became a string. `NaN` and `Infinity` became null.
    Number,
    /// A key was repeated; the first value counts.
    EqualKeys,
    /// A form had an unescaped plus, or a space in its place, before a number. A phone number keeps its plus; other numbers lose both.
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

    /// The kind as an identifier, as traces show it.
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

/// The set of repairs that a reply or push needed; usually empty.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Repairs(u16);

impl Repairs {
    /// No repair.
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

    /// All kinds of repair in the set.
    pub fn iter(self) -> impl Iterator<Item = Repair> {
        Repair::ALL
            .into_iter()
            .filter(move |repair| self.contains(*repair))
    }

    pub(crate) fn add(&mut self, repair: Repair) {
        self.0 |= 1 << repair as u8;
    }

    /// Adds the repairs of another part of the same reply or push.
    #[doc(hidden)]
    pub fn extend(&mut self, others: Self) {
        self.0 |= others.0;
    }
}

/// The names, separated by commas.
impl fmt::Display for Repairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, repair) in self.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "," })?;
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
    fn every_kind_is_distinct_and_has_a_unique_name() {
        let mut all = Repairs::NONE;
        assert!(all.is_empty());
        for (index, repair) in Repair::ALL.into_iter().enumerate() {
            assert!(!all.contains(repair), "{repair}");
            all.add(repair);
            assert_eq!(all.iter().count(), index + 1);
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

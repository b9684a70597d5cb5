//! Numbered pages.

use super::call::{Call, Refusal};

/// The rows that a request selects.
pub(super) struct Page {
    pub(super) number: usize,
    pub(super) size: usize,
}

impl Page {
    /// Reads the two fields from a request.
    pub(super) fn read(
        call: &Call<'_>,
        (number, first): (&str, Option<i64>),
        (size, usual): (&str, Option<i64>),
    ) -> Result<Self, Refusal> {
        Ok(Self {
            number: call.at_least_1(number, first)?,
            size: call.at_least_1(size, usual)?,
        })
    }

    /// The rows of this page.
    pub(super) fn cut<T>(&self, rows: impl IntoIterator<Item = T>) -> Vec<T> {
        let skipped = (self.number - 1).saturating_mul(self.size);
        rows.into_iter().skip(skipped).take(self.size).collect()
    }

    /// The number of pages for this many rows.
    pub(super) const fn count(&self, rows: usize) -> usize {
        rows.div_ceil(self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_cut_the_rows_without_a_gap() {
        let cut = |number, size| Page { number, size }.cut(0..5);
        assert_eq!(cut(1, 2), [0, 1]);
        assert_eq!(cut(3, 2), [4]);
        assert!(cut(4, 2).is_empty());
        assert!(cut(usize::MAX, usize::MAX).is_empty());
        assert_eq!(cut(1, usize::MAX), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn pages_are_counted_up() {
        let pages = |rows| Page { number: 1, size: 2 }.count(rows);
        assert_eq!([0, 1, 2, 3].map(pages), [0, 1, 1, 2]);
    }
}

//! Numbered pages.

use super::call::{Call, Refusal};

/// The rows that a request asks for.
pub(super) struct Page {
    pub(super) number: usize,
    pub(super) size: usize,
}

impl Page {
    /// Reads two fields of a request, which begin to count at 1; the code answers one that is below or absent.
    pub(super) fn read(
        call: &Call<'_>,
        number: &str,
        size: &str,
        code: i64,
    ) -> Result<Self, Refusal> {
        let page = |name| call.integer(name).unwrap_or_default();
        let problem = || Refusal::new(code, format!("/{number} and /{size} begin at 1"));
        Self::of(page(number), page(size)).ok_or_else(problem)
    }

    pub(super) fn of(number: i64, size: i64) -> Option<Self> {
        let at_least_1 = |value: i64| usize::try_from(value).ok().filter(|value| *value > 0);
        Some(Self {
            number: at_least_1(number)?,
            size: at_least_1(size)?,
        })
    }

    /// The rows of this page.
    pub(super) fn cut<T>(&self, rows: impl IntoIterator<Item = T>) -> Vec<T> {
        let skipped = (self.number - 1).saturating_mul(self.size);
        rows.into_iter().skip(skipped).take(self.size).collect()
    }

    /// How many pages so many rows make.
    pub(super) const fn count(&self, rows: usize) -> usize {
        rows.div_ceil(self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_cut_the_rows_without_a_gap() {
        let cut = |number, size| Page::of(number, size).unwrap().cut(0..5);
        assert_eq!(cut(1, 2), [0, 1]);
        assert_eq!(cut(3, 2), [4]);
        assert!(cut(4, 2).is_empty());
        assert!(cut(i64::MAX, i64::MAX).is_empty());
        assert_eq!(cut(1, i64::MAX), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn pages_are_counted_up() {
        let pages = |rows| Page::of(1, 2).unwrap().count(rows);
        assert_eq!([0, 1, 2, 3].map(pages), [0, 1, 1, 2]);
    }

    #[test]
    fn there_is_no_page_below_1() {
        for (number, size) in [(0, 1), (1, 0), (-1, 1), (1, i64::MIN)] {
            assert!(Page::of(number, size).is_none(), "{number} {size}");
        }
    }
}

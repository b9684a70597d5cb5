//! The limit for the cost of a diagnosis.

use std::cell::Cell;

/// The maximum number of bytes that one diagnosis writes and hashes. An unoptimised test build takes about a second
/// for it.
pub(crate) const BUDGET: usize = 8 * 1024 * 1024;
/// Up to this size of the body, orders of the parameters are tried before other spellings. Each of them hashes the
/// body.
pub(crate) const SMALL_BODY: usize = 64 * 1024;

/// The number of bytes that may still be written or hashed.
pub(crate) struct Budget(Cell<usize>);

impl Budget {
    pub(crate) const fn new() -> Self {
        Self(Cell::new(BUDGET))
    }

    /// The remaining bytes.
    pub(crate) const fn left(&self) -> usize {
        self.0.get()
    }

    /// Takes this many bytes. If fewer remain, it takes those and returns false.
    pub(crate) fn spend(&self, bytes: usize) -> bool {
        let left = self.0.get().checked_sub(bytes);
        self.0.set(left.unwrap_or_default());
        left.is_some()
    }
}

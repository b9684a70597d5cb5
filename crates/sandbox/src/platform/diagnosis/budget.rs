//! How much a diagnosis may cost.

use std::cell::Cell;

/// How many bytes one diagnosis writes and hashes at most. A test that embeds the sandbox may run unoptimised, where this takes
/// about a second.
pub(crate) const BUDGET: usize = 8 * 1024 * 1024;
/// Orders of the parameters are tried before other spellings with bodies up to this size, because each try hashes the body.
pub(crate) const SMALL_BODY: usize = 64 * 1024;

/// How many bytes may still be written or hashed.
pub(crate) struct Budget(Cell<usize>);

impl Budget {
    pub(crate) const fn new() -> Self {
        Self(Cell::new(BUDGET))
    }

    /// How many are left.
    pub(crate) const fn left(&self) -> usize {
        self.0.get()
    }

    /// Takes so many bytes. If fewer are left, it takes these and says false.
    pub(crate) fn spend(&self, bytes: usize) -> bool {
        let left = self.0.get().checked_sub(bytes);
        self.0.set(left.unwrap_or_default());
        left.is_some()
    }
}

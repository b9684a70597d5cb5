//! Where a worker looks for rows that are ready.
//!
//! Rows that were never claimed come first, in their order. Their entries in the index stay until a vacuum, and a search from the start would
//! pass all of them. So a worker looks behind the last row that it claimed. It misses a row before that which another worker claimed without
//! success; these are found when there is nothing else to claim.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::ledger::WorkerId;

/// How often a worker may find too little behind every row that was never claimed, before it looks at all again.
const MAX_SHORT: u32 = 16;

/// A place in the order of rows that were never claimed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cursor {
    /// The id after which a search begins; `START` for all rows, `END` for none but those that were put back.
    after: i64,
    short: u32,
}

const START: i64 = 0;
const END: i64 = i64::MAX;

/// What a search found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Search {
    /// Whether it was less than it should be.
    pub(super) short: bool,
    /// The last row: not before when, and its id.
    pub(super) last: Option<(i64, i64)>,
}

impl Cursor {
    /// The id after which a search begins.
    pub(super) fn after(self) -> i64 {
        self.after
    }

    /// The cursor after a search; whether another one can find more at once.
    pub(super) fn moved(self, search: Search) -> (Self, bool) {
        let at = |after, short| Self { after, short };
        match (search.short, self.after) {
            (false, _) => match search.last {
                Some((0, id)) => (at(id, 0), false),
                Some(_) => (at(END, 0), false),
                None => (self, false),
            },
            (true, START) => (at(END, 0), false),
            (true, END) if self.short + 1 < MAX_SHORT => (at(END, self.short + 1), false),
            (true, END) => (at(START, 0), false),
            (true, _) => (at(START, 0), true),
        }
    }
}

/// The cursors of the workers of a process.
#[derive(Default)]
pub(super) struct Cursors(Mutex<HashMap<i64, Cursor>>);

impl Cursors {
    fn all(&self) -> MutexGuard<'_, HashMap<i64, Cursor>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, worker: WorkerId) {
        self.all().insert(worker.0, Cursor::default());
    }

    /// The start for a worker that this process does not know.
    pub(super) fn of(&self, worker: WorkerId) -> Cursor {
        self.all().get(&worker.0).copied().unwrap_or_default()
    }

    pub(super) fn set(&self, worker: WorkerId, to: Cursor) {
        if let Some(cursor) = self.all().get_mut(&worker.0) {
            *cursor = to;
        }
    }

    pub(super) fn remove(&self, worker: WorkerId) {
        self.all().remove(&worker.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(cursor: Cursor, short: bool, last: Option<(i64, i64)>) -> (Cursor, i64, bool) {
        let (cursor, again) = cursor.moved(Search { short, last });
        (cursor, cursor.after(), again)
    }

    #[test]
    fn a_cursor_follows_the_rows_and_begins_again_when_it_finds_too_little() {
        let cursor = Cursor::default();
        let (cursor, place, again) = after(cursor, false, Some((0, 64)));
        assert_eq!((place, again), (64, false));
        let (cursor, place, again) = after(cursor, true, Some((0, 70)));
        assert_eq!((place, again), (START, true), "all rows, at once");
        // Another worker's claim of rows 3 and 4 was undone.
        let (cursor, place, again) = after(cursor, false, Some((0, 4)));
        assert_eq!((place, again), (4, false));
        let (cursor, ..) = after(cursor, true, None);
        let (mut cursor, place, again) = after(cursor, true, None);
        assert_eq!((place, again), (END, false), "there is nothing");
        for _ in 1..MAX_SHORT {
            let place;
            (cursor, place, _) = after(cursor, true, None);
            assert_eq!(place, END);
        }
        let (cursor, place, again) = after(cursor, true, None);
        assert_eq!((place, again), (START, false), "from time to time all rows");
        let (_, place, _) = after(cursor, false, Some((1, 9)));
        assert_eq!(place, END, "rows that were put back come last");
    }
}

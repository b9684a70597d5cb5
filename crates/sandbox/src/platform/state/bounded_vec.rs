//! A bounded collection.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize, Serializer};

use super::call::Refusal;

/// Maximum number of items.
pub(super) const MAX_ITEMS: usize = 10_000;
/// Maximum size of the items as JSON, in bytes. This is about the memory that they use.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Items in the order of their creation. Beyond a limit, the oldest are dropped.
#[derive(Clone, Deserialize)]
#[serde(
    from = "Vec<T>",
    bound(deserialize = "T: Deserialize<'de> + Serialize")
)]
pub(super) struct BoundedVec<T> {
    items: VecDeque<T>,
    bytes: usize,
    ever_used: bool,
}

// A derived impl would require `T: Default`.
impl<T> Default for BoundedVec<T> {
    fn default() -> Self {
        Self {
            items: VecDeque::new(),
            bytes: 0,
            ever_used: false,
        }
    }
}

impl<T: Serialize> BoundedVec<T> {
    /// Adds an item. An item that is larger than the limit is not added.
    pub(super) fn push(&mut self, item: T) {
        self.push_within(item, MAX_ITEMS, MAX_BYTES);
    }

    fn push_within(&mut self, item: T, max_items: usize, max_bytes: usize) {
        self.ever_used = true;
        self.bytes += size(&item);
        self.items.push_back(item);
        while self.items.len() > max_items || self.bytes > max_bytes {
            let Some(oldest) = self.items.pop_front() else {
                break;
            };
            self.bytes -= size(&oldest);
        }
    }

    /// Removes the matching items; returns false if there are none.
    pub(super) fn remove(&mut self, matches: impl Fn(&T) -> bool) -> bool {
        let before = self.items.len();
        let bytes = &mut self.bytes;
        self.items.retain(|item| {
            let keep = !matches(item);
            if !keep {
                *bytes -= size(item);
            }
            keep
        });
        self.items.len() < before
    }

    /// Changes the first matching item; returns false if there is none. An item that grows beyond the limit is
    /// dropped.
    pub(super) fn change(
        &mut self,
        matches: impl Fn(&T) -> bool,
        change: impl FnOnce(&mut T),
    ) -> bool {
        let Some(at) = self.items.iter().position(matches) else {
            return false;
        };
        if let Some(item) = self.items.get_mut(at) {
            let before = size(item);
            change(item);
            let size = size(item);
            self.bytes = self.bytes - before + size;
            if self.bytes > MAX_BYTES {
                self.bytes -= size;
                self.items.remove(at);
            }
        }
        true
    }
}

impl<T> BoundedVec<T> {
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// The bytes of all items.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether an item was ever added.
    pub(super) const fn ever_used(&self) -> bool {
        self.ever_used
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.items.iter()
    }

    /// The first matching item.
    pub(super) fn find(&self, matches: impl Fn(&T) -> bool) -> Option<&T> {
        self.iter().find(|item| matches(item))
    }

    /// The refusal for a missing item.
    pub(super) fn missing(&self, code: i64, problem: &'static str) -> Refusal {
        Refusal::missing(code, problem, self.ever_used)
    }
}

impl<T: Serialize> Serialize for BoundedVec<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.items.serialize(serializer)
    }
}

/// Adds the items within the limits.
impl<T: Serialize> From<Vec<T>> for BoundedVec<T> {
    fn from(items: Vec<T>) -> Self {
        let mut kept = Self::default();
        for item in items {
            kept.push(item);
        }
        kept
    }
}

/// The length of an item as JSON. Serialising an item cannot fail.
fn size(item: &impl Serialize) -> usize {
    serde_json::to_vec(item).map_or(0, |json| json.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kept: &BoundedVec<String>) -> Vec<&str> {
        kept.iter().map(String::as_str).collect()
    }

    #[test]
    fn the_oldest_items_are_dropped_first() {
        let mut kept = BoundedVec::default();
        assert!(!kept.ever_used());
        for item in ["a", "b", "c"] {
            kept.push_within(item.to_owned(), 2, 100);
        }
        assert_eq!(of(&kept), ["b", "c"]);
        // With its quotes each item takes 3 bytes, the new one 6.
        kept.push_within("dddd".to_owned(), 10, 9);
        assert_eq!(of(&kept), ["c", "dddd"]);
        kept.push_within("eeeeeeeeee".to_owned(), 10, 9);
        assert!(of(&kept).is_empty() && kept.bytes == 0 && kept.ever_used());
    }

    #[test]
    fn the_bytes_are_counted_through_every_change() {
        let mut kept = BoundedVec::default();
        for item in ["a", "b", "c"] {
            kept.push(item.to_owned());
        }
        assert_eq!(kept.bytes, 9);
        assert!(kept.change(|item| item == "b", |item| item.push_str("bb")));
        assert!(!kept.change(|item| item == "x", |item| item.push('y')));
        assert_eq!((kept.bytes, of(&kept)), (11, vec!["a", "bbb", "c"]));
        assert!(kept.remove(|item| item == "bbb") && !kept.remove(|item| item == "bbb"));
        assert_eq!((kept.bytes, kept.len()), (6, 2));
        assert_eq!(serde_json::to_string(&kept).unwrap(), r#"["a","c"]"#);
    }
}

//! A bounded collection.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::marker::PhantomData;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Most items that are kept.
pub(super) const MAX_ITEMS: usize = 10_000;
/// Most bytes that the kept items take as JSON, which is about what they take in memory.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Items in the order in which they were made. When there are too many, the oldest ones go.
#[derive(Clone)]
pub(super) struct BoundedVec<T> {
    items: VecDeque<(usize, T)>,
    bytes: usize,
    ever_used: bool,
}

// Derived, it would ask for items that have a default.
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
    /// Keeps an item; one that is larger than the bound is not kept.
    pub(super) fn push(&mut self, item: T) {
        self.push_within(item, MAX_ITEMS, MAX_BYTES);
    }

    fn push_within(&mut self, item: T, max_items: usize, max_bytes: usize) {
        self.ever_used = true;
        let size = size(&item);
        self.bytes += size;
        self.items.push_back((size, item));
        while self.items.len() > max_items || self.bytes > max_bytes {
            let Some((size, _)) = self.items.pop_front() else {
                break;
            };
            self.bytes -= size;
        }
    }

    pub(super) fn retain(&mut self, mut matches: impl FnMut(&T) -> bool) {
        let bytes = &mut self.bytes;
        self.items.retain(|(size, item)| {
            let keep = matches(item);
            if !keep {
                *bytes -= size;
            }
            keep
        });
    }

    /// Changes the first item that matches; false if there is none. An item that grows beyond the bound is dropped.
    pub(super) fn change(
        &mut self,
        matches: impl Fn(&T) -> bool,
        change: impl FnOnce(&mut T),
    ) -> bool {
        let Some(at) = self.items.iter().position(|(_, item)| matches(item)) else {
            return false;
        };
        if let Some((counted, item)) = self.items.get_mut(at) {
            change(item);
            let size = size(item);
            self.bytes = self.bytes - *counted + size;
            *counted = size;
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

    /// Whether anything was ever kept.
    pub(super) const fn ever_used(&self) -> bool {
        self.ever_used
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.items.iter().map(|(_, item)| item)
    }

    /// Items to change by what does not make them larger by much.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.items.iter_mut().map(|(_, item)| item)
    }
}

impl<T: Serialize> Serialize for BoundedVec<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.items.iter().map(|(_, item)| item))
    }
}

/// From a list, within the bounds.
impl<'de, T: Deserialize<'de> + Serialize> Deserialize<'de> for BoundedVec<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de> + Serialize> Visitor<'de> for List<T> {
            type Value = BoundedVec<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<BoundedVec<T>, A::Error> {
                let mut kept = BoundedVec::default();
                while let Some(item) = list.next_element()? {
                    kept.push(item);
                }
                Ok(kept)
            }
        }

        deserializer.deserialize_seq(List(PhantomData))
    }
}

/// The length of an item as JSON.
fn size(item: &impl Serialize) -> usize {
    let mut counter = Counter(0);
    // The counter takes everything, and every item becomes JSON.
    let _ = serde_json::to_writer(&mut counter, item);
    counter.0
}

struct Counter(usize);

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kept: &BoundedVec<String>) -> Vec<&str> {
        kept.iter().map(String::as_str).collect()
    }

    #[test]
    fn the_oldest_items_go_first() {
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
        kept.retain(|item| item != "bbb");
        assert_eq!((kept.bytes, kept.len()), (6, 2));
        assert_eq!(serde_json::to_string(&kept).unwrap(), r#"["a","c"]"#);
    }
}

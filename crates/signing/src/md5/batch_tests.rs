//! Tests of every tier, on any machine.

extern crate std;

use std::collections::BTreeMap;
use std::vec::Vec;

use ::md5::Digest;

use super::*;
use crate::md5::lanes::Tier;

const TIERS: [Tier; 4] = [Tier::Scalar, Tier::Plain, Tier::Avx2, Tier::Avx512];

/// Messages of two pieces each, and their digests.
struct Recorded {
    messages: Vec<Vec<u8>>,
    digests: BTreeMap<usize, Signature>,
}

impl Batch for Recorded {
    fn write<'m, S: Sink<'m>>(&'m self, index: usize, sink: &mut S) {
        let (head, tail) = self.messages[index].split_at(self.messages[index].len() / 3);
        sink.put(head);
        sink.put(tail);
    }

    fn take(&mut self, index: usize, digest: Signature) {
        assert!(
            self.digests.insert(index, digest).is_none(),
            "{index} was digested twice"
        );
    }
}

fn messages(lengths: impl IntoIterator<Item = usize>) -> Vec<Vec<u8>> {
    let fill = |length: usize| {
        (0..length)
            .map(|i| (i * 7 + length).to_le_bytes()[0])
            .collect()
    };
    lengths.into_iter().map(fill).collect()
}

fn check(messages: Vec<Vec<u8>>, choice: LaneChoice) {
    let mut batch = Recorded {
        messages,
        digests: BTreeMap::new(),
    };
    let count = batch.messages.len();
    digest(&mut batch, count, choice);
    assert_eq!(batch.digests.len(), count, "{choice:?}");
    for (index, message) in batch.messages.iter().enumerate() {
        let expected = hex::encode(::md5::Md5::digest(message));
        assert_eq!(
            batch.digests[&index].as_str(),
            expected,
            "{choice:?} {index}"
        );
    }
}

#[test]
fn every_tier_digests_every_message_once_and_correctly() {
    for tier in TIERS {
        for count in [
            0, 1, 2, 3, 7, 8, 9, 16, 17, 24, 31, 32, 33, 40, 255, 256, 257, 300,
        ] {
            check(
                messages((0..count).map(|i| i * 37 % 331)),
                LaneChoice::Best(tier),
            );
        }
        check(messages([5_000; 40]), LaneChoice::Best(tier));
        check(
            messages((0..64).map(|i| 3_000 + i * 61)),
            LaneChoice::Best(tier),
        );
        check(
            messages([100_000, 3, 3, 3, 90_000, 64, 64, 9]),
            LaneChoice::Best(tier),
        );
    }
}

#[test]
fn all_lengths_around_the_row_and_block_boundaries() {
    for &lanes in Lanes::ALL {
        for middle in [
            0usize,
            64,
            128,
            ROW_BYTES,
            2 * ROW_BYTES,
            3 * ROW_BYTES + 64,
        ] {
            check(
                messages(middle.saturating_sub(12)..middle + 12),
                LaneChoice::Forced(lanes),
            );
        }
    }
}

#[test]
fn a_group_is_as_wide_as_the_remaining_messages_need() {
    let next = |tier, remaining| LaneChoice::Best(tier).next(remaining);
    assert_eq!(next(Tier::Scalar, 100), Lanes::Single);
    assert_eq!(next(Tier::Plain, 100), Lanes::Plain8);
    assert_eq!(
        [8, 9, 100].map(|remaining| next(Tier::Avx2, remaining)),
        [Lanes::Avx2x8, Lanes::Avx2x16, Lanes::Avx2x16]
    );
    assert_eq!(
        [8, 9, 16].map(|remaining| next(Tier::Avx512, remaining)),
        [Lanes::Avx2x8, Lanes::Avx2x16, Lanes::Avx2x16]
    );
    assert_eq!(next(Tier::Avx512, 17), Lanes::Avx512x32);
    assert_eq!(LaneChoice::Forced(Lanes::Plain16).next(1), Lanes::Plain16);
}

#[test]
fn a_batch_of_one_uses_no_lanes_unless_they_are_forced() {
    let best = LaneChoice::Best(Tier::Avx512);
    assert_eq!([0, 1, 2, 9, 17].map(|n| best.widest(n)), [1, 1, 8, 16, 32]);
    assert_eq!(LaneChoice::Best(Tier::Scalar).widest(100), 1);
    assert_eq!(LaneChoice::Forced(Lanes::Plain32).widest(1), 32);
}

#[test]
fn a_group_is_worthwhile_if_its_messages_outweigh_its_longest_one() {
    let best = LaneChoice::Best(Tier::Avx2);
    assert!(
        !best.is_worthwhile(Lanes::Avx2x8, 3, 3),
        "a batch of one costs no more than a single message"
    );
    assert!(best.is_worthwhile(Lanes::Avx2x8, 6, 3));
    assert!(
        !best.is_worthwhile(Lanes::Avx2x8, 1_007, 1_000),
        "one long message and seven short ones"
    );
    assert!(!best.is_worthwhile(Lanes::Plain8, 6, 3));
    assert!(best.is_worthwhile(Lanes::Plain8, 9, 3));
    assert!(
        !best.is_worthwhile(Lanes::Avx2x8, 8, 5),
        "at equal cost, nothing is gained"
    );
    assert!(!best.is_worthwhile(Lanes::Single, 9, 3));
    assert!(LaneChoice::Forced(Lanes::Plain8).is_worthwhile(Lanes::Plain8, 1, 1));
    assert!(
        best.is_worthwhile(Lanes::Avx2x8, u64::MAX, 1),
        "counts do not overflow"
    );
}

#[test]
fn messages_are_ordered_longest_first() {
    for blocks in [
        [3u32, 1, 2, 3, 47, 1],
        [1, 2, 3, 48, 5, 1],
        [4, 4, 4, 4, 4, 4],
        [200, 1, 900, 1, 7, 7],
    ] {
        let mut order = Order::<8>::new();
        order.sort(6, |index| blocks[index]);
        let sorted: Vec<u32> = order.indexes[..6]
            .iter()
            .map(|i| order.blocks[usize::from(*i)])
            .collect();
        let mut expected = Vec::from(blocks);
        expected.sort_unstable_by_key(|blocks| Reverse(*blocks));
        assert_eq!(sorted, expected);
        let mut indexes = Vec::from(&order.indexes[..6]);
        indexes.sort_unstable();
        assert_eq!(indexes, [0, 1, 2, 3, 4, 5]);
    }
}

#[test]
fn blocks_are_counted_with_their_padding() {
    let counts = [0, 55, 56, 63, 64, 119, 120].map(blocks_of);
    assert_eq!(counts, [1, 1, 2, 2, 2, 2, 3]);
}

//! Hashes many messages: sorts them by length, forms groups, and hashes each group in lanes.

use core::cmp::Reverse;

use super::kernel::{Absorb, Avx2, Avx512, Baseline, ROW_BLOCKS, Row, States};
use super::lanes::{LaneChoice, Lanes};
use super::{Md5, consts};
use crate::Signature;
use crate::block_buffer::BlockBuffer;
use crate::canonical::Sink;
use crate::copy::copy;

/// The messages of a batch and the destination of their digests.
pub(crate) trait Batch {
    /// Writes a message in at most [`MAX_PIECES`] pieces.
    fn write<'m, S: Sink<'m>>(&'m self, index: usize, sink: &mut S);

    /// Receives the digest of a message.
    fn take(&mut self, index: usize, digest: Signature);
}

/// The maximum number of pieces of a message.
pub(crate) const MAX_PIECES: usize = 12;

const ROW_BYTES: usize = ROW_BLOCKS * 64;

/// [`ROW_BLOCKS`] as a `u32`.
const MAX_BLOCKS: u32 = 5;
const _: () = assert!(MAX_BLOCKS as usize == ROW_BLOCKS);

/// The maximum padding after a message: `0x80`, zeros, and eight bytes of length.
const MAX_PADDING: usize = 72;

/// Hashes `count` messages, in no particular order.
pub(crate) fn digest(batch: &mut impl Batch, count: usize, choice: LaneChoice) {
    // Every call zeroes the buffers, so use the smallest that fit the batch.
    match (count, choice.widest(count)) {
        (_, 1) => (0..count).for_each(|index| single(batch, index)),
        (0..=8, 0..=8) => windows::<8, 8>(batch, count, choice),
        (0..=16, 0..=16) => windows::<16, 16>(batch, count, choice),
        (_, 0..=16) => windows::<16, 256>(batch, count, choice),
        _ => windows::<32, 256>(batch, count, choice),
    }
}

fn single(batch: &mut impl Batch, index: usize) {
    let mut message = BlockBuffer::<Md5>::new();
    batch.write(index, &mut message);
    let digest = Signature::from_words(message.finish());
    batch.take(index, digest);
}

/// Hashes a batch of any size, in windows of `W` messages and groups of at most `MAX`.
fn windows<const MAX: usize, const W: usize>(
    batch: &mut impl Batch,
    count: usize,
    choice: LaneChoice,
) {
    let mut rows = [[[0; 64]; ROW_BLOCKS]; MAX];
    let mut order = Order::<W>::new();
    let mut first = 0;
    while first < count {
        let window = W.min(count - first);
        order.sort(window, |index| {
            let mut length = Length(0);
            batch.write(first + index, &mut length);
            blocks_of(length.0)
        });
        let mut sorted = &order.indexes[..window];
        while !sorted.is_empty() {
            let lanes = choice.next(sorted.len());
            let (group, rest) = sorted.split_at(lanes.width().min(sorted.len()));
            let blocks = group
                .iter()
                .map(|index| u64::from(order.blocks[usize::from(*index)]));
            let longest = order.blocks[usize::from(group[0])];
            if choice.is_worthwhile(lanes, blocks.sum(), longest.into()) {
                let blocks = &order.blocks;
                let group = Group {
                    batch,
                    first,
                    indexes: group,
                    blocks,
                    longest,
                };
                group.digest(lanes, &mut rows);
                sorted = rest;
            } else {
                // Hash the longest message alone; the others may still form a group.
                let index = first + usize::from(sorted[0]);
                single(batch, index);
                sorted = &sorted[1..];
            }
        }
        first += window;
    }
}

/// The number of blocks of a padded message, saturating. Only used for comparisons.
fn blocks_of(length: usize) -> u32 {
    u32::try_from((length as u64 + 8) / 64 + 1).unwrap_or(u32::MAX)
}

/// The messages of one window, longest first.
struct Order<const W: usize> {
    indexes: [u16; W],
    /// By index, not by position in the order.
    blocks: [u32; W],
}

/// Windows whose longest message has fewer blocks than this are sorted by counting.
const BUCKETS: usize = 48;

impl<const W: usize> Order<W> {
    fn new() -> Self {
        const { assert!(W <= u16::MAX as usize) };
        Self {
            indexes: [0; W],
            blocks: [0; W],
        }
    }

    fn sort(&mut self, window: usize, blocks_of: impl Fn(usize) -> u32) {
        let (indexes, blocks) = (&mut self.indexes[..window], &mut self.blocks[..window]);
        let (mut min, mut max) = (u32::MAX, 0);
        for (index, blocks) in blocks.iter_mut().enumerate() {
            *blocks = blocks_of(index);
            min = min.min(*blocks);
            max = max.max(*blocks);
        }
        for (slot, index) in indexes.iter_mut().zip(0..) {
            *slot = index;
        }
        if min == max {
            return;
        }
        if max as usize >= BUCKETS {
            indexes.sort_unstable_by_key(|index| Reverse(blocks[usize::from(*index)]));
            return;
        }
        // starts[n]: the number of messages with more than n blocks. Those with n blocks start there.
        let mut starts = [0u16; BUCKETS];
        for blocks in blocks.iter() {
            starts[*blocks as usize - 1] += 1;
        }
        for bucket in (1..BUCKETS).rev() {
            starts[bucket - 1] += starts[bucket];
        }
        for (index, blocks) in (0..).zip(blocks.iter()) {
            let start = &mut starts[*blocks as usize];
            indexes[usize::from(*start)] = index;
            *start += 1;
        }
    }
}

/// Messages that are hashed together.
struct Group<'a, B> {
    batch: &'a mut B,
    /// The index of the window's first message in the batch.
    first: usize,
    /// The indexes of the messages in the window.
    indexes: &'a [u16],
    /// The numbers of blocks of all messages in the window.
    blocks: &'a [u32],
    longest: u32,
}

impl<'a, B: Batch> Group<'a, B> {
    fn digest(mut self, lanes: Lanes, rows: &mut [Row]) {
        match lanes {
            Lanes::Single => self.one_by_one(),
            Lanes::Plain8 => self.in_lanes::<8, _>(Baseline, rows),
            Lanes::Plain16 => self.in_lanes::<16, _>(Baseline, rows),
            Lanes::Plain32 => self.in_lanes::<32, _>(Baseline, rows),
            Lanes::Avx2x8 => match Avx2::detect() {
                Some(avx2) => self.in_lanes::<8, _>(avx2, rows),
                None => self.in_lanes::<8, _>(Baseline, rows),
            },
            Lanes::Avx2x16 => match Avx2::detect() {
                Some(avx2) => self.in_lanes::<16, _>(avx2, rows),
                None => self.in_lanes::<16, _>(Baseline, rows),
            },
            Lanes::Avx512x32 => match Avx512::detect() {
                Some(avx512) => self.in_lanes::<32, _>(avx512, rows),
                None => self.in_lanes::<32, _>(Baseline, rows),
            },
        }
    }

    /// The indexes of the messages in the batch.
    fn indexes(&self) -> impl Iterator<Item = usize> + use<'a, B> {
        let first = self.first;
        self.indexes
            .iter()
            .map(move |index| first + usize::from(*index))
    }

    fn one_by_one(&mut self) {
        for index in self.indexes() {
            single(self.batch, index);
        }
    }

    fn in_lanes<const L: usize, A: Absorb<L>>(&mut self, cpu: A, rows: &mut [Row]) {
        let Some(rows) = rows.first_chunk_mut::<L>() else {
            return self.one_by_one();
        };
        let mut states: States<L> = consts::INIT.map(|word| [word; L]);
        let mut counts = [0; L];
        if self.longest as usize <= ROW_BLOCKS {
            for ((row, count), index) in rows.iter_mut().zip(&mut counts).zip(self.indexes) {
                *count = self.blocks[usize::from(*index)];
                fill(
                    self.batch,
                    self.first + usize::from(*index),
                    *count as usize,
                    row,
                );
            }
            cpu.absorb(&mut states, rows, &counts);
        } else {
            let mut streams = [const { Stream::new() }; L];
            for (stream, index) in streams.iter_mut().zip(self.indexes()) {
                self.batch.write(index, stream);
                stream.pad();
            }
            loop {
                for ((stream, row), count) in streams.iter_mut().zip(&mut *rows).zip(&mut counts) {
                    *count = stream.fill(row);
                }
                if counts == [0; L] {
                    break;
                }
                cpu.absorb(&mut states, rows, &counts);
            }
        }
        let digits = cpu.hex(&states);
        for (lane, index) in self.indexes().enumerate() {
            let digest = Signature::from_digits(digits.iter().map(|digits| digits[lane]));
            self.batch.take(index, digest);
        }
    }
}

/// Writes and pads a message of this many blocks, at most one row.
#[inline(never)]
fn fill(batch: &impl Batch, index: usize, blocks: usize, row: &mut Row) {
    // The padding starts in one of the last two blocks. They still contain an earlier message.
    row[blocks - 1] = [0; 64];
    row[blocks.saturating_sub(2)] = [0; 64];
    let bytes = row.as_flattened_mut();
    let mut sink = InRow { bytes, filled: 0 };
    batch.write(index, &mut sink);
    let filled = sink.filled;
    bytes[filled] = 0x80;
    let bits = (filled as u64 * 8).to_le_bytes();
    bytes[blocks * 64 - 8..blocks * 64].copy_from_slice(&bits);
}

/// Writes to a row that is long enough.
struct InRow<'r> {
    bytes: &'r mut [u8],
    filled: usize,
}

impl Sink<'_> for InRow<'_> {
    #[inline(always)]
    fn put(&mut self, piece: &[u8]) {
        let end = self.filled + piece.len();
        if let Some(free) = self.bytes.get_mut(self.filled..end) {
            copy(free, piece);
            self.filled = end;
        }
    }
}

/// Measures the length of a message.
struct Length(usize);

impl Sink<'_> for Length {
    #[inline(always)]
    fn put(&mut self, piece: &[u8]) {
        self.0 += piece.len();
    }
}

/// A message of any length, read row by row without a copy of the whole.
struct Stream<'m> {
    /// The unread pieces of the message.
    pieces: [&'m [u8]; MAX_PIECES],
    count: usize,
    /// The index of the next piece.
    next: usize,
    length: u64,
    padding: [u8; MAX_PADDING],
    /// The start of the unread padding.
    padded: usize,
    /// The number of unread blocks.
    blocks: u64,
}

impl<'m> Stream<'m> {
    const fn new() -> Self {
        Self {
            pieces: [&[]; MAX_PIECES],
            count: 0,
            next: 0,
            length: 0,
            padding: [0; MAX_PADDING],
            padded: 0,
            blocks: 0,
        }
    }

    /// Adds the padding, after all pieces.
    fn pad(&mut self) {
        self.blocks = (self.length + 8) / 64 + 1;
        // The padding fills the last blocks: 9 to 72 bytes.
        self.padded = usize::from(((self.length + 8) % 64).to_le_bytes()[0]);
        self.padding[self.padded] = 0x80;
        if let Some(length) = self.padding.last_chunk_mut() {
            *length = self.length.wrapping_mul(8).to_le_bytes();
        }
    }

    /// Reads the next blocks into a row. Returns how many.
    fn fill(&mut self, row: &mut Row) -> u32 {
        // Fast path: most rows of a long message are inside one piece, its body.
        if let Some(piece) = self.pieces.get_mut(self.next)
            && let Some((taken, rest)) = piece.split_first_chunk::<ROW_BYTES>()
        {
            row.as_flattened_mut().copy_from_slice(taken);
            *piece = rest;
            self.blocks -= u64::from(MAX_BLOCKS);
            return MAX_BLOCKS;
        }
        let blocks = u32::try_from(self.blocks)
            .unwrap_or(u32::MAX)
            .min(MAX_BLOCKS);
        self.blocks -= u64::from(blocks);
        let mut free = &mut row.as_flattened_mut()[..blocks as usize * 64];
        while !free.is_empty() {
            let pieces = &mut self.pieces[..self.count];
            let unread = match pieces.get(self.next) {
                Some(piece) => piece,
                None => &self.padding[self.padded..],
            };
            let (taken, rest) = unread.split_at(unread.len().min(free.len()));
            let (target, remaining) = free.split_at_mut(taken.len());
            copy(target, taken);
            free = remaining;
            match pieces.get_mut(self.next) {
                Some(_) if rest.is_empty() => self.next += 1,
                Some(piece) => *piece = &piece[target.len()..],
                None => self.padded += target.len(),
            }
        }
        blocks
    }
}

impl<'m> Sink<'m> for Stream<'m> {
    fn put(&mut self, piece: &'m [u8]) {
        if let Some(slot) = self.pieces.get_mut(self.count) {
            *slot = piece;
            self.count += 1;
            self.length += piece.len() as u64;
        }
    }
}

#[cfg(test)]
#[path = "batch_tests.rs"]
mod tests;

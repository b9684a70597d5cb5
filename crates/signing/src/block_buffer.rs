//! Buffers and pads a message: the common part of MD5 and SHA-256.

use crate::canonical::Sink;
use crate::copy::copy;

/// A hash over blocks of 64 bytes that ends its message with `0x80`, zeros and the length in bits.
pub(crate) trait Compression {
    type State: Copy;
    const INIT: Self::State;
    /// The byte order of the length at the end.
    const BIG_ENDIAN: bool;

    fn compress(state: &mut Self::State, blocks: &[[u8; 64]]);
}

/// The number of message blocks in the buffer. One more block has room for the padding.
const BLOCKS: usize = 8;
const CAPACITY: usize = BLOCKS * 64;

/// Collects a message on the stack and hashes it there, without another copy.
///
/// If the message is longer than the buffer, full buffers are hashed on the way, and whole blocks of a long piece directly from the piece.
pub(crate) struct BlockBuffer<H: Compression> {
    state: H::State,
    buffer: [[u8; 64]; BLOCKS + 1],
    /// The number of bytes in the buffer, at most `CAPACITY`.
    filled: usize,
    /// The number of bytes already hashed into the state. MD5 and SHA-256 count modulo 2^64 bits.
    digested: u64,
}

impl<H: Compression> BlockBuffer<H> {
    #[inline]
    pub(crate) fn new() -> Self {
        Self {
            state: H::INIT,
            buffer: [[0; 64]; BLOCKS + 1],
            filled: 0,
            digested: 0,
        }
    }

    /// Pads and hashes the rest, wipes the buffer, which contains the secret, and returns the final state. Takes `&mut self` because
    /// `self` would copy the buffer.
    #[inline]
    pub(crate) fn finish(&mut self) -> H::State {
        let bits = self
            .digested
            .wrapping_add(self.filled as u64)
            .wrapping_mul(8);
        let blocks = (self.filled + 8) / 64 + 1;
        let bytes = self.buffer.as_flattened_mut();
        let end = blocks * 64;
        if let Some(padding) = bytes.get_mut(self.filled..end) {
            // If the buffer was never full, it is still zero after the message.
            if self.digested != 0 {
                padding.fill(0);
            }
            padding[0] = 0x80;
            if let Some(length) = padding.last_chunk_mut() {
                *length = if H::BIG_ENDIAN {
                    bits.to_be_bytes()
                } else {
                    bits.to_le_bytes()
                };
            }
        }
        if let Some(blocks) = self.buffer.get(..blocks) {
            H::compress(&mut self.state, blocks);
        }
        self.wipe(blocks);
        self.state
    }

    /// Overwrites the blocks that were written.
    #[inline]
    fn wipe(&mut self, blocks: usize) {
        // If the buffer was ever full, its end may contain a part of the secret.
        let written = if self.digested == 0 {
            blocks
        } else {
            BLOCKS + 1
        };
        if let Some(written) = self.buffer.get_mut(..written) {
            written.fill([0; 64]);
            zeroize::optimization_barrier(written);
        }
    }

    /// Takes a piece that does not fit into the rest of the buffer.
    #[cold]
    #[inline(never)]
    fn overflow(&mut self, piece: &[u8]) {
        let bytes = self.buffer.as_flattened_mut();
        let (head, rest) = piece.split_at((CAPACITY - self.filled).min(piece.len()));
        if let Some(free) = bytes.get_mut(self.filled..self.filled + head.len()) {
            free.copy_from_slice(head);
        }
        if let Some(full) = self.buffer.get(..BLOCKS) {
            H::compress(&mut self.state, full);
        }
        let (blocks, tail) = rest.as_chunks();
        H::compress(&mut self.state, blocks);
        self.digested = self
            .digested
            .wrapping_add((CAPACITY + blocks.len() * 64) as u64);
        if let Some(start) = self.buffer.as_flattened_mut().get_mut(..tail.len()) {
            start.copy_from_slice(tail);
        }
        self.filled = tail.len();
    }
}

impl<H: Compression> Sink<'_> for BlockBuffer<H> {
    #[inline(always)]
    fn put(&mut self, piece: &[u8]) {
        let end = self.filled + piece.len();
        match self.buffer.as_flattened_mut().get_mut(self.filled..end) {
            Some(free) if end <= CAPACITY => {
                copy(free, piece);
                self.filled = end;
            }
            _ => self.overflow(piece),
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use ::md5::Digest;

    use super::*;
    use crate::antbuddy::Sha256;
    use crate::md5::Md5;

    fn message(length: usize) -> Vec<u8> {
        (0..length)
            .map(|i| (i * 31 + i / 251).to_le_bytes()[0])
            .collect()
    }

    fn digest<H: Compression>(message: &[u8], piece: usize) -> H::State {
        let mut padded = BlockBuffer::<H>::new();
        for piece in message.chunks(piece) {
            padded.put(piece);
        }
        padded.finish()
    }

    #[test]
    fn every_length_in_one_piece_equals_the_reference_digests() {
        for length in 0..=2_048 {
            let message = message(length);
            let md5 = digest::<Md5>(&message, 4_096).map(u32::to_le_bytes);
            assert_eq!(
                md5.as_flattened(),
                &::md5::Md5::digest(&message)[..],
                "{length}"
            );
            let sha256 = digest::<Sha256>(&message, 4_096).map(u32::to_be_bytes);
            assert_eq!(
                sha256.as_flattened(),
                &sha2::Sha256::digest(&message)[..],
                "{length}"
            );
        }
    }

    #[test]
    fn the_buffer_is_wiped_afterwards() {
        for length in (0..=1_200).chain([5_000]) {
            for piece in [1, 24, 600, 5_000] {
                let mut padded = BlockBuffer::<Md5>::new();
                for piece in message(length).chunks(piece) {
                    padded.put(piece);
                }
                padded.finish();
                assert_eq!(padded.buffer, [[0; 64]; BLOCKS + 1], "{length}, {piece}");
            }
        }
    }

    #[test]
    fn the_split_of_a_message_into_pieces_does_not_matter() {
        for length in [
            0, 55, 56, 63, 64, 255, 256, 447, 448, 503, 504, 511, 512, 513, 575, 576, 1_024, 1_500,
        ] {
            let message = message(length);
            let expected = ::md5::Md5::digest(&message);
            for piece in (1..=70).chain([255, 256, 257, 511, 512, 513, 600, 1_100]) {
                let md5 = digest::<Md5>(&message, piece).map(u32::to_le_bytes);
                assert_eq!(
                    md5.as_flattened(),
                    &expected[..],
                    "{length} in pieces of {piece}"
                );
            }
        }
    }

    #[test]
    fn the_length_in_the_padding_includes_earlier_blocks() {
        let mut padded = BlockBuffer::<Md5>::new();
        let million_a = [b'a'; 1_000];
        for _ in 0..1_000 {
            padded.put(&million_a);
        }
        // Not in RFC 1321, but widely published: the digest of one million "a".
        let expected = "7707d6ae4e027c70eea2a935c2296f21";
        assert_eq!(
            hex::encode(padded.finish().map(u32::to_le_bytes).as_flattened()),
            expected
        );
    }
}

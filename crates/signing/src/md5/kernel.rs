//! The compression function of MD5, written once for one message and for many in parallel.
//!
//! Only this module and its submodule contain unsafe code: the barrier below, calls of functions compiled for CPU features, whose presence a value
//! of [`Avx2`] or [`Avx512`] proves, and conversions between arrays and vectors of the same bytes.

#[cfg(not(target_arch = "x86_64"))]
#[path = "kernel/elsewhere.rs"]
mod vector;
#[cfg(target_arch = "x86_64")]
#[path = "kernel/x86.rs"]
mod vector;

pub(crate) use vector::{Avx2, Avx512};

use super::consts::K;
use crate::signature::hex_digits;

/// The number of message blocks in a [`Row`]. It is odd so that the same block of adjacent rows falls into different sets of the first-level
/// cache.
pub(crate) const ROW_BLOCKS: usize = 5;

/// The next blocks of one message in a batch.
pub(crate) type Row = [[u8; 64]; ROW_BLOCKS];

/// The chaining values of `L` messages, word by word.
pub(crate) type States<const L: usize> = [[u32; L]; 4];

/// Hides the origin of `x` from the compiler, which then keeps the order of the additions around it.
///
/// Without it, the compiler turns `(a + m + k) + f` into `(a + m + f) + k`. That adds one addition after `f`, the value that is ready last, in
/// each of the 64 steps, and costs a fifth of the time.
#[inline(always)]
#[cfg(all(target_arch = "x86_64", not(miri)))]
#[expect(
    unsafe_code,
    reason = "the only way to keep the order; saves a fifth of the time"
)]
fn optimization_barrier(mut x: u32) -> u32 {
    // SAFETY: the assembly is a comment. No instruction is executed, so `x` is unchanged, and memory, flags and stack are untouched, as the
    // options promise.
    unsafe {
        core::arch::asm!("/* {0:e} */", inout(reg) x, options(pure, nomem, nostack, preserves_flags));
    }
    x
}

/// Other targets do not use the scalar chain.
#[inline(always)]
#[cfg(not(all(target_arch = "x86_64", not(miri))))]
fn optimization_barrier(x: u32) -> u32 {
    x
}

/// The round function of a step.
#[derive(Clone, Copy)]
enum Round {
    F,
    G,
    H,
    I,
}

/// Hashes one block of each of `L` messages. `word(i, lane)` is the `i`th word of a lane's block.
///
/// The compiler vectorises the lane loop. Its body interleaves `C` chains, because a single chain leaves the vector units idle while it waits for
/// its own result. `BARRIER` keeps the order of additions in the scalar chain; it would slow down vector code.
#[inline(always)]
fn compress<const L: usize, const C: usize, const BARRIER: bool>(
    states: &mut States<L>,
    word: impl Fn(usize, usize) -> u32,
) {
    const { assert!(L.is_multiple_of(C)) };
    let stride = L / C;
    for lane in 0..stride {
        let load =
            |i: usize| -> [u32; C] { core::array::from_fn(|c| states[i][lane + c * stride]) };
        let (mut a, mut b, mut c, mut d) = (load(0), load(1), load(2), load(3));
        macro_rules! four_steps {
            ($round:ident, $i:expr, $m0:expr, $m1:expr, $m2:expr, $m3:expr, $s0:expr, $s1:expr, $s2:expr, $s3:expr) => {
                let m =
                    |i: usize| -> [u32; C] { core::array::from_fn(|c| word(i, lane + c * stride)) };
                a = step::<C, BARRIER>(Round::$round, a, b, c, d, m($m0), K[$i], $s0);
                d = step::<C, BARRIER>(Round::$round, d, a, b, c, m($m1), K[$i + 1], $s1);
                c = step::<C, BARRIER>(Round::$round, c, d, a, b, m($m2), K[$i + 2], $s2);
                b = step::<C, BARRIER>(Round::$round, b, c, d, a, m($m3), K[$i + 3], $s3);
            };
        }
        four_steps!(F, 0, 0, 1, 2, 3, 7, 12, 17, 22);
        four_steps!(F, 4, 4, 5, 6, 7, 7, 12, 17, 22);
        four_steps!(F, 8, 8, 9, 10, 11, 7, 12, 17, 22);
        four_steps!(F, 12, 12, 13, 14, 15, 7, 12, 17, 22);
        four_steps!(G, 16, 1, 6, 11, 0, 5, 9, 14, 20);
        four_steps!(G, 20, 5, 10, 15, 4, 5, 9, 14, 20);
        four_steps!(G, 24, 9, 14, 3, 8, 5, 9, 14, 20);
        four_steps!(G, 28, 13, 2, 7, 12, 5, 9, 14, 20);
        four_steps!(H, 32, 5, 8, 11, 14, 4, 11, 16, 23);
        four_steps!(H, 36, 1, 4, 7, 10, 4, 11, 16, 23);
        four_steps!(H, 40, 13, 0, 3, 6, 4, 11, 16, 23);
        four_steps!(H, 44, 9, 12, 15, 2, 4, 11, 16, 23);
        four_steps!(I, 48, 0, 7, 14, 5, 6, 10, 15, 21);
        four_steps!(I, 52, 12, 3, 10, 1, 6, 10, 15, 21);
        four_steps!(I, 56, 8, 15, 6, 13, 6, 10, 15, 21);
        four_steps!(I, 60, 4, 11, 2, 9, 6, 10, 15, 21);
        for (i, sum) in [a, b, c, d].into_iter().enumerate() {
            for (c, value) in sum.into_iter().enumerate() {
                let state = &mut states[i][lane + c * stride];
                *state = state.wrapping_add(value);
            }
        }
    }
}

/// One of the 64 steps, for `C` messages.
#[inline(always)]
#[expect(
    clippy::too_many_arguments,
    reason = "the step of RFC 1321 has these operands"
)]
fn step<const C: usize, const BARRIER: bool>(
    round: Round,
    mut a: [u32; C],
    b: [u32; C],
    c: [u32; C],
    d: [u32; C],
    m: [u32; C],
    k: u32,
    shift: u32,
) -> [u32; C] {
    let barrier = |x: u32| if BARRIER { optimization_barrier(x) } else { x };
    for i in 0..C {
        let (b, c, d) = (b[i], c[i], d[i]);
        let sum = a[i].wrapping_add(m[i]).wrapping_add(k);
        let sum = match round {
            Round::F => barrier(sum).wrapping_add(((c ^ d) & b) ^ d),
            // The two halves share no bit, so a sum equals an `or`, and one half is ready before `b`.
            Round::G => barrier(sum.wrapping_add(c & !d)).wrapping_add(b & d),
            Round::H => barrier(sum).wrapping_add(b ^ barrier(c ^ d)),
            Round::I => barrier(sum).wrapping_add(c ^ (b | !d)),
        };
        a[i] = sum.rotate_left(shift).wrapping_add(b);
    }
    a
}

/// Hashes consecutive blocks of one message.
///
/// On targets where the order of additions was not measured to matter, the crate `md-5` is as fast.
pub(super) fn compress_one(state: &mut [u32; 4], blocks: &[[u8; 64]]) {
    if !cfg!(target_arch = "x86_64") {
        return ::md5::block_api::compress(state, blocks);
    }
    let mut states = state.map(|word| [word]);
    for block in blocks {
        let (words, _) = block.as_chunks::<4>();
        compress::<1, 1, true>(&mut states, |i, _| u32::from_le_bytes(words[i]));
    }
    *state = states.map(|[word]| word);
}

/// The digests of `L` messages as text: eight characters per word, in little-endian order.
pub(crate) type Digits<const L: usize> = [[u64; L]; 4];

/// One block of each of `L` messages, word by word.
type Words<const L: usize> = [[u32; L]; 16];

/// Hashes the next `counts[lane]` blocks of each row. The state of a lane without further blocks stays unchanged.
///
/// `compress` must not be inlined: only in a separate function does the compiler interleave the chains of its lane loop. Inlined, it runs them one
/// after the other, which takes nearly twice as long.
#[inline(always)]
fn absorb<const L: usize>(
    states: &mut States<L>,
    rows: &[Row; L],
    counts: &[u32; L],
    transpose: impl Fn(&[Row; L], usize) -> Words<L>,
    compress: impl Fn(&mut States<L>, &Words<L>),
) {
    let min = counts.iter().fold(u32::MAX, |min, count| min.min(*count));
    let max = counts.iter().fold(0, |max, count| max.max(*count));
    // While all lanes have blocks, no state must be kept.
    for (_, block) in (0..min).zip(0..ROW_BLOCKS) {
        compress(states, &transpose(rows, block));
    }
    for (turn, block) in (0..max).zip(0..ROW_BLOCKS).skip(min as usize) {
        let mut next = *states;
        compress(&mut next, &transpose(rows, block));
        for (state, next) in states.iter_mut().zip(&next) {
            for ((state, next), count) in state.iter_mut().zip(next).zip(counts) {
                *state = if turn < *count { *next } else { *state };
            }
        }
    }
}

/// Transposes one block of all rows: groups the `i`th words of all lanes.
///
/// It handles two words of two rows at a time, which the compiler turns into vector shuffles. Single words would become gathers.
#[inline(always)]
#[expect(
    clippy::cast_possible_truncation,
    reason = "takes the low half of each pair"
)]
fn transpose<const L: usize>(rows: &[Row; L], block: usize) -> Words<L> {
    let mut words = [[0; L]; 16];
    for lane in (0..L).step_by(2) {
        let (even, _) = rows[lane][block].as_chunks::<8>();
        let (odd, _) = rows[lane + 1][block].as_chunks::<8>();
        for i in 0..8 {
            let even = u64::from_le_bytes(even[i]);
            let odd = u64::from_le_bytes(odd[i]);
            let low = (even & 0xffff_ffff) | (odd << 32);
            let high = (even >> 32) | (odd & 0xffff_ffff_0000_0000);
            words[2 * i][lane] = low as u32;
            words[2 * i][lane + 1] = (low >> 32) as u32;
            words[2 * i + 1][lane] = high as u32;
            words[2 * i + 1][lane + 1] = (high >> 32) as u32;
        }
    }
    words
}

#[inline(always)]
fn hex<const L: usize>(states: &States<L>) -> Digits<L> {
    let mut digits = [[0; L]; 4];
    for (digits, words) in digits.iter_mut().zip(states) {
        for (digits, word) in digits.iter_mut().zip(words) {
            *digits = hex_digits(*word);
        }
    }
    digits
}

/// Hashes the next blocks of `L` messages.
pub(crate) trait Absorb<const L: usize>: Copy {
    /// Hashes `counts[lane]` blocks of each row.
    fn absorb(self, states: &mut States<L>, rows: &[Row; L], counts: &[u32; L]);

    /// The digests as text.
    fn hex(self, states: &States<L>) -> Digits<L>;
}

/// The instructions that the whole program is compiled for.
#[derive(Clone, Copy)]
pub(crate) struct Baseline;

impl<const L: usize> Absorb<L> for Baseline {
    fn absorb(self, states: &mut States<L>, rows: &[Row; L], counts: &[u32; L]) {
        absorb(states, rows, counts, transpose, compress_lanes::<L, 2>);
    }

    fn hex(self, states: &States<L>) -> Digits<L> {
        hex(states)
    }
}

#[inline(never)]
fn compress_lanes<const L: usize, const C: usize>(states: &mut States<L>, words: &Words<L>) {
    compress::<L, C, false>(states, |i, lane| words[i][lane]);
}

//! The compress function of MD5: one body for a single message and for many side by side.
//!
//! This is the only module of the crate with unsafe code.

use super::consts::K;

/// The chaining values of `L` messages, word by word.
pub(super) type States<const L: usize> = [[u32; L]; 4];

/// Hides how `x` was made, so that the compiler keeps the additions around it in the order in which they are written.
///
/// Left alone it turns `(a + m + k) + f` into `(a + m + f) + k`, which puts one more addition behind `f`, the value that is
/// ready last, in each of the 64 steps: a fifth of the whole time.
#[inline(always)]
fn pin(mut x: u32) -> u32 {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    #[expect(
        unsafe_code,
        reason = "the only way to keep the order; worth a fifth of the time"
    )]
    // SAFETY: the assembly is a comment. No instruction reads or writes anything, so `x` comes out as it went in, and
    // memory, flags and stack are untouched as the options promise.
    unsafe {
        core::arch::asm!("/* {0:e} */", inout(reg) x, options(pure, nomem, nostack, preserves_flags));
    }
    x
}

/// Which of the four round functions a step uses.
#[derive(Clone, Copy)]
enum Round {
    F,
    G,
    H,
    I,
}

/// One block of each of `L` messages; `word(i, lane)` is the `i`th word of a lane's block.
///
/// `C` messages run side by side in the body of the lane loop, which the compiler then turns into vector code: a single
/// chain leaves the vector units idle while it waits for its own result. `PIN` keeps the order of additions for the one
/// scalar chain; vector code does not want it.
#[inline(always)]
pub(super) fn compress<const L: usize, const C: usize, const PIN: bool>(
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
                a = step::<C, PIN>(Round::$round, a, b, c, d, m($m0), K[$i], $s0);
                d = step::<C, PIN>(Round::$round, d, a, b, c, m($m1), K[$i + 1], $s1);
                c = step::<C, PIN>(Round::$round, c, d, a, b, m($m2), K[$i + 2], $s2);
                b = step::<C, PIN>(Round::$round, b, c, d, a, m($m3), K[$i + 3], $s3);
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
fn step<const C: usize, const PIN: bool>(
    round: Round,
    mut a: [u32; C],
    b: [u32; C],
    c: [u32; C],
    d: [u32; C],
    m: [u32; C],
    k: u32,
    shift: u32,
) -> [u32; C] {
    let pin = |x: u32| if PIN { pin(x) } else { x };
    for i in 0..C {
        let (b, c, d) = (b[i], c[i], d[i]);
        let sum = a[i].wrapping_add(m[i]).wrapping_add(k);
        let sum = match round {
            Round::F => pin(sum).wrapping_add(((c ^ d) & b) ^ d),
            // The two halves never share a bit, so a sum does as well as an `or`, and one half is ready before `b` is.
            Round::G => pin(sum.wrapping_add(c & !d)).wrapping_add(b & d),
            Round::H => pin(sum).wrapping_add(b ^ pin(c ^ d)),
            Round::I => pin(sum).wrapping_add(c ^ (b | !d)),
        };
        a[i] = sum.rotate_left(shift).wrapping_add(b);
    }
    a
}

/// Consecutive blocks of one message.
///
/// Only where the order of additions was measured to matter; elsewhere the `md-5` crate does as well.
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

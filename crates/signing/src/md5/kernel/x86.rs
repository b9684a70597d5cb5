//! The kernel compiled for AVX2 and AVX-512.

use core::arch::x86_64::{
    __cpuid, __m128i, __m256i, _mm256_set_m128i, _mm256_unpackhi_epi32, _mm256_unpackhi_epi64,
    _mm256_unpacklo_epi32, _mm256_unpacklo_epi64,
};
use core::sync::atomic::{AtomicU8, Ordering};

use super::{Absorb, Digits, Row, States, Words, absorb, compress, hex};

/// Detection of CPU features: those named in `kernel!`, and those that Rust enables with them.
macro_rules! detection {
    ($module:ident, $features:ident: $($feature:tt),+) => {
        cpufeatures::new!($module, $($feature),+);
        #[cfg(test)]
        const $features: &[&str] = &[$($feature),+];
    };
}

detection!(cpu_avx2, AVX2: "sse3", "ssse3", "sse4.1", "sse4.2", "avx", "avx2");
// And F16C: see `has_f16c`.
detection!(
    cpu_avx512, AVX512: "sse3", "ssse3", "sse4.1", "sse4.2", "avx", "avx2", "fma", "avx512f", "avx512vl", "avx512bw"
);

/// Whether the CPU has F16C. Rust enables it with AVX-512, but `cpufeatures` cannot detect it.
fn has_f16c() -> bool {
    const NO: u8 = 1;
    const YES: u8 = 2;
    // Cached: under a hypervisor, `cpuid` takes microseconds.
    static ANSWER: AtomicU8 = AtomicU8::new(0);
    match ANSWER.load(Ordering::Relaxed) {
        NO => false,
        YES => true,
        _ => {
            #[expect(unsafe_code, reason = "safe in newer versions of Rust only")]
            #[allow(unused_unsafe, reason = "safe in newer versions of Rust only")]
            // SAFETY: every x86-64 CPU has the instruction and leaf 1.
            let leaf = unsafe { __cpuid(1) };
            let has_f16c = leaf.ecx >> 29 & 1 == 1;
            ANSWER.store(if has_f16c { YES } else { NO }, Ordering::Relaxed);
            has_f16c
        }
    }
}

/// Proof that this CPU has AVX2 and the features that Rust enables with it. Only [`detect`](Self::detect) creates it.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(());

impl Avx2 {
    pub(crate) fn detect() -> Option<Self> {
        cpu_avx2::get().then_some(Self(()))
    }
}

/// Proof that this CPU has AVX-512 F, VL and BW and the features that Rust enables with them. Only [`detect`](Self::detect) creates it.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

impl Avx512 {
    pub(crate) fn detect() -> Option<Self> {
        (cpu_avx512::get() && has_f16c()).then_some(Self(()))
    }
}

/// [`transpose`](super::transpose) for a multiple of eight lanes.
///
/// The compiled generic version stores half vectors, and the load of a whole vector must wait until both halves have reached the cache. This version
/// saves a tenth of the time of a short batch.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose_avx2<const L: usize>(rows: &[Row; L], block: usize) -> Words<L> {
    let mut words = [[0; L]; 16];
    for (group, lane) in rows.as_chunks::<8>().0.iter().zip((0..L).step_by(8)) {
        for quarter in 0..4 {
            // Four words of a row, then four words of the fourth row after it.
            let load = |row: usize| {
                let [low, high] = [row, row + 4].map(|row| words_of(&group[row][block], quarter));
                _mm256_set_m128i(high, low)
            };
            let [r0, r1, r2, r3] = [load(0), load(1), load(2), load(3)];
            let low = [_mm256_unpacklo_epi32(r0, r1), _mm256_unpacklo_epi32(r2, r3)];
            let high = [_mm256_unpackhi_epi32(r0, r1), _mm256_unpackhi_epi32(r2, r3)];
            let columns = [
                _mm256_unpacklo_epi64(low[0], low[1]),
                _mm256_unpackhi_epi64(low[0], low[1]),
                _mm256_unpacklo_epi64(high[0], high[1]),
                _mm256_unpackhi_epi64(high[0], high[1]),
            ];
            for (words, column) in words[4 * quarter..].iter_mut().zip(columns) {
                words[lane..lane + 8].copy_from_slice(&lanes_of(column));
            }
        }
    }
    words
}

#[inline(always)]
fn words_of(block: &[u8; 64], quarter: usize) -> __m128i {
    let bytes: [u8; 16] = block.as_chunks().0[quarter];
    #[expect(unsafe_code, reason = "safe code would be one call per byte")]
    // SAFETY: both types are sixteen bytes without padding, and every value of them is valid.
    unsafe {
        core::mem::transmute::<[u8; 16], __m128i>(bytes)
    }
}

#[inline(always)]
fn lanes_of(vector: __m256i) -> [u32; 8] {
    #[expect(unsafe_code, reason = "safe code would be one call per lane")]
    // SAFETY: both types are 32 bytes without padding, and every value of them is valid.
    unsafe {
        core::mem::transmute::<__m256i, [u32; 8]>(vector)
    }
}

/// A pair of functions compiled for CPU features: `absorb`, and the `compress` that it calls.
macro_rules! kernel {
    ($features:literal, $lanes:literal, $chains:literal, $absorb:ident, $compress:ident) => {
        #[target_feature(enable = $features)]
        fn $absorb(states: &mut States<$lanes>, rows: &[Row; $lanes], counts: &[u32; $lanes]) {
            absorb(
                states,
                rows,
                counts,
                |rows, block| transpose_avx2(rows, block),
                |states, words| $compress(states, words),
            );
        }

        #[inline(never)]
        #[target_feature(enable = $features)]
        fn $compress(states: &mut States<$lanes>, words: &Words<$lanes>) {
            compress::<$lanes, $chains, false>(states, |i, lane| words[i][lane]);
        }
    };
}

// Eight lanes fill one AVX2 vector, so there is only one chain.
kernel!("avx2", 8, 1, absorb_avx2_8, compress_avx2_8);
kernel!("avx2", 16, 2, absorb_avx2_16, compress_avx2_16);
kernel!(
    "avx512f,avx512vl,avx512bw",
    32,
    2,
    absorb_avx512_32,
    compress_avx512_32
);

#[target_feature(enable = "avx2")]
fn hex_avx2<const L: usize>(states: &States<L>) -> Digits<L> {
    hex(states)
}

#[target_feature(enable = "avx512f,avx512vl,avx512bw")]
fn hex_avx512(states: &States<32>) -> Digits<32> {
    hex(states)
}

macro_rules! impl_absorb {
    ($cpu:ident, $lanes:literal, $absorb:ident, $hex:ident) => {
        impl Absorb<$lanes> for $cpu {
            #[expect(
                unsafe_code,
                reason = "the compiler does not know that the CPU has the features"
            )]
            fn absorb(
                self,
                states: &mut States<$lanes>,
                rows: &[Row; $lanes],
                counts: &[u32; $lanes],
            ) {
                // SAFETY: the function needs only CPU features that `detect` has checked, and only `detect` creates `self`.
                unsafe { $absorb(states, rows, counts) }
            }

            #[expect(
                unsafe_code,
                reason = "the compiler does not know that the CPU has the features"
            )]
            fn hex(self, states: &States<$lanes>) -> Digits<$lanes> {
                // SAFETY: the function needs only CPU features that `detect` has checked, and only `detect` creates `self`.
                unsafe { $hex(states) }
            }
        }
    };
}

impl_absorb!(Avx2, 8, absorb_avx2_8, hex_avx2);
impl_absorb!(Avx2, 16, absorb_avx2_16, hex_avx2);
impl_absorb!(Avx512, 32, absorb_avx512_32, hex_avx512);

#[cfg(test)]
mod tests {
    extern crate std;

    use std::collections::BTreeSet;
    use std::format;
    use std::process::Command;
    use std::string::{String, ToString};

    /// The features that a function compiled for `features` may use, except those of every x86-64 CPU.
    fn enabled_by(features: &str) -> BTreeSet<String> {
        let enabled = |features: &str| -> BTreeSet<String> {
            let mut rustc = Command::new("rustc");
            rustc.args([
                "--print",
                "cfg",
                "-C",
                &format!("target-feature={features}"),
            ]);
            let output = rustc.output().expect("rustc beside cargo");
            let text = String::from_utf8(output.stdout).expect("text");
            text.lines()
                .filter_map(|line| line.strip_prefix("target_feature=\"")?.strip_suffix('"'))
                .map(ToString::to_string)
                .collect()
        };
        let baseline = enabled("");
        enabled(features).difference(&baseline).cloned().collect()
    }

    #[test]
    fn detection_covers_every_feature_that_the_code_may_use() {
        let detected = |features: &[&str]| features.iter().map(ToString::to_string).collect();
        let avx2: BTreeSet<String> = detected(super::AVX2);
        assert_eq!(enabled_by("+avx2"), avx2);
        let mut avx512: BTreeSet<String> = detected(super::AVX512);
        avx512.insert("f16c".to_string());
        assert_eq!(enabled_by("+avx512f,+avx512vl,+avx512bw"), avx512);
    }
}

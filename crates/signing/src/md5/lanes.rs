//! Lanes: how many messages of a batch are hashed in parallel.

use core::fmt;

use super::kernel::{Avx2, Avx512};

/// How the messages of a batch are hashed: how many in parallel, and with which instructions.
///
/// [`Signer::sign_batch`](crate::Signer::sign_batch) chooses for each group. Choose explicitly only in benchmarks and tests. The signatures are
/// always the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Lanes {
    /// One message after another.
    Single,
    /// 8 messages, with the instructions for which the program is compiled (SSE2 on `x86_64` by default).
    Plain8,
    /// 16 messages, with the instructions for which the program is compiled.
    Plain16,
    /// 32 messages, with the instructions for which the program is compiled.
    Plain32,
    /// 8 messages with AVX2.
    Avx2x8,
    /// 16 messages with AVX2.
    Avx2x16,
    /// 32 messages with AVX-512 (F, VL and BW, and AVX2, FMA and F16C, which Rust enables with them).
    Avx512x32,
}

impl Lanes {
    /// All variants, available or not.
    pub const ALL: &[Self] = &[
        Self::Single,
        Self::Plain8,
        Self::Plain16,
        Self::Plain32,
        Self::Avx2x8,
        Self::Avx2x16,
        Self::Avx512x32,
    ];

    /// The number of messages hashed in parallel.
    #[must_use]
    pub const fn width(self) -> usize {
        match self {
            Self::Single => 1,
            Self::Plain8 | Self::Avx2x8 => 8,
            Self::Plain16 | Self::Avx2x16 => 16,
            Self::Plain32 | Self::Avx512x32 => 32,
        }
    }

    /// Whether this CPU has the instructions.
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            Self::Single | Self::Plain8 | Self::Plain16 | Self::Plain32 => true,
            Self::Avx2x8 | Self::Avx2x16 => Avx2::detect().is_some(),
            Self::Avx512x32 => Avx512::detect().is_some(),
        }
    }
}

impl fmt::Display for Lanes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Single => "single",
            Self::Plain8 => "plain x8",
            Self::Plain16 => "plain x16",
            Self::Plain32 => "plain x32",
            Self::Avx2x8 => "AVX2 x8",
            Self::Avx2x16 => "AVX2 x16",
            Self::Avx512x32 => "AVX-512 x32",
        })
    }
}

/// How the lanes of the next group are chosen.
#[derive(Clone, Copy, Debug)]
pub(crate) enum LaneChoice {
    /// By the caller: the same lanes for every group.
    Forced(Lanes),
    /// By the CPU and the number of remaining messages.
    Best(Tier),
}

/// The widest instructions of this CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tier {
    /// No measurement shows that vector code is faster on this target.
    Scalar,
    Plain,
    Avx2,
    Avx512,
}

impl Tier {
    pub(crate) fn detect() -> Self {
        if Avx512::detect().is_some() {
            Self::Avx512
        } else if Avx2::detect().is_some() {
            Self::Avx2
        } else if cfg!(target_arch = "x86_64") {
            Self::Plain
        } else {
            Self::Scalar
        }
    }
}

impl LaneChoice {
    pub(crate) fn best() -> Self {
        Self::Best(Tier::detect())
    }

    /// The widest group that a batch of `count` messages can have.
    pub(crate) fn widest(self, count: usize) -> usize {
        match self {
            Self::Best(_) if count < 2 => 1,
            _ => self.next(count).width(),
        }
    }

    /// The lanes of the next group.
    #[inline]
    pub(crate) fn next(self, remaining: usize) -> Lanes {
        match self {
            Self::Forced(lanes) => lanes,
            Self::Best(Tier::Scalar) => Lanes::Single,
            Self::Best(Tier::Plain) => Lanes::Plain8,
            Self::Best(Tier::Avx512) if remaining > 16 => Lanes::Avx512x32,
            Self::Best(Tier::Avx2 | Tier::Avx512) if remaining > 8 => Lanes::Avx2x16,
            Self::Best(Tier::Avx2 | Tier::Avx512) => Lanes::Avx2x8,
        }
    }

    /// Whether hashing a group in these lanes costs less than hashing its messages one by one. `sum` and `longest` are the numbers of blocks of all
    /// its messages and of the longest one. The time of a group depends only on its longest message.
    #[inline]
    pub(crate) fn is_worthwhile(self, lanes: Lanes, sum: u64, longest: u64) -> bool {
        if matches!(self, Self::Forced(_)) {
            return true;
        }
        // Measured cost of one block of all lanes, in tenths of a block of a single message.
        let tenths = match lanes {
            Lanes::Single => return false,
            Lanes::Avx2x8 => 16,
            Lanes::Plain8 => 21,
            Lanes::Avx2x16 => 26,
            Lanes::Avx512x32 => 41,
            Lanes::Plain16 => 42,
            Lanes::Plain32 => 84,
        };
        sum.saturating_mul(10) > longest.saturating_mul(tenths)
    }
}

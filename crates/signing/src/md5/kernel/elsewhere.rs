//! For targets without AVX2 and AVX-512.

use super::{Absorb, Digits, Row, States};

/// No value: this target has no AVX2.
#[derive(Clone, Copy)]
pub(crate) enum Avx2 {}

/// No value: this target has no AVX-512.
#[derive(Clone, Copy)]
pub(crate) enum Avx512 {}

impl Avx2 {
    pub(crate) fn detect() -> Option<Self> {
        None
    }
}

impl Avx512 {
    pub(crate) fn detect() -> Option<Self> {
        None
    }
}

impl<const L: usize> Absorb<L> for Avx2 {
    fn absorb(self, _: &mut States<L>, _: &[Row; L], _: &[u32; L]) {
        match self {}
    }

    fn hex(self, _: &States<L>) -> Digits<L> {
        match self {}
    }
}

impl<const L: usize> Absorb<L> for Avx512 {
    fn absorb(self, _: &mut States<L>, _: &[Row; L], _: &[u32; L]) {
        match self {}
    }

    fn hex(self, _: &States<L>) -> Digits<L> {
        match self {}
    }
}

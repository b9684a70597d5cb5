//! A fast MD5, for single messages and for batches.

pub(crate) mod batch;
mod consts;
mod kernel;
pub(crate) mod lanes;

use crate::block_buffer::Compression;

/// MD5 for a [`BlockBuffer`](crate::block_buffer::BlockBuffer) message.
pub(crate) struct Md5;

impl Compression for Md5 {
    type State = [u32; 4];
    const INIT: Self::State = consts::INIT;
    const BIG_ENDIAN: bool = false;

    #[inline(always)]
    fn compress(state: &mut Self::State, blocks: &[[u8; 64]]) {
        kernel::compress_one(state, blocks);
    }
}

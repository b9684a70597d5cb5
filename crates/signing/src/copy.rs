//! Fast copies of the short pieces of canonical strings.

/// Copies a slice to one of the same length. Short pieces are copied inline: a call of `memcpy` would cost more than the copy.
#[inline(always)]
pub(crate) fn copy(to: &mut [u8], from: &[u8]) {
    // Two overlapping copies of N bytes cover every length from N to 2 * N.
    if from.len() > 32 {
        to.copy_from_slice(from);
    } else if !(pair::<16>(to, from) || pair::<8>(to, from) || pair::<4>(to, from)) {
        copy_bytes(to, from);
    }
}

/// Copies up to three bytes: the first, the middle and the last.
#[inline(always)]
fn copy_bytes(to: &mut [u8], from: &[u8]) {
    let last = from.len().wrapping_sub(1);
    for at in [0, from.len() / 2, last] {
        if let (Some(to), Some(from)) = (to.get_mut(at), from.get(at)) {
            *to = *from;
        }
    }
}

/// Copies the first and the last `N` bytes. Returns false if there are fewer than `N`.
#[inline(always)]
fn pair<const N: usize>(to: &mut [u8], from: &[u8]) -> bool {
    let (Some(first), Some(last)) = (from.first_chunk::<N>(), from.last_chunk::<N>()) else {
        return false;
    };
    if let Some(to) = to.first_chunk_mut() {
        *to = *first;
    }
    if let Some(to) = to.last_chunk_mut() {
        *to = *last;
    }
    true
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    #[test]
    fn a_copy_of_any_length_is_exact() {
        for length in 0..=600 {
            let from: Vec<u8> = (0..length).map(|i: u16| (i % 251) as u8 + 1).collect();
            let mut to = std::vec![0; from.len()];
            super::copy(&mut to, &from);
            assert_eq!(to, from);
        }
    }
}

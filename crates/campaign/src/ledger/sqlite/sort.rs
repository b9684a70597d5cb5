//! Sorts keyed hashes and their rows in bounded memory: what does not fit goes to temporary files in sorted runs, which are merged.
//!
//! `SQLite` could sort too. For ten million rows that took many times as long.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use crate::Error;

/// A keyed hash, and the row that has it.
pub(super) type Pair = (i64, u32);

/// Pairs in memory: 16 MiB.
const RUN: usize = 1 << 20;
const BYTES: usize = 12;

/// Takes pairs in any order.
pub(super) struct Sorter {
    /// Where temporary files go.
    folder: PathBuf,
    most: usize,
    run: Vec<Pair>,
    runs: Vec<File>,
}

impl Sorter {
    pub(super) fn new(folder: &Path) -> Self {
        Self::holding(folder, RUN)
    }

    fn holding(folder: &Path, most: usize) -> Self {
        Self {
            folder: folder.to_owned(),
            most,
            run: Vec::new(),
            runs: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, pair: Pair) -> io::Result<()> {
        if self.run.len() == self.most {
            self.spill()?;
        }
        self.run.push(pair);
        Ok(())
    }

    /// Writes what is in memory as a run. The file has no name, so it ends with the process.
    fn spill(&mut self) -> io::Result<()> {
        self.run.sort_unstable();
        let mut file = BufWriter::with_capacity(1 << 16, tempfile::tempfile_in(&self.folder)?);
        for (hash, row) in self.run.drain(..) {
            file.write_all(&hash.to_le_bytes())?;
            file.write_all(&row.to_le_bytes())?;
        }
        let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        self.runs.push(file);
        Ok(())
    }

    /// Passes each pair in order to the receiver, until it returns false.
    pub(super) fn sorted(
        mut self,
        mut give: impl FnMut(Pair) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        if self.runs.is_empty() {
            self.run.sort_unstable();
            for pair in self.run {
                if !give(pair)? {
                    break;
                }
            }
            return Ok(());
        }
        self.spill().map_err(unsorted)?;
        self.run = Vec::new();
        let runs = self.runs.into_iter();
        let mut runs: Vec<_> = runs
            .map(|file| BufReader::with_capacity(1 << 16, file))
            .collect();
        let mut heads = BinaryHeap::new();
        for (place, run) in runs.iter_mut().enumerate() {
            heads.extend(
                next(run)
                    .map_err(unsorted)?
                    .map(|pair| Reverse((pair, place))),
            );
        }
        while let Some(Reverse((pair, place))) = heads.pop() {
            if !give(pair)? {
                break;
            }
            if let Some(run) = runs.get_mut(place) {
                heads.extend(
                    next(run)
                        .map_err(unsorted)?
                        .map(|pair| Reverse((pair, place))),
                );
            }
        }
        Ok(())
    }
}

pub(super) fn unsorted(error: io::Error) -> Error {
    Error::io("the numbers of the list cannot be sorted", error)
}

/// The next pair of a run.
fn next(run: &mut impl Read) -> io::Result<Option<Pair>> {
    let mut bytes = [0; BYTES];
    match run.read_exact(&mut bytes) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let [h0, h1, h2, h3, h4, h5, h6, h7, r0, r1, r2, r3] = bytes;
    let hash = i64::from_le_bytes([h0, h1, h2, h3, h4, h5, h6, h7]);
    Ok(Some((hash, u32::from_le_bytes([r0, r1, r2, r3]))))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn pairs_come_in_order_however_many_fit(
            pairs in prop::collection::vec((-3..3_i64, any::<u32>()), 0..60),
            most in 1..70_usize,
            taken in 0..70_usize,
        ) {
            let folder = tempfile::tempdir().unwrap();
            let mut sorter = Sorter::holding(folder.path(), most);
            for pair in &pairs {
                sorter.push(*pair).unwrap();
            }
            let mut visited = Vec::new();
            sorter.sorted(|pair| {
                visited.push(pair);
                Ok(visited.len() < taken)
            }).unwrap();
            let mut expected = pairs;
            expected.sort_unstable();
            expected.truncate(taken.max(1));
            prop_assert_eq!(visited, expected);
            prop_assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no file is left");
        }
    }
}

//! Arbitrary specs give findings, and never a panic.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_oneof, proptest};
use xtask::read::read_bytes;

const MINIMAL: &[u8] = include_bytes!("minimal.yaml");
const AWKWARD: &[u8] = include_bytes!("../snapshot/awkward.yaml");

/// Pieces of YAML and OpenAPI.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ \\n:,\\[\\]{}&*!|>'\"#%@`?-]{1,3}",
        "[a-z$./]{1,8}: ?",
        Just("openapi: 3.0.3\n".to_owned()),
        Just("paths:\n  /x:\n    post:\n      ".to_owned()),
        Just("components:\n  schemas:\n    ".to_owned()),
        Just("x-nx-webhooks: [{}]\n".to_owned()),
        Just("<<: *a\n".to_owned()),
        any::<String>(),
    ]
}

/// Checks that an invalid spec has findings, each on one line with a place and a remedy.
fn is_refused(bytes: &[u8]) -> Result<(), String> {
    let findings = read_bytes("specs/x.yaml", bytes).err().unwrap_or_default();
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    let sound = |line: &String| {
        line.starts_with("specs/x.yaml: ") && line.contains("; ") && !line.contains('\n')
    };
    if !lines.is_empty() && lines.iter().all(sound) {
        Ok(())
    } else {
        Err(format!("{lines:?}"))
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_refused(bytes in vec(any::<u8>(), 0..400)) {
        let refused = is_refused(&bytes);
        prop_assert!(refused.is_ok(), "{:?}", refused);
    }

    #[test]
    fn arbitrary_yaml_is_refused(pieces in vec(piece(), 0..20)) {
        let refused = is_refused(pieces.concat().as_bytes());
        prop_assert!(refused.is_ok(), "{:?}", refused);
    }

    #[test]
    fn a_changed_spec_is_read_or_refused(
        awkward in any::<bool>(),
        changes in vec((any::<usize>(), prop_oneof![Just(None), any::<u8>().prop_map(Some)]), 1..6),
    ) {
        let mut bytes = if awkward { AWKWARD } else { MINIMAL }.to_vec();
        for (at, change) in changes {
            let at = at % bytes.len();
            match change {
                Some(byte) => bytes[at] = byte,
                None => drop(bytes.remove(at)),
            }
        }
        let findings = read_bytes("specs/x.yaml", &bytes).err();
        prop_assert!(findings.is_none_or(|findings| !findings.is_empty()));
    }
}

#[test]
fn deep_and_large_specs_are_refused() {
    for piece in ["[", "{a: ", "- ", "a:\n  ", "&a [*a, ", "'", "? "] {
        let text = piece.repeat(100_000);
        is_refused(text.as_bytes()).unwrap();
    }
    let bomb = (1..30).fold("a0: &a0 [x, x]\n".to_owned(), |text, i| {
        format!("{text}a{i}: &a{i} [*a{0}, *a{0}]\n", i - 1)
    });
    is_refused(bomb.as_bytes()).unwrap();
    is_refused(b"\xef\xbb\xbf").unwrap();
    is_refused(b"openapi: \xff").unwrap();
}

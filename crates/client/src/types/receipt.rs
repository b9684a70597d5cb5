//! Matches receipts to sends.

/// Whether a receipt belongs to the send with this id. The receipt has the same id or, after a send to several numbers, the id followed
/// by a dash and this many digits.
#[must_use]
pub fn answers(received: Option<&str>, id: &str, digits: usize) -> bool {
    let Some(rest) = received.and_then(|received| received.trim().strip_prefix(id)) else {
        return false;
    };
    let suffix = rest.strip_prefix('-').filter(|_| digits > 0);
    let is_suffix = |text: &str| text.len() == digits && text.bytes().all(|b| b.is_ascii_digit());
    !id.is_empty() && (rest.is_empty() || suffix.is_some_and(is_suffix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_matches_by_id_or_by_id_with_a_dash_and_digits() {
        for received in ["4711-a", "4711-a-0123456789", " 4711-a "] {
            assert!(answers(Some(received), "4711-a", 10), "{received}");
        }
        for received in [
            "",
            "4711",
            "4711-a-",
            "4711-a-012345678",
            "4711-a-01234567890",
            "4711-a-012345678x",
            "4711-a0123456789",
            "4711-a-0123456789-0123456789",
            "x4711-a",
            "4711-A",
        ] {
            assert!(!answers(Some(received), "4711-a", 10), "{received}");
        }
        assert!(
            !answers(Some("4711-0123456789"), "4711", 0),
            "no such suffix is documented"
        );
        assert!(!answers(Some("4711-012345678９"), "4711", 10));
        assert!(
            !answers(Some(""), "", 10),
            "a send that failed returns an empty id"
        );
        assert!(!answers(Some("-0123456789"), "", 10));
        assert!(!answers(None, "4711", 10));
    }
}

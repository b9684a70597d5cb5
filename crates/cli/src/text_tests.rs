use serde_json::json;

use super::*;

#[test]
fn byte_order_marks_are_skipped_and_wide_encodings_are_recognised() {
    assert_eq!(utf8(b"\xef\xbb\xbf{}"), Ok("{}"));
    assert_eq!(utf8("é".as_bytes()), Ok("é"));
    let text = "{\"a\": 1}";
    for has_mark in [true, false] {
        let mark = has_mark.then_some('\u{feff}');
        let text: String = mark.into_iter().chain(text.chars()).collect();
        let utf16 = |big_endian: bool| -> Vec<u8> {
            let bytes = |unit: u16| {
                if big_endian {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                }
            };
            text.encode_utf16().flat_map(bytes).collect()
        };
        let utf32 = |big_endian: bool| -> Vec<u8> {
            let bytes = |unit: u32| {
                if big_endian {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                }
            };
            text.chars().map(u32::from).flat_map(bytes).collect()
        };
        for (bytes, name) in [
            (utf16(false), "UTF-16 (little-endian)"),
            (utf16(true), "UTF-16 (big-endian)"),
            (utf32(false), "UTF-32 (little-endian)"),
            (utf32(true), "UTF-32 (big-endian)"),
        ] {
            let problem = utf8(&bytes).unwrap_err();
            assert!(
                problem.contains(name) && problem.contains("UTF-8"),
                "{problem}"
            );
        }
    }
    assert!(utf8(b"\"\xe9\"").unwrap_err().contains("byte 2"));
}

#[test]
fn numbers_keep_their_digits() {
    for (text, expected) in [
        ("1234567890123456789012", json!("1234567890123456789012")),
        ("-9223372036854775809", json!("-9223372036854775809")),
        ("18446744073709551616", json!("18446744073709551616")),
        (
            "18446744073709551615",
            json!(18_446_744_073_709_551_615_u64),
        ),
        ("-9223372036854775808", json!(i64::MIN)),
        ("1e400", json!("1e400")),
        ("1E+2", json!(100.0)),
        ("0e999", json!(0.0)),
        ("0.30000000000000004", json!(0.300_000_000_000_000_04)),
        ("0.1234567890123456789", json!("0.1234567890123456789")),
        ("9007199254740993.0", json!("9007199254740993.0")),
        ("9007199254740992.0", json!(9_007_199_254_740_992.0)),
        ("0.92300000000000000000", json!(0.923)),
        (
            "123456789012345678901234567890e-10",
            json!("123456789012345678901234567890e-10"),
        ),
        ("0", json!(0)),
    ] {
        assert_eq!(json(text).unwrap(), expected, "{text}");
        let nested = format!("{{\"a\\\"1\": [ {text} ,-1], \"b\": \"{text}\"}}");
        let expected = json!({ "a\"1": [expected, -1], "b": text });
        assert_eq!(json(&nested).unwrap(), expected);
    }
}

#[test]
fn errors_name_the_place_of_invalid_json() {
    for (text, expected) in [
        ("{", "is not valid JSON (line 1, column 1)"),
        (
            "[1234567890123456789012, x]",
            "is not valid JSON (line 1, column 26)",
        ),
        ("0001234567890123456789", "is not valid JSON (line 1"),
        ("1.2.34567890123456789", "is not valid JSON (line 1"),
        (
            "[1,\n{\"a\":1,\"b\":{\"c\":1,\"c\":2}}]",
            "contains the same key twice",
        ),
        ("\"\\", "is not valid JSON"),
        ("\"\\ud800\"", "is not valid JSON"),
        ("\"\\x\"", "is not valid JSON"),
        ("\"a\nb\"", "is not valid JSON"),
        ("", "is not valid JSON"),
    ] {
        let problem = json(text).unwrap_err().to_string();
        assert!(problem.contains(expected), "{text}: {problem}");
    }
    assert!(json(&"[".repeat(100_000)).is_err(), "nesting is limited");
}

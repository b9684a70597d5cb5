//! Bodies that common tools sign in one form and send in another.

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use nxcloud_signing::{AccessKey, Action, BizType, Body, Request, Secret, Signer, Timestamp};

use super::diagnose;
use crate::platform::verdict::{LikelyCause, SignatureMismatch};

fn request(body: &[u8]) -> Request<'_> {
    Request {
        action: Action::new("mtsend").unwrap(),
        biz_type: BizType::new("3").unwrap(),
        ts: Timestamp::from_millis(1_655_710_885_431),
        body: Body::Signed(body),
    }
}

fn mismatch(secrets: [&str; 2], signed: &[u8], sent: &[u8]) -> SignatureMismatch {
    let key = AccessKey::new("key-1").unwrap();
    let [clients, servers] = secrets.map(|secret| Secret::new(secret).unwrap());
    let claimed = Signer::new(key.clone(), clients).sign(&request(signed));
    diagnose(
        &Signer::new(key, servers),
        &request(sent),
        sent,
        claimed.as_str(),
    )
}

/// Checks the likely cause, and that the explanation names it and says what to change.
#[track_caller]
fn assert_found(signed: &[u8], sent: &[u8], cause: LikelyCause, names: &str) {
    assert_ne!(signed, sent);
    let diagnosis = mismatch(["s3cret"; 2], signed, sent);
    let signed_text = String::from_utf8_lossy(signed);
    assert_eq!(
        diagnosis.likely_cause(),
        cause,
        "{signed_text}: {}",
        diagnosis.explanation()
    );
    let difference = diagnosis.difference().unwrap();
    assert!(difference.contains(names), "{signed_text}: {difference}");
    assert!(diagnosis.explanation().ends_with(difference));
    assert_eq!(diagnosis.explanation().lines().count(), 1);
    let client = diagnosis.client_string().unwrap();
    assert!(client.contains(&*signed_text), "{client}");
}

/// Checks both directions. `names` is the name of the second form.
#[track_caller]
fn assert_both(one: &[u8], other: &[u8], cause: LikelyCause, names: &str) {
    assert_found(one, other, cause, names);
    assert_found(other, one, cause, names);
}

const FILE: &str =
    "{\n  \"appKey\": \"demo\",\n  \"list\": [\"a  b\", 1],\n  \"in\": {\n    \"k\": 2.50\n  }\n}";

#[test]
fn line_ends_are_named() {
    let crlf = FILE.replace('\n', "\r\n");
    assert_both(
        FILE.as_bytes(),
        crlf.as_bytes(),
        LikelyCause::LineEnds,
        "CRLF",
    );
    let stripped = FILE.replace('\n', "");
    for (file, end) in [(FILE, ""), (FILE, "\n"), (&crlf, ""), (&crlf, "\r\n")] {
        let file = format!("{file}{end}");
        assert_both(
            file.as_bytes(),
            stripped.as_bytes(),
            LikelyCause::LineEnds,
            "line ends",
        );
    }
    let tabs = "{\n\t\"a\": [\n\t\t1,\n\t\t2\n\t]\n}\n";
    let stripped = tabs.replace('\n', "");
    assert_found(
        tabs.as_bytes(),
        stripped.as_bytes(),
        LikelyCause::LineEnds,
        "curl -d",
    );
    let indent_0 = "{\n\"a\": 1,\n\"b\": 2\n}\n";
    let stripped = indent_0.replace('\n', "");
    assert_found(
        indent_0.as_bytes(),
        stripped.as_bytes(),
        LikelyCause::LineEnds,
        "curl -d",
    );
    let texts = [r#"{"content":"a\nb\n"}"#, r#"{"content":"a\r\nb\r\n"}"#].map(str::as_bytes);
    assert_both(texts[0], texts[1], LikelyCause::LineEnds, r"\r\n");
}

#[test]
fn a_final_line_end_is_named() {
    let body = r#"{"a":1}"#;
    for end in ["\n", "\r\n"] {
        let ended = format!("{body}{end}");
        assert_both(
            body.as_bytes(),
            ended.as_bytes(),
            LikelyCause::FinalLineEnd,
            "final",
        );
    }
    assert_both(b"{}\n", b"{}\r\n", LikelyCause::FinalLineEnd, "final");
}

#[test]
fn escapes_are_named_in_both_directions() {
    let plain = "{\"t\":\"a=b&c<d>e'f\u{2028}\",\"u\":\"https://x/\"}";
    for (escaped, name) in [
        (
            r#"{"t":"a\u003db\u0026c\u003cd\u003ee\u0027f\u2028","u":"https://x/"}"#,
            "Gson",
        ),
        (
            "{\"t\":\"a=b\\u0026c\\u003cd\\u003ee'f\\u2028\",\"u\":\"https://x/\"}",
            "Go ",
        ),
        (
            "{\"t\":\"a=b&c<d>e'f\\u2028\",\"u\":\"https:\\/\\/x\\/\"}",
            "PHP",
        ),
    ] {
        assert_both(
            plain.as_bytes(),
            escaped.as_bytes(),
            LikelyCause::JsonEscapes,
            name,
        );
    }
    let plain = "{\"t\":\"+1 \\\"q\\\" `您好` 100% é\u{3000}😀/\"}";
    for (escaped, name) in [
        (
            r#"{"t":"\u002B1 \u0022q\u0022 \u0060\u60A8\u597D\u0060 100% \u00E9\u3000\uD83D\uDE00/"}"#,
            ".NET",
        ),
        (
            "{\"t\":\"\\u002B1 \\u0022q\\u0022 \\u0060您好\\u0060 100% é\\u3000\\uD83D\\uDE00/\"}",
            ".NET",
        ),
        (
            r#"{"t":"+1 \"q\" `\u60a8\u597d` 100% \u00e9\u3000\ud83d\ude00/"}"#,
            "Python",
        ),
        (
            r#"{"t":"+1 \"q\" `\u60A8\u597D` 100% \u00E9\u3000\uD83D\uDE00/"}"#,
            "uppercase",
        ),
        (
            r#"{"t":"+1 \"q\" `\u60a8\u597d` 100% \u00e9\u3000\ud83d\ude00\/"}"#,
            "PHP",
        ),
        (
            "{\"t\":\"+1 \\\"q\\\" `您好` 100% é\u{3000}😀\\/\"}",
            "JSON_UNESCAPED_UNICODE",
        ),
    ] {
        assert_both(
            plain.as_bytes(),
            escaped.as_bytes(),
            LikelyCause::JsonEscapes,
            name,
        );
    }
    // Escapes of one serialiser converted to another's, and escapes combined with another layout.
    let gson = r#"{"t":"a\u003db/","n":1}"#;
    let php = r#"{"t":"a=b\/","n":1}"#;
    assert_both(
        gson.as_bytes(),
        php.as_bytes(),
        LikelyCause::JsonEscapes,
        "PHP",
    );
    let spaced = r#"{"t": "a=b/", "n": 1}"#;
    assert_found(
        gson.as_bytes(),
        spaced.as_bytes(),
        LikelyCause::BodyReserialised,
        "Gson",
    );
}

#[test]
fn a_byte_order_mark_is_named() {
    for body in ["{\"a\":\"您好\"}", FILE, "{}\r\n"] {
        let marked = format!("\u{feff}{body}");
        assert_both(
            body.as_bytes(),
            marked.as_bytes(),
            LikelyCause::ByteOrderMark,
            "byte order mark",
        );
    }
}

#[test]
fn charsets_are_named() {
    let text = "{\"a\":\"您好\"}";
    let (gbk, _, _) = encoding_rs::GBK.encode(text);
    assert_both(text.as_bytes(), &gbk, LikelyCause::Charset, "GBK");
    let latin = "{\"a\":\"é ü\"}";
    assert_both(
        latin.as_bytes(),
        b"{\"a\":\"\xe9 \xfc\"}",
        LikelyCause::Charset,
        "Latin-1",
    );
    assert_found(
        b"{\"a\":\"??\"}",
        text.as_bytes(),
        LikelyCause::Charset,
        "Latin-1",
    );
    let twice = "{\"a\":\"Ã© Ã¼\"}";
    assert_both(
        latin.as_bytes(),
        twice.as_bytes(),
        LikelyCause::Charset,
        "UTF-8",
    );
    let utf_16 = text.encode_utf16().flat_map(u16::to_le_bytes);
    let utf_16 = b"\xff\xfe"
        .iter()
        .copied()
        .chain(utf_16)
        .collect::<Vec<_>>();
    assert_found(text.as_bytes(), &utf_16, LikelyCause::Charset, "UTF-16LE");
}

/// The output of Python's `gzip.compress` for the text below, with `mtime` 0.
const PYTHON_GZIP: &str = "1f8b0800000000000203ab564a2c28f04ead54b2524a49cdcd57d2512ac8c8cf4b05722dcc0c4d0d0c8d8c4d4ccdcc2d80e2c9f97925a9792540998c4c1d050856aa05002d52978b40000000";

#[test]
fn compression_is_named() {
    let text = r#"{"appKey":"demo","phone":"8615012345678","content":"hi, hi, hi"}"#.as_bytes();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(text).unwrap();
    assert_both(
        text,
        &gzip.finish().unwrap(),
        LikelyCause::Compression,
        "gzip",
    );
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
    zlib.write_all(text).unwrap();
    assert_both(
        text,
        &zlib.finish().unwrap(),
        LikelyCause::Compression,
        "deflate",
    );
    let mut raw = DeflateEncoder::new(Vec::new(), Compression::fast());
    raw.write_all(text).unwrap();
    assert_both(
        text,
        &raw.finish().unwrap(),
        LikelyCause::Compression,
        "deflate",
    );
    let python = data_encoding::HEXLOWER
        .decode(PYTHON_GZIP.as_bytes())
        .unwrap();
    assert_both(text, &python, LikelyCause::Compression, "gzip");
}

#[test]
fn two_differences_at_once_are_named() {
    let plain = "{\"t\":\"a=b 您好\"}";
    let gson = "{\"t\":\"a\\u003db 您好\"}";
    for signed in [
        format!("{gson}\n"),
        format!("\u{feff}{gson}"),
        format!("\u{feff}{plain}\r\n"),
    ] {
        let diagnosis = mismatch(["s3cret"; 2], signed.as_bytes(), plain.as_bytes());
        let difference = diagnosis.difference().unwrap();
        assert!(difference.contains("; in addition, "), "{difference}");
    }
    let gbk = encoding_rs::GBK.encode(gson).0;
    assert_found(
        plain.as_bytes(),
        &gbk,
        LikelyCause::Charset,
        "signed in UTF-8, sent in GBK; in addition, ",
    );
    let nulls = r#"{"a":null,"b":[{"c":null}]}"#;
    assert_found(
        br#"{"b":[{}]}"#,
        nulls.as_bytes(),
        LikelyCause::BodyReserialised,
        "null",
    );
}

#[test]
fn white_space_around_the_secret_is_named() {
    for client in [
        "s3cret\n",
        "s3cret\r\n",
        " s3cret",
        "s3cret ",
        "\ts3cret \n",
        "\u{feff}s3cret",
    ] {
        for secrets in [[client, "s3cret"], ["s3cret", client]] {
            let diagnosis = mismatch(secrets, b"{}", b"{}");
            // A byte order mark is no white space to trim.
            if secrets[1].starts_with('\u{feff}') {
                continue;
            }
            assert_eq!(
                diagnosis.likely_cause(),
                LikelyCause::SecretWhiteSpace,
                "{secrets:?}"
            );
            assert_eq!(diagnosis.client_string(), None);
            assert!(!diagnosis.explanation().contains("s3cret"));
        }
    }
    let other = mismatch(["s3cretx", "s3cret"], b"{}", b"{}");
    assert_eq!(other.likely_cause(), LikelyCause::WrongSecret);
}

#[test]
fn a_body_that_is_not_json_is_diagnosed_without_a_panic() {
    for body in [
        "\"",
        "\"\\",
        "\"\\u12",
        "{\"a\":\"\\ud83d\"}",
        "[[[",
        "]]]",
        "{\"a\"",
        "\u{feff}",
        "\\",
    ] {
        let diagnosis = mismatch(["another", "s3cret"], b"x", body.as_bytes());
        assert_eq!(diagnosis.likely_cause(), LikelyCause::WrongSecret, "{body}");
    }
}

#[test]
fn rarer_charsets_are_named() {
    for (charset, text) in [
        (encoding_rs::WINDOWS_1251, "привет, мир"),
        (encoding_rs::KOI8_R, "привет, мир"),
        (encoding_rs::WINDOWS_874, "สวัสดี"),
        (encoding_rs::WINDOWS_1256, "مرحبا"),
        (encoding_rs::ISO_8859_15, "10 €"),
        (encoding_rs::GB18030, "您好 é 😀"),
        (encoding_rs::EUC_JP, "こんにちは、世界"),
    ] {
        let text = format!("{{\"a\":\"{text}\"}}");
        let (bytes, _, lossy) = charset.encode(&text);
        assert!(!lossy);
        assert_found(&bytes, text.as_bytes(), LikelyCause::Charset, "signed in");
    }
    let text = "{\"a\":\"привет, мир\"}";
    let (bytes, ..) = encoding_rs::WINDOWS_1251.encode(text);
    assert_found(
        text.as_bytes(),
        &bytes,
        LikelyCause::Charset,
        "windows-1251",
    );
}

#[test]
fn utf_16_is_named_with_and_without_a_byte_order_mark() {
    for text in ["{\"a\":\"您好\"}", "{\"a\":\"hi\"}"] {
        for mark in ["", "\u{feff}"] {
            let units = || mark.encode_utf16().chain(text.encode_utf16());
            let little: Vec<_> = units().flat_map(u16::to_le_bytes).collect();
            let big: Vec<_> = units().flat_map(u16::to_be_bytes).collect();
            assert_both(&little, text.as_bytes(), LikelyCause::Charset, "UTF-16LE");
            assert_both(&big, text.as_bytes(), LikelyCause::Charset, "UTF-16BE");
        }
    }
}

#[test]
fn white_space_that_was_signed_and_not_sent_is_named() {
    let body = "{\"a\":1}";
    for (signed, cause) in [
        (format!("{body}\n\n"), LikelyCause::FinalLineEnd),
        (format!("{body}\r"), LikelyCause::FinalLineEnd),
        (format!("{body} "), LikelyCause::BodyReserialised),
        (format!("{body}\t"), LikelyCause::BodyReserialised),
        (format!(" {body}"), LikelyCause::BodyReserialised),
        (format!("\n{body}\n"), LikelyCause::BodyReserialised),
        (format!("{body}\0"), LikelyCause::BodyReserialised),
    ] {
        assert_found(signed.as_bytes(), body.as_bytes(), cause, "signed with");
    }
}

#[test]
fn invisible_characters_around_the_secret_are_named() {
    let body = b"{\"a\":1}";
    for secret in [
        "s3cret\u{200b}",
        "\u{a0}s3cret",
        "\u{3000}s3cret\u{3000}",
        "\u{feff}s3cret\r\n",
        "s3cret\n\n\n",
        "s3cret\u{b}",
    ] {
        let diagnosis = mismatch([secret, "s3cret"], body, body);
        assert_eq!(
            diagnosis.likely_cause(),
            LikelyCause::SecretWhiteSpace,
            "{secret:?}"
        );
    }
}

#[test]
fn escapes_of_single_flags_and_old_serialisers_are_named() {
    let plain = "{\"t\":\"<b>Tom's</b> & 您好\u{7f} a=b \\\"q\\\"\"}";
    for (escaped, name) in [
        (
            r#"{"t":"\u003Cb\u003ETom's\u003C\/b\u003E & \u60a8\u597d a=b \"q\""}"#,
            "JSON_HEX_TAG",
        ),
        (
            "{\"t\":\"\\u003Cb\\u003ETom's\\u003C/b\\u003E & 您好 a=b \\\"q\\\"\"}",
            "JSON_HEX_TAG",
        ),
        (
            "{\"t\":\"\\u003cb\\u003eTom\\u0027s\\u003c/b\\u003e \\u0026 您好 a=b \\\"q\\\"\"}",
            "JavaScriptSerializer",
        ),
        (
            r#"{"t":"\u003cb\u003eTom's\u003c\/b\u003e \u0026 \u60a8\u597d a=b \"q\""}"#,
            "ujson",
        ),
    ] {
        let plain = plain.replace('\u{7f}', "");
        assert_both(
            plain.as_bytes(),
            escaped.as_bytes(),
            LikelyCause::JsonEscapes,
            name,
        );
    }
    let python = r#"{"t":"<b>Tom's</b> & \u60a8\u597d\u007f a=b \"q\""}"#;
    assert_both(
        plain.as_bytes(),
        python.as_bytes(),
        LikelyCause::JsonEscapes,
        "Python",
    );
    let newtonsoft = "{\"t\":\"<b>Tom's</b> & \\u60a8\\u597d\u{7f} a=b \\\"q\\\"\"}";
    assert_both(
        plain.as_bytes(),
        newtonsoft.as_bytes(),
        LikelyCause::JsonEscapes,
        "lowercase",
    );
}

#[test]
fn the_layout_of_perl_is_named() {
    let perl = "{\n   \"a\" : \"x\",\n   \"l\" : [\n      1,\n      2\n   ]\n}\n";
    let compact = r#"{"a":"x","l":[1,2]}"#;
    assert_found(
        perl.as_bytes(),
        compact.as_bytes(),
        LikelyCause::BodyReserialised,
        "three spaces",
    );
}

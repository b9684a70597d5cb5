//! `--lines`: answers while the input pauses, ends when nobody reads, and skips invalid lines only.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use proptest::prelude::*;

use crate::support::Nxcloud;

const GOOD: &str = r#"{"action": "send", "biz_type": 3, "ts": 1}"#;
const SIGN: [&str; 3] = ["sign", "--lines", "-"];

fn nxcloud() -> Nxcloud {
    Nxcloud::new()
        .with("NXCLOUD_ACCESS_KEY", "a-key")
        .with("NXCLOUD_ACCESS_SECRET", "a-secret")
}

fn start(nxcloud: &Nxcloud, arguments: &[&str]) -> Child {
    let mut command = nxcloud.command(arguments);
    command.stdin(Stdio::piped()).spawn().unwrap()
}

/// Reads the lines of a stream in a thread.
fn lines(stream: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let lines = BufReader::new(stream).lines().map_while(Result::ok);
        lines.for_each(|line| drop(sender.send(line)));
    });
    receiver
}

fn next(lines: &Receiver<String>) -> String {
    lines
        .recv_timeout(Duration::from_secs(120))
        .expect("a line within 120 s")
}

fn write(stdin: &mut ChildStdin, line: &str) {
    stdin.write_all(line.as_bytes()).unwrap();
    stdin.flush().unwrap();
}

#[test]
fn each_line_is_answered_before_the_next_one_arrives() {
    for arguments in [
        &SIGN[..],
        &["verify", "--lines", "-"],
        &["sign", "--lines", "-", "--output", "json"],
    ] {
        let nxcloud = nxcloud();
        let mut child = start(&nxcloud, arguments);
        let mut stdin = child.stdin.take().unwrap();
        let answers = lines(child.stdout.take().unwrap());
        let messages = lines(child.stderr.take().unwrap());
        for _ in 0..3 {
            let line = GOOD.replace('}', r#", "sign": "x"}"#) + "\n";
            write(&mut stdin, &line);
            next(&answers);
        }
        write(&mut stdin, "wrong\n");
        assert!(next(&messages).starts_with("line 4: "));
        // A complete line is answered even if an incomplete one follows it.
        let (half, rest) = GOOD.split_at(10);
        let rest = rest.replace('}', r#", "sign": "x"}"#);
        write(&mut stdin, &format!("{half}{rest}\n{half}"));
        next(&answers);
        write(&mut stdin, &rest);
        drop(stdin);
        next(&answers);
        assert_eq!(testing::exit_status(&mut child).code(), Some(2));
    }
}

#[test]
fn the_command_ends_when_nobody_reads_its_answers() {
    for input in ["good", "mixed", "wrong"] {
        let nxcloud = nxcloud();
        let mut child = start(&nxcloud, &SIGN);
        child.stderr.take();
        let mut stdin = child.stdin.take().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let text = match input {
            "good" => format!("{GOOD}\n"),
            "mixed" => format!("y\n{GOOD}\n"),
            _ => "y\n".to_owned(),
        };
        let writer = std::thread::spawn(move || {
            // Write endlessly, like `yes`, until the command ends.
            while stdin.write_all(text.as_bytes()).is_ok() {}
        });
        let (stdout, _) = testing::line(stdout);
        drop(stdout);
        let code = testing::exit_status(&mut child).code();
        testing::joined("the writer", writer);
        let expected = if input == "good" { 0 } else { 2 };
        assert_eq!(code, Some(expected), "{input}");
    }
}

#[test]
fn an_invalid_line_is_reported_by_its_number_and_skipped() {
    let nxcloud = nxcloud();
    let long = format!("{{\"body\": \"{}\"}}", "x".repeat(16 * 1024 * 1024));
    let cases: &[(&[u8], &str)] = &[
        (b"not JSON", "line 3: column 2"),
        (b"{\"action\": \"caf\xe9\"}", "line 3: not UTF-8"),
        (long.as_bytes(), "line 3: longer than 16 MiB"),
        ("\u{feff}{}".as_bytes(), "line 3: column 1"),
        (br#"{"action": "a", "action": "b"}"#, "line 3: column"),
        (
            br#"{"action": "send", "biz_type": 3, "ts": 1e400}"#,
            "line 3: ts",
        ),
    ];
    for (bad, problem) in cases {
        for end in ["\n", "\r\n"] {
            let end = end.as_bytes();
            let good = GOOD.as_bytes();
            let input = [good, end, end, bad, end, good, end, good].concat();
            let output = nxcloud.feed(&SIGN, &input).exits(2);
            assert_eq!(output.stdout.lines().count(), 3, "{problem}: {output}");
            let errors: Vec<&str> = output.stderr.lines().collect();
            assert_eq!(errors.len(), 2, "{output}");
            assert!(errors[0].contains(problem), "{output}");
            assert!(errors[1].contains("skipped lines: 1 of 4"), "{output}");
        }
    }
    // The numbers in the answers count every line.
    let input = format!("{GOOD}\nx\n{}\n", GOOD.replace('}', r#", "sign": "x"}"#));
    let verify = ["verify", "--lines", "-", "--output", "json"];
    let output = nxcloud.feed(&verify, &input).exits(2);
    assert_eq!(output.stdout, "{\"line\":3,\"valid\":false}\n");
    assert!(
        output
            .stderr
            .contains("skipped lines: 2 of 3; invalid signatures: 1"),
        "{output}"
    );
}

#[test]
fn a_byte_order_mark_is_skipped_and_other_encodings_are_refused() {
    let nxcloud = nxcloud();
    let plain = nxcloud.feed(&SIGN, GOOD).exits(0).stdout;
    let marked = format!("\u{feff}{GOOD}\r\n").into_bytes();
    assert_eq!(nxcloud.feed(&SIGN, &marked).exits(0).stdout, plain);
    let text = format!("\u{feff}{GOOD}\n{GOOD}\n");
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let output = nxcloud.feed(&SIGN, &utf16).exits(2);
    assert!(output.stderr_line().contains("UTF-16"), "{output}");
}

#[test]
fn a_number_in_a_line_keeps_its_digits() {
    let nxcloud = nxcloud();
    let line = r#"{"action": "send", "ts": 1, "biz_type": "#;
    let bare = format!("{line}12345678901234567890123}}");
    let quoted = format!("{line}\"12345678901234567890123\"}}");
    let signed = |line: String| nxcloud.feed(&SIGN, &line).exits(0).stdout;
    assert_eq!(signed(bare), signed(quoted));
}

/// A line of input, and whether it is valid (`true`), invalid (`false`) or blank (`None`).
fn line() -> impl Strategy<Value = (Vec<u8>, Option<bool>)> {
    let wrong = prop::collection::vec(any::<u8>().prop_filter("one line", |b| *b != b'\n'), 1..40);
    prop_oneof![
        (0..1000_u32).prop_map(|n| {
            let line = GOOD.replace('1', &n.to_string());
            (line.into_bytes(), Some(true))
        }),
        Just((b" \t".to_vec(), None)),
        wrong.prop_filter_map("wrong", |bytes| {
            let blank = std::str::from_utf8(&bytes).is_ok_and(|text| text.trim().is_empty());
            // Bytes that look like a wide encoding are another test's subject.
            (!blank && !bytes.contains(&0)).then_some((bytes, Some(false)))
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_input_is_handled_line_by_line(
        lines in prop::collection::vec((line(), any::<bool>()), 0..40),
        marked: bool,
        ended: bool,
    ) {
        let mut input = if marked { "\u{feff}".as_bytes().to_vec() } else { Vec::new() };
        for ((line, _), dos) in &lines {
            input.extend(line);
            input.extend(if *dos { &b"\r\n"[..] } else { b"\n" });
        }
        if !ended && !lines.is_empty() {
            input.pop();
        }
        let wrong: Vec<usize> = (1..)
            .zip(&lines)
            .filter(|(_, ((_, right), _))| *right == Some(false))
            .map(|(number, _)| number)
            .collect();
        let right = lines.iter().filter(|((_, right), _)| *right == Some(true));
        let output = nxcloud().feed(&SIGN, &input);
        prop_assert_eq!(output.stdout.lines().count(), right.count(), "{}", output);
        let named: Vec<usize> = output
            .stderr
            .lines()
            .filter_map(|line| line.strip_prefix("line ")?.split(':').next()?.parse().ok())
            .collect();
        prop_assert_eq!(&named, &wrong, "{}", output);
        prop_assert_eq!(output.code, Some(if wrong.is_empty() { 0 } else { 2 }), "{}", output);
        prop_assert!(!output.stderr.contains("panicked"), "{}", output);
    }
}

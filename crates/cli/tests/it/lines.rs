//! Streams of lines: answers as soon as the input pauses, an end when nobody reads, and no wrong line that hides a right one.

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

/// The lines of a stream as they come.
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
fn each_line_is_answered_before_the_next_is_waited_for() {
    for arguments in [
        &SIGN[..],
        &["verify", "--lines", "-"],
        &["sign", "--lines", "-", "--output", "json"],
    ] {
        let nxcloud = nxcloud();
        let mut child = start(&nxcloud, arguments);
        let mut stdin = child.stdin.take().unwrap();
        let answers = lines(child.stdout.take().unwrap());
        let complaints = lines(child.stderr.take().unwrap());
        for _ in 0..3 {
            let line = GOOD.replace('}', r#", "sign": "x"}"#) + "\n";
            write(&mut stdin, &line);
            next(&answers);
        }
        write(&mut stdin, "wrong\n");
        assert!(next(&complaints).starts_with("line 4: "));
        // Half a line is waited for; what is whole is answered.
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
fn a_command_whose_answers_nobody_reads_ends() {
    for endless in ["good", "mixed", "wrong"] {
        let nxcloud = nxcloud();
        let mut child = start(&nxcloud, &SIGN);
        child.stderr.take();
        let mut stdin = child.stdin.take().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let text = match endless {
            "good" => format!("{GOOD}\n"),
            "mixed" => format!("y\n{GOOD}\n"),
            _ => "y\n".to_owned(),
        };
        let writer = std::thread::spawn(move || {
            // As `yes` does, until the command is gone.
            while stdin.write_all(text.as_bytes()).is_ok() {}
        });
        let (stdout, _) = testing::line(stdout);
        drop(stdout);
        let code = testing::exit_status(&mut child).code();
        testing::joined("the writer", writer);
        let expected = if endless == "good" { 0 } else { 2 };
        assert_eq!(code, Some(expected), "{endless}");
    }
}

#[test]
fn a_wrong_line_hides_no_other_and_is_named() {
    let nxcloud = nxcloud();
    let long = format!("{{\"body\": \"{}\"}}", "x".repeat(16 * 1024 * 1024));
    let cases: &[(&[u8], &str)] = &[
        (b"not JSON", "line 3: column 2"),
        (b"{\"action\": \"caf\xe9\"}", "line 3: it is not UTF-8"),
        (long.as_bytes(), "line 3: it is longer than 16 MiB"),
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
            let ran = nxcloud.feed(&SIGN, &input).exits(2);
            assert_eq!(ran.stdout.lines().count(), 3, "{problem}: {ran}");
            let errors: Vec<&str> = ran.stderr.lines().collect();
            assert_eq!(errors.len(), 2, "{ran}");
            assert!(errors[0].contains(problem), "{ran}");
            assert!(errors[1].contains("1 of 4 lines were left out"), "{ran}");
        }
    }
    // Verified lines keep their numbers.
    let input = format!("{GOOD}\nx\n{}\n", GOOD.replace('}', r#", "sign": "x"}"#));
    let verify = ["verify", "--lines", "-", "--output", "json"];
    let ran = nxcloud.feed(&verify, &input).exits(2);
    assert_eq!(ran.stdout, "{\"line\":3,\"valid\":false}\n");
    assert!(
        ran.stderr
            .contains("2 of 3 lines were left out, and 1 signatures"),
        "{ran}"
    );
}

#[test]
fn a_mark_at_the_beginning_is_skipped_and_another_encoding_is_named() {
    let nxcloud = nxcloud();
    let plain = nxcloud.feed(&SIGN, GOOD).exits(0).stdout;
    let marked = format!("\u{feff}{GOOD}\r\n").into_bytes();
    assert_eq!(nxcloud.feed(&SIGN, &marked).exits(0).stdout, plain);
    let wide = format!("\u{feff}{GOOD}\n{GOOD}\n");
    let wide: Vec<u8> = wide.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let ran = nxcloud.feed(&SIGN, &wide).exits(2);
    assert!(ran.complaint().contains("UTF-16"), "{ran}");
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

/// A line of input, and whether it is right, wrong, or blank.
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
            // A wide encoding at the beginning is another case.
            (!blank && !bytes.contains(&0)).then_some((bytes, Some(false)))
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_lines(
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
        let ran = nxcloud().feed(&SIGN, &input);
        prop_assert_eq!(ran.stdout.lines().count(), right.count(), "{}", ran);
        let named: Vec<usize> = ran
            .stderr
            .lines()
            .filter_map(|line| line.strip_prefix("line ")?.split(':').next()?.parse().ok())
            .collect();
        prop_assert_eq!(&named, &wrong, "{}", ran);
        prop_assert_eq!(ran.code, Some(if wrong.is_empty() { 0 } else { 2 }), "{}", ran);
        prop_assert!(!ran.stderr.contains("panicked"), "{}", ran);
    }
}

//! Bodies of the type `multipart/form-data`.

use memchr::memmem;

use super::percent;

/// The maximum size of a part's headers.
const MAX_PART_HEADERS: usize = 16 * 1024;

/// One part of a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part<'a> {
    pub(crate) name: String,
    /// The file name; `None` if the part is not a file.
    pub(crate) file_name: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) data: &'a [u8],
}

/// The `boundary` of a content type.
pub(crate) fn boundary(content_type: &str) -> Option<String> {
    parameter(content_type, "boundary")
        .filter(|boundary| !boundary.is_empty() && boundary.len() <= 70)
}

/// The parts of a body, or the reason why it cannot be read.
pub(crate) fn parts<'a>(body: &'a [u8], boundary: &str) -> Result<Vec<Part<'a>>, &'static str> {
    let delimiter = format!("\r\n--{boundary}");
    let finder = memmem::Finder::new(delimiter.as_bytes());
    // The first delimiter may be at the start of the body, without the line end that the others begin with.
    let mut rest = if body.starts_with(&delimiter.as_bytes()[2..]) {
        &body[delimiter.len() - 2..]
    } else {
        let at = finder
            .find(body)
            .ok_or("no part begins with the boundary")?;
        &body[at + delimiter.len()..]
    };
    let mut parts = Vec::new();
    loop {
        if rest.starts_with(b"--") {
            return Ok(parts);
        }
        let content = next_line(rest).ok_or("a boundary is not at the end of its line")?;
        let end = finder.find(content).ok_or("the last boundary is missing")?;
        parts.push(part(&content[..end])?);
        rest = &content[end + delimiter.len()..];
    }
}

/// The bytes after spaces and one line end.
fn next_line(bytes: &[u8]) -> Option<&[u8]> {
    let blank = |byte: &&u8| matches!(byte, b' ' | b'\t');
    let blanks = bytes.iter().take_while(blank).count();
    bytes.get(blanks..)?.strip_prefix(b"\r\n")
}

fn part(bytes: &[u8]) -> Result<Part<'_>, &'static str> {
    let window = &bytes[..bytes.len().min(MAX_PART_HEADERS)];
    let (headers, data) = match window.strip_prefix(b"\r\n") {
        Some(_) => (&bytes[..0], &bytes[2..]),
        None => {
            let end =
                memmem::find(window, b"\r\n\r\n").ok_or("the headers of a part do not end")?;
            (&bytes[..end], &bytes[end + 4..])
        }
    };
    let headers =
        std::str::from_utf8(headers).map_err(|_| "the headers of a part are not UTF-8")?;
    let header = |expected: &str| {
        headers.split("\r\n").find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.trim()
                .eq_ignore_ascii_case(expected)
                .then(|| value.trim())
        })
    };
    let disposition = header("content-disposition").ok_or("a part has no content-disposition")?;
    let name = parameter(disposition, "name").ok_or("a part has no name")?;
    Ok(Part {
        name,
        file_name: match parameter(disposition, "filename*") {
            Some(name) => Some(extended(&name)?),
            None => parameter(disposition, "filename"),
        },
        content_type: header("content-type").map(str::to_owned),
        data,
    })
}

/// A parameter of a header value such as `form-data; name="file"`.
fn parameter(header: &str, expected: &str) -> Option<String> {
    let mut rest = header.split_once(';')?.1;
    loop {
        let (name, after) = rest.split_once('=')?;
        let (value, after) = match after.trim_start().strip_prefix('"') {
            Some(quoted) => unquote(quoted)?,
            None => {
                let end = after.find(';').unwrap_or(after.len());
                (after[..end].trim().to_owned(), &after[end..])
            }
        };
        if name.trim().eq_ignore_ascii_case(expected) {
            return Some(value);
        }
        rest = after.split_once(';')?.1;
    }
}

/// The text of an extended value such as `UTF-8''na%C3%AFve.txt`.
fn extended(value: &str) -> Result<String, &'static str> {
    let text = value.splitn(3, '\'').nth(2).unwrap_or(value);
    percent::decode(text).map_err(|_| "a file name is not percent-encoded UTF-8")
}

/// The text up to the closing quote, and the rest.
fn unquote(quoted: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"preamble\r\n--xx\r\nContent-Disposition: form-data; name=\"appkey\"\r\n\r\napp-1\r\n--xx \r\n\
        content-type: image/png\r\nCONTENT-DISPOSITION: form-data; filename=\"a;b\\\".png\"; name=file\r\n\r\n\
        \x00--x\r\n-\xff\r\n--xx--\r\n";

    #[test]
    fn parts_are_split_byte_for_byte() {
        let parts = parts(BODY, "xx").unwrap();
        assert_eq!(
            parts,
            [
                Part {
                    name: "appkey".to_owned(),
                    file_name: None,
                    content_type: None,
                    data: b"app-1"
                },
                Part {
                    name: "file".to_owned(),
                    file_name: Some("a;b\".png".to_owned()),
                    content_type: Some("image/png".to_owned()),
                    data: b"\x00--x\r\n-\xff"
                },
            ]
        );
    }

    #[test]
    fn a_body_that_is_cut_short_is_refused_at_every_length() {
        let whole = parts(BODY, "xx").unwrap().len();
        // The closing boundary ends with `--`; the bytes after it are optional.
        let needed = BODY.len() - 2;
        for length in 0..needed {
            assert!(parts(&BODY[..length], "xx").is_err(), "{length}");
        }
        assert_eq!(parts(&BODY[..needed], "xx").unwrap().len(), whole);
    }

    #[test]
    fn a_file_name_may_be_in_any_script() {
        for (disposition, expected) in [
            (
                "form-data; name=f; filename*=UTF-8''%E8%8F%9C%20a.txt",
                "菜 a.txt",
            ),
            (
                "form-data; name=f; filename=\"b\"; filename*=utf-8'zh'%E8%8F%9C",
                "菜",
            ),
            ("form-data; name=f; filename*=plain", "plain"),
            ("form-data; name=f; filename=\"菜\"", "菜"),
        ] {
            let body = format!("\r\n--x\r\nContent-Disposition: {disposition}\r\n\r\n1\r\n--x--");
            let parts = parts(body.as_bytes(), "x").unwrap();
            assert_eq!(
                parts[0].file_name.as_deref(),
                Some(expected),
                "{disposition}"
            );
        }
    }

    #[test]
    fn a_boundary_may_be_quoted() {
        for (content_type, expected) in [
            ("multipart/form-data; boundary=xx", Some("xx")),
            (
                "multipart/form-data; charset=utf-8; Boundary=\"a b\"",
                Some("a b"),
            ),
            ("multipart/form-data", None),
            ("multipart/form-data; boundary=", None),
            ("multipart/form-data; boundary=\"open", None),
        ] {
            assert_eq!(
                boundary(content_type).as_deref(),
                expected,
                "{content_type}"
            );
        }
        assert_eq!(boundary(&format!("a/b; boundary={}", "x".repeat(71))), None);
    }
}

//! Prints data to stdout and messages to stderr, and escapes both. No other module may print (`clippy.toml`).
#![allow(clippy::disallowed_methods, reason = "only this module may print")]

use std::io::{self, IsTerminal, Write};

use comfy_table::{ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;

use crate::escape;
use crate::failure::Failure;

// The format of data on stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    Json,
    Table,
}

impl Format {
    /// The format of the flag, by default a table on a terminal and JSON otherwise.
    pub(crate) fn choose(flag: Option<Self>) -> Self {
        match flag {
            Some(format) => format,
            None if io::stdout().is_terminal() => Self::Table,
            None => Self::Json,
        }
    }
}

/// Prints a reply.
pub(crate) fn reply(format: Format, value: &Value) -> Result<(), Failure> {
    print(&in_format(format, value))
}

pub(crate) fn in_format(format: Format, value: &Value) -> String {
    match format {
        Format::Json => format!("{value:#}"),
        Format::Table => tables(value),
    }
}

/// Prints a value as one line of JSON.
pub(crate) fn line(value: &Value) -> Result<(), Failure> {
    print(&value.to_string())
}

/// Prints to stdout and flushes. A pipe whose reader has gone is not an error.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    print_if_open(text).map(drop)
}

/// Prints to stdout like [`print`], and returns `false` if the reader of the pipe has gone. The caller can stop then.
pub(crate) fn print_if_open(text: &str) -> Result<bool, Failure> {
    match write_stdout(text) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::output(&error)),
    }
}

/// Writes text and a line break to stdout in one call. A reader that stops after some bytes of a short text still gets all of it.
pub(crate) fn write_stdout(text: &str) -> io::Result<()> {
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let text = [escape::text(text), end.into()].concat();
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Whether stdout was probably closed when the command started. In that case the standard library has opened the null device for
/// reading and writing; other programs rarely open it for both. The answer is a guess, good enough for a message.
#[cfg(target_os = "linux")]
pub(crate) fn was_closed() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let device = |path| std::fs::metadata(path).map(|file| file.rdev()).ok();
    let flags = std::fs::read_to_string("/proc/self/fdinfo/1").unwrap_or_default();
    let flags = flags.lines().find_map(|line| line.strip_prefix("flags:"));
    // The last octal digit is the access mode: 1 for writing, 2 for reading and writing.
    let both = flags.is_some_and(|flags| flags.ends_with('2'));
    both && device("/proc/self/fd/1") == device("/dev/null")
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn was_closed() -> bool {
    false
}

/// Prints a message as one line to stderr.
pub(crate) fn eprint(text: &str) {
    // There is no other place to report a failure of stderr.
    let _ = writeln!(io::stderr(), "{}", escape::one_line(text));
}

/// Prints an error as one line to stderr. On a terminal with colours, its prefix is red.
pub(crate) fn error(text: &str) {
    let _ = writeln!(
        anstream::stderr(),
        "\u{1b}[1;31merror:\u{1b}[0m {}",
        escape::one_line(text)
    );
}

/// Prints help or version, with the styles that the terminal supports.
pub(crate) fn help(error: &clap::Error) -> io::Result<()> {
    error.print()
}

/// Asks for a secret on the terminal. Returns `None` without a terminal.
pub(crate) fn ask(question: &str) -> Option<io::Result<String>> {
    let interactive = io::stdin().is_terminal() && io::stderr().is_terminal();
    interactive.then(|| rpassword::prompt_password(escape::one_line(question)))
}

/// Asks a question on the terminal, and returns whether the answer is yes. Returns `None` without a terminal.
pub(crate) fn confirm(question: &str) -> Result<Option<bool>, Failure> {
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Ok(None);
    }
    let _ = write!(io::stderr(), "{}", escape::one_line(question));
    let mut answer = String::new();
    io::stdin()
        .read_line(&mut answer)
        .map_err(|error| Failure::io("cannot read the answer", &error))?;
    let yes = matches!(answer.trim().to_lowercase().as_str(), "y" | "yes");
    Ok(Some(yes))
}

/// A progress bar on stderr.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    /// `None` without a terminal.
    pub(crate) fn on_terminal() -> Option<Self> {
        io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{bar:40} {percent:>3}%\n{wide_msg}");
            let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
            Self(match style {
                Ok(style) => bar.with_style(style),
                Err(_) => bar,
            })
        })
    }

    pub(crate) fn show(&self, done: u64, total: u64, text: &str) {
        self.0.set_length(total);
        self.0.set_position(done);
        self.0.set_message(escape::one_line(text).into_owned());
    }

    /// Prints while the bar is away.
    pub(crate) fn above(&self, print: impl FnOnce()) {
        self.0.suspend(print);
    }

    pub(crate) fn clear(&self) {
        self.0.finish_and_clear();
    }
}

/// Stdout for data of any length, which remembers why writing failed. On a terminal, control characters are escaped.
#[derive(Default)]
pub(crate) struct Stdout(Option<io::Error>);

impl Stdout {
    pub(crate) fn buffered(&mut self) -> Box<dyn Write + '_> {
        // On a terminal, every character arrives as a whole.
        if io::stdout().is_terminal() {
            Box::new(io::LineWriter::new(self))
        } else {
            Box::new(io::BufWriter::with_capacity(1 << 16, self))
        }
    }

    pub(crate) fn failure(&self) -> Option<&io::Error> {
        self.0.as_ref()
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut stdout = io::stdout().lock();
        let written = if stdout.is_terminal() {
            stdout.write_all(escape::text(&String::from_utf8_lossy(bytes)).as_bytes())
        } else {
            stdout.write_all(bytes)
        };
        written.and_then(|()| stdout.flush()).map_err(|error| {
            let same = io::Error::new(error.kind(), error.to_string());
            self.0 = Some(error);
            same
        })?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes the lines of a log to stderr.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Log;

impl Write for Log {
    /// The subscriber writes each event with one call.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        eprint(String::from_utf8_lossy(event).trim_end_matches('\n'));
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// On a terminal, shows how many items have arrived.
pub(crate) fn progress(items: usize) {
    if io::stderr().is_terminal() {
        let _ = write!(io::stderr(), "\r{items} items");
    }
}

/// Removes the line of [`progress`].
pub(crate) fn clear_progress() {
    if io::stderr().is_terminal() {
        let _ = write!(io::stderr(), "\r\u{1b}[K");
    }
}

/// Formats a reply as tables: one of its scalars by path, and one per list of objects, with a column for each name.
pub(crate) fn tables(value: &Value) -> String {
    let mut scalars = Vec::new();
    let mut lists = Vec::new();
    collect("", value, &mut scalars, &mut lists);
    let mut parts = Vec::new();
    if !scalars.is_empty() {
        let mut table = plain();
        for (path, text) in scalars {
            table.add_row([escape::one_line(&path).into_owned(), text]);
        }
        parts.push(trimmed(&table));
    }
    for (path, items) in lists {
        let rows = rows(items.iter().copied());
        parts.push(if path.is_empty() {
            rows
        } else {
            format!("{}:\n{rows}", escape::one_line(&path))
        });
    }
    parts.join("\n\n")
}

/// Formats objects as a table.
pub(crate) fn rows<'a>(items: impl Iterator<Item = &'a Value>) -> String {
    let items: Vec<&Value> = items.collect();
    let mut columns: Vec<&str> = Vec::new();
    for item in items.iter().filter_map(|item| item.as_object()) {
        for name in item.keys() {
            if !columns.contains(&name.as_str()) {
                columns.push(name);
            }
        }
    }
    let mut table = plain();
    table.set_header(columns.iter().map(|name| {
        let name = name.to_uppercase();
        escape::one_line(&name).into_owned()
    }));
    for item in items {
        let cells = columns.iter().map(|name| item.get(name).map(cell));
        table.add_row(cells.map(Option::unwrap_or_default));
    }
    trimmed(&table)
}

fn plain() -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    table
}

/// Formats a table without trailing spaces.
fn trimmed(table: &Table) -> String {
    let lines: Vec<String> = table.lines().map(|line| line.trim().to_owned()).collect();
    lines.join("\n")
}

fn collect<'a>(
    path: &str,
    value: &'a Value,
    scalars: &mut Vec<(String, String)>,
    lists: &mut Vec<(String, Vec<&'a Value>)>,
) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                collect(&path, value, scalars, lists);
            }
        }
        Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_object) => {
            lists.push((path.to_owned(), items.iter().collect()));
        }
        other => scalars.push((path.to_owned(), cell(other))),
    }
}

/// Formats a value for a cell.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    escape::one_line(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_reply_becomes_scalars_and_tables() {
        let reply = json!({
            "code": 0,
            "data": { "total": 2, "list": [{ "id": "a", "n": 1 }, { "id": "b", "x": null }] },
            "tags": ["u", "v"],
        });
        let text = tables(&reply);
        assert_eq!(
            text,
            "code        0\ndata.total  2\ntags        [\"u\",\"v\"]\n\ndata.list:\nID  N  X\na   1\nb"
        );
    }

    #[test]
    fn received_control_characters_are_escaped_within_their_cell() {
        let text = tables(&json!({
            "na\nme": "a\u{1b}[2Jb\u{9b}c\nd",
            "li\nst": [{ "c\n\u{202e}": ["\u{9b}"] }],
        }));
        let expected = "na\\nme  a\\u001b[2Jb\\u009bc\\nd\n\nli\\nst:\nC\\n\\u202e\n[\"\\u009b\"]";
        assert_eq!(text, expected);
    }
}

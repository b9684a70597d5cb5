//! The sandbox as a command.
#![forbid(unsafe_code)]

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use lexopt::{Arg, ValueExt};
use nxcloud_sandbox::{ACCESS_KEY, ACCESS_SECRET, APP_ID, APP_SECRET, Sandbox};

/// What the arguments ask for.
enum Command {
    Run { port: u16 },
    Help,
    Version,
}

fn main() -> ExitCode {
    let command = match parse(lexopt::Parser::from_env()) {
        Ok(command) => command,
        Err(error) => {
            complain(&error);
            return ExitCode::from(2);
        }
    };
    let done = match command {
        Command::Run { port } => run(port),
        Command::Help => say(&help()),
        Command::Version => say(concat!("nxcloud-sandbox ", env!("CARGO_PKG_VERSION"))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

fn parse(mut arguments: lexopt::Parser) -> Result<Command, lexopt::Error> {
    let mut port = 0;
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Long("port") | Arg::Short('p') => port = arguments.value()?.parse()?,
            Arg::Long("help") | Arg::Short('h') => return Ok(Command::Help),
            Arg::Long("version") | Arg::Short('V') => return Ok(Command::Version),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Command::Run { port })
}

fn help() -> String {
    format!(
        "Plays the NXCLOUD and AntBuddy platforms on this machine, to test programs without credentials.\n\
        \n\
        Usage: nxcloud-sandbox [--port PORT]\n\
        \n\
        Options:\n\
        \x20 -p, --port PORT  port of the loopback interface to listen on; 0, the default, takes any free one\n\
        \x20 -h, --help       print this text\n\
        \x20 -V, --version    print the version\n\
        \n\
        It prints one line with its base URL to stdout, logs to stderr, and stops on Ctrl-C.\n\
        NXCLOUD account: access key {ACCESS_KEY}, secret {ACCESS_SECRET}\n\
        AntBuddy account: app id {APP_ID}, secret {APP_SECRET}\n\
        Requests received: GET /__sandbox/requests; DELETE forgets them."
    )
}

fn run(port: u16) -> Result<(), Box<dyn Error>> {
    let log = tracing_subscriber::fmt().with_ansi(false);
    log.with_writer(io::stderr).init();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        // Before the line is printed, so that whoever reads it can stop the sandbox at once.
        let interrupted = interrupted()?;
        let sandbox = Sandbox::builder().port(port).start().await?;
        say(&format!("listening on {}", sandbox.url()))?;
        // Nothing depends on this line.
        let _ = writeln!(io::stderr(), "inspector: {}", sandbox.inspector_url());
        interrupted.await;
        sandbox.shutdown().await;
        Ok(())
    })
}

/// Completes on Ctrl-C or a request to terminate. The signals are caught from now on.
#[cfg(unix)]
fn interrupted() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Completes on Ctrl-C, which is caught from now on.
#[cfg(windows)]
fn interrupted() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupt.recv().await;
    })
}

/// One line to stdout, at once. A reader that has gone is not an error.
fn say(line: &str) -> Result<(), Box<dyn Error>> {
    let mut stdout = io::stdout().lock();
    match writeln!(stdout, "{line}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// An error with its causes, in one line to stderr.
fn complain(error: &dyn Error) {
    let mut line = format!("nxcloud-sandbox: {error}");
    let mut cause = error.source();
    while let Some(source) = cause {
        line.push_str(&format!(": {source}"));
        cause = source.source();
    }
    // Nothing is left to tell when even this fails.
    let _ = writeln!(io::stderr(), "{line}");
}

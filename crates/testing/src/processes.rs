//! Processes started by tests.

use std::io::Read;
use std::process::{Child, ExitStatus, Output};
use std::thread::{self, JoinHandle};

use crate::bounds::{joined, late, poll};

/// Waits for the exit status. If the process takes too long, it is killed and the test fails.
#[track_caller]
pub fn exit_status(child: &mut Child) -> ExitStatus {
    poll(|| child.try_wait().unwrap()).unwrap_or_else(|| {
        // Fails if the process has just ended.
        let _ = child.kill();
        let _ = child.wait();
        late("the end of a process, which was killed");
    })
}

/// Waits for the exit status and the output. If the process takes too long, it is killed and the test fails.
#[track_caller]
pub fn output(mut child: Child) -> Output {
    drop(child.stdin.take());
    let stdout = child.stdout.take().map(read);
    let stderr = child.stderr.take().map(read);
    let status = exit_status(&mut child);
    Output {
        status,
        stdout: joined_output(stdout),
        stderr: joined_output(stderr),
    }
}

fn read(mut stream: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        bytes
    })
}

fn joined_output(thread: Option<JoinHandle<Vec<u8>>>) -> Vec<u8> {
    let bytes = thread.map(|thread| joined("the end of a process's output", thread));
    bytes.unwrap_or_default()
}

//! The content of an upload, as a stream of chunks.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use futures_util::{TryStreamExt as _, stream};
use tokio::io::AsyncReadExt as _;

use crate::error::content::ContentProblem;

type Result<T> = std::result::Result<T, ContentProblem>;

/// The chunks of a file, in order.
pub(super) type Content = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

/// Called with the number of bytes sent so far and the size.
pub(super) type Progress = Arc<dyn Fn(u64, u64) + Send + Sync>;

/// The largest chunk of a file or of bytes in memory.
const CHUNK: usize = 64 * 1024;

/// Checks that the file can be read, and returns its size.
pub(super) fn size(path: &Path) -> Result<u64> {
    let problem = |error| ContentProblem::io(path, error);
    let metadata = std::fs::metadata(path).map_err(problem)?;
    // Before opening the file: opening a pipe would wait for its other end.
    check(path, &metadata)?;
    std::fs::File::open(path).map_err(problem)?;
    Ok(metadata.len())
}

fn check(path: &Path, metadata: &Metadata) -> Result<()> {
    let reason = if metadata.is_dir() {
        "it is a directory"
    } else if !metadata.is_file() {
        "it is not a regular file"
    } else if metadata.len() == 0 {
        "it is empty"
    } else {
        return Ok(());
    };
    Err(ContentProblem::of(path, reason))
}

pub(super) fn of_bytes(bytes: Bytes) -> Content {
    let chunks = stream::unfold(bytes, |mut rest| async move {
        let chunk = rest.split_to(rest.len().min(CHUNK));
        (!chunk.is_empty()).then_some((Ok(chunk), rest))
    });
    Box::pin(chunks)
}

/// Takes the stream out. Fails the second time.
pub(super) fn of_stream(name: &str, stream: &Mutex<Option<Content>>) -> Result<Content> {
    let mut stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
    let problem = "a stream can be uploaded only once; create a new Upload";
    stream
        .take()
        .ok_or_else(|| ContentProblem::new(name, problem))
}

/// The content of a file. Fails if its size has changed since `size` was read.
pub(super) async fn of_file(path: PathBuf, size: u64) -> Result<Content> {
    let problem = |error| ContentProblem::io(&path, error);
    let metadata = tokio::fs::metadata(&path).await.map_err(problem)?;
    check(&path, &metadata)?;
    let now = metadata.len();
    if now != size {
        let reason = format!("its size changed from {size} to {now} bytes; create a new Upload");
        return Err(ContentProblem::of(&path, reason));
    }
    let file = tokio::fs::File::open(&path).await.map_err(problem)?;
    let chunks = stream::try_unfold((file, path), |(mut file, path)| async move {
        let mut chunk = BytesMut::with_capacity(CHUNK);
        match file.read_buf(&mut chunk).await {
            Ok(0) => Ok(None),
            Ok(_) => Ok(Some((chunk.freeze(), (file, path)))),
            Err(error) => Err(ContentProblem::io(&path, error)),
        }
    });
    Ok(Box::pin(chunks))
}

/// Wraps the content: it fails unless it has exactly `size` bytes, and reports its progress.
///
/// A failure ends the request before its last boundary, so the platform sees an incomplete form.
pub(super) fn measured(
    content: Content,
    name: String,
    size: u64,
    progress: Option<Progress>,
) -> impl Stream<Item = Result<Bytes>> + Send {
    let report = move |sent| {
        if let Some(progress) = &progress {
            progress(sent, size);
        }
    };
    let wrong = move |how| {
        let reason = format!("it has {how} bytes than the {size} announced; create a new Upload");
        ContentProblem::new(name.as_str(), reason)
    };
    let start = (content, None, report, wrong);
    stream::try_unfold(
        start,
        move |(mut content, sent, report, wrong)| async move {
            let sent = sent.unwrap_or_else(|| {
                report(0);
                0
            });
            match content.try_next().await? {
                None if sent < size => Err(wrong("fewer")),
                None => Ok(None),
                Some(chunk) => {
                    let sent = sent + chunk.len() as u64;
                    if sent > size {
                        return Err(wrong("more"));
                    }
                    report(sent);
                    Ok(Some((chunk, (content, Some(sent), report, wrong))))
                }
            }
        },
    )
}

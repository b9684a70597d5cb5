//! The content of an upload as a stream of pieces.

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

/// The pieces of a content, in order.
pub(super) type Content = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

/// Gets the bytes sent so far and the size.
pub(super) type Progress = Arc<dyn Fn(u64, u64) + Send + Sync>;

/// The largest piece of a file or of bytes in memory.
const PIECE: usize = 64 * 1024;

/// The size of a file that can be read.
pub(super) fn size(path: &Path) -> Result<u64> {
    let problem = |error| ContentProblem::io(path, error);
    let metadata = std::fs::metadata(path).map_err(problem)?;
    // Before it is opened: to open a pipe would wait for its other end.
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
    let pieces = stream::unfold(bytes, |mut rest| async move {
        let piece = rest.split_to(rest.len().min(PIECE));
        (!piece.is_empty()).then_some((Ok(piece), rest))
    });
    Box::pin(pieces)
}

/// A stream can be taken once.
pub(super) fn of_stream(name: &str, stream: &Mutex<Option<Content>>) -> Result<Content> {
    let mut stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
    let used = "a stream can be uploaded once only; make another Upload";
    stream.take().ok_or_else(|| ContentProblem::new(name, used))
}

/// The content of a file that still has the size it had.
pub(super) async fn of_file(path: PathBuf, size: u64) -> Result<Content> {
    let problem = |error| ContentProblem::io(&path, error);
    let metadata = tokio::fs::metadata(&path).await.map_err(problem)?;
    check(&path, &metadata)?;
    let now = metadata.len();
    if now != size {
        let reason = format!("its size changed from {size} to {now} bytes; make another Upload");
        return Err(ContentProblem::of(&path, reason));
    }
    let file = tokio::fs::File::open(&path).await.map_err(problem)?;
    let pieces = stream::try_unfold((file, path), |(mut file, path)| async move {
        let mut piece = BytesMut::with_capacity(PIECE);
        match file.read_buf(&mut piece).await {
            Ok(0) => Ok(None),
            Ok(_) => Ok(Some((piece.freeze(), (file, path)))),
            Err(error) => Err(ContentProblem::io(&path, error)),
        }
    });
    Ok(Box::pin(pieces))
}

/// The same content, which fails unless it has exactly `size` bytes, and whose progress is reported.
///
/// The parts of a form end with a boundary, so a content that fails leaves the request incomplete.
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
        let reason = format!("it has {how} than the {size} bytes announced; make another Upload");
        ContentProblem::new(name.as_str(), reason)
    };
    let begin = (content, None, report, wrong);
    stream::try_unfold(
        begin,
        move |(mut content, sent, report, wrong)| async move {
            let sent = sent.unwrap_or_else(|| {
                report(0);
                0
            });
            match content.try_next().await? {
                None if sent < size => Err(wrong("fewer")),
                None => Ok(None),
                Some(piece) => {
                    let sent = sent + piece.len() as u64;
                    if sent > size {
                        return Err(wrong("more"));
                    }
                    report(sent);
                    Ok(Some((piece, (content, Some(sent), report, wrong))))
                }
            }
        },
    )
}

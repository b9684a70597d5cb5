//! Streams over all pages of a paged query.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::future::Future;
use std::hash::{BuildHasher as _, Hasher, RandomState};
use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::{StreamExt as _, stream};
use serde::Serialize;

use crate::call::request::Request;
use crate::{Error, Session};

/// A request for one page that can be advanced to the next page. Implemented by every paged query; pass any of them to
/// [`Session::items`](crate::Session::items).
pub trait Paged: Request + Clone + Serialize {
    /// One entry of a page.
    type Item: Serialize + Send + 'static;

    /// Takes the entries out of a page.
    #[doc(hidden)]
    fn take_items(reply: &mut Self::Reply) -> Vec<Self::Item>;

    /// Advances to the next page. `items` is the number of entries in the reply. Returns false after the last page.
    #[doc(hidden)]
    fn turn(&mut self, reply: &Self::Reply, items: usize) -> bool;
}

/// The entries of a paged query, from all pages. Pages are requested one by one, as their entries are read.
///
/// It is a [`Stream`](https://docs.rs/futures-core/0.3/futures_core/stream/trait.Stream.html) that is `Unpin`, and
/// [`next`](Self::next) needs no other crate. After an error, the next call requests the same page again. If the platform returns a
/// page twice, the stream ends with an error.
///
/// ```no_run
/// # use nxcloud_client::{Error, Items, Paged};
/// # async fn print<R: Paged>(mut items: Items<R::Item>) -> Result<(), Error> {
/// while let Some(item) = items.next().await {
///     let item = item?;
/// }
/// # Ok(())
/// # }
/// ```
pub struct Items<T> {
    session: Session,
    stream: Pin<Box<dyn Stream<Item = Result<T, Error>> + Send>>,
}

impl<T> Items<T> {
    /// The next entry; `None` at the end.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        self.stream.next().await
    }

    /// An iterator over the entries, for programs without async code. Each step blocks the calling thread.
    #[cfg(feature = "blocking")]
    pub fn blocking(self) -> impl Iterator<Item = Result<T, Error>> + use<T>
    where
        T: Send,
    {
        crate::session::blocking::items(self.session, self.stream)
    }
}

impl<T> Stream for Items<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.stream.as_mut().poll_next(context)
    }
}

impl<T> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// All entries of a paged query, starting at the page of the request.
    ///
    /// ```no_run
    /// # use nxcloud_client::{Error, Paged, Session};
    /// # async fn print<R: Paged + 'static>(session: &Session, query: &R) -> Result<(), Error> {
    /// let mut items = session.items(query);
    /// while let Some(item) = items.next().await {
    ///     let item = item?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn items<R: Paged + 'static>(&self, request: &R) -> Items<R::Item> {
        let session = self.clone();
        let fetch = move |request: R| {
            let session = session.clone();
            async move { session.send(&request).await }
        };
        Items {
            session: self.clone(),
            stream: Box::pin(pages(request.clone(), fetch)),
        }
    }
}

/// Page arithmetic for generated code.
#[derive(Debug)]
#[non_exhaustive]
pub struct Page;

impl Page {
    /// The number of entries, as the platform's integer type.
    #[must_use]
    pub fn count(items: usize) -> i64 {
        i64::try_from(items).unwrap_or(i64::MAX)
    }

    /// Whether a page holds as many entries as requested, so that another page may follow. If the page size is unknown (0), any entry
    /// makes the page full.
    #[must_use]
    pub fn is_full(items: usize, size: i64) -> bool {
        items > 0 && Self::count(items) >= size
    }
}

/// All items, starting at the page of `request`. After a failed request, the stream requests the same page again. If a page or a request
/// for one repeats, the platform does not advance, and the stream ends with an error.
fn pages<R, F, G>(request: R, fetch: G) -> impl Stream<Item = Result<R::Item, Error>> + Send
where
    R: Paged,
    G: Fn(R) -> F + Send,
    F: Future<Output = Result<R::Reply, Error>> + Send,
{
    struct State<R: Paged, G> {
        next: Next<R>,
        waiting: VecDeque<R::Item>,
        seen: Seen,
        fetch: G,
    }
    enum Next<R> {
        Page(R),
        Repeated,
        End,
    }
    let mut seen = Seen::default();
    seen.is_new(&request);
    let state = State {
        next: Next::Page(request),
        waiting: VecDeque::new(),
        seen,
        fetch,
    };
    stream::unfold(state, |mut state| async move {
        loop {
            if let Some(item) = state.waiting.pop_front() {
                return Some((Ok(item), state));
            }
            let mut request = match &state.next {
                Next::Page(request) => request.clone(),
                Next::Repeated => {
                    state.next = Next::End;
                    return Some((Err(repeated()), state));
                }
                Next::End => return None,
            };
            let mut reply = match (state.fetch)(request.clone()).await {
                Ok(reply) => reply,
                Err(error) => return Some((Err(error), state)),
            };
            let items = R::take_items(&mut reply);
            if !state.seen.is_new(&items) {
                state.next = Next::Repeated;
                continue;
            }
            state.next = match request.turn(&reply, items.len()) {
                true if state.seen.is_new(&request) => Next::Page(request),
                true => Next::Repeated,
                false => Next::End,
            };
            state.waiting = items.into();
        }
    })
}

fn repeated() -> Error {
    Error::unreadable("the platform returned a page for the second time; the rest cannot be listed")
}

/// Hashes of all pages received and requested, 8 bytes each. They detect a cycle of any length.
#[derive(Default)]
struct Seen {
    hashes: HashSet<u64>,
    /// A random key: a server cannot craft pages with equal hashes.
    key: RandomState,
}

impl Seen {
    /// Records a page or a request. Returns false if it was recorded before.
    fn is_new(&mut self, value: &impl Serialize) -> bool {
        let mut writer = HashWriter(self.key.build_hasher());
        // A value that cannot be serialised cannot be compared.
        serde_json::to_writer(&mut writer, value).is_err() || self.hashes.insert(writer.0.finish())
    }
}

/// Hashes the bytes written to it.
struct HashWriter<H>(H);

impl<H: Hasher> Write for HashWriter<H> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[path = "paging_tests.rs"]
mod tests;

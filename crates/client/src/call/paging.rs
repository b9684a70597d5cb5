//! Lists as streams: every item of a paged query, page after page.

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

/// A request for one page that knows how to ask for the next one. Generated for every paged query;
/// [`Session::items`](crate::Session::items) takes any of them.
pub trait Paged: Request + Clone + Serialize {
    /// One entry of a page.
    type Item: Serialize + Send + 'static;

    /// Takes the entries out of a page.
    #[doc(hidden)]
    fn take_items(reply: &mut Self::Reply) -> Vec<Self::Item>;

    /// Turns to the next page, given the reply and how many entries it held; false at the end.
    #[doc(hidden)]
    fn turn(&mut self, reply: &Self::Reply, items: usize) -> bool;
}

/// The entries of a paged query, page after page. A page is requested when its entries are.
///
/// It is a [`Stream`](https://docs.rs/futures-core/0.3/futures_core/stream/trait.Stream.html) that can be stored and moved;
/// [`next`](Self::next) needs no other crate. After an error it asks for the same page again; a page that repeats is an error that
/// ends it.
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

    /// The entries one by one for programs without async code: each step waits on the calling thread.
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
    /// Every entry of a paged query, beginning at the page of the request.
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

/// Arithmetic of pages, for generated code.
#[derive(Debug)]
#[non_exhaustive]
pub struct Page;

impl Page {
    /// The number of entries as the platform counts.
    #[must_use]
    pub fn count(items: usize) -> i64 {
        i64::try_from(items).unwrap_or(i64::MAX)
    }

    /// Whether a page holds as many entries as were asked for, so that another may follow. Where the size is not known (0),
    /// any entry at all says so.
    #[must_use]
    pub fn is_full(items: usize, size: i64) -> bool {
        items > 0 && Self::count(items) >= size
    }
}

/// Every item, beginning at the page of `request`. After an error the stream asks for the same page again; but a page that
/// came before, or one that was asked for before, is the last error of the stream: the platform does not move on.
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
    Error::unreadable(
        "the page came before, though another was asked for; what follows cannot be listed",
    )
}

/// Which pages came and were asked for, as hashes: 8 bytes each, so that a cycle of any length is noticed.
#[derive(Default)]
struct Seen {
    hashes: HashSet<u64>,
    /// With a key of its own, so that no server can choose pages that look alike.
    key: RandomState,
}

impl Seen {
    /// Notes a page or a request; false if it was noted before.
    fn is_new(&mut self, value: &impl Serialize) -> bool {
        let mut bytes = Hashed(self.key.build_hasher());
        // What cannot be written cannot be compared.
        serde_json::to_writer(&mut bytes, value).is_err() || self.hashes.insert(bytes.0.finish())
    }
}

/// Hashes what is written.
struct Hashed<H>(H);

impl<H: Hasher> Write for Hashed<H> {
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

//! Lists as streams: every item of a paged query, page after page.

use std::collections::VecDeque;
use std::future::Future;

pub use futures_core::Stream;
use futures_util::stream;

use crate::Error;

/// A request for one page, which knows how to become that for the next; generated code implements it.
pub trait Paged: Clone {
    /// What one page comes in.
    type Reply;
    /// One entry of it.
    type Item;

    /// Takes the entries out of a page.
    fn take_items(reply: &mut Self::Reply) -> Vec<Self::Item>;

    /// Turns to the next page, given the reply and how many entries it held; false at the end.
    fn turn(&mut self, reply: &Self::Reply, items: usize) -> bool;
}

/// Arithmetic of pages, for generated code.
#[derive(Debug)]
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

/// Every item, beginning at the page of `request`. After an error the stream asks for the same page again.
pub fn items<R, F, G>(request: R, fetch: G) -> impl Stream<Item = Result<R::Item, Error>> + Send
where
    R: Paged + Send,
    R::Item: Send,
    R::Reply: Send,
    G: Fn(R) -> F + Send,
    F: Future<Output = Result<R::Reply, Error>> + Send,
{
    struct State<R: Paged, G> {
        request: Option<R>,
        waiting: VecDeque<R::Item>,
        fetch: G,
    }
    let state = State {
        request: Some(request),
        waiting: VecDeque::new(),
        fetch,
    };
    stream::unfold(state, |mut state| async move {
        loop {
            if let Some(item) = state.waiting.pop_front() {
                return Some((Ok(item), state));
            }
            let mut request = state.request.clone()?;
            match (state.fetch)(request.clone()).await {
                Ok(mut reply) => {
                    state.waiting = R::take_items(&mut reply).into();
                    let more = request.turn(&reply, state.waiting.len());
                    state.request = more.then_some(request);
                }
                Err(error) => return Some((Err(error), state)),
            }
        }
    })
}

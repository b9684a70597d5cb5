use std::sync::{Arc, Mutex};

use futures_util::StreamExt as _;

use progenitor_client::ResponseValue;

use super::*;
use crate::call::prepare::Call;
use crate::types::lenient::{LenientObject, Map};
use crate::types::validate::{Validate, Validator};
use crate::{ErrorKind, HashIn, Operation, Repairs, Scheme};

/// A request for the page at a cursor.
#[derive(Clone, Serialize)]
struct Query {
    cursor: String,
}

/// The entries of a page, and the cursor of the next page.
#[derive(Debug, Serialize)]
struct Page {
    items: Vec<u32>,
    next: Option<String>,
    #[serde(skip)]
    repairs: Repairs,
}

fn page((items, next): (Vec<u32>, Option<String>)) -> Page {
    let repairs = Repairs::NONE;
    Page {
        items,
        next,
        repairs,
    }
}

impl LenientObject for Page {
    fn from_map(_: Map) -> Self {
        page((Vec::new(), None))
    }

    fn repairs(&self) -> Repairs {
        self.repairs
    }

    fn repairs_mut(&mut self) -> &mut Repairs {
        &mut self.repairs
    }
}

crate::record_deserialize!(Page);

impl Validate for Query {
    fn validate(&self, _: &mut Validator) {}
}

impl Request for Query {
    const OPERATION: &'static Operation = &Operation::new(
        "test",
        "list",
        "GET",
        "/list",
        "https://api.example",
        Scheme::AntBuddySha256 {
            hash_in: HashIn::Header,
            order: &[],
        },
        true,
        &[],
    );
    type Reply = Page;

    async fn build(&self, _: Call) -> Result<ResponseValue<()>, progenitor_client::Error<()>> {
        Err(progenitor_client::Error::Custom("not called".to_owned()))
    }
}

impl Paged for Query {
    type Item = u32;

    fn take_items(reply: &mut Page) -> Vec<u32> {
        std::mem::take(&mut reply.items)
    }

    fn turn(&mut self, reply: &Page, _items: usize) -> bool {
        if let Some(next) = &reply.next {
            self.cursor.clone_from(next);
        }
        reply.next.is_some()
    }
}

/// Lists everything from a server whose nth answer is `answer(n)`: the items, the error at the end, and the number of requests.
async fn listed(
    answer: impl Fn(u32) -> (Vec<u32>, Option<String>) + Send + Sync,
) -> (Vec<u32>, Option<Error>, u32) {
    let count = Arc::new(Mutex::new(0));
    let request = Query {
        cursor: String::new(),
    };
    let stream = pages(request, |_| {
        let mut count = count.lock().unwrap();
        *count += 1;
        assert!(*count < 100, "no end");
        let reply = page(answer(*count));
        async move { Ok(reply) }
    });
    let results: Vec<_> = stream.collect().await;
    let mut items = Vec::new();
    let mut failed = None;
    for result in results {
        assert!(failed.is_none(), "the error is the last");
        match result {
            Ok(item) => items.push(item),
            Err(error) => failed = Some(error),
        }
    }
    let count = *count.lock().unwrap();
    (items, failed, count)
}

fn cursor(number: u32) -> Option<String> {
    Some(number.to_string())
}

#[tokio::test]
async fn a_repeated_page_is_an_error_after_the_items_before_it() {
    // A server that returns the same page for ever, with new cursors.
    let (items, error, requests) = listed(|n| (vec![1, 2], cursor(n))).await;
    assert_eq!((items, requests), (vec![1, 2], 2));
    let error = error.unwrap();
    assert_eq!(error.kind(), ErrorKind::UnreadableReply);
    assert!(error.to_string().contains("for the second time"), "{error}");

    // Pages in a cycle.
    let (items, error, requests) = listed(|n| (vec![n % 5], cursor(n))).await;
    assert_eq!((items, requests), (vec![1, 2, 3, 4, 0], 6));
    assert!(error.is_some());
}

#[tokio::test]
async fn a_repeated_cursor_is_an_error_before_it_is_requested() {
    // Cycles of one, two and five cursors. The entries are new each time.
    for period in [1, 2, 5] {
        let (items, error, requests) = listed(|n| (vec![n], cursor(n % period))).await;
        assert_eq!(requests, period + 1, "period {period}");
        assert_eq!(items.len(), requests as usize, "no item is lost");
        assert!(error.is_some());
    }
    // The cursor of the request itself.
    let (items, error, _) = listed(|n| (vec![n], Some(String::new()))).await;
    assert_eq!(items, [1]);
    assert!(error.is_some());
}

#[tokio::test]
async fn one_empty_page_is_allowed_and_two_are_an_error() {
    let pages = |n: u32| match n {
        1 => (vec![1], cursor(1)),
        2 => (vec![], cursor(2)),
        _ => (vec![3], None),
    };
    let (items, error, _) = listed(pages).await;
    assert_eq!(items, [1, 3]);
    assert!(error.is_none(), "{error:?}");

    let (items, error, requests) = listed(|n| (vec![], cursor(n))).await;
    assert_eq!((items, requests), (vec![], 2));
    assert!(error.is_some());
}

#[tokio::test]
async fn a_retry_after_an_error_is_not_a_repeated_page() {
    let count = Mutex::new(0);
    let request = Query {
        cursor: String::new(),
    };
    let stream = pages(request, |_| {
        let mut count = count.lock().unwrap();
        *count += 1;
        let reply = match *count {
            1 => Err(Error::unreadable("once")),
            2 => Ok(page((vec![1], cursor(1)))),
            3 => Err(Error::unreadable("again")),
            _ => Ok(page((vec![2], None))),
        };
        async move { reply }
    });
    let results: Vec<_> = stream.map(Result::ok).collect().await;
    assert_eq!(results, [None, Some(1), None, Some(2)]);
}

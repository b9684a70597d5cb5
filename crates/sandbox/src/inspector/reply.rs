//! Replies of the JSON API.

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde::Serialize;
use serde_json::{Value, json};

use crate::server::connection::Refused;
use crate::server::{Refusal, pool};

/// A list is sent in chunks of about this size. Each chunk is created after the previous one was sent.
const PIECE: usize = 256 * 1024;

/// A JSON reply with `no-store`.
pub(super) fn reply(value: &impl Serialize) -> Response {
    // Serialising these values cannot fail.
    of(serde_json::to_vec(value).unwrap_or_default())
}

fn of(json: impl Into<Body>) -> Response {
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, json.into()).into_response()
}

/// A JSON reply that is created on the blocking pool.
pub(super) async fn made<T: Serialize>(
    make: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<Response, Problem> {
    pool::run(move || make().map(|value| reply(&value))).await
}

/// An object with one member, a list. The items are created on the blocking pool, only as fast as the reader takes
/// them.
pub(super) async fn list<I>(name: &str, items: I) -> Response
where
    I: Iterator<Item = Value> + Send + 'static,
{
    let begin = format!("{{\"{name}\":[").into_bytes();
    match piece(begin, items, true).await {
        (whole, None) => of(whole),
        (first, Some(items)) => {
            let rest = stream::unfold(Some(items), async |items| {
                let (next, items) = piece(Vec::new(), items?, false).await;
                Some((next, items))
            });
            let pieces = stream::once(async { first }).chain(rest);
            of(Body::from_stream(
                pieces.map(Ok::<_, std::convert::Infallible>),
            ))
        }
    }
}

/// A chunk of a list, and the remaining items.
async fn piece<I>(mut piece: Vec<u8>, mut items: I, is_first: bool) -> (Bytes, Option<I>)
where
    I: Iterator<Item = Value> + Send + 'static,
{
    pool::run(move || {
        let mut separator: &[u8] = if is_first { b"" } else { b"," };
        while piece.len() < PIECE {
            let Some(item) = items.next() else {
                piece.extend_from_slice(b"]}");
                return (piece.into(), None);
            };
            piece.extend_from_slice(separator);
            separator = b",";
            // Serialising a value cannot fail.
            let _ = serde_json::to_writer(&mut piece, &item);
        }
        (piece.into(), Some(items))
    })
    .await
}

/// An error reply: the status, a message, and a log entry if the content of the request was not checked.
pub(super) struct Problem(StatusCode, String, Option<Refused>);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = reply(&json!({ "error": self.1 }));
        *response.status_mut() = self.0;
        if let Some(refused) = self.2 {
            response.extensions_mut().insert(refused);
        }
        response
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let refused = refusal.log();
        Self(refusal.status, refusal.cause.to_string(), Some(refused))
    }
}

pub(super) fn refuse(status: StatusCode, problem: impl Into<String>) -> Problem {
    Problem(status, problem.into(), None)
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn a_long_list_is_created_in_chunks_as_it_is_read() {
        use std::sync::Arc;
        use std::sync::atomic::{AtomicUsize, Ordering};

        let made = Arc::new(AtomicUsize::new(0));
        let text = "x".repeat(PIECE / 4);
        let items = {
            let (made, text) = (Arc::clone(&made), text.clone());
            (0..10).map(move |number| {
                made.fetch_add(1, Ordering::Relaxed);
                json!({ "n": number, "text": text })
            })
        };
        let mut body = list("items", items).await.into_body();
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        let rest = made.load(Ordering::Relaxed);
        assert!(rest < 10, "{rest}");
        let rest = body.collect().await.unwrap().to_bytes();
        let read = serde_json::from_slice::<Value>(&[first, rest].concat()).unwrap();
        let read = read["items"].as_array().unwrap();
        assert_eq!(read.len(), 10);
        assert!(
            read.iter()
                .enumerate()
                .all(|(at, item)| item["n"] == at && item["text"] == text)
        );
        for count in [0, 1, 2] {
            let list = list("a", (0..count).map(Value::from)).await;
            let body = list.into_body().collect().await.unwrap().to_bytes();
            let expected = json!({ "a": (0..count).collect::<Vec<_>>() });
            assert_eq!(body, expected.to_string());
        }
    }
}

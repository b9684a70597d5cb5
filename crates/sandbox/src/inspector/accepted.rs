//! The accepted row keys and the enforced rate.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::reply::{self, reply};
use crate::server::{Shared, pool};

/// `GET accepted`: the totals, and the keys that were accepted more than once.
pub(super) async fn totals(State(shared): State<Arc<Shared>>) -> Response {
    pool::run(move || {
        let keys = shared.platform.accepted.snapshot();
        let repeated = keys.repeated().into_iter();
        reply(&json!({
            "total": keys.total(),
            "keys": keys.keys(),
            "without_key": keys.without_key(),
            "dropped": keys.dropped(),
            "repeated": repeated.map(|(key, count)| entry(key, count)).collect::<Vec<_>>(),
        }))
    })
    .await
}

/// `GET accepted/keys`: all keys, in no order.
pub(super) async fn keys(State(shared): State<Arc<Shared>>) -> Response {
    let keys = pool::run(move || shared.platform.accepted.snapshot()).await;
    let keys = keys.into_keys().map(|(key, count)| entry(&key, count));
    reply::list("keys", keys).await
}

/// `GET rate`: what the enforced rate did; `null` if none is set.
pub(super) async fn rate(State(shared): State<Arc<Shared>>) -> Response {
    let report = shared
        .platform
        .limiter
        .as_ref()
        .map(|limiter| limiter.report());
    reply(&json!({ "rate": report }))
}

fn entry(key: &str, count: u64) -> Value {
    json!({ "key": key, "count": count })
}

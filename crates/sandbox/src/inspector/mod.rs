//! The inspector: the page below `/__sandbox/` and the JSON API behind it.

mod accepted;
mod advice;
mod assets;
mod body;
mod detail;
mod faults;
mod guard;
mod list;
mod messages;
mod pushes;
mod reply;
mod stream;
mod text;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post, put};
use serde_json::json;

use reply::{Problem, refuse, reply};

use crate::platform::accounts::{ACCESS_KEY, APP_ID};
use crate::server::{Shared, pool};

/// Everything below `/__sandbox`. Each request goes through [`guard::guard`] first.
pub(crate) fn routes(shared: &Arc<Shared>) -> Router<Arc<Shared>> {
    Router::new()
        .route("/__sandbox", any(to_the_page))
        .route("/__sandbox/", get(assets::page))
        .route("/__sandbox/assets/{name}", get(assets::asset))
        .route("/__sandbox/about", get(about))
        .route("/__sandbox/requests", get(list::list).delete(clear))
        .route("/__sandbox/requests/{id}", get(detail::show))
        .route("/__sandbox/requests/{id}/{part}", get(detail::whole))
        .route("/__sandbox/accepted", get(accepted::totals))
        .route("/__sandbox/accepted/keys", get(accepted::keys))
        .route("/__sandbox/rate", get(accepted::rate))
        .route("/__sandbox/messages", get(messages::list))
        .route("/__sandbox/pushes", get(pushes::list).post(pushes::send))
        .route("/__sandbox/pushes/address", put(pushes::address))
        .route("/__sandbox/pushes/resend", post(pushes::resend))
        .route("/__sandbox/faults", get(faults::list).put(faults::switch))
        .route("/__sandbox/state", get(state))
        .route("/__sandbox/events", get(stream::events))
        .route("/__sandbox/{*rest}", any(nothing))
        .layer(middleware::from_fn_with_state(
            Arc::clone(shared),
            guard::guard,
        ))
}

/// Redirects to the path with a slash at the end; without it, the page's relative links would not resolve.
async fn to_the_page() -> Response {
    let to = [(LOCATION, "/__sandbox/")];
    (StatusCode::PERMANENT_REDIRECT, to).into_response()
}

async fn nothing() -> Problem {
    refuse(
        StatusCode::NOT_FOUND,
        "no such endpoint: see the README of nxcloud-sandbox",
    )
}

/// `GET about`: what a user needs for a first request.
async fn about(State(shared): State<Arc<Shared>>) -> Response {
    let accounts = &shared.platform.accounts;
    reply(&json!({
        "version": env!("CARGO_PKG_VERSION"),
        "access_key": accounts.nxcloud(ACCESS_KEY).map(|_| ACCESS_KEY),
        "app_id": accounts.antbuddy(APP_ID).map(|_| APP_ID),
    }))
}

/// `GET state`: the state of the accounts.
async fn state(State(shared): State<Arc<Shared>>) -> Response {
    pool::run(move || reply(&shared.platform.state)).await
}

/// `DELETE requests`: deletes all requests and the state that they created.
async fn clear(State(shared): State<Arc<Shared>>) -> StatusCode {
    pool::run(move || shared.clear()).await;
    StatusCode::NO_CONTENT
}

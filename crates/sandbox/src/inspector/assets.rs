//! The files of the page. They are compiled in: the page reads nothing from disk and loads nothing from other hosts.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use super::reply::{Problem, refuse};

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

const PAGE: &str = include_str!("../../assets/index.html");

macro_rules! files {
    ($($name:literal $kind:ident),* $(,)?) => {
        &[$(($name, $kind, include_str!(concat!("../../assets/", $name)))),*]
    };
}

/// Name, content type and text.
pub(super) const FILES: &[(&str, &str, &str)] = files![
    "app.css" CSS,
    "app.js" SCRIPT,
    "api.js" SCRIPT,
    "detail.js" SCRIPT,
    "diff.js" SCRIPT,
    "dom.js" SCRIPT,
    "faults.js" SCRIPT,
    "keys.js" SCRIPT,
    "list.js" SCRIPT,
    "phone.js" SCRIPT,
    "pushes.js" SCRIPT,
    "icon.svg" SVG,
];

/// `GET /__sandbox/`
pub(super) async fn page() -> Response {
    file(HTML, PAGE)
}

/// `GET assets/NAME`
pub(super) async fn asset(Path(name): Path<String>) -> Result<Response, Problem> {
    let mut files = FILES.iter();
    match files.find(|(known, ..)| *known == name) {
        Some((_, kind, text)) => Ok(file(kind, text)),
        None => Err(refuse(
            StatusCode::NOT_FOUND,
            "no such file: open /__sandbox/",
        )),
    }
}

/// `no-cache` makes the browser revalidate each time, so that files of different sandbox versions on one port do not
/// mix.
fn file(kind: &'static str, text: &'static str) -> Response {
    let headers = [(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache")];
    (headers, text).into_response()
}

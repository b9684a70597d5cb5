//! Tokens and sample calls of `AntBuddy`.

use serde_json::Value;

use super::account::Account;
use super::call::{Call, Done, put};
use super::page::Page;
use super::sample_calls;
use crate::platform::time;

/// Default number of records on a page.
const LIMIT: i64 = 20;
/// Lifetime of a token in seconds. The reference does not document it.
const LIFETIME: u64 = 3600;

/// Replaces the token by a unique one.
pub(super) fn token(call: &Call<'_>, _: &mut Account, reply: &mut Value) -> Done {
    put(reply, "/value", call.ids.hex32());
    put(reply, "/expire", (call.now / 1000).saturating_add(LIFETIME));
    Ok(())
}

/// Returns a page of the calls in a period, oldest first.
pub(super) fn histories(call: &Call<'_>, _: &mut Account, reply: &mut Value) -> Done {
    let page = Page::read(call, ("page", Some(1)), ("limit", Some(LIMIT)))?;
    let moment = |name| {
        let moment = time::moment(call.text(name)).unwrap_or_default();
        u64::try_from(moment).unwrap_or_default()
    };
    let (from, to) = (moment("created_from"), moment("created_to"));
    let calls = sample_calls::between(call.examples(""), from, to, call.now);
    let rows = calls.iter().map(|sample| {
        let mut row = sample.example.clone();
        row["unix_timestamp"] = (sample.start / 1000).into();
        row
    });
    *reply = page.cut(rows).into();
    Ok(())
}

//! Tokens and past calls of `AntBuddy`.

use serde_json::Value;

use super::account::Account;
use super::call::{Call, Done, put};
use super::page::Page;
use super::sample_calls;
use crate::platform::time;

/// Records of a page unless the request says otherwise.
const LIMIT: i64 = 20;
/// How long a token lives, in seconds. The reference does not say.
const LIFETIME: u64 = 3600;

/// Makes the token one that no other request gets.
pub(super) fn token(call: &Call<'_>, _: &mut Account, reply: &mut Value) -> Done {
    put(reply, "/value", call.ids.hex32());
    put(reply, "/expire", (call.now / 1000).saturating_add(LIFETIME));
    Ok(())
}

/// Answers with a page of the calls of a window, oldest first.
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

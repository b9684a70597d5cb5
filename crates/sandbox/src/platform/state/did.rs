//! Calls of DID numbers.

use serde_json::{Value, json};

use super::account::Account;
use super::call::{Call, Done};
use super::page::Page;
use super::sample_calls;
use crate::platform::time::{self, text_of};

/// Returns a page of the calls of one day.
pub(super) fn query(call: &Call<'_>, _: &mut Account, reply: &mut Value) -> Done {
    let page = Page::read(call, ("page", None), ("pageSize", None))?;
    let moment = |time| {
        let moment = time::moment(&format!("{} {time}", call.text("date")));
        moment.and_then(|moment| u64::try_from(moment).ok())
    };
    let calls = match (moment("00:00:00"), moment("23:59:59")) {
        (Some(from), Some(to)) => {
            sample_calls::between(call.examples("/data/list"), from, to, call.now)
        }
        _ => Vec::new(),
    };
    let call_type = call.fields.get("type");
    let call_type = call_type.filter(|expected| expected.is_number());
    let rows = calls.iter().map(row).filter(|row| {
        call.fits("didNumber", &row["number"])
            && call.fits("callNumber", &row["callNumber"])
            && call_type.is_none_or(|expected| row["callType"] == *expected)
    });
    let rows = rows.collect::<Vec<_>>();
    reply["data"] = json!({
        "totalRow": rows.len(),
        "pageNumber": page.number,
        "totalPage": page.count(rows.len()),
        "pageSize": page.size,
        "list": page.cut(rows),
    });
    Ok(())
}

fn row(sample: &sample_calls::SampleCall<'_>) -> Value {
    let mut row = sample.example.clone();
    let seconds = row["callDuration"].as_u64().unwrap_or_default();
    let end = sample.start.saturating_add(seconds.saturating_mul(1000));
    row["id"] = sample.number.into();
    row["startTime"] = text_of(sample.start).into();
    row["endTime"] = text_of(end).into();
    row
}

//! Submitted checks. Each has its result immediately.

use serde_json::{Value, json};

use super::account::{Account, Check};
use super::bounded_vec::MAX_ITEMS;
use super::call::{Call, Done, Refusal, numbers, text_at};
use super::page::Page;
use crate::platform::time::{self, text_of};

/// Number of days for which results can be queried.
const DAYS: i64 = 14;
const MILLIS_OF_DAY: i64 = 24 * 60 * 60 * 1000;
/// The default level of a submit.
const BASIC: i64 = 1;
const LEVELS: [i64; 3] = [BASIC, 4, 5];
/// Fields that only a call check or an HLR check returns.
const OF_A_LEVEL: [&str; 6] = [
    "validity",
    "reachable",
    "roaming",
    "early",
    "answered",
    "response",
];

/// Stores one check per number, and returns the ids of the submit.
pub(super) fn submit(call: &Call<'_>, account: &mut Account, reply: &mut Value) -> Done {
    let level = call.integer("checkLevel").unwrap_or(BASIC);
    if !LEVELS.contains(&level) {
        return Err(Refusal::new(207, "/checkLevel is not 1, 4 or 5"));
    }
    // Checks beyond the store's limit would only replace each other.
    let phones = numbers(call.text("phone"))
        .take(MAX_ITEMS)
        .collect::<Vec<_>>();
    if phones.is_empty() {
        return Err(Refusal::new(201, "/phone contains no number"));
    }
    let batch_no = match call.text("batchNo") {
        "" => call.ids.digits(12),
        sent => sent.to_owned(),
    };
    let message_id = text_at(reply, "/data/messageId");
    reply["data"] = json!({ "messageId": message_id, "batchNo": batch_no });
    let alone = phones.len() == 1;
    for phone in phones {
        account.checks.push(Check {
            message_id: if alone {
                message_id.clone()
            } else {
                format!("{message_id}-{}", call.ids.digits(6))
            },
            batch_no: batch_no.clone(),
            phone: phone.to_owned(),
            check_level: level,
            date: text_of(call.now).chars().take(10).collect(),
        });
    }
    Ok(())
}

/// Returns a page of the results of one day.
pub(super) fn query(call: &Call<'_>, account: &mut Account, reply: &mut Value) -> Done {
    let page = Page::read(call, ("page", None), ("pageSize", None))?;
    let date = call.text("date");
    let is_kept = is_kept(date, call.now);
    let matches = account.checks.iter().filter(|check| {
        is_kept
            && check.date == date
            && call.fits("messageId", &check.message_id)
            && call.fits("batchNo", &check.batch_no)
            && call.fits("phone", &check.phone)
    });
    let matches = matches.collect::<Vec<_>>();
    reply["data"] = json!({
        "page": page.number,
        "pageSize": page.size,
        "totalPage": page.count(matches.len()),
        "totalSize": matches.len(),
        "result": page.cut(matches).into_iter().map(|check| row(call, check)).collect::<Vec<_>>(),
    });
    Ok(())
}

/// Whether results of a day can still be queried.
fn is_kept(date: &str, now: u64) -> bool {
    let day = |text: &str| Some(time::moment(&format!("{text} 00:00:00"))? / MILLIS_OF_DAY);
    let today = i64::try_from(now).unwrap_or(i64::MAX) / MILLIS_OF_DAY;
    day(date).is_some_and(|day| today.saturating_sub(day) < DAYS)
}

/// The spec's example for the level, with the number's own fields.
fn row(call: &Call<'_>, check: &Check) -> Value {
    let examples = call.examples("/data/result");
    let of_level = examples
        .iter()
        .find(|row| row["checkLevel"] == check.check_level);
    let mut row = of_level.or(examples.first()).cloned().unwrap_or_default();
    if let (None, Some(fields)) = (of_level, row.as_object_mut()) {
        fields.retain(|name, _| !OF_A_LEVEL.contains(&name.as_str()));
    }
    let digits = check.phone.strip_prefix('+').unwrap_or(&check.phone);
    // E.164 allows at most 15 digits.
    let well_formed =
        (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    for (name, value) in [
        ("messageId", check.message_id.as_str()),
        ("batchNo", check.batch_no.as_str()),
        ("phone", check.phone.as_str()),
        ("preCheck", if well_formed { "YES" } else { "NO" }),
    ] {
        row[name] = value.into();
    }
    row["checkLevel"] = check.check_level.into();
    row
}

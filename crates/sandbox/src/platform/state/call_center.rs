//! Call records of the call center, and AI tasks that create them.

use serde_json::{Value, json};

use super::account::Account;
use super::bounded_vec::MAX_ITEMS;
use super::call::{Call, Done, put};
use super::page::Page;
use super::sample_calls;

/// The timestamps of a record, in milliseconds; 0 for events that did not happen.
const MOMENTS: [&str; 6] = [
    "startTime",
    "ringTime",
    "inQueueTime",
    "outQueueTime",
    "answerTime",
    "endTime",
];
/// The direction of the calls of a task.
const AI: u64 = 2;
/// The startup type of a task that dials immediately.
const IMMEDIATE: i64 = 3;

/// Returns a page of the records in a period, oldest first.
pub(super) fn query(call: &Call<'_>, account: &mut Account, reply: &mut Value) -> Done {
    let page = Page::read(call, ("page", None), ("size", None))?;
    let millis = |name| {
        let seconds = call
            .integer(name)
            .and_then(|value| u64::try_from(value).ok());
        seconds.unwrap_or_default().saturating_mul(1000)
    };
    let (from, to) = (millis("startTime"), millis("endTime"));
    let seeded = sample_calls::between(call.examples("/data"), from, to, call.now);
    let in_window = |record: &&Value| {
        let start = record["startTime"].as_u64().unwrap_or_default();
        from <= start && start <= to
    };
    let own = account.call_records.iter().filter(in_window).cloned();
    let mut rows = seeded.iter().map(row).chain(own).collect::<Vec<_>>();
    rows.retain(|row| is_asked_for(call, row));
    rows.sort_by_key(|row| row["startTime"].as_u64());
    put(reply, "/data", page.cut(rows));
    Ok(())
}

fn is_asked_for(call: &Call<'_>, row: &Value) -> bool {
    // 0 means all, 1 unanswered, 2 answered.
    let answered = call.integer("answered").filter(|number| *number > 0);
    // A direction in a request is one more than in a record; 0 means all.
    let direction = call.integer("direction").filter(|direction| *direction > 0);
    answered.is_none_or(|answered| row["answered"] == (answered == 2))
        && direction.is_none_or(|direction| row["direction"] == direction - 1)
        && call.fits("name", &row["agentName"])
        && ["caller", "callee", "callId"]
            .into_iter()
            .all(|name| call.fits(name, &row[name]))
}

fn row(sample: &sample_calls::SampleCall<'_>) -> Value {
    let mut row = moved(sample.example, sample.start);
    row["callId"] = format!("{:032x}", sample.number).into();
    // Sample calls have no values that a task assigns to its calls.
    row["orderId"] = "".into();
    if row["other"].is_string() {
        row["other"] = "".into();
    }
    row
}

/// The example with its timestamps moved to another start.
fn moved(example: &Value, start: u64) -> Value {
    let mut row = example.clone();
    let before = row["startTime"].as_u64().unwrap_or_default();
    for name in MOMENTS {
        let moment = row[name].as_u64().filter(|moment| *moment > 0);
        if let Some(moment) = moment {
            row[name] = moment.saturating_add(start).saturating_sub(before).into();
        }
    }
    row
}

/// Creates the calls of a task at once, unless its startup type says otherwise.
pub(super) fn create_task(call: &Call<'_>, account: &mut Account, _: &mut Value) -> Done {
    let startup = call.integer("startupType").unwrap_or(IMMEDIATE);
    if startup != IMMEDIATE {
        return Ok(());
    }
    let task_id = call.ids.digits(19);
    let calls = call.fields.get("callList").and_then(Value::as_array);
    for entry in calls.into_iter().flatten().take(MAX_ITEMS) {
        let start = call.now;
        account.call_records.push(json!({
            "agentName": null,
            "agentNickName": null,
            "answered": false,
            "answerTime": 0,
            "callDuration": 0,
            "callee": entry["userPhone"],
            "caller": "",
            "callId": call.ids.uuid(),
            "direction": AI,
            "dtmfKeys": null,
            "endTime": start,
            "hangupBy": 2,
            "hangupCode": 1103,
            "callStatus": "Missed call",
            "hangupReason": "",
            "inQueueTime": 0,
            "leaveMsgUrl": null,
            "orderId": entry["orderID"],
            "other": entry["other"],
            "intent": null,
            "outQueueTime": 0,
            "queueDuration": 0,
            "recordUrl": null,
            "ringDuration": 0,
            "ringTime": start,
            "startTime": start,
            "taskId": task_id,
            "totalCustomerPrice": 0,
        }));
    }
    Ok(())
}

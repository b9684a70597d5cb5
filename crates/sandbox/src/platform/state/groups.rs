//! Number groups.

use indexmap::IndexSet;
use serde_json::{Value, json};

use super::account::{Account, Group};
use super::call::{Call, Done, Refusal, numbers, text_at};

/// Maximum number of rows. A limit of 0 asks for all rows, but no more than this are returned.
const MAX_ROWS: usize = 1000;
/// Wrong field in the body.
pub(super) const PARAMETER: i64 = 1002;

impl Group {
    pub(super) fn has(&self, is_member: impl Fn(&str) -> bool) -> bool {
        self.phones.iter().any(|phone| is_member(phone))
    }
}

/// The group with an id.
pub(super) fn find<'a>(account: &'a Account, group_id: &str) -> Result<&'a Group, Refusal> {
    let group = account.groups.find(|group| group.group_id == group_id);
    group.ok_or_else(|| missing(account))
}

fn missing(account: &Account) -> Refusal {
    let groups = &account.groups;
    groups.missing(PARAMETER, "no group has this /groupId")
}

pub(super) fn create(call: &Call<'_>, account: &mut Account, reply: &mut Value) -> Done {
    let group_id = text_at(reply, "/groupId");
    let group_name = match call.text("groupName") {
        "" => group_id.clone(),
        name => name.to_owned(),
    };
    account.groups.push(Group {
        group_id,
        group_name,
        phones: sent_phones(call),
        remark: call.text("remark").to_owned(),
    });
    Ok(())
}

fn sent_phones(call: &Call<'_>) -> IndexSet<String> {
    numbers(call.text("phones")).map(str::to_owned).collect()
}

pub(super) fn update(call: &Call<'_>, account: &mut Account, _: &mut Value) -> Done {
    let change: fn(&mut IndexSet<String>, IndexSet<String>) = match call.integer("operateType") {
        Some(0) => |phones, sent| phones.extend(sent),
        Some(1) => |phones, sent| phones.retain(|phone| !sent.contains(phone)),
        Some(2) => |phones, sent| *phones = sent,
        _ => return Err(Refusal::new(PARAMETER, "/operateType is not 0, 1 or 2")),
    };
    let group_id = call.text("groupId");
    let changed = account.groups.change(
        |group| group.group_id == group_id,
        |group| change(&mut group.phones, sent_phones(call)),
    );
    changed.then_some(()).ok_or_else(|| missing(account))
}

pub(super) fn delete(call: &Call<'_>, account: &mut Account, _: &mut Value) -> Done {
    let group_id = call.text("groupId");
    let removed = account.groups.remove(|group| group.group_id == group_id);
    removed.then_some(()).ok_or_else(|| missing(account))
}

pub(super) fn list(call: &Call<'_>, account: &mut Account, reply: &mut Value) -> Done {
    let customer_id = call.example("/data/groups/0/customerId");
    let rows = account.groups.iter().map(|group| {
        json!({
            "customerId": customer_id,
            "groupName": group.group_name,
            "groupId": group.group_id,
            "phones": group.phones.iter().map(String::as_str).collect::<Vec<_>>().join(","),
            "remark": group.remark,
        })
    });
    reply["data"] = json!({ "groups": cut(call, rows), "total": account.groups.len() });
    Ok(())
}

/// The rows that `limit` and `offset` select.
pub(super) fn cut<T>(call: &Call<'_>, rows: impl Iterator<Item = T>) -> Vec<T> {
    let number = |name| {
        call.integer(name)
            .and_then(|value| usize::try_from(value).ok())
    };
    let limit = match number("limit").unwrap_or_default() {
        0 => MAX_ROWS,
        limit => limit.min(MAX_ROWS),
    };
    rows.skip(number("offset").unwrap_or_default())
        .take(limit)
        .collect()
}

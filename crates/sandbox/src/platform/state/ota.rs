//! OTA logins.

use serde_json::{Value, json};

use super::account::{Account, Login};
use super::call::{Call, Done, put, text_at};

/// The status of a new login.
const PENDING: &str = "PENDING";

pub(super) fn init(call: &Call<'_>, account: &mut Account, reply: &mut Value) -> Done {
    // The link in the spec ends with a value that is unique for each login.
    let url = text_at(reply, "/data/url");
    let (address, _) = url.rsplit_once('=').unwrap_or((&url, ""));
    let url = format!("{address}={}", call.ids.hex32());
    put(reply, "/data/url", url);
    account.logins.push(Login {
        request_id: text_at(reply, "/data/requestId"),
        phone: call.text("phone").to_owned(),
        status: PENDING.to_owned(),
    });
    Ok(())
}

pub(super) fn verify(call: &Call<'_>, account: &mut Account, reply: &mut Value) -> Done {
    let request_id = call.text("requestId");
    let login = account.logins.find(|login| login.request_id == request_id);
    let missing = || account.logins.missing(2205, "no login has this /requestId");
    let login = login.ok_or_else(missing)?;
    reply["data"] = json!({ "requestId": login.request_id, "status": login.status });
    Ok(())
}

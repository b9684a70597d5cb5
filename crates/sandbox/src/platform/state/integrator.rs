//! Applications and numbers that an integrator registers, and the status of numbers.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::account::{Account, Application, Client};
use super::call::{Call, Done, Refusal, numbers, put};

/// Maximum number of applications of an integrator.
const MAX_APPLICATIONS: usize = 1000;
const TOO_MANY_APPLICATIONS: i64 = 9009;
pub(super) const NO_APPLICATION: i64 = 9008;
const FOREIGN_APPLICATION: i64 = 9010;
/// The register status of a number whose client was created.
const CREATED: i64 = 4;

/// Whether an account created the application with a key.
pub(super) fn owns(account: &Account, app_key: &str) -> bool {
    let owned = account
        .applications
        .find(|application| application.app_key == app_key);
    owned.is_some()
}

/// The refusal for an application of another account.
pub(super) fn foreign() -> Refusal {
    let problem = "another account made the application of this /appkey";
    Refusal::new(FOREIGN_APPLICATION, problem)
}

pub(super) fn create_app(call: &Call<'_>, account: &mut Account, reply: &mut Value) -> Done {
    if account.applications.len() >= MAX_APPLICATIONS {
        let problem = "the integrator already has 1000 applications";
        return Err(Refusal::new(TOO_MANY_APPLICATIONS, problem));
    }
    account.applications.push(Application {
        app_id: reply["data"]["app_id"].clone(),
        app_name: call.text("app_name").to_owned(),
        app_key: reply["data"]["app_key"].clone(),
        webhook: call.text("webhook").to_owned(),
    });
    Ok(())
}

pub(super) fn check_code(call: &Call<'_>, account: &mut Account, _: &mut Value) -> Done {
    register(call, account, |client| client.verified = true);
    Ok(())
}

pub(super) fn create_client(call: &Call<'_>, account: &mut Account, _: &mut Value) -> Done {
    register(call, account, |client| client.created = true);
    Ok(())
}

/// Changes a number. Creates it if it does not exist.
fn register(call: &Call<'_>, account: &mut Account, change: fn(&mut Client)) {
    let phone_number = call.text("phone_number");
    let is_meant = |client: &Client| client.phone_number == phone_number;
    if !account.clients.change(is_meant, change) {
        let mut client = Client {
            phone_number: phone_number.to_owned(),
            verified: false,
            created: false,
        };
        change(&mut client);
        account.clients.push(client);
    }
}

/// Returns the numbers whose client was created. No operation assigns a number to an application.
pub(super) fn phone_list(call: &Call<'_>, account: &mut Account, reply: &mut Value) -> Done {
    let app_key = call.text("appkey");
    if !owns(account, app_key) {
        let problem = "no application has this /appkey";
        return Err(account.applications.missing(NO_APPLICATION, problem));
    }
    let created = account.clients.iter().filter(|client| client.created);
    let rows = created.map(|client| {
        let mut row = phone(call.example("/data/0"), client);
        row["register_status"] = CREATED.into();
        row
    });
    put(reply, "/data", rows.collect::<Vec<_>>());
    Ok(())
}

/// Returns the requested numbers. Without any, returns the registered ones; if there are none, the spec's examples.
pub(super) fn phones(call: &Call<'_>, account: &mut Account, reply: &mut Value) -> Done {
    let mut asked_for = numbers(call.text("business_phones")).collect::<BTreeSet<_>>();
    if asked_for.is_empty() {
        let clients = account.clients.iter();
        asked_for.extend(clients.map(|client| client.phone_number.as_str()));
    }
    if asked_for.is_empty() {
        return Ok(());
    }
    let examples = call.example("/data").and_then(Value::as_object);
    let example = examples.and_then(|phones| phones.values().next()?.get(0));
    let rows = asked_for.into_iter().map(|number| {
        let row = match account.clients.find(|client| client.phone_number == number) {
            Some(client) => phone(example, client),
            None => named(example, number),
        };
        (number.to_owned(), Value::Array(vec![row]))
    });
    put(reply, "/data", rows.collect::<Map<_, _>>());
    Ok(())
}

/// The spec's example for a number.
fn named(example: Option<&Value>, number: &str) -> Value {
    let mut row = example.cloned().unwrap_or_default();
    let digits = number.trim_start_matches('+');
    row["display_phone_number"] = format!("+{digits}").into();
    row
}

fn phone(example: Option<&Value>, client: &Client) -> Value {
    let mut row = named(example, &client.phone_number);
    let verified = if client.verified {
        "VERIFIED"
    } else {
        "NOT_VERIFIED"
    };
    row["code_verification_status"] = verified.into();
    row
}

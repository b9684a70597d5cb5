//! What the platform remembers between calls, an account at a time.
//!
//! Each service has functions for the operations that read or change something. Such a function gets the reply that the
//! spec makes, with its fresh ids, and puts in what is known, or refuses. Operations without a function answer as the
//! spec says.

mod antbuddy;
mod bindings;
mod call_center;
mod customer_data;
mod daily;
mod did;
mod groups;
mod integrator;
mod kept;
mod media;
mod number_check;
mod ota;
mod page;
mod refused;
mod seed;
mod templates;

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::catalog::Operation;
use crate::platform::Ids;
use crate::record::Cause;
use crate::{ACCESS_KEY, APP_ID};
pub(crate) use refused::parameter_code;
pub(crate) use seed::Seed;
pub use seed::SeedError;

/// An operation at work: everything but the state.
pub(crate) struct Call<'a> {
    /// Access key or app id of the sender.
    pub(crate) account: &'a str,
    pub(crate) operation: &'a Operation,
    /// The fields of the request, which follow the rules of the spec.
    pub(crate) fields: &'a Map<String, Value>,
    pub(crate) ids: &'a Ids,
    /// Milliseconds since 1970-01-01 UTC.
    pub(crate) now: u64,
}

impl<'a> Call<'a> {
    /// A text of the request; empty if it is absent.
    fn text(&self, name: &str) -> &'a str {
        let text = self.fields.get(name).and_then(Value::as_str);
        text.unwrap_or_default()
    }

    fn integer(&self, name: &str) -> Option<i64> {
        self.fields.get(name).and_then(Value::as_i64)
    }

    /// A place in the reply of the spec as it is written there, before any field of the request is put in.
    fn example(&self, pointer: &str) -> Option<&'a Value> {
        self.operation.success.as_ref()?.pointer(pointer)
    }

    /// A list in the reply of the spec.
    fn examples(&self, pointer: &str) -> &'a [Value] {
        let list = self.example(pointer).and_then(Value::as_array);
        list.map_or(&[], Vec::as_slice)
    }
}

/// Why an operation is not carried out.
pub(crate) struct Refusal {
    /// A code that the reference names for the operation.
    code: i64,
    /// Never holds a value of the request.
    problem: &'static str,
    /// Nothing of the kind that was looked for has ever been made, so that an example of the documentation cannot be
    /// told from a mistake.
    untouched: bool,
}

impl Refusal {
    const fn new(code: i64, problem: &'static str) -> Self {
        Self {
            code,
            problem,
            untouched: false,
        }
    }

    /// What was looked for is not there.
    const fn missing(code: i64, problem: &'static str, touched: bool) -> Self {
        Self {
            code,
            problem,
            untouched: !touched,
        }
    }
}

type Done = Result<(), Refusal>;

/// What one account has made.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Account {
    checks: kept::Kept<number_check::Check>,
    bindings: kept::Kept<bindings::Binding>,
    groups: kept::Kept<groups::Group>,
    media: kept::Kept<media::Media>,
    template_files: kept::Kept<media::Media>,
    templates: kept::Kept<templates::Template>,
    applications: kept::Kept<integrator::Application>,
    clients: kept::Kept<integrator::Client>,
    logins: kept::Kept<ota::Login>,
    call_records: kept::Kept<Value>,
}

/// What accounts have made, by access key or app id.
type All = BTreeMap<String, Account>;

/// What all accounts have made.
#[derive(Default)]
pub(crate) struct State {
    accounts: Mutex<All>,
    /// What there was at the start.
    seed: All,
}

impl State {
    /// Whether it began with what an account other than the built-in ones has made.
    pub(crate) fn has_another_account(&self) -> bool {
        let mut accounts = self.seed.keys();
        accounts.any(|account| account != ACCESS_KEY && account != APP_ID)
    }

    /// Carries out an operation: changes the state and the reply, or neither.
    pub(crate) fn act(&self, call: &Call<'_>, reply: &mut Value) -> Result<(), Cause> {
        let mut accounts = self.accounts();
        match dispatch(call, &mut accounts, reply) {
            // On a sandbox that has just been started, the examples of the documentation are answered as documented.
            Err(refusal) if refusal.untouched && call.operation.is_example(call.fields) => Ok(()),
            Err(Refusal { code, problem, .. }) => {
                let problem = problem.into();
                Err(Cause::State { code, problem })
            }
            Ok(()) => Ok(()),
        }
    }

    /// Says what became of a login; false if nobody has begun it.
    pub(crate) fn set_ota_status(&self, request_id: &str, status: &str) -> bool {
        let mut accounts = self.accounts();
        let mut logins = accounts
            .values_mut()
            .flat_map(|account| account.logins.iter_mut());
        let login = logins.find(|login| login.request_id == request_id);
        login.is_some_and(|login| {
            status.clone_into(&mut login.status);
            true
        })
    }

    /// Everything as JSON, by account.
    pub(crate) fn snapshot(&self) -> Value {
        // A map with text keys always becomes JSON.
        serde_json::to_value(&*self.accounts()).unwrap_or_default()
    }

    /// Forgets everything but the seed.
    pub(crate) fn clear(&self) {
        let seed = self.seed.clone();
        *self.accounts() = seed;
    }

    fn accounts(&self) -> MutexGuard<'_, All> {
        // A function that panicked has not begun to change anything or has pushed a whole item.
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The function of each operation that has one.
fn dispatch(call: &Call<'_>, accounts: &mut All, reply: &mut Value) -> Done {
    let owned_by = |(key, other): (&String, &Account)| {
        *key != call.account && integrator::owns(other, call.text("appkey"))
    };
    let foreign =
        call.operation.id.as_ref() == "integrator_phone_list" && accounts.iter().any(owned_by);
    // An account that is known, as most are, needs no name of its own.
    if !accounts.contains_key(call.account) {
        accounts.insert(call.account.to_owned(), Account::default());
    }
    let Some(account) = accounts.get_mut(call.account) else {
        return Ok(());
    };
    match (call.operation.service.as_ref(), call.operation.id.as_ref()) {
        ("number-check", "submit_check") => number_check::submit(call, account, reply),
        ("number-check", "query_checks") => number_check::query(call, account, reply),
        ("virtual-number", "bind") => bindings::bind(call, account, reply),
        ("virtual-number", "bind_with_extension") => {
            bindings::bind_with_extension(call, account, reply)
        }
        ("virtual-number", "bind_group") => bindings::bind_group(call, account, reply),
        ("virtual-number", "unbind") => bindings::unbind(call, account),
        ("virtual-number", "list_bindings") => bindings::list(call, account, reply),
        ("virtual-number", "query_binding") => bindings::query(call, account, reply),
        ("virtual-number", "create_group") => groups::create(call, account, reply),
        ("virtual-number", "update_group") => groups::update(call, account),
        ("virtual-number", "delete_group") => groups::delete(call, account),
        ("virtual-number", "list_groups") => groups::list(call, account, reply),
        ("whatsapp", "upload_media") => media::upload(call, account, reply),
        ("whatsapp", "get_media") => media::get(call, account, reply),
        ("whatsapp", "delete_media") => media::delete(call, account, reply),
        ("whatsapp", "upload_template_file") => media::upload_template_file(call, account, reply),
        ("whatsapp", "create_template") => templates::create(call, account, reply),
        ("whatsapp", "update_template") => templates::update(call, account, reply),
        ("whatsapp", "get_templates") => templates::get(call, account, reply),
        ("whatsapp", "delete_template") => templates::delete(call, account, reply),
        ("whatsapp", "get_phones") => integrator::phones(call, account, reply),
        ("whatsapp", "integrator_create_app") => integrator::create_app(call, account, reply),
        ("whatsapp", "integrator_check_code") => integrator::check_code(call, account),
        ("whatsapp", "integrator_create_client") => integrator::create_client(call, account),
        ("whatsapp", "integrator_phone_list") => {
            integrator::phone_list(call, account, foreign, reply)
        }
        ("ota", "init") => ota::init(call, account, reply),
        ("ota", "verify") => ota::verify(call, account, reply),
        ("did", "query_calls") => did::query(call, reply),
        ("call-center", "query_call_records") => call_center::query(call, account, reply),
        ("call-center", "create_ai_call_task") => call_center::create_task(call, account),
        ("customer-data", "query_customer_fields") => customer_data::fields(call, reply),
        ("antbuddy", "create_auth_token") => antbuddy::token(call, reply),
        ("antbuddy", "list_call_histories") => antbuddy::histories(call, reply),
        _ => Ok(()),
    }
}

/// The numbers of a list that is joined by commas, each once.
fn numbers(list: &str) -> Vec<&str> {
    each_once(list.split(',').map(str::trim))
}

/// Texts in their order without repetitions and empty ones.
fn each_once<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = HashSet::new();
    texts
        .filter(|text| !text.is_empty() && seen.insert(*text))
        .collect()
}

/// Puts a value in the place of a member of the reply, or in the place of none.
fn put(reply: &mut Value, pointer: &str, value: impl Into<Value>) {
    if let Some(place) = reply.pointer_mut(pointer) {
        *place = value.into();
    }
}

/// A text of the reply; empty if it is absent.
fn text_at(reply: &Value, pointer: &str) -> String {
    let text = reply.pointer(pointer).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

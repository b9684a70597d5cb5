//! What the platform remembers between calls, an account at a time.
//!
//! Each service has functions for the operations that read or change something. Such a function gets the reply that the
//! spec makes, with its fresh ids, and puts in what is known, or refuses. Operations without a function answer as the
//! spec says.

mod account;
mod antbuddy;
mod bindings;
mod bounded_vec;
mod call;
mod call_center;
mod customer_data;
mod did;
mod groups;
mod integrator;
mod media;
mod number_check;
mod ota;
mod page;
mod sample_calls;
mod seed;
mod templates;

use parking_lot::Mutex;

use serde_json::Value;

use crate::platform::accounts::{ACCESS_KEY, APP_ID};
use crate::platform::verdict::Cause;
use account::{Account, All};
pub(crate) use call::Call;
use call::{Done, Refusal};
pub(crate) use seed::Seed;
pub use seed::SeedError;

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
        let mut accounts = self.accounts.lock();
        match dispatch(call, &mut accounts, reply) {
            // On a sandbox that has just been started, the examples of the documentation are answered as documented.
            Err(refusal) if refusal.never_used && call.operation.is_example(call.fields) => Ok(()),
            Err(Refusal { code, problem, .. }) => Err(Cause::State { code, problem }),
            Ok(()) => Ok(()),
        }
    }

    /// Says what became of a login; false if nobody has begun it.
    pub(crate) fn set_ota_status(&self, request_id: &str, status: &str) -> bool {
        let mut accounts = self.accounts.lock();
        accounts.values_mut().any(|account| {
            account.logins.change(
                |login| login.request_id == request_id,
                |login| status.clone_into(&mut login.status),
            )
        })
    }

    /// Everything as JSON, by account.
    pub(crate) fn snapshot(&self) -> Value {
        // A map with text keys always becomes JSON.
        serde_json::to_value(&*self.accounts.lock()).unwrap_or_default()
    }

    /// Forgets everything but the seed.
    pub(crate) fn clear(&self) {
        let seed = self.seed.clone();
        *self.accounts.lock() = seed;
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
        ("whatsapp", "integrator_check_code") => {
            integrator::register(call, account, |client| client.verified = true)
        }
        ("whatsapp", "integrator_create_client") => {
            integrator::register(call, account, |client| client.created = true)
        }
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

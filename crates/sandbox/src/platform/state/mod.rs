//! The state that the platform keeps between calls, for each account.
//!
//! Each service has functions for the operations that read or change the state. Such a function gets the reply that
//! the spec defines, with new ids, and fills in values from the state, or refuses. Operations without a function
//! reply as the spec says.

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

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::platform::accounts::{ACCESS_KEY, APP_ID};
use crate::platform::catalog::Operation;
use crate::platform::verdict::Cause;
use account::{Account, All};
pub(crate) use call::Call;
use call::{Done, Refusal};
pub(crate) use seed::Seed;
pub use seed::SeedError;

/// A caller that must not wait works on accounts up to this size in bytes only, because a reply may contain all of it.
const MAX_AT_ONCE: usize = 256 * 1024;

/// The state of all accounts.
#[derive(Default)]
pub(crate) struct State {
    accounts: Mutex<All>,
    /// The state at the start.
    seed: All,
}

impl State {
    /// Whether the initial state belongs to an account other than the built-in ones.
    pub(crate) fn has_another_account(&self) -> bool {
        let mut accounts = self.seed.keys();
        accounts.any(|account| account != ACCESS_KEY && account != APP_ID)
    }

    /// Carries out an operation: changes the state and the reply, or neither. Returns `None` if the account is large or
    /// another thread holds the state, and this caller must not wait.
    pub(crate) fn act(
        &self,
        call: &Call<'_>,
        reply: &mut Value,
        wait: bool,
    ) -> Option<Result<(), Cause>> {
        let Some(function) = function(call.operation) else {
            return Some(Ok(()));
        };
        let mut accounts = if wait {
            self.accounts.lock()
        } else {
            self.accounts.try_lock()?
        };
        let account = accounts.get(call.account);
        if !wait && account.is_some_and(|account| account.bytes() > MAX_AT_ONCE) {
            return None;
        }
        Some(match dispatch(function, call, &mut accounts, reply) {
            // Until an account has created something, the examples of the documentation are answered as documented.
            Err(refusal) if refusal.never_used && call.operation.is_example(call.fields) => Ok(()),
            Err(Refusal { code, problem, .. }) => Err(Cause::State { code, problem }),
            Ok(()) => Ok(()),
        })
    }

    /// Sets the status of a login; returns false if there is no such login.
    pub(crate) fn set_ota_status(&self, request_id: &str, status: &str) -> bool {
        let mut accounts = self.accounts.lock();
        accounts.values_mut().any(|account| {
            account.logins.change(
                |login| login.request_id == request_id,
                |login| status.clone_into(&mut login.status),
            )
        })
    }

    /// The whole state as JSON, by account.
    pub(crate) fn snapshot(&self) -> Value {
        // Serialising a map with text keys cannot fail.
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Holds the lock until the guard is dropped.
    #[cfg(test)]
    pub(crate) fn held(&self) -> impl Drop + '_ {
        self.accounts.lock()
    }

    /// Resets the state to the seed.
    pub(crate) fn clear(&self) {
        let seed = self.seed.clone();
        *self.accounts.lock() = seed;
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.accounts.lock().serialize(serializer)
    }
}

type Function = fn(&Call<'_>, &mut Account, &mut Value) -> Done;

fn dispatch(function: Function, call: &Call<'_>, accounts: &mut All, reply: &mut Value) -> Done {
    // Most accounts exist already, so the name is copied only for new ones.
    if !accounts.contains_key(call.account) {
        accounts.insert(call.account.to_owned(), Account::default());
    }
    let Some(account) = accounts.get_mut(call.account) else {
        return Ok(());
    };
    let done = function(call, account, reply);
    match &done {
        Err(refusal) if refusal.code == integrator::NO_APPLICATION => {
            let mut others = accounts.values();
            match others.find(|other| integrator::owns(other, call.text("appkey"))) {
                Some(_) => Err(integrator::foreign()),
                None => done,
            }
        }
        _ => done,
    }
}

/// The function of an operation, if it has one.
fn function(operation: &Operation) -> Option<Function> {
    Some(match (operation.service.as_ref(), operation.id.as_ref()) {
        ("number-check", "submit_check") => number_check::submit as Function,
        ("number-check", "query_checks") => number_check::query,
        ("virtual-number", "bind") => bindings::bind,
        ("virtual-number", "bind_with_extension") => bindings::bind_with_extension,
        ("virtual-number", "bind_group") => bindings::bind_group,
        ("virtual-number", "unbind") => bindings::unbind,
        ("virtual-number", "list_bindings") => bindings::list,
        ("virtual-number", "query_binding") => bindings::query,
        ("virtual-number", "create_group") => groups::create,
        ("virtual-number", "update_group") => groups::update,
        ("virtual-number", "delete_group") => groups::delete,
        ("virtual-number", "list_groups") => groups::list,
        ("whatsapp", "upload_media") => media::upload,
        ("whatsapp", "get_media") => media::get,
        ("whatsapp", "delete_media") => media::delete,
        ("whatsapp", "upload_template_file") => media::upload_template_file,
        ("whatsapp", "create_template") => templates::create,
        ("whatsapp", "update_template") => templates::update,
        ("whatsapp", "get_templates") => templates::get,
        ("whatsapp", "delete_template") => templates::delete,
        ("whatsapp", "get_phones") => integrator::phones,
        ("whatsapp", "integrator_create_app") => integrator::create_app,
        ("whatsapp", "integrator_check_code") => integrator::check_code,
        ("whatsapp", "integrator_create_client") => integrator::create_client,
        ("whatsapp", "integrator_phone_list") => integrator::phone_list,
        ("ota", "init") => ota::init,
        ("ota", "verify") => ota::verify,
        ("did", "query_calls") => did::query,
        ("call-center", "query_call_records") => call_center::query,
        ("call-center", "create_ai_call_task") => call_center::create_task,
        ("customer-data", "query_customer_fields") => customer_data::fields,
        ("antbuddy", "create_auth_token") => antbuddy::token,
        ("antbuddy", "list_call_histories") => antbuddy::histories,
        _ => return None,
    })
}

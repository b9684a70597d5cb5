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
use crate::platform::catalog::Operation;
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

    /// Carries out an operation: changes the state and the reply, or neither. `None` if somebody else has the state and this
    /// caller does not wait.
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
        Some(match dispatch(function, call, &mut accounts, reply) {
            // On a sandbox that has just been started, the examples of the documentation are answered as documented.
            Err(refusal) if refusal.never_used && call.operation.is_example(call.fields) => Ok(()),
            Err(Refusal { code, problem, .. }) => Err(Cause::State { code, problem }),
            Ok(()) => Ok(()),
        })
    }

    /// Says what became of a login; false if nobody has begun it.
    pub(crate) fn set_ota_status(&self, request_id: &str, status: &str) -> bool {
        let mut accounts = self.accounts.lock();
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
        serde_json::to_value(&*self.accounts.lock()).unwrap_or_default()
    }

    /// Forgets everything but the seed.
    pub(crate) fn clear(&self) {
        let seed = self.seed.clone();
        *self.accounts.lock() = seed;
    }
}

type Function = fn(&Call<'_>, &mut Account, &mut Value) -> Done;

fn dispatch(function: Function, call: &Call<'_>, accounts: &mut All, reply: &mut Value) -> Done {
    // An account that is known, as most are, needs no name of its own.
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

/// The function of an operation that has one.
fn function(operation: &Operation) -> Option<Function> {
    let function: Function = match (operation.service.as_ref(), operation.id.as_ref()) {
        ("number-check", "submit_check") => number_check::submit,
        ("number-check", "query_checks") => {
            |call, account, reply| number_check::query(call, account, reply)
        }
        ("virtual-number", "bind") => bindings::bind,
        ("virtual-number", "bind_with_extension") => bindings::bind_with_extension,
        ("virtual-number", "bind_group") => bindings::bind_group,
        ("virtual-number", "unbind") => |call, account, _| bindings::unbind(call, account),
        ("virtual-number", "list_bindings") => {
            |call, account, reply| bindings::list(call, account, reply)
        }
        ("virtual-number", "query_binding") => {
            |call, account, reply| bindings::query(call, account, reply)
        }
        ("virtual-number", "create_group") => {
            |call, account, reply| groups::create(call, account, reply)
        }
        ("virtual-number", "update_group") => |call, account, _| groups::update(call, account),
        ("virtual-number", "delete_group") => |call, account, _| groups::delete(call, account),
        ("virtual-number", "list_groups") => {
            |call, account, reply| groups::list(call, account, reply)
        }
        ("whatsapp", "upload_media") => |call, account, reply| media::upload(call, account, reply),
        ("whatsapp", "get_media") => |call, account, reply| media::get(call, account, reply),
        ("whatsapp", "delete_media") => media::delete,
        ("whatsapp", "upload_template_file") => media::upload_template_file,
        ("whatsapp", "create_template") => {
            |call, account, reply| templates::create(call, account, reply)
        }
        ("whatsapp", "update_template") => templates::update,
        ("whatsapp", "get_templates") => {
            |call, account, reply| templates::get(call, account, reply)
        }
        ("whatsapp", "delete_template") => templates::delete,
        ("whatsapp", "get_phones") => {
            |call, account, reply| integrator::phones(call, account, reply)
        }
        ("whatsapp", "integrator_create_app") => {
            |call, account, reply| integrator::create_app(call, account, reply)
        }
        ("whatsapp", "integrator_check_code") => {
            |call, account, _| integrator::check_code(call, account)
        }
        ("whatsapp", "integrator_create_client") => {
            |call, account, _| integrator::create_client(call, account)
        }
        ("whatsapp", "integrator_phone_list") => {
            |call, account, reply| integrator::phone_list(call, account, reply)
        }
        ("ota", "init") => ota::init,
        ("ota", "verify") => |call, account, reply| ota::verify(call, account, reply),
        ("did", "query_calls") => |call, _, reply| did::query(call, reply),
        ("call-center", "query_call_records") => {
            |call, account, reply| call_center::query(call, account, reply)
        }
        ("call-center", "create_ai_call_task") => {
            |call, account, _| call_center::create_task(call, account)
        }
        ("customer-data", "query_customer_fields") => {
            |call, _, reply| customer_data::fields(call, reply)
        }
        ("antbuddy", "create_auth_token") => |call, _, reply| antbuddy::token(call, reply),
        ("antbuddy", "list_call_histories") => |call, _, reply| antbuddy::histories(call, reply),
        _ => return None,
    };
    Some(function)
}

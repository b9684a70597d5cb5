//! The state of an account, which is also the format of seeds and snapshots.

use std::collections::BTreeMap;

use indexmap::IndexSet;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bounded_vec::BoundedVec;

/// The state of one account.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Account {
    pub(super) checks: BoundedVec<Check>,
    pub(super) bindings: BoundedVec<Binding>,
    pub(super) groups: BoundedVec<Group>,
    pub(super) media: BoundedVec<Media>,
    pub(super) template_files: BoundedVec<Media>,
    pub(super) templates: BoundedVec<Template>,
    pub(super) applications: BoundedVec<Application>,
    pub(super) clients: BoundedVec<Client>,
    pub(super) logins: BoundedVec<Login>,
    pub(super) call_records: BoundedVec<Value>,
}

impl Account {
    /// The approximate size of the account in bytes.
    pub(super) fn bytes(&self) -> usize {
        let media = self.media.bytes() + self.template_files.bytes() + self.templates.bytes();
        let numbers = self.checks.bytes() + self.bindings.bytes() + self.groups.bytes();
        let others = self.applications.bytes() + self.clients.bytes() + self.logins.bytes();
        media + numbers + others + self.call_records.bytes()
    }
}

/// The state of all accounts, by access key or app id.
pub(super) type All = BTreeMap<String, Account>;

/// One number of a submit.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Check {
    pub(super) message_id: String,
    pub(super) batch_no: String,
    pub(super) phone: String,
    pub(super) check_level: i64,
    /// The day of the submit in UTC, `yyyy-MM-dd`.
    pub(super) date: String,
}

/// One binding.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Binding {
    pub(super) bind_id: String,
    pub(super) customer_bind_id: String,
    pub(super) phone_a: String,
    pub(super) phone_b: String,
    pub(super) did: String,
    pub(super) flag: i64,
    /// Seconds since 1970-01-01 UTC; 0 for never.
    pub(super) expire_at: u64,
    pub(super) extension: String,
    pub(super) group_id: String,
}

/// One group.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    pub(super) group_id: String,
    pub(super) group_name: String,
    pub(super) phones: IndexSet<String>,
    pub(super) remark: String,
}

/// One file.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Media {
    pub(super) id: String,
    pub(super) business_phone: String,
    pub(super) mime_type: String,
    pub(super) file_name: String,
}

/// One template.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Template {
    /// Increases from one template to the next.
    pub(super) number: u64,
    pub(super) id: String,
    pub(super) business_phone: String,
    pub(super) name: String,
    pub(super) language: String,
    pub(super) category: String,
    pub(super) components: Value,
}

/// An application that an integrator made for a customer.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Application {
    pub(super) app_id: Value,
    pub(super) app_name: String,
    pub(super) app_key: Value,
    pub(super) webhook: String,
}

/// A number that an integrator registers.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Client {
    pub(super) phone_number: String,
    /// Whether its verification code was checked.
    pub(super) verified: bool,
    /// Whether its client was created.
    pub(super) created: bool,
}

/// One login.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    pub(super) request_id: String,
    pub(super) phone: String,
    pub(super) status: String,
}

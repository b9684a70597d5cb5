//! Bindings of two numbers, or of a number and a group, through a virtual number.

use serde_json::{Value, json};

use super::account::{Account, Binding};
use super::call::{Call, Done, Refusal, put, text_at};
use super::groups::{self, PARAMETER};
use crate::platform::time;

/// Number of virtual numbers of an account. The first one is the spec's; the others follow it.
const POOL: u64 = 100;
const NUMBERS_EQUAL: i64 = 10002;
const USED_UP: i64 = 10010;
const NO_BINDING: i64 = 10013;
/// The type of a binding with an extension, the only type in the reference.
const WITH_EXTENSION: u64 = 4;
/// Maximum number of digits of a country code.
const MAX_COUNTRY_CODE: usize = 3;

impl Binding {
    const fn is_alive(&self, now: u64) -> bool {
        self.expire_at == 0 || self.expire_at > now / 1000
    }

    fn concerns(&self, phone: &str) -> bool {
        !phone.is_empty() && (self.phone_a == phone || self.phone_b == phone)
    }

    /// Whom a caller reaches; `None` if the binding does not apply to the caller.
    fn callee<'a>(&'a self, account: &'a Account, caller: &str) -> Option<&'a str> {
        let is_caller = |phone: &str| is_number(phone, caller);
        let of_group = || {
            let group = groups::find(account, &self.group_id);
            group.is_ok_and(|group| group.has(is_caller))
        };
        if is_caller(&self.phone_a) {
            // Without a number B, A cannot call anybody.
            Some(self.phone_b.as_str()).filter(|phone| !phone.is_empty())
        } else if is_caller(&self.phone_b) || of_group() {
            Some(&self.phone_a)
        } else {
            None
        }
    }
}

/// Whether a caller is a number, with or without its country code.
fn is_number(phone: &str, caller: &str) -> bool {
    let code = phone.strip_suffix(caller);
    !caller.is_empty() && code.is_some_and(|code| code.len() <= MAX_COUNTRY_CODE)
}

pub(super) fn bind(call: &Call<'_>, account: &mut Account, reply: &mut Value) -> Done {
    let did = free_number(call, account, reply)?;
    keep(call, account, reply, did)
}

pub(super) fn bind_with_extension(
    call: &Call<'_>,
    account: &mut Account,
    reply: &mut Value,
) -> Done {
    keep(call, account, reply, call.text("phoneX").to_owned())
}

pub(super) fn bind_group(call: &Call<'_>, account: &mut Account, reply: &mut Value) -> Done {
    let group = groups::find(account, call.text("groupId"))?;
    let phone_b = call.text("phoneB");
    if !phone_b.is_empty() && !group.has(|member| member == phone_b) {
        return Err(Refusal::new(PARAMETER, "/phoneB is not in the group"));
    }
    let did = match call.text("phoneX") {
        "" => free_number(call, account, reply)?,
        sent => sent.to_owned(),
    };
    keep(call, account, reply, did)
}

/// The first virtual number through which neither side is bound yet, so that each caller reaches one number through
/// it.
fn free_number(call: &Call<'_>, account: &Account, reply: &Value) -> Result<String, Refusal> {
    let taken = |did: &String| {
        account.bindings.iter().any(|binding| {
            binding.did == *did
                && binding.is_alive(call.now)
                && ["phoneA", "phoneB"].map(|name| binding.concerns(call.text(name))) != [false; 2]
        })
    };
    let first = text_at(reply, "/data/did")
        .parse::<u64>()
        .unwrap_or_default();
    let mut pool = (0..POOL).map(|at| first.saturating_add(at).to_string());
    pool.find(|did| !taken(did))
        .ok_or(Refusal::new(USED_UP, "both sides use every virtual number"))
}

fn keep(call: &Call<'_>, account: &mut Account, reply: &mut Value, did: String) -> Done {
    let [phone_a, phone_b] = ["phoneA", "phoneB"].map(|name| call.text(name));
    if phone_a == phone_b {
        return Err(Refusal::new(
            NUMBERS_EQUAL,
            "/phoneB is the same number as /phoneA",
        ));
    }
    let seconds = call.integer("expireSecond").unwrap_or_default();
    let Ok(seconds) = u64::try_from(seconds) else {
        return Err(Refusal::new(PARAMETER, "/expireSecond is negative"));
    };
    let expire_at = match seconds {
        0 => 0,
        seconds => (call.now / 1000).saturating_add(seconds),
    };
    if !time::is_date(expire_at) {
        return Err(Refusal::new(
            PARAMETER,
            "/expireSecond ends after the year 9999",
        ));
    }
    let customer_bind_id = call.text("customerBindId");
    let bindings = &mut account.bindings;
    bindings.remove(|binding| !binding.is_alive(call.now));
    let is_taken = |binding: &Binding| binding.customer_bind_id == customer_bind_id;
    if !customer_bind_id.is_empty() && bindings.find(is_taken).is_some() {
        return Err(Refusal::new(PARAMETER, "/customerBindId is already in use"));
    }
    put(reply, "/data/did", did.as_str());
    bindings.push(Binding {
        bind_id: text_at(reply, "/data/bindId"),
        customer_bind_id: customer_bind_id.to_owned(),
        phone_a: phone_a.to_owned(),
        phone_b: phone_b.to_owned(),
        did,
        flag: call.integer("flag").unwrap_or_default(),
        expire_at,
        extension: call.text("extension").to_owned(),
        group_id: call.text("groupId").to_owned(),
    });
    Ok(())
}

pub(super) fn unbind(call: &Call<'_>, account: &mut Account, _: &mut Value) -> Done {
    let (bind_id, customer_bind_id) = (call.text("bindId"), call.text("customerBindId"));
    let is_meant = |binding: &Binding| {
        if bind_id.is_empty() {
            binding.customer_bind_id == customer_bind_id
        } else {
            binding.bind_id == bind_id
        }
    };
    let bindings = &mut account.bindings;
    bindings.remove(|binding| !binding.is_alive(call.now));
    let removed = bindings.remove(is_meant);
    let missing = || bindings.missing(NO_BINDING, "no such binding");
    removed.then_some(()).ok_or_else(missing)
}

pub(super) fn list(call: &Call<'_>, account: &mut Account, reply: &mut Value) -> Done {
    let [customer_id, business_id] =
        ["customerId", "businessId"].map(|name| call.example(&format!("/data/bindList/0/{name}")));
    let alive = || {
        let bindings = account.bindings.iter();
        bindings.filter(|binding| binding.is_alive(call.now))
    };
    let rows = alive().map(|binding| {
        json!({
            "customerId": customer_id,
            "businessId": business_id,
            "bindId": binding.bind_id,
            "customerBindId": binding.customer_bind_id,
            "phoneA": binding.phone_a,
            "phoneB": binding.phone_b,
            "did": binding.did,
            "flag": binding.flag,
            "expireAt": binding.expire_at,
            "extension": binding.extension,
        })
    });
    reply["data"] = json!({ "bindList": groups::cut(call, rows), "total": alive().count() });
    Ok(())
}

/// Returns whom a caller reaches. The latest of several bindings counts.
pub(super) fn query(call: &Call<'_>, account: &mut Account, reply: &mut Value) -> Done {
    let [caller, did, extension] = ["caller", "did", "extension"].map(|name| call.text(name));
    let fits = |binding: &&Binding| {
        binding.did == did
            && binding.is_alive(call.now)
            && (extension.is_empty() || binding.extension == extension)
    };
    let candidates = account.bindings.iter().rev().filter(fits);
    let mut candidates =
        candidates.filter_map(|binding| Some((binding, binding.callee(account, caller)?)));
    let Some((binding, callee)) = candidates.next() else {
        let problem = "the caller reaches nobody through /did";
        return Err(account.bindings.missing(NO_BINDING, problem));
    };
    let mut data = json!({ "callee": callee, "callId": text_at(reply, "/data/callId") });
    if !extension.is_empty() {
        data["extension"] = extension.into();
    }
    data["flag"] = binding.flag.into();
    data["audioWhenCallFail"] = "".into();
    if extension.is_empty() && !binding.extension.is_empty() {
        // This is the only type of binding in the reference.
        data["bindType"] = WITH_EXTENSION.into();
        data["audioWhenDtmfNeed"] = "".into();
        data["audioWhenDtmfErr"] = "".into();
    }
    reply["data"] = data;
    Ok(())
}

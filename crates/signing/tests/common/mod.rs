//! Shared by the integration tests: the vector files, and naive implementations of both schemes.

#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use md5::{Digest, Md5};
use sha2::Sha256;

/// The `name: value` lines of one record.
pub(crate) struct Record(Vec<(&'static str, &'static str)>);

impl Record {
    pub(crate) fn all(&self, name: &str) -> Vec<&'static str> {
        let named = self.0.iter().filter(|(key, _)| *key == name);
        named.map(|(_, value)| *value).collect()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'static str> {
        self.all(name).first().copied()
    }

    pub(crate) fn expect(&self, name: &str) -> &'static str {
        self.get(name)
            .unwrap_or_else(|| panic!("a vector has no {name}"))
    }
}

fn records(text: &'static str) -> Vec<Record> {
    let mut records = vec![];
    for paragraph in text.split("\n\n") {
        let lines = paragraph
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        let fields: Vec<_> = lines.map(|line| line.split_once(": ").unwrap()).collect();
        if !fields.is_empty() {
            records.push(Record(fields));
        }
    }
    records
}

pub(crate) fn nxcloud_vectors() -> Vec<Record> {
    records(include_str!("../vectors/nxcloud.txt"))
}

pub(crate) fn antbuddy_vectors() -> Vec<Record> {
    records(include_str!("../vectors/antbuddy.txt"))
}

/// The algorithm exactly as documented. `None` is a multipart body.
pub(crate) fn naive_nxcloud(
    access_key: &str,
    action: &str,
    biz_type: &str,
    ts: &str,
    body: Option<&[u8]>,
    secret: &str,
) -> String {
    let mut raw =
        format!("accessKey={access_key}&action={action}&bizType={biz_type}&ts={ts}").into_bytes();
    if let Some(body) = body.filter(|body| !body.is_empty()) {
        raw.extend(b"&body=");
        raw.extend(body);
    }
    raw.extend(format!("&accessSecret={secret}").bytes());
    hex::encode(Md5::digest(raw))
}

/// The algorithm exactly as documented.
pub(crate) fn naive_antbuddy(values: &[&str], secret: &str) -> String {
    hex::encode(Sha256::digest(format!("{}{secret}", values.concat())))
}

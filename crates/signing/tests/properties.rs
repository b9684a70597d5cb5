//! Properties of both schemes over arbitrary input.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod common;

use common::{naive_antbuddy, naive_nxcloud};
use md5::{Digest, Md5};
use nxcloud_signing::{
    AccessKey, Action, BizType, Body, Mismatch, Request, Secret, Signer, antbuddy,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use sha2::Sha256;

/// All inputs of a signature, owned. `body: None` is a multipart request.
#[derive(Clone, Debug, PartialEq)]
struct Parts {
    access_key: String,
    action: String,
    biz_type: String,
    ts: String,
    body: Option<Vec<u8>>,
    secret: String,
}

impl Parts {
    fn signer(&self) -> Signer {
        let access_key = AccessKey::new(self.access_key.as_str()).unwrap();
        Signer::new(access_key, Secret::new(self.secret.as_str()).unwrap())
    }

    fn request(&self) -> Request<'_> {
        Request {
            action: Action::new(&self.action).unwrap(),
            biz_type: BizType::new(&self.biz_type).unwrap(),
            ts: self.ts.parse().unwrap(),
            body: self.body.as_deref().map_or(Body::Unsigned, Body::Signed),
        }
    }

    fn sign(&self) -> String {
        self.signer().sign(&self.request()).to_string()
    }

    fn naive(&self) -> String {
        let Self {
            access_key,
            action,
            biz_type,
            ts,
            body,
            secret,
        } = self;
        naive_nxcloud(access_key, action, biz_type, ts, body.as_deref(), secret)
    }
}

const HEADER_TEXT: &str = "[!-~]([ -~]{0,30}[!-~])?";

fn parts() -> impl Strategy<Value = Parts> {
    let body = prop_oneof![
        Just(None),
        "\\PC{0,300}".prop_map(|text| Some(text.into_bytes())),
        vec(any::<u8>(), 0..300).prop_map(Some),
    ];
    let headers = (HEADER_TEXT, HEADER_TEXT, HEADER_TEXT, "[0-9]{1,20}");
    (headers, body, "\\PC{1,40}").prop_map(|((access_key, action, biz_type, ts), body, secret)| {
        Parts {
            access_key,
            action,
            biz_type,
            ts,
            body,
            secret,
        }
    })
}

/// Changes one character of a text.
fn change(text: &mut String, at: Index, to: impl Fn(char) -> char) {
    let mut chars: Vec<char> = text.chars().collect();
    let at = at.index(chars.len());
    chars[at] = to(chars[at]);
    *text = chars.into_iter().collect();
}

fn next_visible(c: char) -> char {
    if c == '~' {
        '!'
    } else {
        char::from(c as u8 + 1)
    }
}

fn next_digit(c: char) -> char {
    if c == '9' {
        '0'
    } else {
        char::from(c as u8 + 1)
    }
}

proptest! {
    #[test]
    fn a_signature_equals_the_naive_implementation(parts in parts()) {
        prop_assert_eq!(parts.sign(), parts.naive());
    }

    #[test]
    fn a_change_of_one_byte_of_any_part_changes_the_signature(
        parts in parts(),
        part in 0..6,
        at: Index,
        flip in 1u8..,
    ) {
        let mut changed = parts.clone();
        match (part, &mut changed.body) {
            (0, _) => change(&mut changed.access_key, at, next_visible),
            (1, _) => change(&mut changed.action, at, next_visible),
            (2, _) => change(&mut changed.biz_type, at, next_visible),
            (3, _) => change(&mut changed.ts, at, next_digit),
            (4, Some(body)) if !body.is_empty() => {
                let at = at.index(body.len());
                body[at] ^= flip;
            }
            (4, body) => *body = Some(vec![flip]),
            _ => change(&mut changed.secret, at, |c| if c == 'x' { 'y' } else { 'x' }),
        }
        prop_assert_ne!(&parts, &changed);
        prop_assert_ne!(parts.sign(), changed.sign());
        let verdict = changed.signer().verify(&changed.request(), &parts.sign());
        prop_assert_eq!(verdict, Err(Mismatch));
    }

    #[test]
    fn verify_accepts_the_signature_and_nothing_else(
        parts in parts(),
        at: Index,
        replacement: char,
        other in "\\PC{0,40}",
    ) {
        let (signer, request) = (parts.signer(), parts.request());
        let signature = parts.sign();
        prop_assert_eq!(signer.verify(&request, &signature), Ok(()));
        let mut changed = signature.clone();
        change(&mut changed, at, |_| replacement);
        for claimed in [changed, other] {
            let verdict = signer.verify(&request, &claimed);
            prop_assert_eq!(verdict.is_ok(), claimed == signature);
        }
    }

    #[test]
    fn the_masked_string_with_the_secret_hashes_to_the_signature(
        parts in parts(),
        text in "\\PC{0,100}",
    ) {
        let parts = Parts { body: parts.body.map(|_| text.into_bytes()), ..parts };
        let masked = parts.signer().masked_string_to_sign(&parts.request());
        let prefix = masked.strip_suffix("***").unwrap();
        let digest = Md5::digest(format!("{prefix}{}", parts.secret));
        prop_assert_eq!(parts.sign(), hex::encode(digest));
    }

    #[test]
    fn an_antbuddy_hash_equals_the_naive_implementation(
        values in vec("\\PC{0,60}", 0..8),
        secret in "\\PC{1,40}",
    ) {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        let app_id = antbuddy::AppId::new("id").unwrap();
        let signer = antbuddy::Signer::new(app_id, Secret::new(secret.as_str()).unwrap());
        let hash = signer.sign(&values);
        prop_assert_eq!(hash.as_str(), naive_antbuddy(&values, &secret));
        prop_assert_eq!(signer.verify(&values, hash.as_str()), Ok(()));
        let masked = signer.masked_string_to_sign(&values);
        let prefix = masked.strip_suffix("***").unwrap();
        let digest = Sha256::digest(format!("{prefix}{secret}"));
        prop_assert_eq!(hash.as_str(), hex::encode(digest));
    }

    #[test]
    fn a_change_of_one_character_changes_an_antbuddy_hash(
        mut values in vec("\\PC{1,20}", 1..6),
        which: Index,
        at: Index,
    ) {
        let app_id = antbuddy::AppId::new("id").unwrap();
        let signer = antbuddy::Signer::new(app_id, Secret::new("secret").unwrap());
        let hash = |values: &[String]| {
            signer.sign(&values.iter().map(String::as_str).collect::<Vec<_>>()).to_string()
        };
        let before = hash(&values);
        let which = which.index(values.len());
        change(&mut values[which], at, |c| if c == 'x' { 'y' } else { 'x' });
        prop_assert_ne!(before, hash(&values));
    }
}

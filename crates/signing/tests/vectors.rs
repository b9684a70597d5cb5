//! The published vectors: signed, verified, and as strings to sign.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod common;

use common::{Record, antbuddy_vectors, nxcloud_vectors};
use nxcloud_signing::{
    AccessKey, Action, BizType, Body, Lanes, Mismatch, Request, Secret, Signature, Signer, antbuddy,
};

fn signer(vector: &Record) -> Signer {
    let access_key = AccessKey::new(vector.expect("accessKey")).unwrap();
    Signer::new(access_key, Secret::new(vector.expect("secret")).unwrap())
}

fn request(vector: &Record) -> Request<'static> {
    Request {
        action: Action::new(vector.expect("action")).unwrap(),
        biz_type: BizType::new(vector.expect("bizType")).unwrap(),
        ts: vector.expect("ts").parse().unwrap(),
        body: vector
            .get("body")
            .map_or(Body::Unsigned, |body| Body::Signed(body.as_bytes())),
    }
}

#[test]
fn every_published_nxcloud_signature_is_reproduced() {
    let vectors = nxcloud_vectors();
    assert_eq!(vectors.len(), 7);
    for vector in &vectors {
        let case = vector.expect("case");
        let sign = vector.expect("sign");
        assert_eq!(
            signer(vector).sign(&request(vector)).as_str(),
            sign,
            "{case}"
        );
        assert_eq!(
            signer(vector).verify(&request(vector), sign),
            Ok(()),
            "{case}"
        );
    }
}

#[test]
fn a_published_signature_is_refused_for_every_other_published_body() {
    let vectors = nxcloud_vectors();
    for vector in &vectors {
        for other in vectors
            .iter()
            .filter(|other| other.get("body") != vector.get("body"))
        {
            let verdict = signer(vector).verify(&request(vector), other.expect("sign"));
            assert_eq!(verdict, Err(Mismatch));
        }
    }
}

#[test]
fn an_empty_body_is_left_out_like_a_multipart_body() {
    let vectors = nxcloud_vectors();
    let vector = vectors
        .iter()
        .find(|vector| vector.get("body").is_none())
        .unwrap();
    let empty = Request {
        body: Body::Signed(b""),
        ..request(vector)
    };
    assert_eq!(signer(vector).sign(&empty).as_str(), vector.expect("sign"));
    assert_eq!(
        signer(vector).masked_string_to_sign(&empty),
        "accessKey=fme2na3kdi3ki&action=send&bizType=1&ts=1655710885431&accessSecret=***"
    );
}

#[test]
fn the_masked_string_is_the_published_string_to_sign() {
    let vectors = nxcloud_vectors();
    let java = &vectors[0];
    assert_eq!(
        signer(java).masked_string_to_sign(&request(java)),
        r#"accessKey=fme2na3kdi3ki&action=send&bizType=1&ts=1655710885431&body={"name":"牛小信","id":10001}&accessSecret=***"#
    );
}

#[test]
fn every_antbuddy_hash_is_reproduced() {
    let vectors = antbuddy_vectors();
    assert_eq!(vectors.len(), 5);
    for vector in &vectors {
        let case = vector.expect("case");
        let app_id = antbuddy::AppId::new("6544646543674").unwrap();
        let secret = Secret::new(vector.expect("secret")).unwrap();
        let signer = antbuddy::Signer::new(app_id, secret);
        let values = vector.all("value");
        let hash = vector.expect("hash");
        assert_eq!(signer.sign(&values).as_str(), hash, "{case}");
        assert_eq!(signer.verify(&values, hash), Ok(()), "{case}");
        assert_eq!(signer.verify(&values[1..], hash), Err(Mismatch), "{case}");
        assert_eq!(
            signer.masked_string_to_sign(&values),
            format!("{}***", values.concat()),
            "{case}"
        );
        if values == ["6544646543674"] {
            assert_eq!(signer.sign_app_id().as_str(), hash, "{case}");
        }
    }
}

#[test]
fn omitted_and_empty_antbuddy_values_have_the_same_hash() {
    let app_id = antbuddy::AppId::new("6544646543674").unwrap();
    let signer = antbuddy::Signer::new(app_id, Secret::new("123456").unwrap());
    assert_eq!(signer.sign(&["a", "", "b"]), signer.sign(&["a", "b"]));
    assert_ne!(signer.sign(&["b", "a"]), signer.sign(&["a", "b"]));
}

#[test]
fn every_published_nxcloud_signature_is_reproduced_in_a_batch_of_every_lane_width() {
    let vectors = nxcloud_vectors();
    let signer = signer(&vectors[0]);
    // Forty requests, more than the widest group.
    let vectors: Vec<_> = vectors.iter().cycle().take(40).collect();
    let requests: Vec<_> = vectors.iter().map(|vector| request(vector)).collect();
    for lanes in Lanes::ALL
        .iter()
        .copied()
        .filter(|lanes| lanes.is_available())
    {
        let mut signatures = [Signature::UNSET; 40];
        signer
            .sign_batch_in(lanes, &requests, &mut signatures)
            .unwrap();
        for (signature, vector) in signatures.iter().zip(&vectors) {
            assert_eq!(signature.as_str(), vector.expect("sign"), "{lanes}");
        }
    }
    let claims: Vec<_> = vectors.iter().map(|vector| vector.expect("sign")).collect();
    let mut verdicts = [Err(Mismatch); 40];
    signer
        .verify_batch(&requests, &claims, &mut verdicts)
        .unwrap();
    assert_eq!(verdicts, [Ok(()); 40]);
}

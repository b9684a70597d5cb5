//! Batch signatures equal single signatures and those of the crate `md-5`, for arbitrary bytes. `cargo test` makes a bounded run, `cargo bolero test
//! a_batch_equals_its_singles_equals_md5` an unbounded one.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod common;

use common::naive_nxcloud;
use nxcloud_signing::{
    AccessKey, Action, BizType, Body, Lanes, Request, Secret, Signature, Signer, Timestamp,
};

#[test]
fn a_batch_equals_its_singles_equals_md5() {
    let signer = Signer::new(
        AccessKey::new("key").unwrap(),
        Secret::new("secret").unwrap(),
    );
    bolero::check!()
        .with_iterations(300)
        .with_max_len(6_000)
        .for_each(|input: &[u8]| {
            // The first byte selects the lanes, the second a factor. Each further byte times the factor is the length of a body.
            let [lanes, factor, lengths @ ..] = input else {
                return;
            };
            let lanes = Lanes::ALL[usize::from(*lanes) % Lanes::ALL.len()];
            let lengths = &lengths[..lengths.len().min(70)];
            let bodies: Vec<Vec<u8>> = lengths
                .iter()
                .map(|length| {
                    let length = usize::from(*length) * usize::from(factor % 16);
                    input
                        .iter()
                        .copied()
                        .cycle()
                        .skip(length % 7)
                        .take(length)
                        .collect()
                })
                .collect();
            let requests: Vec<_> = bodies
                .iter()
                .enumerate()
                .map(|(index, body)| Request {
                    action: Action::from_static("send"),
                    biz_type: BizType::from_static("3"),
                    ts: Timestamp::from_millis(1),
                    body: if index % 9 == 8 {
                        Body::Unsigned
                    } else {
                        Body::Signed(body)
                    },
                })
                .collect();
            let mut signatures = vec![Signature::UNSET; requests.len()];
            signer.sign_batch(&requests, &mut signatures).unwrap();
            let mut forced = vec![Signature::UNSET; requests.len()];
            if lanes.is_available() {
                signer.sign_batch_in(lanes, &requests, &mut forced).unwrap();
            } else {
                forced.copy_from_slice(&signatures);
            }
            for (index, request) in requests.iter().enumerate() {
                let body = (index % 9 != 8).then_some(&bodies[index][..]);
                let expected = naive_nxcloud("key", "send", "3", "1", body, "secret");
                assert_eq!(signer.sign(request).as_str(), expected);
                assert_eq!(signatures[index].as_str(), expected);
                assert_eq!(forced[index].as_str(), expected, "{lanes}");
            }
        });
}

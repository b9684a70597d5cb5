//! A batch has exactly the signatures of its single requests, with all lanes.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod common;

use common::naive_nxcloud;
use nxcloud_signing::{
    AccessKey, Action, BatchError, BizType, Body, Lanes, Mismatch, Request, Secret, Signature,
    Signer, Timestamp,
};
use proptest::prelude::*;

const KEY: &str = "key";
const SECRET: &str = "s3cret";

fn signer() -> Signer {
    Signer::new(AccessKey::new(KEY).unwrap(), Secret::new(SECRET).unwrap())
}

fn request(body: Option<&[u8]>) -> Request<'_> {
    Request {
        action: Action::from_static("send"),
        biz_type: BizType::from_static("3"),
        ts: Timestamp::from_millis(1_655_710_885_431),
        body: body.map_or(Body::Unsigned, Body::Signed),
    }
}

fn naive(body: Option<&[u8]>) -> String {
    naive_nxcloud(KEY, "send", "3", "1655710885431", body, SECRET)
}

/// Pseudo-random numbers, the same in every run.
fn noise(seed: u64) -> impl Iterator<Item = usize> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    std::iter::repeat_with(move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    })
}

fn body(length: usize, seed: u64) -> Vec<u8> {
    noise(seed)
        .map(|n| n.to_le_bytes()[0])
        .take(length)
        .collect()
}

fn available() -> impl Iterator<Item = Lanes> {
    Lanes::ALL
        .iter()
        .copied()
        .filter(|lanes| lanes.is_available())
}

/// Compares a batch, with all these lanes, with the documented algorithm.
fn check(bodies: &[Option<Vec<u8>>], lanes: impl Iterator<Item = Lanes>) {
    let signer = signer();
    let requests: Vec<_> = bodies.iter().map(|body| request(body.as_deref())).collect();
    let expected: Vec<_> = bodies.iter().map(|body| naive(body.as_deref())).collect();
    let lengths = || {
        bodies
            .iter()
            .map(|body| body.as_ref().map(Vec::len))
            .collect::<Vec<_>>()
    };

    let mut signatures = vec![Signature::UNSET; requests.len()];
    signer.sign_batch(&requests, &mut signatures).unwrap();
    assert!(
        signatures.iter().zip(&expected).all(|(a, b)| *a == **b),
        "{:?}",
        lengths()
    );

    for lanes in lanes {
        let mut signatures = vec![Signature::UNSET; requests.len()];
        signer
            .sign_batch_in(lanes, &requests, &mut signatures)
            .unwrap();
        assert!(
            signatures.iter().zip(&expected).all(|(a, b)| *a == **b),
            "{lanes} {:?}",
            lengths()
        );
    }

    let claims: Vec<_> = expected.iter().map(String::as_str).collect();
    let mut verdicts = vec![Err(Mismatch); requests.len()];
    signer
        .verify_batch(&requests, &claims, &mut verdicts)
        .unwrap();
    assert!(verdicts.iter().all(Result::is_ok), "{:?}", lengths());
}

#[test]
fn every_body_length_in_every_lane_width() {
    // Groups of similar lengths, ordered such that every length is in several lanes and rows.
    let lengths: Vec<usize> = (0..=2_048).collect();
    for lengths in lengths.chunks(61) {
        let bodies: Vec<_> = lengths.iter().map(|n| Some(body(*n, *n as u64))).collect();
        check(&bodies, available());
    }
}

#[test]
fn batches_of_every_size_with_bodies_of_any_length() {
    let widths = [
        Lanes::Plain8,
        Lanes::Plain32,
        Lanes::Avx2x8,
        Lanes::Avx2x16,
        Lanes::Avx512x32,
    ];
    for count in 0..=257 {
        let longest = [40, 200, 300, 2_000][count % 4];
        let bodies: Vec<_> = noise(count as u64)
            .map(|n| (n % 11 != 0).then(|| body(n % longest, n as u64)))
            .take(count)
            .collect();
        let forced = widths[count % widths.len()];
        check(
            &bodies,
            [forced].into_iter().filter(|lanes| lanes.is_available()),
        );
    }
}

#[test]
fn batches_larger_than_a_window_keep_their_order() {
    let bodies: Vec<_> = noise(7)
        .map(|n| Some(body(n % 250, n as u64)))
        .take(1_100)
        .collect();
    check(&bodies, available());
}

#[test]
fn one_very_long_body_among_short_ones() {
    for place in [0, 3, 15] {
        let mut bodies = vec![Some(body(80, 1)); 16];
        bodies[place] = Some(body(300_000, 2));
        check(&bodies, available());
    }
}

#[test]
fn two_very_long_bodies_and_one_of_the_counting_limit() {
    // 47, 48 and 49 blocks: the longest that are sorted by counting and the shortest that are not.
    for blocks in [46, 47, 48, 49] {
        let bodies = [
            100_000,
            blocks * 64,
            100_001,
            64,
            1,
            blocks * 64 + 1,
            0,
            99_999,
        ]
        .map(|length| Some(body(length, 3)));
        check(&bodies, available());
        let bodies = [blocks * 64, 1, blocks * 64 + 1, 64].map(|length| Some(body(length, 3)));
        check(&bodies, available());
    }
}

#[test]
fn only_the_wrong_claims_of_a_batch_are_refused() {
    let signer = signer();
    let bodies: Vec<_> = (0..70).map(|n| body(n * 5, n as u64)).collect();
    let requests: Vec<_> = bodies.iter().map(|body| request(Some(body))).collect();
    let mut claims: Vec<_> = requests
        .iter()
        .map(|r| signer.sign(r).to_string())
        .collect();
    for wrong in [0, 8, 33, 69] {
        let flipped = if claims[wrong].starts_with('0') {
            "1"
        } else {
            "0"
        };
        claims[wrong].replace_range(0..1, flipped);
    }
    claims[50].clear();
    let claims: Vec<_> = claims.iter().map(String::as_str).collect();
    let mut verdicts = vec![Ok(()); 71];
    verdicts[3] = Err(Mismatch);
    verdicts[70] = Err(Mismatch);
    signer
        .verify_batch(&requests, &claims, &mut verdicts)
        .unwrap();
    let refused: Vec<_> = (0..71).filter(|i| verdicts[*i].is_err()).collect();
    assert_eq!(
        refused,
        [0, 8, 33, 50, 69, 70],
        "element 70 is beyond the batch and stays unchanged"
    );
}

#[test]
fn a_short_buffer_is_an_error_and_nothing_is_written() {
    let signer = signer();
    let requests = [request(None); 5];
    let mut signatures = [Signature::UNSET; 4];
    let short = BatchError::ResultsTooShort {
        needed: 5,
        provided: 4,
    };
    assert_eq!(signer.sign_batch(&requests, &mut signatures), Err(short));
    assert_eq!(
        signer.sign_batch_in(Lanes::Plain8, &requests, &mut signatures),
        Err(short)
    );
    assert!(
        signatures
            .iter()
            .all(|signature| *signature == Signature::UNSET)
    );

    let mut verdicts = [Ok(()); 4];
    assert_eq!(
        signer.verify_batch(&requests, &["x"; 5], &mut verdicts),
        Err(short)
    );
    let differ = BatchError::ClaimsDiffer {
        requests: 5,
        claims: 6,
    };
    assert_eq!(
        signer.verify_batch(&requests, &["x"; 6], &mut [Ok(()); 9]),
        Err(differ)
    );
    assert!(verdicts.iter().all(Result::is_ok));

    assert_eq!(
        short.to_string(),
        "the buffer has room for 4 results, but the batch has 5 requests; make it longer"
    );
    assert_eq!(
        differ.to_string(),
        "there are 6 claimed signatures for 5 requests; pass one per request"
    );
    let unavailable = BatchError::LanesUnavailable(Lanes::Avx512x32);
    assert_eq!(
        unavailable.to_string(),
        "this CPU does not support AVX-512 x32; use other lanes"
    );
}

#[test]
fn an_empty_batch_is_allowed_and_a_long_buffer_keeps_its_end() {
    let signer = signer();
    assert_eq!(signer.sign_batch(&[], &mut []), Ok(()));
    assert_eq!(signer.verify_batch(&[], &[], &mut []), Ok(()));
    let mut signatures = [Signature::UNSET; 20];
    signer
        .sign_batch(&[request(None); 17], &mut signatures)
        .unwrap();
    assert!(
        signatures[..17]
            .iter()
            .all(|signature| *signature == *naive(None))
    );
    assert!(
        signatures[17..]
            .iter()
            .all(|signature| *signature == Signature::UNSET)
    );
}

#[test]
fn lanes_are_available_if_and_only_if_the_cpu_has_their_instructions() {
    // The standard library's detection is independent of ours.
    #[cfg(target_arch = "x86_64")]
    let (avx2, avx512) = (
        is_x86_feature_detected!("avx2"),
        is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("f16c")
            && is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512bw"),
    );
    #[cfg(not(target_arch = "x86_64"))]
    let (avx2, avx512) = (false, false);
    let mut expected = vec![Lanes::Single, Lanes::Plain8, Lanes::Plain16, Lanes::Plain32];
    if avx2 {
        expected.extend([Lanes::Avx2x8, Lanes::Avx2x16]);
    }
    if avx512 {
        expected.push(Lanes::Avx512x32);
    }
    assert_eq!(available().collect::<Vec<_>>(), expected);
}

#[test]
fn lanes_that_the_cpu_lacks_are_an_error() {
    for &lanes in Lanes::ALL {
        let signed = signer().sign_batch_in(lanes, &[request(None)], &mut [Signature::UNSET]);
        let unavailable = BatchError::LanesUnavailable(lanes);
        assert_eq!(
            signed,
            if lanes.is_available() {
                Ok(())
            } else {
                Err(unavailable)
            }
        );
        let width: usize = lanes
            .to_string()
            .rsplit_once('x')
            .map_or(1, |(_, n)| n.parse().unwrap());
        assert_eq!(lanes.width(), width);
    }
}

#[test]
#[cfg(feature = "rayon")]
fn a_batch_on_all_cores_equals_one_on_a_single_core() {
    let signer = signer();
    let bodies: Vec<_> = noise(11)
        .map(|n| body(n % 120, n as u64))
        .take(9_000)
        .collect();
    let requests: Vec<_> = bodies.iter().map(|body| request(Some(body))).collect();
    let mut expected = vec![Signature::UNSET; 9_001];
    signer.sign_batch(&requests, &mut expected).unwrap();
    for count in [0, 100, 8_191, 8_192, 9_000] {
        let mut signatures = vec![Signature::UNSET; count + 1];
        signer
            .par_sign_batch(&requests[..count], &mut signatures)
            .unwrap();
        assert_eq!(signatures[..count], expected[..count]);
        assert_eq!(signatures[count], Signature::UNSET);
    }
    let mut signatures = vec![Signature::UNSET; 8_999];
    let short = BatchError::ResultsTooShort {
        needed: 9_000,
        provided: 8_999,
    };
    assert_eq!(
        signer.par_sign_batch(&requests, &mut signatures),
        Err(short)
    );
    assert!(
        signatures
            .iter()
            .all(|signature| *signature == Signature::UNSET)
    );
}

/// Beyond 512 MiB the length in bits exceeds 32 bits, beyond 4 GiB the length in bytes does.
#[test]
#[ignore = "minutes without optimisation; run with --release"]
fn a_body_of_more_than_four_gibibytes() {
    let signer = signer();
    let long = vec![0; (4 << 30) + 100];
    let requests = [
        request(Some(b"a")),
        request(Some(&long)),
        request(Some(b"b")),
    ];
    let expected = naive(Some(&long));
    assert_eq!(signer.sign(&requests[1]), *expected);
    let mut signatures = [Signature::UNSET; 3];
    signer.sign_batch(&requests, &mut signatures).unwrap();
    assert_eq!(signatures[1], *expected);
    signer
        .sign_batch_in(Lanes::Plain8, &requests[1..2], &mut signatures)
        .unwrap();
    assert_eq!(signatures[0], *expected);
}

proptest! {
    #[test]
    fn a_batch_of_unequal_requests_equals_its_single_signatures(
        requests in proptest::collection::vec(
            ("[!-~]{1,40}", "[!-~]{1,5}", any::<u64>(), proptest::collection::vec(any::<u8>(), 0..600)),
            0..80,
        ),
        key in "[!-~]{1,40}",
        secret in "\\PC{1,300}",
    ) {
        let signer = Signer::new(AccessKey::new(key).unwrap(), Secret::new(secret).unwrap());
        let requests: Vec<_> = requests
            .iter()
            .map(|(action, biz_type, ts, body)| Request {
                action: Action::new(action).unwrap(),
                biz_type: BizType::new(biz_type).unwrap(),
                ts: Timestamp::from_millis(*ts),
                body: Body::Signed(body),
            })
            .collect();
        let expected: Vec<_> = requests.iter().map(|request| signer.sign(request)).collect();
        let mut signatures = vec![Signature::UNSET; requests.len()];
        signer.sign_batch(&requests, &mut signatures).unwrap();
        prop_assert_eq!(&signatures, &expected);
        for lanes in available() {
            signatures.fill(Signature::UNSET);
            signer.sign_batch_in(lanes, &requests, &mut signatures).unwrap();
            prop_assert_eq!(&signatures, &expected);
        }
    }
}

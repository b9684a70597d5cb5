//! A single signature, compared with other implementations.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use nxcloud_benches::{baselines, workload};

fn single(c: &mut Criterion) {
    let signer = workload::signer();
    for length in [172, 400, 1_500, 65_536] {
        let body = workload::body(length);
        let text = workload::string_to_sign(&body);
        let request = workload::request(&body);
        let claim = signer.sign(&request);
        let mut group = c.benchmark_group(format!("single, {length} bytes"));
        group.bench_function("single", |b| b.iter(|| signer.sign(black_box(&request))));
        group.bench_function("bare md-5", |b| {
            b.iter(|| baselines::bare_md5(black_box(text.as_bytes())));
        });
        #[cfg(feature = "openssl")]
        group.bench_function("bare OpenSSL", |b| {
            b.iter(|| baselines::openssl_md5(black_box(text.as_bytes())));
        });
        group.bench_function("streaming", |b| {
            b.iter(|| baselines::streaming_of(black_box(&body)))
        });
        group.bench_function("naive", |b| {
            b.iter(|| baselines::naive_of(black_box(&body)))
        });
        group.bench_function("verify", |b| {
            b.iter(|| signer.verify(black_box(&request), claim.as_str()));
        });
        group.bench_function("explain", |b| {
            b.iter(|| signer.masked_string_to_sign(black_box(&request)))
        });
        group.finish();
    }
}

fn antbuddy(c: &mut Criterion) {
    let signer = workload::antbuddy_signer();
    for length in [67, 172] {
        let value = workload::body(length + 256)[..length - workload::SECRET.len()].to_owned();
        // Three values, like the operations for call histories.
        let values = [&value[..13], &value[13..30], &value[30..]];
        let text = format!("{value}{}", workload::SECRET);
        let claim = signer.sign(&values);
        let mut group = c.benchmark_group(format!("AntBuddy, {length} bytes"));
        group.bench_function("single", |b| b.iter(|| signer.sign(black_box(&values))));
        group.bench_function("bare sha2", |b| {
            b.iter(|| baselines::bare_sha256(black_box(text.as_bytes())));
        });
        group.bench_function("naive", |b| {
            b.iter(|| baselines::naive_antbuddy(black_box(&values), workload::SECRET));
        });
        group.bench_function("verify", |b| {
            b.iter(|| signer.verify(black_box(&values), claim.as_str()));
        });
        group.bench_function("explain", |b| {
            b.iter(|| signer.masked_string_to_sign(black_box(&values)))
        });
        group.finish();
    }
}

fn config() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1_000))
        .sample_size(50)
}

criterion_group! { name = benches; config = config(); targets = single, antbuddy }
criterion_main!(benches);

//! Batches of several sizes in every lane width, compared with other implementations. The times are for a whole batch.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use nxcloud_benches::{baselines, workload};
use nxcloud_signing::{Lanes, Mismatch, Signature};

fn batch(c: &mut Criterion) {
    for count in [1, 2, 4, 8, 16, 64, 1_024, 16_384] {
        group(c, &format!("batch of {count}, 172 bytes"), count, 172, 0);
        group(
            c,
            &format!("batch of {count}, 172 ± 72 bytes"),
            count,
            172,
            72,
        );
    }
    for count in [64, 1_024] {
        group(c, &format!("batch of {count}, 1500 bytes"), count, 1_500, 0);
    }
}

fn group(c: &mut Criterion, name: &str, count: usize, length: usize, spread: usize) {
    let signer = workload::signer();
    let bodies = workload::bodies(count, length, spread);
    let requests: Vec<_> = bodies.iter().map(|body| workload::request(body)).collect();
    let mut signatures = vec![Signature::UNSET; count];
    let mut group = c.benchmark_group(name);
    group.throughput(Throughput::Elements(count as u64));
    group.bench_function("naive", |b| {
        b.iter(|| {
            bodies
                .iter()
                .for_each(|body| drop(black_box(baselines::naive_of(black_box(body)))))
        });
    });
    group.bench_function("streaming", |b| {
        b.iter(|| {
            for body in &bodies {
                black_box(baselines::streaming_of(black_box(body)));
            }
        });
    });
    group.bench_function("one by one", |b| {
        b.iter(|| {
            for request in &requests {
                black_box(signer.sign(black_box(request)));
            }
        });
    });
    group.bench_function("batch", |b| {
        b.iter(|| signer.sign_batch(black_box(&requests), black_box(&mut signatures)));
    });
    for lanes in Lanes::ALL
        .iter()
        .copied()
        .filter(|lanes| lanes.is_available())
    {
        group.bench_function(lanes.to_string(), |b| {
            b.iter(|| {
                signer.sign_batch_in(lanes, black_box(&requests), black_box(&mut signatures))
            });
        });
    }
    let claims: Vec<_> = signatures.iter().map(Signature::as_str).collect();
    let mut verdicts = vec![Err(Mismatch); count];
    group.bench_function("verify", |b| {
        b.iter(|| signer.verify_batch(black_box(&requests), &claims, black_box(&mut verdicts)));
    });
    group.finish();
}

fn config() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(500))
        .sample_size(30)
}

criterion_group! { name = benches; config = config(); targets = batch }
criterion_main!(benches);

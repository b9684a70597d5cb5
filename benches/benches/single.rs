//! One signature, with its rivals in the same group.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use nxcloud_benches::{rivals, workload};

fn single(c: &mut Criterion) {
    let signer = workload::signer();
    for length in [172, 400, 1_500, 65_536] {
        let body = workload::body(length);
        let text = workload::string_to_sign(&body);
        let request = workload::request(&body);
        let mut group = c.benchmark_group(format!("single/{length}"));
        group.bench_function("single", |b| b.iter(|| signer.sign(black_box(&request))));
        group.bench_function("bare md-5", |b| {
            b.iter(|| rivals::bare_md5(black_box(text.as_bytes())))
        });
        #[cfg(feature = "openssl")]
        group.bench_function("openssl", |b| {
            b.iter(|| rivals::openssl_md5(black_box(text.as_bytes())))
        });
        group.bench_function("streaming", |b| {
            b.iter(|| rivals::streaming_of(black_box(&body)))
        });
        group.bench_function("naive", |b| b.iter(|| rivals::naive_of(black_box(&body))));
        group.finish();
    }
}

fn config() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1_500))
        .sample_size(50)
}

criterion_group! { name = benches; config = config(); targets = single }
criterion_main!(benches);

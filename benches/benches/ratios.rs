//! Ratios of rivals timed in turn: what `cargo bench` prints last.

#![expect(clippy::print_stdout, reason = "a table for people")]

use std::hint::black_box;

use nxcloud_benches::ratio::{Rival, race};
use nxcloud_benches::{rivals, workload};
use nxcloud_signing::{Lanes, Signature};

fn main() {
    // Without `--bench`, cargo only wants to see that it runs.
    let rounds = if std::env::args().any(|arg| arg == "--bench") {
        31
    } else {
        1
    };
    let signer = workload::signer();
    for length in [172, 400, 1_500] {
        let body = workload::body(length);
        let text = workload::string_to_sign(&body);
        let request = workload::request(&body);
        let rivals = vec![
            Rival::new("single", || signer.sign(black_box(&request))),
            Rival::new("bare md-5", || rivals::bare_md5(black_box(text.as_bytes()))),
            #[cfg(feature = "openssl")]
            Rival::new("openssl", || {
                rivals::openssl_md5(black_box(text.as_bytes()))
            }),
            Rival::new("streaming", || rivals::streaming_of(black_box(&body))),
            Rival::new("naive", || rivals::naive_of(black_box(&body))),
        ];
        let medians = race(rivals, rounds, 2_000);
        for (name, nanos) in medians.iter() {
            let ratio = medians.ratio(name, "bare md-5").unwrap_or(f64::NAN);
            println!("{length:>6} {name:<12} {nanos:>10.1} ns  {ratio:.2} of bare md-5");
        }
    }
    for (count, length, spread) in [
        (1, 172, 0),
        (2, 172, 0),
        (4, 172, 0),
        (8, 172, 0),
        (16, 172, 0),
        (64, 172, 0),
        (1_024, 172, 0),
        (64, 172, 72),
        (1_024, 172, 72),
        (64, 1_500, 0),
        (1_024, 1_500, 0),
        (64, 1_500, 1_350),
    ] {
        batch(count, length, spread, rounds);
    }
}

fn batch(count: usize, length: usize, spread: usize, rounds: usize) {
    let signer = workload::signer();
    let bodies = workload::bodies(count, length, spread);
    let requests: Vec<_> = bodies.iter().map(|body| workload::request(body)).collect();
    let requests = &requests;
    let bodies = &bodies;
    let mut rivals = vec![
        Rival::new("naive", || {
            for body in bodies {
                black_box(rivals::naive_of(black_box(body)));
            }
        }),
        Rival::new("streaming", || {
            for body in bodies {
                black_box(rivals::streaming_of(black_box(body)));
            }
        }),
        Rival::new("one by one", || {
            for request in requests {
                black_box(signer.sign(black_box(request)));
            }
        }),
    ];
    let mut signatures = vec![Signature::UNSET; count];
    let s = &signer;
    rivals.push(Rival::new("batch", move || {
        let _ = s.sign_batch(black_box(requests), &mut signatures);
        signatures[0]
    }));
    for lanes in [
        Lanes::Plain8,
        Lanes::Avx2x8,
        Lanes::Avx2x16,
        Lanes::Avx512x32,
    ] {
        let mut signatures = vec![Signature::UNSET; count];
        if lanes.is_available() {
            let name = lanes.to_string().leak();
            rivals.push(Rival::new(name, move || {
                let _ = s.sign_batch_in(lanes, black_box(requests), &mut signatures);
                signatures[0]
            }));
        }
    }
    let medians = race(rivals, rounds, 2_000);
    println!("{count} x {length} +- {spread}");
    for (name, nanos) in medians.iter() {
        let over = |rival| medians.ratio(rival, name).unwrap_or(f64::NAN);
        println!(
            "   {name:<12} {:>8.1} ns each  naive {:>5.1} x  streaming {:>5.1} x  one by one {:>5.1} x",
            nanos / count as f64,
            over("naive"),
            over("streaming"),
            over("one by one")
        );
    }
}

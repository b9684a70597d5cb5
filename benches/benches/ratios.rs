//! Ratios of rivals timed in turn: what `cargo bench` prints last.

#![expect(clippy::print_stdout, reason = "a table for people")]

use std::hint::black_box;

use nxcloud_benches::ratio::{Rival, race};
use nxcloud_benches::{rivals, workload};

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
}

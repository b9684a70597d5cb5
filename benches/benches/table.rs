//! The table of goals: measures alternatives in turn and compares their ratios with the goals.
//!
//! `--check` makes the run short. The run then fails if a ratio misses its goal by more than a third.

#![expect(clippy::print_stdout, reason = "a bench prints its results")]

use std::fs;
use std::hint::black_box;
use std::process::ExitCode;

use nxcloud_benches::ratio::{Candidate, Times, measure_in_turn};
use nxcloud_benches::report::{criterion_folder, goals_file};
use nxcloud_benches::{baselines, workload};
use nxcloud_signing::{Lanes, Signature};

/// The goal for a ratio.
#[derive(Clone, Copy)]
enum Goal {
    AtMost(f64),
    AtLeast(f64),
}

/// Prints the lines of the table and records whether a goal was missed by more than a third.
struct Table {
    rounds: usize,
    missed: bool,
    /// The same lines, as rows of a Markdown table.
    rows: String,
}

fn main() -> ExitCode {
    let has = |flag| std::env::args().any(|arg| arg == flag);
    // Without `--bench`, `cargo test` runs the program: one round is enough.
    let rounds = if !has("--bench") {
        1
    } else if has("--check") {
        40
    } else {
        150
    };
    let mut table = Table {
        rounds,
        missed: false,
        rows: String::new(),
    };
    println!(
        "{:<58} {:>10} {:>10} {:>7}  goal",
        "figure", "first, ns", "second, ns", "ratio"
    );
    table.single();
    table.antbuddy();
    let (batch, mixed, long) = match best() {
        Lanes::Avx512x32 => (12.0, 11.0, 11.0),
        Lanes::Avx2x16 => (10.0, 9.0, 8.0),
        _ => (6.0, 5.5, 5.0),
    };
    for count in [64, 1_024] {
        table.batch(count, 172, 0, batch, 6.0);
        table.batch(count, 172, 72, mixed, 5.5);
    }
    table.batch(1_024, 1_500, 0, long, 5.0);
    table.batch_of_16();
    table.batch_of_one();
    if has("--bench") && !has("--check") {
        let folder = criterion_folder();
        let written =
            fs::create_dir_all(&folder).and_then(|()| fs::write(goals_file(&folder), &table.rows));
        if let Err(error) = written {
            println!("the lines for the report were not written: {error}");
        }
    }
    if has("--check") && table.missed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

fn best() -> Lanes {
    let widest = [Lanes::Avx512x32, Lanes::Avx2x16]
        .into_iter()
        .find(|lanes| lanes.is_available());
    widest.unwrap_or(Lanes::Plain8)
}

impl Table {
    fn line(&mut self, figure: &str, times: &Times, first: &str, second: &str, goal: Goal) {
        let (Some(first), Some(second)) = (times.nanos(first), times.nanos(second)) else {
            return;
        };
        let ratio = first / second;
        let (missed, goal) = match goal {
            Goal::AtMost(most) => (ratio > most * 4.0 / 3.0, format!("at most {most:.2}")),
            Goal::AtLeast(least) => (ratio < least * 2.0 / 3.0, format!("at least {least:.1}")),
        };
        self.missed |= missed;
        let remark = if missed {
            ", MISSED BY MORE THAN A THIRD"
        } else {
            ""
        };
        self.rows += &format!("| {figure} | {first:.0} | {second:.0} | {ratio:.2} | {goal} |\n");
        println!("{figure:<58} {first:>10.0} {second:>10.0} {ratio:>7.2}  {goal}{remark}");
    }

    fn single(&mut self) {
        let signer = workload::signer();
        let body = workload::body(172);
        let text = workload::string_to_sign(&body);
        let request = workload::request(&body);
        let candidates = vec![
            Candidate::new("single", || signer.sign(black_box(&request))),
            Candidate::new("bare", || baselines::bare_md5(black_box(text.as_bytes()))),
            #[cfg(feature = "openssl")]
            Candidate::new("openssl", || {
                baselines::openssl_md5(black_box(text.as_bytes()))
            }),
            Candidate::new("naive", || baselines::naive_of(black_box(&body))),
        ];
        let times = measure_in_turn(candidates, self.rounds, 1_000);
        self.line(
            "single / bare md-5, 172 bytes",
            &times,
            "single",
            "bare",
            Goal::AtMost(0.85),
        );
        self.line(
            "single / OpenSSL's MD5()",
            &times,
            "single",
            "openssl",
            Goal::AtMost(1.10),
        );
        self.line(
            "naive / single",
            &times,
            "naive",
            "single",
            Goal::AtLeast(1.7),
        );
    }

    fn antbuddy(&mut self) {
        let signer = workload::antbuddy_signer();
        let text = workload::body(400);
        for length in [67, 172] {
            // Three values, like the operations for call histories.
            let value = &text[..length - workload::SECRET.len()];
            let values = [&value[..13], &value[13..30], &value[30..]];
            let joined = format!("{value}{}", workload::SECRET);
            let candidates = vec![
                Candidate::new("single", || signer.sign(black_box(&values))),
                Candidate::new("bare", || {
                    baselines::bare_sha256(black_box(joined.as_bytes()))
                }),
            ];
            let times = measure_in_turn(candidates, self.rounds, 1_000);
            let figure = format!("AntBuddy single / bare sha2, {length} bytes");
            self.line(&figure, &times, "single", "bare", Goal::AtMost(1.15));
        }
    }

    /// Measures all candidates with a batch.
    fn measure(&self, count: usize, length: usize, spread: usize) -> Times {
        let signer = &workload::signer();
        let bodies = &workload::bodies(count, length, spread);
        let requests: &Vec<_> = &bodies.iter().map(|body| workload::request(body)).collect();
        let buffer = || vec![Signature::UNSET; count];
        let (mut automatic, mut plain) = (buffer(), buffer());
        let candidates = vec![
            Candidate::new("naive", || {
                bodies
                    .iter()
                    .for_each(|body| drop(black_box(baselines::naive_of(black_box(body)))));
            }),
            Candidate::new("streaming", || {
                for body in bodies {
                    black_box(baselines::streaming_of(black_box(body)));
                }
            }),
            Candidate::new("one by one", || {
                for request in requests {
                    black_box(signer.sign(black_box(request)));
                }
            }),
            Candidate::new("batch", || {
                signer.sign_batch(black_box(requests), black_box(&mut automatic))
            }),
            Candidate::new("plain", || {
                signer.sign_batch_in(Lanes::Plain8, black_box(requests), black_box(&mut plain))
            }),
        ];
        measure_in_turn(candidates, self.rounds, 400)
    }

    fn batch(
        &mut self,
        count: usize,
        length: usize,
        spread: usize,
        best_goal: f64,
        plain_goal: f64,
    ) {
        let times = self.measure(count, length, spread);
        let figure = format!("naive / batch of {count}, {length} ± {spread} bytes");
        self.line(
            &format!("{figure}, {}", best()),
            &times,
            "naive",
            "batch",
            Goal::AtLeast(best_goal),
        );
        self.line(
            &format!("{figure}, {}", Lanes::Plain8),
            &times,
            "naive",
            "plain",
            Goal::AtLeast(plain_goal),
        );
    }

    fn batch_of_16(&mut self) {
        let times = self.measure(16, 172, 0);
        self.line(
            "streaming / batch of 16, 172 bytes",
            &times,
            "streaming",
            "batch",
            Goal::AtLeast(6.0),
        );
    }

    fn batch_of_one(&mut self) {
        let times = self.measure(1, 172, 0);
        self.line(
            "batch of 1 / single, 172 bytes",
            &times,
            "batch",
            "one by one",
            Goal::AtMost(1.05),
        );
    }
}

//! Compares the signatures of every available lane width with the signatures of the `md-5` crate. `.ci/avx512` builds and runs it.
//!
//! As process 1 (`/init` of the initramfs in the emulator) it runs the programs of the initramfs one after the other, then powers the machine
//! off. As any other process it compares signatures.

use std::arch::x86_64::{__cpuid, __cpuid_count, _xgetbv};
use std::process::{Command, ExitCode};

use md5::{Digest, Md5};
use nxcloud_signing::{
    AccessKey, Action, BizType, Body, Lanes, Mismatch, Request, Secret, Signature, Signer,
    Timestamp,
};

const KEY: &str = "key";
const SECRET: &str = "s3cret";

/// The programs of the initramfs.
const PROGRAMS: [&str; 3] = ["/check", "/control-compress", "/control-hex"];

fn main() -> ExitCode {
    if std::process::id() == 1 {
        init()
    } else {
        finish(compare())
    }
}

fn init() -> ! {
    // Prints only urgent messages of the kernel; others would mix with the output.
    // SAFETY: this action takes no buffer.
    unsafe { libc::klogctl(8, std::ptr::null_mut(), 1) };
    for program in PROGRAMS {
        println!("== begin {program}");
        match Command::new(program).status() {
            Ok(status) => println!("== end {program}: {status}"),
            Err(error) => println!("== end {program}: {error}"),
        }
    }
    println!("== done");
    // The serial port needs time to send its buffer.
    std::thread::sleep(std::time::Duration::from_millis(500));
    loop {
        // SAFETY: no pointers.
        unsafe { libc::reboot(libc::RB_POWER_OFF) };
        std::thread::park();
    }
}

fn finish(ok: bool) -> ExitCode {
    println!("RESULT {}", if ok { "ok" } else { "bad" });
    if ok {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

#[target_feature(enable = "xsave")]
fn xcr0() -> u64 {
    // SAFETY: register 0 exists wherever `xgetbv` does.
    unsafe { _xgetbv(0) }
}

fn print_cpu() {
    let text = |leaf| {
        let r = __cpuid(leaf);
        [r.eax, r.ebx, r.ecx, r.edx]
            .iter()
            .flat_map(|register| register.to_le_bytes())
            .map(char::from)
            .filter(|c| *c != '\0')
            .collect::<String>()
    };
    let name: String = (0x8000_0002..=0x8000_0004).map(text).collect();
    println!("cpu: {}", name.trim());
    let leaf = __cpuid_count(7, 0);
    println!(
        "cpuid(7).ebx: {:#010x} (avx2 {}, avx512f {}, avx512dq {}, avx512bw {}, avx512vl {})",
        leaf.ebx,
        leaf.ebx >> 5 & 1,
        leaf.ebx >> 16 & 1,
        leaf.ebx >> 17 & 1,
        leaf.ebx >> 30 & 1,
        leaf.ebx >> 31 & 1,
    );
    if __cpuid(1).ecx >> 27 & 1 == 1 {
        // SAFETY: this bit is set if the operating system has turned `xsave` on.
        let xcr0 = unsafe { xcr0() };
        println!(
            "xcr0: {xcr0:#x} (AVX-512 state {})",
            if xcr0 & 0xe6 == 0xe6 { "on" } else { "off" }
        );
    }
}

/// Pseudo-random numbers, the same in every run.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize
    }

    fn body(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }
}

/// A request. Each has a different timestamp, so that all messages differ, even without a body.
struct Case {
    ts: u64,
    body: Option<Vec<u8>>,
}

impl Case {
    fn request(&self) -> Request<'_> {
        Request {
            action: Action::from_static("send"),
            biz_type: BizType::from_static("3"),
            ts: Timestamp::from_millis(self.ts),
            body: self.body.as_deref().map_or(Body::Unsigned, Body::Signed),
        }
    }

    /// The documented algorithm with another implementation of MD5.
    fn expected(&self) -> String {
        let mut raw = format!("accessKey={KEY}&action=send&bizType=3&ts={}", self.ts).into_bytes();
        if let Some(body) = self.body.as_ref().filter(|body| !body.is_empty()) {
            raw.extend(b"&body=");
            raw.extend(body);
        }
        raw.extend(format!("&accessSecret={SECRET}").bytes());
        hex::encode(Md5::digest(raw))
    }
}

/// All batches, in named groups.
fn batches() -> Vec<(&'static str, Vec<Vec<Case>>)> {
    let mut noise = Noise(1);
    let mut ts = 1_655_710_885_431;
    let mut case = |body| {
        ts += 1;
        Case { ts, body }
    };

    // 1 to 70 requests, lengths in steps of 7 from 0 to 400: the lengths of neighbours are similar.
    let mut length = 0;
    let swept = (1..=70).map(|count| {
        let cases = (0..count).map(|_| {
            length = (length + 7) % 401;
            case(Some(noise.body(length)))
        });
        cases.collect()
    });
    let swept: Vec<_> = swept.collect();

    // 1 to 70 requests, random lengths, some without a body and some with an empty one.
    let mut mixed = vec![];
    for longest in [40, 200, 400, 400, 1_200] {
        for count in 1..=70 {
            let cases = (0..count).map(|_| match noise.next() % 11 {
                0 => case(None),
                1 => case(Some(vec![])),
                _ => {
                    let length = noise.next() % (longest + 1);
                    case(Some(noise.body(length)))
                }
            });
            mixed.push(cases.collect());
        }
    }

    // All of the same length: every lane has the same number of blocks.
    let equal: Vec<_> = (0..=400)
        .step_by(5)
        .map(|length| (0..33).map(|_| case(Some(noise.body(length)))).collect())
        .collect();

    // Every length from 0 to 1,000, 61 in a batch: the lengths are spread over several lanes and rows.
    let lengths: Vec<_> = (0..=1_000).collect();
    let every: Vec<_> = lengths
        .chunks(61)
        .map(|lengths| {
            lengths
                .iter()
                .map(|length| case(Some(noise.body(*length))))
                .collect()
        })
        .collect();

    // A long request at each of the 32 places among short ones, and a batch of more than the 256 requests of a window.
    let mut long: Vec<Vec<Case>> = (0..32)
        .map(|place| {
            let cases = (0..32).map(|i| {
                let length = if i == place { 3_000 + place } else { i };
                case(Some(noise.body(length)))
            });
            cases.collect()
        })
        .collect();
    long.push((0..600).map(|i| case(Some(noise.body(i % 90)))).collect());

    vec![
        ("1..=70 requests, lengths swept 0..=400", swept),
        ("1..=70 requests, lengths mixed, unsigned, empty", mixed),
        ("33 requests of one length, 0..=400", equal),
        ("every length 0..=1000, 61 a batch", every),
        ("one long among 32, and a batch of 600", long),
    ]
}

/// The result of a method of signing.
struct Tally {
    compared: usize,
    wrong: usize,
    /// A digest of all signatures, to compare with another machine.
    fingerprint: Md5,
}

impl Tally {
    fn new() -> Self {
        Self {
            compared: 0,
            wrong: 0,
            fingerprint: Md5::new(),
        }
    }

    fn add(&mut self, name: &str, signatures: &[Signature], expected: &[String]) {
        let requests = expected.len();
        for (i, (signature, expected)) in signatures.iter().zip(expected).enumerate() {
            let signature = signature.to_string();
            self.compared += 1;
            self.fingerprint.update(&signature);
            if signature != *expected {
                self.wrong += 1;
                if self.wrong <= 3 {
                    println!("  {name}: place {i} of {requests}: {signature}, not {expected}");
                }
            }
        }
    }

    fn print(self, name: &str) -> bool {
        println!(
            "{name:14} {:6} comparisons, {:6} mismatches, fingerprint {}",
            self.compared,
            self.wrong,
            hex::encode(self.fingerprint.finalize())
        );
        self.wrong == 0 && self.compared > 0
    }
}

fn compare() -> bool {
    print_cpu();
    for &lanes in Lanes::ALL {
        println!(
            "{:14} available {}",
            lanes.to_string(),
            lanes.is_available()
        );
    }
    // Checks the other implementation with RFC 1321, A.5.
    let reference_ok =
        hex::encode(Md5::digest("message digest")) == "f96b697d7cb7938d525a2f31aaf161d0";
    println!("md-5 crate against RFC 1321: {reference_ok}");

    let batches = batches();
    let batches: Vec<(&str, &Vec<Case>, Vec<String>)> = batches
        .iter()
        .flat_map(|(name, batches)| batches.iter().map(move |batch| (*name, batch)))
        .map(|(name, batch)| (name, batch, batch.iter().map(Case::expected).collect()))
        .collect();
    let mut names: Vec<(&str, usize, usize)> = vec![];
    for (name, batch, _) in &batches {
        match names.last_mut() {
            Some(last) if last.0 == *name => {
                last.1 += 1;
                last.2 += batch.len();
            }
            _ => names.push((name, 1, batch.len())),
        }
    }
    for (name, count, requests) in names {
        println!("{count:4} batches, {requests:6} requests: {name}");
    }

    let signer = Signer::new(
        AccessKey::new(KEY).expect("a key"),
        Secret::new(SECRET).expect("a secret"),
    );
    let mut ok = reference_ok;
    for &lanes in Lanes::ALL {
        if !lanes.is_available() {
            continue;
        }
        let mut tally = Tally::new();
        for (name, batch, expected) in &batches {
            let requests: Vec<_> = batch.iter().map(Case::request).collect();
            let mut signatures = vec![Signature::UNSET; batch.len()];
            signer
                .sign_batch_in(lanes, &requests, &mut signatures)
                .expect("the lanes are available");
            tally.add(name, &signatures, expected);
        }
        ok &= tally.print(&lanes.to_string());
    }

    // The functions for users, which choose the lanes for each group.
    let (mut signed, mut refused, mut accepted) = (Tally::new(), 0, 0);
    for (name, batch, expected) in &batches {
        let requests: Vec<_> = batch.iter().map(Case::request).collect();
        let mut signatures = vec![Signature::UNSET; batch.len()];
        signer
            .sign_batch(&requests, &mut signatures)
            .expect("the slices have the same length");
        signed.add(name, &signatures, expected);

        let claims: Vec<_> = expected.iter().map(String::as_str).collect();
        let mut verdicts = vec![Err(Mismatch); batch.len()];
        signer
            .verify_batch(&requests, &claims, &mut verdicts)
            .expect("the slices have the same length");
        refused += verdicts.iter().filter(|verdict| verdict.is_err()).count();
        // Shifted by one place, every claim belongs to another request.
        if claims.len() > 1 {
            let mut shifted = claims.clone();
            shifted.rotate_left(1);
            verdicts.fill(Ok(()));
            signer
                .verify_batch(&requests, &shifted, &mut verdicts)
                .expect("the slices have the same length");
            accepted += verdicts.iter().filter(|verdict| verdict.is_ok()).count();
        }
    }
    ok &= signed.print("sign_batch");
    println!("verify_batch   {refused} valid claims refused, {accepted} invalid claims accepted");
    ok && refused == 0 && accepted == 0
}

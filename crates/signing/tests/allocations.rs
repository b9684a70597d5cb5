//! Signing and verifying do not allocate, and secrets are wiped before their memory is freed. The global allocator of this test binary checks both.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use nxcloud_signing::{
    AccessKey, Action, BizType, Body, Request, Secret, Signature, Signer, Timestamp, antbuddy,
};

/// A size that nothing else in this binary allocates.
const WATCHED: usize = 4_099;

struct Counting;

thread_local! {
    // Per thread, because the test harness allocates on other threads.
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    // How many blocks of the watched size were freed, and how many of them were not all zeros.
    static FREED: Cell<usize> = const { Cell::new(0) };
    static DIRTY: Cell<usize> = const { Cell::new(0) };
}

#[expect(unsafe_code, reason = "a global allocator needs it")]
// SAFETY: every call is forwarded unchanged to the system allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's obligations are those of the system allocator.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if layout.size() == WATCHED {
            // SAFETY: the block is still allocated, and every watched block was written in full.
            let block = unsafe { std::slice::from_raw_parts(pointer, WATCHED) };
            let dirty = usize::from(block.iter().any(|byte| *byte != 0));
            FREED.with(|count| count.set(count.get() + 1));
            DIRTY.with(|count| count.set(count.get() + dirty));
        }
        // SAFETY: the caller's obligations are those of the system allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(work: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.with(Cell::get);
    work();
    ALLOCATIONS.with(Cell::get) - before
}

fn signer() -> Signer {
    Signer::new(
        AccessKey::new("key").unwrap(),
        Secret::new("secret").unwrap(),
    )
}

fn request(body: Body<'_>) -> Request<'_> {
    Request {
        action: Action::from_static("send"),
        biz_type: BizType::from_static("3"),
        ts: Timestamp::from_millis(1_655_710_885_431),
        body,
    }
}

#[test]
fn the_counter_sees_an_allocation() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(1)))), 1);
}

#[test]
fn signing_and_verifying_a_body_of_any_size_allocates_nothing() {
    let signer = signer();
    for length in [0, 1, 63, 64, 172, 500, 512, 1_500, 65_536] {
        let body = vec![b'x'; length];
        let request = request(Body::Signed(&body));
        let count = allocations(|| {
            let signature = signer.sign(&request);
            assert_eq!(signer.verify(&request, signature.as_str()), Ok(()));
            assert!(signer.verify(&request, "no").is_err());
        });
        assert_eq!(count, 0, "{length}");
    }
    let count = allocations(|| {
        std::hint::black_box(signer.sign(&request(Body::Unsigned)));
    });
    assert_eq!(count, 0);
}

#[test]
fn antbuddy_signing_and_verifying_allocate_nothing() {
    let app_id = antbuddy::AppId::new("6544646543674").unwrap();
    let signer = antbuddy::Signer::new(app_id, Secret::new("123456").unwrap());
    let long = "x".repeat(5_000);
    let count = allocations(|| {
        let hash = signer.sign(&["6544646543674", &long]);
        assert_eq!(
            signer.verify(&["6544646543674", &long], hash.as_str()),
            Ok(())
        );
        assert!(signer.verify(&["6544646543674"], hash.as_str()).is_err());
        std::hint::black_box(signer.sign_app_id());
    });
    assert_eq!(count, 0);
}

#[test]
fn a_secret_is_wiped_before_its_memory_is_freed() {
    let counts = || (FREED.with(Cell::get), DIRTY.with(Cell::get));
    drop("s".repeat(WATCHED));
    assert_eq!(
        counts(),
        (1, 1),
        "the allocator sees the content of an ordinary string"
    );

    let secret = Secret::new("s".repeat(WATCHED)).unwrap();
    let signer = Signer::new(AccessKey::new("key").unwrap(), secret.clone());
    drop(signer.clone());
    drop(signer);
    drop(secret);
    assert_eq!(counts(), (4, 1));
}

#[test]
fn signing_and_verifying_a_batch_allocate_nothing() {
    let signer = signer();
    let bodies: Vec<_> = (0..300).map(|n| vec![b'x'; n * n % 3_001]).collect();
    let requests: Vec<_> = bodies
        .iter()
        .map(|body| request(Body::Signed(body)))
        .collect();
    let mut signatures = vec![Signature::UNSET; 300];
    let claims = vec!["no"; 300];
    let mut verdicts = vec![Ok(()); 300];
    for count in [0, 1, 2, 16, 64, 300] {
        let count = allocations(|| {
            signer
                .sign_batch(&requests[..count], &mut signatures)
                .unwrap();
            signer
                .verify_batch(&requests[..count], &claims[..count], &mut verdicts)
                .unwrap();
        });
        assert_eq!(count, 0);
    }
}

use std::collections::HashMap;
use std::sync::Arc;

use tokio::time::{advance, sleep_until};

use super::*;
use crate::policy::rate_limit::Limits;
use crate::{ErrorKind, RateLimit};

const MINUTE: Duration = Duration::from_secs(60);
const MILLI: Duration = Duration::from_millis(1);

fn sleep() -> Sleep {
    Arc::new(|time| Box::pin(tokio::time::sleep(time)))
}

fn bucket(limit: RateLimit) -> Arc<Bucket> {
    let limits = Limits::new(Some(limit), HashMap::new()).unwrap();
    limits.bucket("sms").unwrap()
}

/// Starts a waiting caller. Returns when it was let through, in milliseconds since the bucket was created.
fn caller(bucket: &Arc<Bucket>) -> tokio::task::JoinHandle<u128> {
    let bucket = Arc::clone(bucket);
    tokio::spawn(async move {
        bucket.take(None, None, &sleep()).await.unwrap();
        bucket.now().as_millis()
    })
}

/// Lets every task run until it waits.
async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_burst_passes_and_the_rest_waits() {
    let bucket = bucket(RateLimit::per_second(10).burst(3));
    let start = Instant::now();
    let mut passed = Vec::new();
    for _ in 0..6 {
        bucket.take(None, None, &sleep()).await.unwrap();
        passed.push(start.elapsed().as_millis());
    }
    assert_eq!(passed[..3], [0, 0, 0], "the burst");
    // The timer has a granularity of a millisecond.
    for (at, expected) in passed[3..].iter().zip([100, 200, 300]) {
        assert!((expected..=expected + 3).contains(at), "{passed:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn waiting_callers_are_served_in_order() {
    let bucket = bucket(RateLimit::per_second(10).burst(1));
    let order = Arc::new(Mutex::new(Vec::new()));
    let tasks = (0..5).map(|number| {
        let (bucket, order) = (Arc::clone(&bucket), Arc::clone(&order));
        tokio::spawn(async move {
            bucket.take(None, None, &sleep()).await.unwrap();
            order.lock().unwrap().push(number);
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_call_says_how_long_to_wait() {
    let bucket = bucket(RateLimit::per_second(10).burst(1).failing());
    bucket.take(None, None, &sleep()).await.unwrap();
    let error = bucket.take(None, None, &sleep()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled);
    assert_eq!(error.retry_after(), Some(Duration::from_millis(100)));
    let waiting = Some(OnLimit::Wait);
    bucket.take(waiting, None, &sleep()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_beyond_the_deadline() {
    let bucket = bucket(RateLimit::per_second(1).burst(1));
    bucket.take(None, None, &sleep()).await.unwrap();
    let start = Instant::now();
    let soon = Some(start + Duration::from_millis(500));
    let error = bucket.take(None, soon, &sleep()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled);
    assert_eq!(start.elapsed(), Duration::ZERO, "it fails at once");

    // The deadline also counts behind another waiting caller.
    let first = tokio::spawn({
        let bucket = Arc::clone(&bucket);
        async move { bucket.take(None, None, &sleep()).await }
    });
    tokio::task::yield_now().await;
    let error = bucket.take(None, soon, &sleep()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled);
    first.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn too_fast_replies_pause_the_service() {
    let bucket = bucket(RateLimit::per_second(1_000).failing());
    bucket.pause(None, MINUTE);
    bucket.pause(Some(Duration::from_millis(10)), MINUTE);
    let error = bucket.take(None, None, &sleep()).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(PAUSE), "the longer one counts");
    tokio::time::advance(PAUSE).await;
    bucket.take(None, None, &sleep()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn no_pause_is_longer_than_the_policy_allows() {
    for absurd in [Duration::from_secs(315_360_000), Duration::MAX] {
        let bucket = bucket(RateLimit::per_second(1_000).failing());
        bucket.pause(Some(absurd), MINUTE);
        let error = bucket.take(None, None, &sleep()).await.unwrap_err();
        assert_eq!(error.retry_after(), Some(MINUTE));
        tokio::time::advance(MINUTE).await;
        bucket.take(None, None, &sleep()).await.unwrap();
    }
    // The default pause is bounded, too.
    let bucket = bucket(RateLimit::per_second(1_000).failing());
    bucket.pause(None, Duration::ZERO);
    bucket.take(None, None, &sleep()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn cancelled_callers_leave_the_queue_in_any_order() {
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]] {
        let bucket = bucket(RateLimit::per_second(1).burst(1));
        assert_eq!(caller(&bucket).await.unwrap(), 0);
        let waiting = [0; 4].map(|_| caller(&bucket));
        settle().await;
        for at in order {
            waiting[at].abort();
            settle().await;
        }
        // The caller gets the second slot: the four cancelled slots are free again.
        let at = caller(&bucket).await.unwrap();
        assert!((1_000..1_010).contains(&at), "{at}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_caller_changes_no_other_slot() {
    let bucket = bucket(RateLimit::per_second(10).burst(1));
    let mut callers: Vec<_> = (0..5).map(|_| caller(&bucket)).collect();
    settle().await;
    callers.remove(2).abort();
    settle().await;
    callers.push(caller(&bucket));
    let mut passed = Vec::new();
    for caller in callers {
        passed.push(caller.await.unwrap());
    }
    for (at, expected) in passed.iter().zip([0, 100, 300, 400, 500]) {
        assert!((expected..=expected + 3).contains(at), "{passed:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_timer_does_not_lower_the_rate() {
    // Each sleep is 1.5 ms late, as tokio's timer may be, at an interval of 2 ms.
    let late: Sleep = Arc::new(|time| {
        let until = Instant::now() + time + MILLI * 3 / 2;
        Box::pin(sleep_until(until))
    });
    let bucket = bucket(RateLimit::per_second(500).burst(1));
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let (bucket, late) = (Arc::clone(&bucket), Arc::clone(&late));
            tokio::spawn(async move {
                for _ in 0..50 {
                    bucket.take(None, None, &late).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    // 3,199 intervals of 2 ms.
    let elapsed = bucket.now();
    assert!(
        elapsed >= MILLI * 6_398 && elapsed < MILLI * 6_410,
        "{elapsed:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn callers_that_were_suspended_do_not_proceed_all_at_once() {
    let bucket = bucket(RateLimit::per_second(100).burst(1));
    let callers: Vec<_> = (0..60).map(|_| caller(&bucket)).collect();
    settle().await;
    // Nothing runs for the duration of 40 slots.
    advance(MILLI * 400).await;
    let mut passed = Vec::new();
    for caller in callers {
        passed.push(caller.await.unwrap());
    }
    assert!(passed.is_sorted(), "{passed:?}");
    for window in passed.windows(11) {
        let within = window[10] - window[0];
        assert!(within >= 89, "11 attempts within {within} ms: {passed:?}");
    }
    assert!(*passed.last().unwrap() <= 600 + 400, "{passed:?}");
}

#[tokio::test(start_paused = true)]
async fn a_pause_keeps_the_order_and_ends_without_a_burst() {
    let bucket = bucket(RateLimit::per_second(10).burst(1));
    let mut callers: Vec<_> = (0..5).map(|_| caller(&bucket)).collect();
    settle().await;
    bucket.pause(Some(Duration::from_secs(2)), MINUTE);
    callers.extend((0..3).map(|_| caller(&bucket)));
    let mut passed = Vec::new();
    for caller in callers {
        passed.push(caller.await.unwrap());
    }
    let expected = [0, 2_000, 2_100, 2_200, 2_300, 2_400, 2_500, 2_600];
    for (at, expected) in passed.iter().zip(expected) {
        assert!((expected..=expected + 5).contains(at), "{passed:?}");
    }
    assert!(passed.is_sorted(), "{passed:?}");
}

#[tokio::test(start_paused = true)]
async fn a_pause_beyond_a_waiting_callers_deadline_fails_that_caller() {
    let bucket = bucket(RateLimit::per_second(10).burst(1));
    bucket.take(None, None, &sleep()).await.unwrap();
    let deadline = Some(Instant::now() + Duration::from_secs(1));
    let waiting = tokio::spawn({
        let bucket = Arc::clone(&bucket);
        async move { bucket.take(None, deadline, &sleep()).await }
    });
    settle().await;
    bucket.pause(Some(Duration::from_secs(30)), MINUTE);
    let error = waiting.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled);
    assert!(error.retry_after().unwrap() > Duration::from_secs(29));
    assert!(bucket.now() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_sleep_that_takes_no_time_ends_the_wait() {
    let bucket = bucket(RateLimit::per_second(1).burst(1));
    let none: Sleep = Arc::new(|_| Box::pin(std::future::ready(())));
    for _ in 0..10 {
        bucket.take(None, None, &none).await.unwrap();
    }
    assert_eq!(bucket.now(), Duration::ZERO);
}

/// After a pause, waiting callers proceed at the limited rate. Cancelled ones leave no gap.
#[tokio::test(start_paused = true)]
async fn a_caller_cancelled_after_a_pause_keeps_no_slot() {
    let bucket = bucket(RateLimit::per_second(10).burst(1));
    bucket.pause(Some(PAUSE), MINUTE);
    let callers: Vec<_> = (0..100).map(|_| caller(&bucket)).collect();
    settle().await;
    bucket.pause(Some(MINUTE), MINUTE);
    // Each of them has taken its position among the attempts.
    advance(MINUTE / 2).await;
    settle().await;
    for caller in &callers {
        caller.abort();
    }
    settle().await;
    let at = caller(&bucket).await.unwrap();
    assert!((60_000..60_005).contains(&at), "{at}");
}

use super::*;
use crate::ErrorKind;

const MINUTE: Duration = Duration::from_secs(60);

fn sleep() -> Sleep {
    Arc::new(|time| Box::pin(tokio::time::sleep(time)))
}

fn bucket(limit: RateLimit) -> Arc<Bucket> {
    Limits::new(Some(limit), HashMap::new())
        .bucket("sms")
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_burst_passes_and_the_rest_waits_its_turn() {
    let bucket = bucket(RateLimit::per_second(10).burst(3));
    let begin = Instant::now();
    let mut passed = Vec::new();
    for _ in 0..6 {
        bucket.take(None, None, &sleep()).await.unwrap();
        passed.push(begin.elapsed().as_millis());
    }
    assert_eq!(passed[..3], [0, 0, 0], "the burst");
    // The timer has a granularity of a millisecond.
    for (at, expected) in passed[3..].iter().zip([100, 200, 300]) {
        assert!((expected..=expected + 3).contains(at), "{passed:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_are_served_in_order() {
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
async fn failing_says_how_long_to_wait() {
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
    let begin = Instant::now();
    let soon = Some(begin + Duration::from_millis(500));
    let error = bucket.take(None, soon, &sleep()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled);
    assert_eq!(begin.elapsed(), Duration::ZERO, "it fails at once");

    // In line behind one who waits, the deadline counts too.
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
async fn one_who_gives_up_waiting_leaves_the_line() {
    let bucket = bucket(RateLimit::per_second(1).burst(1));
    bucket.take(None, None, &sleep()).await.unwrap();
    let sleep = sleep();
    let waiting = bucket.take(None, None, &sleep);
    tokio::time::timeout(Duration::from_millis(10), waiting)
        .await
        .unwrap_err();
    assert_eq!(bucket.line.available_permits(), 1);
    bucket.take(None, None, &sleep).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_word_of_the_platform_pauses_the_service() {
    let bucket = bucket(RateLimit::per_second(1_000).failing());
    bucket.pause(None, MINUTE);
    bucket.pause(Some(Duration::from_millis(10)), MINUTE);
    let error = bucket.take(None, None, &sleep()).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(PAUSE), "the longer one counts");
    tokio::time::advance(PAUSE).await;
    bucket.take(None, None, &sleep()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn no_pause_is_longer_than_the_policy_waits() {
    for absurd in [Duration::from_secs(315_360_000), Duration::MAX] {
        let bucket = bucket(RateLimit::per_second(1_000).failing());
        bucket.pause(Some(absurd), MINUTE);
        let error = bucket.take(None, None, &sleep()).await.unwrap_err();
        assert_eq!(error.retry_after(), Some(MINUTE));
        tokio::time::advance(MINUTE).await;
        bucket.take(None, None, &sleep()).await.unwrap();
    }
    // The pause of a reply that names none is bounded too.
    let bucket = bucket(RateLimit::per_second(1_000).failing());
    bucket.pause(None, Duration::ZERO);
    bucket.take(None, None, &sleep()).await.unwrap();
}

#[test]
fn services_have_their_own_limits_and_none_by_default() {
    let none = Limits::new(None, HashMap::new());
    assert!(none.bucket("sms").is_none());
    let special = HashMap::from([("sms".to_owned(), RateLimit::per_second(1))]);
    let limits = Limits::new(None, special);
    assert!(limits.bucket("viber").is_none());
    let (one, other) = (limits.bucket("sms").unwrap(), limits.bucket("sms").unwrap());
    assert!(Arc::ptr_eq(&one, &other));
    assert!(RateLimit::per_second(0).check().is_err());
    assert!(RateLimit::per_second(1).burst(0).check().is_err());
}

//! The statements of `docs/failures.md`, except for those that the matrix shows.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nxcloud::antbuddy::{self, ClickToCall, ListCallHistories};
use nxcloud::sms::{self, SendSms};
use nxcloud::{
    AppKey, CallOptions, CodeKind, Credentials, ErrorKind, Outcome, RateLimit, RetryBudget,
    RetryPolicy, Session,
};
use nxcloud_sandbox::{APP_ID, APP_SECRET, Fault, Mix, Sandbox};
use testing::{ClosedPort, in_time};

use crate::capture;
use crate::support::{
    ID, KEY, Operation, PHONE, SECRET, TEXT, counting, hasty, sandbox, shifted_sandbox,
};

/// The pauses between the attempts of a session.
type Pauses = Arc<Mutex<Vec<Duration>>>;

fn recording(url: &str) -> (nxcloud::SessionBuilder, Pauses) {
    let pauses = Pauses::default();
    let log = Arc::clone(&pauses);
    let builder = hasty(url).sleep(move |pause| {
        log.lock().unwrap().push(pause);
        async {}
    });
    (builder, pauses)
}

#[tokio::test]
async fn a_call_makes_at_most_three_attempts_each_with_a_new_signature() {
    let sandbox = sandbox().await;
    let tick = Arc::new(Mutex::new(std::time::SystemTime::now()));
    let session = hasty(sandbox.url())
        .learn_clock(false)
        .clock(move || {
            let mut tick = tick.lock().unwrap();
            *tick += Duration::from_millis(7);
            *tick
        })
        .build()
        .unwrap();
    sandbox
        .faults()
        .mix(Mix::new(1).with(1.0, Fault::Malformed));
    let error = Operation::Read
        .call(&session, CallOptions::new())
        .await
        .unwrap_err();
    assert_eq!(error.attempts(), 3);
    let requests = sandbox.requests();
    let distinct = |name: &str| {
        let headers = requests.iter().map(|request| request.header(name));
        let mut values: Vec<_> = headers.collect();
        values.dedup();
        values.len()
    };
    assert_eq!((distinct("ts"), distinct("sign")), (3, 3));
    let mut verdicts = requests.iter().map(|request| request.verdict());
    assert!(verdicts.all(|verdict| verdict.is_accepted()));
}

#[tokio::test]
async fn a_request_that_was_not_sent_is_retried() {
    let closed = ClosedPort::new();
    let (url, port) = (closed.url(), closed.port());
    let closed = Mutex::new(Some(closed));
    let started: Arc<Mutex<Option<Sandbox>>> = Arc::default();
    let slot = Arc::clone(&started);
    // The platform starts while the call waits for its second attempt.
    let session = Session::builder()
        .credentials(
            Credentials::nxcloud(nxcloud_sandbox::ACCESS_KEY, nxcloud_sandbox::ACCESS_SECRET)
                .unwrap(),
        )
        .base_url(&url)
        .sleep(move |_| {
            let slot = Arc::clone(&slot);
            let closed = closed.lock().unwrap().take();
            async move {
                let _open = closed.and_then(ClosedPort::open);
                let sandbox = Sandbox::builder().port(port).start().await.unwrap();
                *slot.lock().unwrap() = Some(sandbox);
            }
        })
        .build()
        .unwrap();
    let (options, attempts) = counting();
    Operation::Send.call(&session, options).await.unwrap();
    assert_eq!(attempts.load(Ordering::Relaxed), 2);
    let sandbox = started.lock().unwrap().take().unwrap();
    assert_eq!(Operation::Send.accepted(&sandbox), 1);
}

#[tokio::test]
async fn a_time_out_while_connecting_counts_as_not_sent() {
    capture::begin();
    // The listener accepts connections but never answers the TLS handshake.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let session = hasty(&url)
        .timeout(Duration::from_millis(200))
        .build()
        .unwrap();
    let error = Operation::Send
        .call(&session, CallOptions::new())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert_eq!(error.attempts(), 3);
}

#[tokio::test]
async fn a_503_of_antbuddy_is_a_rate_limit_but_a_503_of_a_gateway_is_not() {
    let sandbox = sandbox().await;
    let session = Session::builder()
        .credentials(Credentials::antbuddy(APP_ID, APP_SECRET).unwrap())
        .base_url(sandbox.url())
        .sleep(|_| async {})
        .build()
        .unwrap();
    let client = antbuddy::Client::new(&session);
    let call = ClickToCall::new(PHONE, "1001", SECRET);
    sandbox.faults().enqueue(Fault::Code { code: 503 });
    client.click_to_call(&call).await.unwrap();
    assert_eq!(Operation::accepted_of("click_to_call", &sandbox), 1);

    sandbox.faults().enqueue(Fault::Status { status: 503 });
    let error = client.click_to_call(&call).await.unwrap_err();
    assert!(error.sent().is_some());
    assert_eq!(error.attempts(), 1);
    assert!(
        error.sent().unwrap().timestamps().is_empty(),
        "no ts is sent"
    );

    sandbox.faults().enqueue(Fault::ResetAfterAccept);
    let window = ListCallHistories::new(
        "2026-11-01T00:00:00Z".parse().unwrap(),
        "2026-11-02T00:00:00Z".parse().unwrap(),
    );
    client.list_call_histories(&window).await.unwrap();
}

#[tokio::test]
async fn the_error_of_an_unknown_send_contains_ids_and_times() {
    let sandbox = sandbox().await;
    let session = hasty(sandbox.url()).build().unwrap();
    sandbox
        .faults()
        .enqueue(Fault::StatusAfterAccept { status: 504 });
    let error = Operation::Send
        .call(&session, CallOptions::new())
        .await
        .unwrap_err();
    assert!(error.sent().is_some());
    assert_eq!(error.kind(), ErrorKind::HttpStatus);
    assert!(!error.is_retryable());
    let sent = error.sent().unwrap();
    assert_eq!(sent.operation(), "send_sms");
    assert_eq!(sent.ids().collect::<Vec<_>>(), [("sysMessageId", ID)]);
    let ts: u64 = sandbox.requests()[0].header("ts").unwrap().parse().unwrap();
    assert_eq!(sent.timestamps(), [ts]);
    let message = error.to_string();
    assert!(
        message.contains(ID) && message.contains(&ts.to_string()),
        "{message}"
    );
    assert!(error.hint().contains("look for the message"));
}

#[tokio::test]
async fn repeat_unknown_sends_may_deliver_twice() {
    let sandbox = sandbox().await;
    let repeating = RetryPolicy::new().repeat_unknown_sends(true);
    let by_session = hasty(sandbox.url()).retry(repeating).build().unwrap();
    sandbox.faults().enqueue(Fault::ResetAfterAccept);
    Operation::Send
        .call(&by_session, CallOptions::new())
        .await
        .unwrap();
    assert_eq!(Operation::Send.accepted(&sandbox), 2, "delivered twice");

    let cautious = hasty(sandbox.url()).build().unwrap();
    sandbox.clear();
    sandbox.faults().enqueue(Fault::ResetAfterAccept);
    let by_call = CallOptions::new().retry(repeating);
    Operation::Send.call(&cautious, by_call).await.unwrap();
    assert_eq!(Operation::Send.accepted(&sandbox), 2);

    // A later rejection does not undo the first attempt.
    sandbox.faults().enqueue(Fault::ResetAfterAccept);
    sandbox.faults().enqueue(Fault::Code { code: 3 });
    let error = Operation::Send
        .call(&by_session, CallOptions::new())
        .await
        .unwrap_err();
    assert!(error.sent().is_some());
    assert_eq!(error.kind(), ErrorKind::ResultCode(CodeKind::Balance));
    assert_eq!(error.sent().unwrap().timestamps().len(), 1);
}

#[tokio::test]
async fn pauses_between_attempts_are_random_and_their_limit_grows() {
    let sandbox = sandbox().await;
    sandbox
        .faults()
        .mix(Mix::new(1).with(1.0, Fault::Status { status: 500 }));
    let mut longest = [Duration::ZERO; 2];
    for _ in 0..40 {
        let (builder, pauses) = recording(sandbox.url());
        let session = builder.build().unwrap();
        let _ = Operation::Read.call(&session, CallOptions::new()).await;
        let pauses = pauses.lock().unwrap();
        assert_eq!(pauses.len(), 2);
        assert!(pauses[0] <= Duration::from_millis(250));
        assert!(pauses[1] <= Duration::from_millis(500));
        longest = [longest[0].max(pauses[0]), longest[1].max(pauses[1])];
    }
    // The probability that none of 40 draws is in the upper half is 1 in 10^12.
    assert!(longest[0] > Duration::from_millis(125), "{longest:?}");
    assert!(longest[1] > Duration::from_millis(250), "{longest:?}");
}

#[tokio::test]
async fn a_retry_after_of_up_to_a_minute_is_obeyed() {
    let sandbox = sandbox().await;
    let (builder, pauses) = recording(sandbox.url());
    let session = builder.build().unwrap();
    sandbox.faults().enqueue(Fault::RetryAfter {
        status: 429,
        seconds: 7,
    });
    Operation::Send
        .call(&session, CallOptions::new())
        .await
        .unwrap();
    assert_eq!(*pauses.lock().unwrap(), [Duration::from_secs(7)]);

    sandbox.faults().enqueue(Fault::RetryAfter {
        status: 429,
        seconds: 61,
    });
    let error = Operation::Send
        .call(&session, CallOptions::new())
        .await
        .unwrap_err();
    assert_eq!(error.attempts(), 1);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(61)));
    assert!(error.is_retryable());
}

#[tokio::test]
async fn the_retry_budget_limits_retries_in_an_outage() {
    let sandbox = sandbox().await;
    sandbox
        .faults()
        .mix(Mix::new(1).with(1.0, Fault::Status { status: 500 }));
    let session = hasty(sandbox.url())
        .retry_budget(RetryBudget::new(0, 1))
        .build()
        .unwrap();
    for _ in 0..50 {
        let _ = Operation::Read.call(&session, CallOptions::new()).await;
    }
    // The budget allows ten retries for its window of ten seconds, and more while this test runs.
    let retries = sandbox.requests().len() - 50;
    assert!((10..50).contains(&retries), "{retries} retries");
}

#[tokio::test]
async fn a_wrong_clock_is_corrected_after_code_1004_and_the_request_retried_once() {
    for millis in [61_000, -61_000, 3_600_000, -3_600_000] {
        let sandbox = shifted_sandbox(millis).await;
        let session = hasty(sandbox.url()).build().unwrap();
        for expected in [2, 1] {
            let (options, attempts) = counting();
            Operation::Send.call(&session, options).await.unwrap();
            assert_eq!(attempts.load(Ordering::Relaxed), expected, "{millis}");
        }
        let learned = session.clock_offset_millis();
        assert!((learned - millis).abs() < 30_000, "{learned} for {millis}");
        assert_eq!(Operation::Send.accepted(&sandbox), 2);
    }
}

#[tokio::test]
async fn a_clock_within_the_tolerance_is_corrected_too() {
    let sandbox = shifted_sandbox(59_000).await;
    let session = hasty(sandbox.url()).build().unwrap();
    let (options, attempts) = counting();
    Operation::Send.call(&session, options).await.unwrap();
    assert_eq!(attempts.load(Ordering::Relaxed), 1);
    let learned = session.clock_offset_millis();
    assert!((learned - 59_000).abs() < 30_000, "{learned}");
}

#[tokio::test]
async fn learning_the_clock_can_be_turned_off() {
    let sandbox = shifted_sandbox(61_000).await;
    let session = hasty(sandbox.url()).learn_clock(false).build().unwrap();
    let error = Operation::Send
        .call(&session, CallOptions::new())
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(nxcloud::Code::TIMESTAMP_EXPIRED));
    assert_eq!(error.attempts(), 1);
    assert_eq!(session.clock_offset_millis(), 0);
}

#[tokio::test]
async fn a_pause_beyond_the_total_time_out_fails_at_once() {
    let sandbox = sandbox().await;
    let (builder, pauses) = recording(sandbox.url());
    let session = builder.build().unwrap();
    sandbox.faults().enqueue(Fault::RetryAfter {
        status: 429,
        seconds: 30,
    });
    let options = CallOptions::new().total_timeout(Duration::from_secs(20));
    let error = Operation::Send.call(&session, options).await.unwrap_err();
    assert_eq!(error.status(), Some(429));
    assert!(pauses.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_total_time_out_ends_a_call_without_an_attempt_time_out() {
    let sandbox = sandbox().await;
    let session = hasty(sandbox.url())
        .timeout(None)
        .total_timeout(Duration::from_millis(300))
        .build()
        .unwrap();
    sandbox
        .faults()
        .mix(Mix::new(1).with(1.0, Fault::StallAfterAccept));
    for (operation, is_send) in [(Operation::Send, true), (Operation::Read, false)] {
        let call = operation.call(&session, CallOptions::new());
        let error = in_time("the call", call).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert_eq!(error.sent().is_some(), is_send);
        assert_eq!(error.attempts(), 1);
    }
}

#[tokio::test]
async fn a_call_can_set_its_own_time_out() {
    let sandbox = sandbox().await;
    let session = hasty(sandbox.url())
        .timeout(None)
        .total_timeout(None)
        .build()
        .unwrap();
    sandbox.faults().enqueue(Fault::StallBeforeAccept);
    let options = CallOptions::new().timeout(Duration::from_millis(300));
    in_time("the call", Operation::Read.call(&session, options))
        .await
        .unwrap();
    assert_eq!(sandbox.requests().len(), 2);
}

#[tokio::test]
async fn dropping_a_call_ends_its_attempt_and_closes_its_connection() {
    let sandbox = sandbox().await;
    let session = hasty(sandbox.url())
        .rate_limit(RateLimit::per_second(1_000))
        .build()
        .unwrap();
    sandbox.faults().enqueue(Fault::StallAfterAccept);
    {
        let call = Operation::Send.call(&session, CallOptions::new());
        let mut call = std::pin::pin!(call);
        tokio::select! {
            result = call.as_mut() => panic!("the call must not end: {result:?}"),
            () = testing::until("the request", || !sandbox.requests().is_empty()) => {}
        }
    }
    Operation::Send
        .call(&session, CallOptions::new())
        .await
        .unwrap();
    assert_eq!(Operation::Send.accepted(&sandbox), 2, "one per call");
    assert!(capture::log().contains("outcome=\"cancelled\""));
    // No connection to the sandbox stays open, so it shuts down.
    in_time("the shutdown", sandbox.shutdown()).await;
}

#[tokio::test]
async fn a_failing_rate_limit_returns_an_error_and_obeys_the_platform() {
    let sandbox = sandbox().await;
    let session = hasty(sandbox.url())
        .rate_limit(RateLimit::per_second(1).burst(2).failing())
        .retry(RetryPolicy::never())
        .build()
        .unwrap();
    for _ in 0..2 {
        Operation::Send
            .call(&session, CallOptions::new())
            .await
            .unwrap();
    }
    let error = Operation::Send
        .call(&session, CallOptions::new())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled);
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert_eq!((error.attempts(), sandbox.requests().len()), (0, 2));
    // Another service has its own limit. Here the platform asks for a very long pause. The pause is limited to what a call would wait.
    sandbox.faults().enqueue(Fault::RetryAfter {
        status: 429,
        seconds: 315_360_000,
    });
    let refused = Operation::Read.call(&session, CallOptions::new()).await;
    assert_eq!(refused.unwrap_err().status(), Some(429));
    let paused = Operation::Read.call(&session, CallOptions::new()).await;
    let paused = paused.unwrap_err();
    assert_eq!(paused.kind(), ErrorKind::Throttled);
    assert!(paused.retry_after().unwrap() <= Duration::from_secs(60));
}

#[tokio::test]
async fn a_call_that_waits_for_the_rate_limit_logs_it() {
    let sandbox = sandbox().await;
    let session = Session::builder()
        .credentials(Credentials::nxcloud(KEY, SECRET).unwrap())
        .base_url(sandbox.url())
        .rate_limit_for(sms::SERVICE, RateLimit::per_second(20).burst(1))
        .build()
        .unwrap();
    for _ in 0..3 {
        Operation::Send
            .call(&session, CallOptions::new())
            .await
            .unwrap();
    }
    assert_eq!(Operation::Send.accepted(&sandbox), 3);
    assert!(capture::log().contains("waiting for the rate limit"));
}

#[tokio::test]
async fn a_program_can_use_several_accounts() {
    let sandbox = sandbox().await;
    let first = hasty(sandbox.url()).build().unwrap();
    let account = Credentials::nxcloud(nxcloud_sandbox::ACCESS_KEY, nxcloud_sandbox::ACCESS_SECRET);
    let second = Session::builder()
        .credentials(account.unwrap())
        .base_url(sandbox.url())
        .build()
        .unwrap();
    for session in [&first, &second] {
        Operation::Send
            .call(session, CallOptions::new())
            .await
            .unwrap();
    }
    let requests = sandbox.requests();
    let keys = requests.iter().map(|request| request.header("accesskey"));
    let keys: Vec<_> = keys.collect();
    assert_eq!(keys, [Some(KEY), Some(nxcloud_sandbox::ACCESS_KEY)]);
}

#[tokio::test]
async fn a_span_contains_operation_attempts_outcome_and_code() {
    let sandbox = sandbox().await;
    let session = hasty(sandbox.url()).name("marketing").build().unwrap();
    sandbox.faults().enqueue(Fault::Code { code: 28 });
    sandbox.faults().enqueue(Fault::Code { code: 102 });
    let client = sms::Client::new(&session);
    let error = client
        .send_sms(&SendSms::new(AppKey::new("app"), PHONE, TEXT))
        .await
        .unwrap_err();
    assert_eq!(error.code_name(), Some("ACCOUNT_DEACTIVATED"));
    let log = capture::log();
    let closed = log.lines().filter(|line| line.contains(" close "));
    let fields = [
        "nxcloud_client::trace",
        "nxcloud_call{session=\"marketing\"",
        "service=\"sms\"",
        "operation=\"send_sms\"",
        "attempts=2",
        "outcome=\"rejected\"",
        "kind=\"result_code\"",
        "code=102",
        "status=200",
        "latency_ms=",
    ];
    let is_complete = |line: &str| fields.iter().all(|field| line.contains(field));
    let lines: Vec<&str> = closed.collect();
    assert!(lines.iter().any(|line| is_complete(line)), "{lines:#?}");
}

#[tokio::test]
async fn settings_of_the_http_client_are_used() {
    let sandbox = sandbox().await;
    let session = hasty(sandbox.url())
        .http_client(|builder| builder.user_agent("somebody-else"))
        .build()
        .unwrap();
    Operation::Send
        .call(&session, CallOptions::new())
        .await
        .unwrap();
    assert_eq!(
        sandbox.requests()[0].header("user-agent"),
        Some("somebody-else")
    );
}

#[tokio::test]
async fn plain_http_through_a_proxy_on_another_machine_is_refused() {
    for proxy in [
        "http://proxy.example:3128",
        "https://192.0.2.1",
        "proxy.example:3128",
        "http://me:hush-proxy@127.0.0.1.example",
    ] {
        let builder = || hasty("http://127.0.0.1:1").proxy(proxy);
        let error = builder().build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        let output = format!("{error} {error:?}");
        assert!(
            output.contains("plain http would go through a proxy"),
            "{output}"
        );
        assert!(!output.contains("hush-proxy"));
        builder().allow_plain_http(true).build().unwrap();
        let https = Session::builder().credentials(Credentials::nxcloud(KEY, SECRET).unwrap());
        https.proxy(proxy).build().unwrap();
    }
    for proxy in [
        "http://127.0.0.1:1",
        "http://[::1]:1",
        "localhost:1",
        "127.0.0.1:1",
    ] {
        hasty("http://127.0.0.1:1").proxy(proxy).build().unwrap();
    }
}

#[tokio::test]
async fn requests_go_through_the_proxy_and_its_password_is_never_printed() {
    let sandbox = sandbox().await;
    // A plain-http proxy gets the complete URL. The sandbox reads the path from it.
    let proxy = sandbox.url().replace("http://", "http://me:hush-proxy@");
    let builder = hasty("http://localhost:1").proxy(&proxy);
    assert!(!format!("{builder:?}").contains("hush-proxy"));
    let session = builder.build().unwrap();
    Operation::Send
        .call(&session, CallOptions::new())
        .await
        .unwrap();
    let requests = sandbox.requests();
    assert!(requests[0].header("proxy-authorization").is_some());
    let result = hasty("http://localhost:1")
        .proxy("not a url hush-proxy")
        .build();
    let debug = format!("{:?}", result.unwrap_err());
    assert!(!debug.contains("hush-proxy"), "{debug}");
    assert!(!capture::log().contains("hush-proxy"));
}

#[tokio::test]
async fn a_connect_error_names_the_proxy_without_its_password() {
    // With an unreachable proxy nothing is sent, neither over plain http nor over a tunnel.
    let closed = ClosedPort::new();
    let proxy = closed.url().replace("http://", "http://me:hush-proxy@");
    for url in ["http://localhost:1", "https://gateway.example"] {
        let session = hasty(url).proxy(&proxy).build().unwrap();
        let error = Operation::Send.call(&session, CallOptions::new()).await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect);
        let expected = format!("through the proxy {}", proxy.replace("me:hush-proxy@", ""));
        assert!(error.to_string().contains(&expected), "{error}");
        assert!(error.hint().contains("proxy"), "{}", error.hint());
        let mut output = format!("{error} {error:?}");
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            output.push_str(&cause.to_string());
            source = cause.source();
        }
        assert!(!output.contains("hush"), "{output}");
    }
    let direct = hasty(&closed.url()).build().unwrap();
    let error = Operation::Send.call(&direct, CallOptions::new()).await;
    assert!(!error.unwrap_err().to_string().contains("proxy"));
}

//! Blocking clients make the same calls with the same outcomes.

use std::time::Duration;

use nxcloud::sms::{self, SendSms};
use nxcloud::virtual_number::{self, Bind, ListBindings};
use nxcloud::{AppKey, ErrorKind, RetryPolicy};
use nxcloud_sandbox::{Fault, Sandbox};

use crate::support::{Operation, PHONE, TEXT, hasty, sandbox};

/// A sandbox on a separate runtime, independent of the test like another process.
fn separate_sandbox() -> (tokio::runtime::Runtime, Sandbox) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sandbox = runtime.block_on(sandbox());
    (runtime, sandbox)
}

#[test]
fn a_blocking_client_behaves_like_an_async_one() {
    let (_runtime, sandbox) = separate_sandbox();
    let session = hasty(sandbox.url()).build().unwrap();
    let messages = sms::blocking::Client::new(&session);
    let request = SendSms::new(AppKey::new("app"), PHONE, TEXT);
    messages.send_sms(&request).unwrap();
    sandbox
        .faults()
        .enqueue_for("send_sms", Fault::ResetAfterAccept);
    let error = messages.send_sms(&request).unwrap_err();
    assert!(error.sent().is_some());
    assert_eq!(error.attempts(), 1);
    assert_eq!(Operation::Send.accepted(&sandbox), 2);

    let numbers = virtual_number::blocking::Client::new(&session);
    numbers
        .bind(&Bind::new("8613800000001", "8613800000002", 0))
        .unwrap();
    let request = ListBindings::new(10);
    let items: Result<Vec<_>, _> = numbers.list_bindings_all(&request).collect();
    assert_eq!(items.unwrap().len(), 1);
    sandbox.faults().enqueue(Fault::Code { code: 1005 });
    let mut items = numbers.list_bindings_all(&request);
    assert_eq!(
        items.next().unwrap().unwrap_err().code(),
        Some(nxcloud::Code::NO_PERMISSION)
    );
    assert!(items.next().unwrap().is_ok(), "the page is requested again");
}

#[test]
fn blocking_clients_of_several_threads_share_a_session() {
    let (_runtime, sandbox) = separate_sandbox();
    let session = hasty(sandbox.url()).build().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let messages = sms::blocking::Client::new(&session);
                for _ in 0..5 {
                    messages
                        .send_sms(&SendSms::new(AppKey::new("app"), PHONE, TEXT))
                        .unwrap();
                }
            });
        }
    });
    assert_eq!(Operation::Send.accepted(&sandbox), 20);
}

/// On these threads tokio's own `block_on` would panic.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blocking_call_works_on_threads_of_a_runtime() {
    let sandbox = sandbox().await;
    let session = hasty(sandbox.url()).build().unwrap();
    let messages = sms::blocking::Client::new(&session);
    messages
        .send_sms(&SendSms::new(AppKey::new("app"), PHONE, TEXT))
        .unwrap();
    tokio::task::spawn_blocking(move || {
        messages.send_sms(&SendSms::new(AppKey::new("app"), PHONE, TEXT))
    })
    .await
    .unwrap()
    .unwrap();
    // The last clone of the session, and its thread, are dropped in async code.
    drop(session);
    assert_eq!(Operation::Send.accepted(&sandbox), 2);
}

/// The connection of an async call makes progress only while its runtime runs, and a blocking call can stop that runtime. The session makes
/// one attempt only, so a blocking call on such a connection would time out instead of succeeding with the next attempt.
#[test]
fn a_blocking_call_does_not_use_connections_of_a_stopped_runtime() {
    let (_runtime, sandbox) = separate_sandbox();
    let session = hasty(sandbox.url())
        .retry(RetryPolicy::never())
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap();
    let request = SendSms::new(AppKey::new("app"), PHONE, TEXT);
    let (client, blocking) = (
        sms::Client::new(&session),
        sms::blocking::Client::new(&session),
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(client.send_sms(&request)).unwrap();
    // The runtime and its open connection are idle here.
    blocking.send_sms(&request).unwrap();
    runtime.block_on(client.send_sms(&request)).unwrap();
    blocking.send_sms(&request).unwrap();
    runtime.block_on(client.send_sms(&request)).unwrap();
    assert_eq!(Operation::Send.accepted(&sandbox), 5);
}

/// Otherwise nothing on the runtime, such as a sandbox, could answer until the call's time-out.
#[tokio::test]
async fn a_blocking_call_on_a_current_thread_runtime_is_an_error() {
    let sandbox = sandbox().await;
    let session = hasty(sandbox.url()).build().unwrap();
    let messages = sms::blocking::Client::new(&session);
    let numbers = virtual_number::blocking::Client::new(&session);
    let request = SendSms::new(AppKey::new("app"), PHONE, TEXT);
    let assert_refused = |error: nxcloud::Error| {
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains("spawn_blocking"), "{error}");
    };
    assert_refused(messages.send_sms(&request).unwrap_err());
    let pages = ListBindings::new(10);
    let items: Vec<_> = numbers.list_bindings_all(&pages).collect();
    assert_eq!(items.len(), 1, "the error ends the stream");
    items
        .into_iter()
        .for_each(|item| assert_refused(item.unwrap_err()));
    // The same in a spawned task with a partly used budget, and in a local task.
    let (clone, other) = (messages.clone(), request.clone());
    let spawned = tokio::spawn(async move {
        for _ in 0..100 {
            tokio::task::coop::consume_budget().await;
        }
        clone.send_sms(&other)
    });
    assert_refused(spawned.await.unwrap().unwrap_err());
    let local = tokio::task::LocalSet::new();
    assert_refused(
        local
            .run_until(async { messages.send_sms(&request) })
            .await
            .unwrap_err(),
    );
    assert_eq!(sandbox.requests().len(), 0);
    // The check of the budget does not use it up.
    assert!(tokio::task::coop::has_budget_remaining());

    // Other threads may block.
    let (clone, other) = (messages.clone(), request.clone());
    let blocking = tokio::task::spawn_blocking(move || clone.send_sms(&other));
    blocking.await.unwrap().unwrap();
    let handle = tokio::runtime::Handle::current();
    let thread = std::thread::spawn(move || {
        let _entered = handle.enter();
        messages.send_sms(&request)
    });
    testing::until("the blocking call", || thread.is_finished()).await;
    thread.join().unwrap().unwrap();
    assert_eq!(Operation::Send.accepted(&sandbox), 2);
}

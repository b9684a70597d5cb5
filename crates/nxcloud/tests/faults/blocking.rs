//! Programs without async code: the same calls, the same outcomes.

use std::time::Duration;

use nxcloud::sms::{self, SendSms};
use nxcloud::virtual_number::{self, Bind, ListBindings};
use nxcloud::{AppKey, ErrorKind, RetryPolicy};
use nxcloud_sandbox::{Fault, Sandbox};

use crate::support::{Operation, PHONE, TEXT, hasty, sandbox};

/// A sandbox on a runtime of its own, as another process would be.
fn elsewhere() -> (tokio::runtime::Runtime, Sandbox) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sandbox = runtime.block_on(sandbox());
    (runtime, sandbox)
}

#[test]
fn a_blocking_client_makes_the_same_calls_with_the_same_care() {
    let (_runtime, sandbox) = elsewhere();
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
    assert!(items.next().unwrap().is_ok(), "the page is asked for again");
}

#[test]
fn blocking_clients_of_several_threads_share_a_session() {
    let (_runtime, sandbox) = elsewhere();
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

/// Where tokio would panic if it were asked to wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blocking_call_works_on_threads_of_a_runtime_too() {
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
    // The last clone of the session, and with it its thread, goes in async code.
    drop(session);
    assert_eq!(Operation::Send.accepted(&sandbox), 2);
}

/// A connection of an async call is driven by its runtime, which stands still while its only thread waits for a blocking call.
/// There is one attempt, so that one on such a connection fails by its time-out instead of being made good by the next.
#[test]
fn a_blocking_call_needs_no_connection_of_a_runtime_that_stands_still() {
    let (_elsewhere, sandbox) = elsewhere();
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
    // Nobody runs the runtime here, with its open connection.
    blocking.send_sms(&request).unwrap();
    runtime.block_on(client.send_sms(&request)).unwrap();
    blocking.send_sms(&request).unwrap();
    runtime.block_on(client.send_sms(&request)).unwrap();
    assert_eq!(Operation::Send.accepted(&sandbox), 5);
}

/// A sandbox or anything else on the runtime could not answer until the call's time-out.
#[tokio::test]
async fn a_blocking_call_in_async_code_of_a_current_thread_runtime_is_an_error() {
    let sandbox = sandbox().await;
    let session = hasty(sandbox.url()).build().unwrap();
    let messages = sms::blocking::Client::new(&session);
    let numbers = virtual_number::blocking::Client::new(&session);
    let request = SendSms::new(AppKey::new("app"), PHONE, TEXT);
    let refused = |error: nxcloud::Error| {
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains("spawn_blocking"), "{error}");
    };
    refused(messages.send_sms(&request).unwrap_err());
    let pages = ListBindings::new(10);
    let items: Vec<_> = numbers.list_bindings_all(&pages).collect();
    assert_eq!(items.len(), 1, "the error ends the stream");
    items
        .into_iter()
        .for_each(|item| refused(item.unwrap_err()));
    // In a spawned task, with a part of its budget used, and in a local one.
    let (clone, other) = (messages.clone(), request.clone());
    let spawned = tokio::spawn(async move {
        for _ in 0..100 {
            tokio::task::coop::consume_budget().await;
        }
        clone.send_sms(&other)
    });
    refused(spawned.await.unwrap().unwrap_err());
    let local = tokio::task::LocalSet::new();
    refused(
        local
            .run_until(async { messages.send_sms(&request) })
            .await
            .unwrap_err(),
    );
    assert_eq!(sandbox.requests().len(), 0);
    // The look at the budget takes nothing from the task.
    assert!(tokio::task::coop::has_budget_remaining());

    // Threads beside the runtime's own may wait.
    let (clone, other) = (messages.clone(), request.clone());
    let waited = tokio::task::spawn_blocking(move || clone.send_sms(&other));
    waited.await.unwrap().unwrap();
    let handle = tokio::runtime::Handle::current();
    let thread = std::thread::spawn(move || {
        let _entered = handle.enter();
        messages.send_sms(&request)
    });
    testing::until("the blocking call", || thread.is_finished()).await;
    thread.join().unwrap().unwrap();
    assert_eq!(Operation::Send.accepted(&sandbox), 2);
}

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn failure(outcome: Outcome, temporary: bool) -> Failure {
    Failure {
        outcome,
        temporary,
        retry_after: None,
    }
}

#[test]
fn the_table_of_decisions() {
    use Outcome::{NotSent, Rejected, Unknown};
    let cautious = RetryPolicy::new();
    let insisting = cautious.repeat_unknown_sends(true);
    // outcome, temporary | send, read, send with repeat_unknown_sends
    let table = [
        (NotSent, true, [true, true, true]),
        (NotSent, false, [false, false, false]),
        (Rejected, true, [true, true, true]),
        (Rejected, false, [false, false, false]),
        (Unknown, true, [false, true, true]),
        (Unknown, false, [false, false, false]),
    ];
    for (outcome, temporary, expected) in table {
        let failure = failure(outcome, temporary);
        let columns = [(cautious, false), (cautious, true), (insisting, false)];
        for ((policy, safe), repeated) in columns.into_iter().zip(expected) {
            let decided = policy.decide(safe, failure, 1);
            let expected = if repeated {
                Decision::Retry {
                    at_least: Duration::ZERO,
                }
            } else {
                Decision::Stop
            };
            assert_eq!(decided, expected, "{failure:?} safe {safe} {policy:?}");
        }
    }
}

#[test]
fn no_call_exceeds_the_maximum_number_of_attempts() {
    let lost = failure(Outcome::NotSent, true);
    let policy = RetryPolicy::new().max_attempts(4);
    for attempt in 1..=6 {
        let stops = policy.decide(false, lost, attempt) == Decision::Stop;
        assert_eq!(stops, attempt >= 4, "attempt {attempt}");
    }
    for none in [RetryPolicy::never(), RetryPolicy::new().max_attempts(0)] {
        assert_eq!(none.decide(true, lost, 1), Decision::Stop);
    }
}

#[test]
fn retry_after_is_obeyed_up_to_a_limit() {
    let policy = RetryPolicy::new().max_retry_after(5 * SECOND);
    let rejected = |seconds| Failure {
        retry_after: Some(Duration::from_secs(seconds)),
        ..failure(Outcome::Rejected, true)
    };
    assert_eq!(
        policy.decide(false, rejected(5), 1),
        Decision::Retry {
            at_least: 5 * SECOND
        }
    );
    assert_eq!(policy.decide(false, rejected(6), 1), Decision::Stop);
}

#[test]
fn delays_double_up_to_the_cap_and_are_drawn_from_zero_up() {
    let policy = RetryPolicy::new()
        .base_delay(Duration::from_millis(100))
        .max_delay(Duration::from_millis(400));
    let limits = [100, 200, 400, 400, 400].map(Duration::from_millis);
    let mut greatest = [Duration::ZERO; 5];
    let mut least = [Duration::MAX; 5];
    for _ in 0..2_000 {
        for at in 0..limits.len() {
            let delay = policy.delay(u32::try_from(at).unwrap() + 1);
            assert!(delay <= limits[at], "{delay:?} above {:?}", limits[at]);
            greatest[at] = greatest[at].max(delay);
            least[at] = least[at].min(delay);
        }
    }
    // Among 2,000 draws, some are in the upper and some in the lower tenth. The probability that none is, is 2 in 10^91.
    for at in 0..limits.len() {
        assert!(greatest[at] > limits[at].mul_f64(0.9), "{greatest:?}");
        assert!(least[at] < limits[at].mul_f64(0.1), "{least:?}");
    }
}

#[test]
fn a_base_above_the_cap_is_capped() {
    let policy = RetryPolicy::new().base_delay(9 * SECOND).max_delay(SECOND);
    assert!((0..100).all(|_| policy.delay(1) <= SECOND));
    // No attempt number overflows.
    for attempt in [0, 1, 31, 32, 33, 64, u32::MAX] {
        assert!(policy.delay(attempt) <= SECOND, "{attempt}");
    }
    let policy = RetryPolicy::new().max_delay(Duration::MAX);
    assert_eq!(policy.delay_limit(u32::MAX), policy.base_delay * u32::MAX);
}

#[tokio::test(start_paused = true)]
async fn the_budget_is_shared_and_refills_with_time_and_calls() {
    let spend = |budget: &Budget| {
        std::iter::repeat_with(|| budget.withdraw())
            .take(1_000)
            .take_while(|granted| *granted)
            .count()
    };
    let budget = Budget::new(Some(RetryBudget::new(0, 2)));
    assert_eq!(spend(&budget), 20, "two a second for ten seconds");
    assert!(!budget.withdraw());
    tokio::time::advance(11 * SECOND).await;
    assert!(budget.withdraw(), "the budget is renewed after ten seconds");

    let budget = Budget::new(Some(RetryBudget::new(10, 0)));
    assert!(!budget.withdraw(), "no calls, no retries");
    (0..100).for_each(|_| budget.deposit());
    assert_eq!(spend(&budget), 10, "ten percent of a hundred calls");
}

#[test]
fn no_budget_grants_everything_and_extreme_budgets_do_not_panic() {
    assert!(Budget::new(None).withdraw());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        assert!(Budget::new(Some(RetryBudget::new(u32::MAX, u32::MAX))).withdraw());
    });
}

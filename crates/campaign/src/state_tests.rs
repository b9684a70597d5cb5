use super::*;
use proptest::prelude::*;

/// Every way in which an attempt ends.
pub(crate) const EVERY_RESULT: &[AttemptResult] = {
    use AttemptResult as R;
    &[
        R::Accepted,
        R::Rejected,
        R::Unknown,
        R::NotSent,
        R::Invalid,
        R::TooFast,
        R::Quota,
        R::Account(AccountProblem::Balance),
        R::Account(AccountProblem::Permission),
        R::Account(AccountProblem::Authentication),
        R::Account(AccountProblem::Configuration),
    ]
};

fn result() -> impl Strategy<Value = AttemptResult> {
    prop::sample::select(EVERY_RESULT)
}

/// Whether the platform may have accepted a message of such an attempt.
fn may_have_paid(result: AttemptResult) -> bool {
    matches!(result, AttemptResult::Accepted | AttemptResult::Unknown)
}

#[derive(Clone, Debug)]
enum Event {
    Claim,
    Settle(AttemptResult),
    Reap,
    Receipt,
    Order(Order),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => Just(Event::Claim),
        4 => result().prop_map(Event::Settle),
        1 => Just(Event::Reap),
        1 => Just(Event::Receipt),
        1 => prop::sample::select(vec![Event::Order(Order::Accept), Event::Order(Order::Resend)]),
    ]
}

proptest! {
    #[test]
    fn a_row_that_may_have_been_sent_is_claimed_again_only_on_an_order(
        events in prop::collection::vec(event(), 1..60),
    ) {
        let (mut state, mut claims) = (State::Ready, 0_u32);
        // What the world knows: attempts that the platform may have accepted, and orders to send again.
        let (mut paid, mut orders) = (0, 0);
        for event in events {
            let before = state;
            match event {
                Event::Claim if state == State::Ready => {
                    prop_assert!(paid <= orders, "{paid} may be paid, {orders} orders");
                    (state, claims) = (State::Sending, claims + 1);
                }
                Event::Claim => {}
                Event::Settle(result) if claims > 0 => {
                    if before == State::Sending && may_have_paid(result) {
                        paid += 1;
                    }
                    if let Some(next) = settle(state, result, claims) {
                        state = next.state;
                        prop_assert_eq!(next.skip.is_some(), state == State::Skipped);
                        prop_assert!(next.wait <= LONGEST_WAIT);
                    }
                }
                Event::Settle(_) => {}
                Event::Reap => {
                    if let Some(next) = reap(state) {
                        paid += 1;
                        state = next;
                    }
                }
                Event::Receipt if claims > 0 => state = on_receipt(state),
                Event::Receipt => {}
                Event::Order(which) => {
                    if let Some(next) = order(state, which) {
                        orders += usize::from(which == Order::Resend);
                        state = next;
                    }
                }
            }
            if before == State::Unknown && state == State::Ready {
                prop_assert!(matches!(event, Event::Order(Order::Resend)));
            }
            if before == State::Accepted {
                prop_assert_eq!(state, State::Accepted, "accepted is final");
            }
        }
    }

    /// The reply and the receipt of one claim lead to the same state in either order.
    #[test]
    fn reply_and_receipt_commute(result in result(), claims in 1..40_u32) {
        let reply_first = settle(State::Sending, result, claims).map_or(State::Sending, |next| next.state);
        let receipt_last = on_receipt(reply_first);
        let receipt_first = on_receipt(State::Sending);
        let reply_last = settle(receipt_first, result, claims).map_or(receipt_first, |next| next.state);
        prop_assert_eq!(receipt_last, reply_last);
        prop_assert_eq!(reply_last, State::Accepted);
    }

    #[test]
    fn a_late_reply_never_makes_a_row_ready(result in result(), claims in 1..40_u32) {
        for state in [State::Unknown, State::Accepted, State::Rejected, State::Skipped, State::Ready] {
            if let Some(next) = settle(state, result, claims) {
                prop_assert!(matches!(next.state, State::Accepted | State::Rejected));
            }
        }
    }
}

#[test]
fn only_what_was_not_sent_or_was_refused_for_the_moment_goes_back() {
    use AttemptResult as R;
    for (result, goes_back) in [
        (R::Accepted, false),
        (R::Rejected, false),
        (R::Unknown, false),
        (R::Invalid, false),
        (R::NotSent, true),
        (R::TooFast, true),
        (R::Quota, true),
        (R::Account(AccountProblem::Balance), true),
        (R::Account(AccountProblem::Permission), true),
        (R::Account(AccountProblem::Authentication), true),
    ] {
        let next = settle(State::Sending, result, 1).unwrap();
        assert_eq!(next.state == State::Ready, goes_back, "{result:?}");
    }
}

#[test]
fn refusals_that_may_be_the_rows_fault_end() {
    let permission = AttemptResult::Account(AccountProblem::Permission);
    let state = |result, claims| settle(State::Sending, result, claims).unwrap().state;
    assert_eq!(state(permission, 4), State::Ready);
    assert_eq!(state(permission, 5), State::Rejected);
    assert_eq!(state(AttemptResult::Quota, 23), State::Ready);
    assert_eq!(state(AttemptResult::Quota, 24), State::Rejected);
    assert_eq!(state(AttemptResult::TooFast, u32::MAX), State::Ready);
    let balance = AttemptResult::Account(AccountProblem::Balance);
    assert_eq!(state(balance, u32::MAX), State::Ready);
}

#[test]
fn numbers_of_states_and_reasons_lead_back() {
    for &state in State::ALL {
        assert_eq!(State::from_number(state.number()), Some(state));
    }
    for &skip in Skip::ALL {
        assert_eq!(Skip::from_number(skip.number()), Some(skip));
    }
    for number in [-1, 6, i64::MAX] {
        assert_eq!(State::from_number(number), None);
        assert_eq!(Skip::from_number(number), None);
    }
}

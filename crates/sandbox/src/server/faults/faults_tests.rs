use super::*;

#[test]
fn a_fault_waits_for_its_operation() {
    let faults = Faults::default();
    faults.enqueue_for("send_sms", Fault::Truncated);
    faults.enqueue(Fault::Malformed);
    assert_eq!(faults.draw(Some("query_checks")), Some(Fault::Malformed));
    assert_eq!(faults.draw(Some("query_checks")), None);
    assert_eq!(faults.draw(Some("send_sms")), Some(Fault::Truncated));
    assert_eq!(faults.draw(Some("send_sms")), None);
    assert_eq!((faults.pending(), faults.injected()), (0, 2));
}

#[test]
fn a_mix_keeps_its_shares_and_repeats_with_its_seed() {
    let draw = || {
        let mix = Mix::new(7)
            .with(0.25, Fault::Malformed)
            .with(0.25, Fault::Truncated);
        let faults = Faults::default();
        faults.mix_for("send_sms", mix);
        assert_eq!(faults.draw(None), None, "another operation");
        let drawn = (0..10_000).map(|_| faults.draw(Some("send_sms")));
        drawn.collect::<Vec<_>>()
    };
    let drawn = draw();
    assert_eq!(drawn, draw());
    for (fault, expected) in [
        (Some(Fault::Malformed), 2_500),
        (Some(Fault::Truncated), 2_500),
        (None, 5_000),
    ] {
        let count = drawn
            .iter()
            .filter(|drawn_fault| **drawn_fault == fault)
            .count();
        assert!(count.abs_diff(expected) < 300, "{fault:?}: {count}");
    }
}

#[test]
fn a_switch_hits_until_it_is_off_or_has_hit_enough() {
    let faults = Faults::default();
    let for_sms = FaultSwitch::new(Fault::Status { status: 500 }).only_for("send_sms");
    faults.switch_on(for_sms.clone().hits(2));
    faults.enqueue_for("send_sms", Fault::Malformed);
    let draw = || faults.draw(Some("send_sms"));
    assert_eq!(faults.draw(None), None, "another operation");
    let drawn = [draw(), draw(), draw(), draw()];
    let status = Some(Fault::Status { status: 500 });
    assert_eq!(drawn, [Some(Fault::Malformed), status, status, None]);
    assert!(faults.switches().is_empty());

    faults.switch_on(for_sms.clone());
    faults.switch_on(FaultSwitch::new(Fault::Status { status: 502 }));
    faults.switch_on(for_sms.hits(1));
    assert_eq!(
        faults.switches().len(),
        2,
        "the second switch replaced the first"
    );
    assert!(faults.switch_off(Fault::Status { status: 1 }, Some("send_sms")));
    assert!(!faults.switch_off(Fault::Status { status: 1 }, Some("send_sms")));
    assert_eq!(draw(), Some(Fault::Status { status: 502 }));
    faults.switch_on(FaultSwitch::new(Fault::Status { status: 502 }).share(0.0));
    assert_eq!(draw(), None);
}

#[test]
fn cleared_faults_hit_no_request() {
    let faults = Faults::default();
    faults.enqueue(Fault::Malformed);
    faults.switch_on(FaultSwitch::new(Fault::Slow { milliseconds: 0 }));
    faults.mix(Mix::new(1).with(1.0, Fault::Truncated));
    faults.clear();
    assert_eq!(faults.draw(None), None);
}

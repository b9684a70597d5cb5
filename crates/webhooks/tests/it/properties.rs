//! Property tests: a push with added, removed, changed or reordered fields is still read, and nothing is lost.

use nxcloud_webhooks::testing::Fixture;
use nxcloud_webhooks::{
    Event, Transport, call_center, did, number_check, ota, sms, viber, virtual_number, whatsapp,
};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use crate::common::as_text;

/// A change to one value.
#[derive(Clone, Debug)]
enum Change {
    Null,
    Swap,
    Extra(String, u8),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        Just(Change::Null),
        Just(Change::Swap),
        ("[a-zA-Z]{1,8}", any::<u8>()).prop_map(|(name, kind)| Change::Extra(name, kind)),
    ]
}

/// Lists the JSON pointers of all values, parents before children.
fn collect_pointers(value: &Value, pointer: String, pointers: &mut Vec<String>) {
    pointers.push(pointer.clone());
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                collect_pointers(value, format!("{pointer}/{key}"), pointers);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                collect_pointers(value, format!("{pointer}/{index}"), pointers);
            }
        }
        _ => {}
    }
}

fn apply(fields: &mut Value, index: Index, change: &Change) {
    let mut pointers = Vec::new();
    collect_pointers(fields, String::new(), &mut pointers);
    let pointer = index.get(&pointers);
    let Some(value) = fields.pointer_mut(pointer) else {
        return;
    };
    match change {
        Change::Null if !pointer.is_empty() => *value = Value::Null,
        Change::Swap => {
            let swapped = match &*value {
                Value::Number(number) => json!(number.to_string()),
                Value::String(text) => text.parse::<i64>().map_or(json!(text), |n| json!(n)),
                other => other.clone(),
            };
            *value = swapped;
        }
        Change::Extra(name, kind) => {
            if let Some(map) = value.as_object_mut() {
                let extra = match kind % 4 {
                    0 => Value::Null,
                    1 => json!([1, {"a": null}]),
                    2 => json!({"x": "ü"}),
                    _ => json!("more"),
                };
                map.entry(format!("x{name}")).or_insert(extra);
            }
        }
        Change::Null => {}
    }
}

fn any_example<E: Event>() -> Vec<(&'static str, &'static str)> {
    Fixture::<E>::examples().collect()
}

/// Reads a changed JSON push, and checks that nothing is lost.
fn json_survives<E: Event>(
    example: Index,
    changes: &[(Index, Change)],
) -> Result<(), TestCaseError> {
    let examples: Vec<_> = any_example::<E>()
        .into_iter()
        .filter(|(push, _)| {
            let push = E::PUSHES.iter().find(|p| p.name == *push);
            push.is_some_and(|push| push.transports.contains(&Transport::Json))
        })
        .collect();
    let (push, name) = *example.get(&examples);
    let mut fields = Fixture::<E>::example(push, name).fields().clone();
    for (index, change) in changes {
        apply(&mut fields, *index, change);
    }
    let event = E::parse(
        Some("application/json"),
        None,
        fields.to_string().as_bytes(),
    );
    let event = event.map_err(|error| TestCaseError::fail(error.to_string()))?;
    let decoded = serde_json::to_value(&event).unwrap();
    prop_assert_eq!(as_text(&decoded), as_text(&fields));
    let _ = event.idempotency_key();
    Ok(())
}

/// Reads the fields of a form in another order, and checks that event and key are the same.
fn forms_agree<E: Event>(
    example: Index,
    order: &[Index],
    extra: &str,
) -> Result<(), TestCaseError> {
    let (push, name) = *example.get(&any_example::<E>());
    let fixture = Fixture::<E>::example(push, name).with("tomorrow", extra);
    let mut pairs: Vec<String> = {
        let request = fixture.clone().transport(Transport::Query).request();
        request
            .query
            .unwrap()
            .split('&')
            .map(str::to_owned)
            .collect()
    };
    for (from, to) in order.iter().enumerate() {
        let (from, to) = (from % pairs.len(), to.index(pairs.len()));
        pairs.swap(from, to);
    }
    let in_order = fixture.transport(Transport::Form).request();
    let form = Some("application/x-www-form-urlencoded");
    let first = E::parse(form, None, &in_order.body).unwrap();
    let second = E::parse(form, None, pairs.join("&").as_bytes()).unwrap();
    prop_assert_eq!(
        serde_json::to_value(&first).unwrap(),
        serde_json::to_value(&second).unwrap()
    );
    prop_assert_eq!(first.idempotency_key(), second.idempotency_key());
    prop_assert_eq!(&serde_json::to_value(&first).unwrap()["tomorrow"], extra);
    Ok(())
}

proptest! {
    #[test]
    fn changed_json_pushes_lose_nothing(
        example in any::<Index>(),
        changes in prop::collection::vec((any::<Index>(), change()), 0..6),
    ) {
        json_survives::<number_check::Event>(example, &changes)?;
        json_survives::<did::Event>(example, &changes)?;
        json_survives::<viber::Event>(example, &changes)?;
        json_survives::<virtual_number::Event>(example, &changes)?;
        json_survives::<call_center::Event>(example, &changes)?;
        json_survives::<whatsapp::Event>(example, &changes)?;
    }

    #[test]
    fn the_order_of_form_fields_does_not_matter(
        example in any::<Index>(),
        order in prop::collection::vec(any::<Index>(), 0..16),
        extra in "\\PC{0,20}",
    ) {
        forms_agree::<sms::Event>(example, &order, &extra)?;
        forms_agree::<ota::Event>(example, &order, &extra)?;
        forms_agree::<did::Event>(example, &order, &extra)?;
    }

    #[test]
    fn any_text_survives_a_form(text in "\\PC{0,40}", name in "[a-z]{1,6}") {
        let push = Fixture::<sms::Event>::new("sms_receipt").with("ext", text.clone()).with(&format!("x{name}"), text.clone());
        let event: sms::Event = crate::common::parse(&push.request());
        let fields = serde_json::to_value(&event).unwrap();
        prop_assert_eq!(fields.get("ext"), Some(&Value::from(text.clone())));
        prop_assert_eq!(fields.get(format!("x{name}")), Some(&Value::from(text)));
    }
}

use std::sync::Arc;

use nxcloud_sms::SendSms;
use serde_json::json;

use super::*;
use crate::Compose;
use crate::compose::Columns;

fn row(values: &[(&str, Option<&str>)]) -> Row {
    Row {
        number: 7,
        phone: "8615012345678".to_owned(),
        key: "nx-1-7-0123456789ab".to_owned(),
        columns: Arc::new(Columns {
            names: values.iter().map(|(name, _)| (*name).to_owned()).collect(),
            number: 0,
        }),
        values: values
            .iter()
            .map(|(_, value)| value.map(str::to_owned))
            .collect(),
    }
}

fn sms(content: &str) -> Result<Template<SendSms>, Error> {
    Template::<SendSms>::new(
        &json!({"appKey": "app", "phone": "{phone}", "content": content}).to_string(),
    )
}

fn problem(json: &Value) -> String {
    let error = Template::<SendSms>::new(&json.to_string()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Template);
    error.to_string()
}

#[test]
fn values_take_the_place_of_columns_and_the_key_is_filled_in() {
    let template = sms("Hello { name }, {{braces}} {name}{city}!").unwrap();
    assert_eq!(template.columns(), ["city", "name", "phone"]);
    let row = row(&[
        ("phone", None),
        ("name", Some("Ann {city}")),
        ("city", Some("")),
    ]);
    let request: SendSms = template.compose(&row).unwrap();
    assert_eq!(
        request.content, "Hello Ann {city}, {braces} Ann {city}!",
        "values are not read again"
    );
    assert_eq!(request.phone, "8615012345678");
    assert_eq!(request.ext.as_deref(), Some(row.key()));
    assert_eq!(request.sys_message_id.as_deref(), Some(row.key()));
    request.check_limits().unwrap();
}

#[test]
fn an_own_message_id_of_the_template_stays() {
    let json = json!({"appKey": "app", "phone": "{phone}", "content": "x", "sysMessageId": "order-{phone}"});
    let template = Template::<SendSms>::new(&json.to_string()).unwrap();
    let request: SendSms = template.compose(&row(&[("phone", None)])).unwrap();
    assert_eq!(
        request.sys_message_id.as_deref(),
        Some("order-8615012345678")
    );
}

#[test]
fn columns_are_found_in_lists_and_objects() {
    let root = node(json!({"a": [{"b": "{x}"}, 1, null], "c": "{{}}"}), "").unwrap();
    let mut columns = BTreeSet::new();
    root.columns(&mut columns);
    assert_eq!(columns.into_iter().collect::<Vec<_>>(), ["x"]);
    let value = root
        .render(&row(&[("phone", None), ("x", Some("1"))]))
        .unwrap();
    assert_eq!(value, json!({"a": [{"b": "1"}, 1, null], "c": "{}"}));
}

#[test]
fn what_cannot_be_a_template_is_refused() {
    for (content, expected) in [
        ("{name", "brace without its counterpart"),
        ("name}", "brace without its counterpart"),
        ("{}", "without the name of a column"),
        ("{ {name} }", "without the name of a column"),
    ] {
        let error = sms(content).unwrap_err().to_string();
        assert!(
            error.contains(expected) && error.contains("`content`"),
            "{content}: {error}"
        );
    }
    let with = |field: &str, value: Value| {
        let mut template = json!({"appKey": "app", "phone": "{phone}", "content": "x"});
        template[field] = value;
        problem(&template)
    };
    assert!(with("ext", json!("mine")).contains("`ext` is used"));
    for phones in [
        "{a},{b}",
        "{phone},8615012345678",
        "8615012345678",
        "",
        "+{phone}",
    ] {
        assert!(
            with("phone", json!(phones)).contains("not exactly one column"),
            "{phones}"
        );
    }
    assert!(with("phone", json!(["{phone}"])).contains("not exactly one column"));
    assert!(problem(&json!([1])).contains("no JSON object"));
    let error = Template::<SendSms>::new("{\"appKey\": }")
        .unwrap_err()
        .to_string();
    assert!(error.contains("no JSON (line 1, column 12)"), "{error}");
}

#[test]
fn an_unknown_column_and_a_missing_value_are_named() {
    let template = sms("Hello {nmae}").unwrap().parts();
    let columns = ["phone".to_owned(), "name".to_owned()];
    let error = template.check(&columns).unwrap_err().to_string();
    assert_eq!(
        error,
        "the template uses the column `nmae`, which the list does not have; it has: phone, name"
    );
    let template = sms("Hello {name}").unwrap();
    template.parts().check(&columns).unwrap();
    let problem = Compose::<SendSms>::compose(&template, &row(&[("phone", None), ("name", None)]));
    assert_eq!(problem.unwrap_err(), "the column `name` has no value");
}

#[test]
fn a_field_that_the_operation_does_not_know_is_a_problem_of_the_row() {
    let json = json!({"appKey": "app", "phone": "{phone}", "content": "x", "colour": "{secret}"});
    let template = Template::<SendSms>::new(&json.to_string()).unwrap();
    let row = row(&[("phone", None), ("secret", Some("s3cret"))]);
    let problem = Compose::<SendSms>::compose(&template, &row).unwrap_err();
    assert!(!problem.contains("s3cret"), "{problem}");
    assert!(!format!("{template:?} {row:?}").contains("app\""));
}

#[test]
fn a_closure_gets_the_key_too() {
    let compose = |row: &Row| {
        Ok::<_, String>(SendSms::new(
            nxcloud_client::AppKey::new("app"),
            row.phone(),
            "hello",
        ))
    };
    let row = row(&[("phone", None)]);
    let request: SendSms = compose.compose(&row).unwrap();
    assert_eq!(request.ext.as_deref(), Some(row.key()));
    let takes = |row: &Row| {
        Ok::<_, String>(
            SendSms::new(nxcloud_client::AppKey::new("app"), row.phone(), "hello").with_ext("mine"),
        )
    };
    assert!(takes.compose(&row).unwrap_err().contains("`ext` is used"));
}

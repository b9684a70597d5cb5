//! Essential values of replies, which have a method that returns them or an error, and the output of open enums.

use nxcloud::{ErrorKind, Outcome, Request, did, sms, viber, virtual_number, whatsapp};

/// Reads a reply with status 200 and returns a value from it.
fn value<R: Request>(
    body: &str,
    take: impl Fn(&R::Reply) -> Result<&str, nxcloud::Error>,
) -> Result<String, nxcloud::Error> {
    let reply = R::read_reply(200, body.to_owned())?;
    take(&reply).map(str::to_owned)
}

fn sms(body: &str) -> Result<String, nxcloud::Error> {
    value::<sms::SendSms>(body, |reply| reply.message_id())
}

fn whatsapp(body: &str) -> Result<String, nxcloud::Error> {
    value::<whatsapp::SendMessage>(body, |reply| reply.message_id())
}

fn did(body: &str) -> Result<String, nxcloud::Error> {
    value::<did::SendDidSms>(body, |reply| reply.message_id())
}

#[test]
fn essential_values_are_read_from_nested_objects_and_lists() {
    let assert_id = |id: Result<String, nxcloud::Error>| assert_eq!(id.unwrap(), "id-1");
    assert_id(sms(r#"{"code":"0","messageid":"id-1"}"#));
    assert_id(whatsapp(
        r#"{"code":0,"data":{"messages":[{"id":"id-1"},{"id":"id-2"}]}}"#,
    ));
    assert_id(did(r#"{"code":0,"data":{"messageId":"id-1"}}"#));
    assert_id(value::<viber::SendMessage>(
        r#"{"code":0,"data":{"requestId":"id-1"}}"#,
        |reply| reply.request_id(),
    ));
    assert_id(value::<virtual_number::Bind>(
        r#"{"code":0,"data":{"bindId":"id-1","did":"id-2"}}"#,
        |reply| reply.bind_id(),
    ));
}

#[test]
fn a_missing_essential_value_is_an_error_with_unknown_outcome() {
    let cases = [
        ("messageid", sms(r#"{"code":"0"}"#)),
        ("messageid", sms(r#"{"code":"0","messageid":""}"#)),
        ("messageid", sms(r#"{"code":"0","messageid":{}}"#)),
        ("data.messageId", did(r#"{"code":0}"#)),
        ("data.messageId", did(r#"{"code":0,"data":null}"#)),
        ("data.messages.id", whatsapp(r#"{"code":0,"data":{}}"#)),
        (
            "data.messages.id",
            whatsapp(r#"{"code":0,"data":{"messages":[]}}"#),
        ),
        (
            "data.messages.id",
            whatsapp(r#"{"code":0,"data":{"messages":[{}]}}"#),
        ),
    ];
    for (path, result) in cases {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnreadableReply, "{path}");
        assert_eq!(error.outcome(), Outcome::Unknown, "{path}");
        assert!(
            error.to_string().contains(&format!("no `{path}`")),
            "{error}"
        );
    }
}

#[test]
fn debug_of_an_open_enum_prints_name_and_value_and_display_the_value() {
    use nxcloud::number_check::NumberType;
    use nxcloud::sms::SmsStatus;
    let output = [
        format!("{0:?} {0}", SmsStatus::from("02")),
        format!("{0:?} {0}", SmsStatus::from("x")),
        format!("{0:?} {0}", NumberType::from(2)),
        format!("{0:?} {0}", NumberType::from(99)),
    ];
    let expected = [
        r#"Delivered("2") 2"#,
        r#"Unlisted("x") x"#,
        "Mobile(2) 2",
        "Unlisted(99) 99",
    ];
    assert_eq!(output, expected);
}

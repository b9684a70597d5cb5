//! Values of replies: those that a reply is useless without are returned by a method, or an error names what is missing; open enums show
//! name and value.

use nxcloud::{ErrorKind, Outcome, Request, did, sms, viber, virtual_number, whatsapp};

/// Reads a reply of status 200 and takes a value out of it.
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
fn they_are_found_at_the_top_in_objects_and_in_lists() {
    let id = |found: Result<String, nxcloud::Error>| assert_eq!(found.unwrap(), "id-1");
    id(sms(r#"{"code":"0","messageid":"id-1"}"#));
    id(whatsapp(
        r#"{"code":0,"data":{"messages":[{"id":"id-1"},{"id":"id-2"}]}}"#,
    ));
    id(did(r#"{"code":0,"data":{"messageId":"id-1"}}"#));
    id(value::<viber::SendMessage>(
        r#"{"code":0,"data":{"requestId":"id-1"}}"#,
        |reply| reply.request_id(),
    ));
    id(value::<virtual_number::Bind>(
        r#"{"code":0,"data":{"bindId":"id-1","did":"id-2"}}"#,
        |reply| reply.bind_id(),
    ));
}

#[test]
fn one_that_is_missing_is_an_error_with_unknown_outcome() {
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
    for (place, found) in cases {
        let error = found.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnreadableReply, "{place}");
        assert_eq!(
            error.outcome(),
            Outcome::Unknown,
            "{place}: not to be sent again"
        );
        assert!(
            error.to_string().contains(&format!("no `{place}`")),
            "{error}"
        );
    }
}

#[test]
fn debug_of_an_open_enum_has_the_name_and_the_value_and_display_the_value() {
    use nxcloud::number_check::NumberType;
    use nxcloud::sms::SmsStatus;
    let shown = [
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
    assert_eq!(shown, expected);
}

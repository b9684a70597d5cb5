//! Requests signed in bulk and sent by other means.

use std::collections::BTreeSet;

use nxcloud::sms::{self, SendSms};
use nxcloud::{Credentials, ErrorKind, Session, whatsapp};
use nxcloud_sandbox::{ACCESS_KEY, ACCESS_SECRET, Sandbox};

use crate::support::{PHONE, TEXT};

fn session(sandbox: &Sandbox) -> Session {
    let credentials = Credentials::nxcloud(ACCESS_KEY, ACCESS_SECRET).unwrap();
    Session::builder()
        .credentials(credentials)
        .base_url(sandbox.url())
        .build()
        .unwrap()
}

#[tokio::test]
async fn every_one_is_accepted_when_sent_by_another_client() {
    let sandbox = Sandbox::start().await.unwrap();
    let requests: Vec<SendSms> = (0..40)
        .map(|n| SendSms::new("app", PHONE, TEXT.repeat(n % 5 + 1)))
        .collect();
    let presigned = session(&sandbox)
        .presign(&sms::operations::SEND_SMS, &requests)
        .unwrap();
    assert_eq!(presigned.len(), 40);
    let http = reqwest::Client::new();
    let mut signatures = BTreeSet::new();
    for one in presigned {
        let mut request = http
            .request(one.method.parse().unwrap(), &one.url)
            .body(one.body.clone());
        for (name, value) in &one.headers {
            request = request.header(*name, value);
        }
        let reply = request.send().await.unwrap().text().await.unwrap();
        assert!(reply.contains(r#""code":"0""#), "{reply}");
        signatures.insert(one.headers[5].1.clone());
        let shown = format!("{one:?}");
        assert!(
            !shown.contains(PHONE) && !shown.contains(&one.headers[5].1),
            "{shown}"
        );
    }
    assert_eq!(signatures.len(), 5, "one for each different body");
    assert_eq!(sandbox.requests_for("send_sms").len(), 40);
}

#[tokio::test]
async fn a_broken_one_is_named_by_its_place_and_an_empty_list_is_fine() {
    let sandbox = Sandbox::start().await.unwrap();
    let session = session(&sandbox);
    let requests = [
        SendSms::new("app", PHONE, TEXT),
        SendSms::new("app", PHONE, ""),
    ];
    let error = session
        .presign(&sms::operations::SEND_SMS, &requests)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert!(
        error
            .to_string()
            .contains("`[1].content` must not be empty"),
        "{error}"
    );
    let none: [SendSms; 0] = [];
    assert_eq!(
        session.presign(&sms::operations::SEND_SMS, &none).unwrap(),
        []
    );
    let error = session
        .presign(&whatsapp::operations::UPLOAD_MEDIA, &none)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
}

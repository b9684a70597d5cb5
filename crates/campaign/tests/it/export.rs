//! Every row as CSV and JSON lines.

use nxcloud_campaign::export::{FIELDS, Format, export, export_file};
use nxcloud_campaign::{Attempt, AttemptResult, ErrorKind, Ledger as _, RowFilter, Run};
use serde_json::Value;

use crate::common::{Script, World, accepted, number};

async fn sent() -> (World, nxcloud_campaign::Campaign) {
    let world = World::new().await;
    let list = world.list("list.csv", "phone,name,\"od\"\"d\"\n8615012345671,p 1,\"a,\nb\"\n8615012345672,p 2,\n8615012345672,p 3,\nx,p 4,\n").unwrap();
    let campaign = world.import("c", &list).await.unwrap();
    let sender = Script::new(|request| match number(request) {
        1 => accepted(request),
        _ => Attempt::new(AttemptResult::Rejected).with_reason("no"),
    });
    let run = Run::new(&world.ledger, "c", &world.template, &sender);
    run.bad_rows(nxcloud_campaign::check::BadRows::Skip)
        .execute()
        .await
        .unwrap();
    let campaign = world.ledger.campaign(&campaign.name).await.unwrap();
    (world, campaign)
}

#[tokio::test]
async fn csv_has_a_line_for_every_row() {
    let (world, campaign) = sent().await;
    let mut out = Vec::new();
    let written = export(
        &world.ledger,
        &campaign,
        RowFilter::All,
        Format::Csv,
        &mut out,
    )
    .await
    .unwrap();
    assert_eq!(written, 4);
    let mut csv = csv::Reader::from_reader(out.as_slice());
    let headers: Vec<_> = csv.headers().unwrap().iter().map(str::to_owned).collect();
    let expected: Vec<_> = FIELDS
        .iter()
        .copied()
        .chain(["list.phone", "list.name", "list.od\"d"])
        .collect();
    assert_eq!(headers, expected);
    let rows: Vec<_> = csv.records().collect::<Result<_, _>>().unwrap();
    let of = |row: usize, name: &str| {
        let place = headers.iter().position(|header| header == name).unwrap();
        rows[row].get(place).unwrap().to_owned()
    };
    let states: Vec<_> = (0..4)
        .map(|row| of(row, "state") + "/" + &of(row, "skipped"))
        .collect();
    assert_eq!(
        states,
        [
            "accepted/",
            "rejected/",
            "skipped/duplicate",
            "skipped/invalid"
        ]
    );
    assert_eq!(
        (of(0, "message_id"), of(1, "reason"), of(0, "claims")),
        ("m1".into(), "no".into(), "1".into())
    );
    assert_eq!(
        (of(0, "phone"), of(0, "list.phone"), of(3, "phone")),
        (
            "8615012345671".into(),
            "8615012345671".into(),
            String::new()
        )
    );
    assert_eq!(of(0, "list.od\"d"), "a,\nb");
    assert!(of(0, "settled_at").ends_with('Z'));
}

#[tokio::test]
async fn json_lines_leave_out_what_a_row_has_not() {
    let (world, campaign) = sent().await;
    let mut out = Vec::new();
    export(
        &world.ledger,
        &campaign,
        RowFilter::All,
        Format::JsonLines,
        &mut out,
    )
    .await
    .unwrap();
    let rows: Vec<Value> = out
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    assert_eq!(rows.len(), 4);
    assert_eq!(rows[0]["list"]["name"], "p 1");
    assert_eq!(rows[0]["message_id"], "m1");
    assert!(rows[2].get("message_id").is_none() && rows[2].get("receipt").is_none());
    assert_eq!(rows[2]["reason"], "the same number as row 2");
}

#[tokio::test]
async fn a_file_is_new_and_its_owners_alone() {
    let (world, campaign) = sent().await;
    let path = world.path("out.csv");
    let written = export_file(&world.ledger, &campaign, RowFilter::All, Format::Csv, &path)
        .await
        .unwrap();
    assert_eq!(written, 4);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    let before = std::fs::read(&path).unwrap();
    let error = export_file(&world.ledger, &campaign, RowFilter::All, Format::Csv, &path)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Exists);
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

//! From a file to rows, and what cannot be one.

use nxcloud_campaign::check::{BadRows, check};
use nxcloud_campaign::import::{Format, List, ListOptions};
use nxcloud_campaign::{
    CampaignState, ErrorKind, Ledger as _, NewCampaign, RowFilter, Run, Skip, State, Template,
    import,
};
use nxcloud_sms::SendSms;

use crate::common::{Script, World, accepted, csv, states, write};

/// Rows as `number:phone:name`, bad ones with what is wrong.
async fn rows(world: &World, list: &List) -> Vec<String> {
    let campaign = world.import("c", list).await.unwrap();
    let rows = world.rows(&campaign).await;
    let lines = rows.iter().map(|row| match &row.reason {
        None => format!(
            "{}:{}:{}",
            row.row.number(),
            row.row.phone(),
            row.row.get("name").unwrap_or("-")
        ),
        Some(reason) => format!("{}:{reason}", row.row.number()),
    });
    lines.collect()
}

#[tokio::test]
async fn delimiters_quotes_and_encodings_are_found() {
    let plain = ["1:8615012345678:Zoë", "2:442079460958:a\nb;\"c\", d"];
    let rows_of = |delimiter: char| {
        format!(
            "name{delimiter} phone {delimiter}x\nZoë{delimiter}+86 150-1234-5678{delimiter}\n\"a\nb;\"\"c\"\", d\"{delimiter}0044 20 7946 0958{delimiter}z\n"
        )
    };
    for delimiter in [',', ';', '\t', '|'] {
        let world = World::new().await;
        let list = world.list("list.csv", rows_of(delimiter)).unwrap();
        assert_eq!(list.delimiter(), delimiter);
        assert_eq!(rows(&world, &list).await, plain, "{delimiter:?}");
    }
    let text = rows_of(';');
    let utf16: Vec<u8> = format!("\u{feff}{text}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for (bytes, encoding, name) in [
        (format!("\u{feff}{text}").into_bytes(), None, "UTF-8"),
        (utf16, None, "UTF-16LE"),
        (
            encoding_rs::GB18030.encode(&text).0.into_owned(),
            Some("gb18030"),
            "gb18030",
        ),
        (
            text.replace('\n', "\r\n")
                .replace("a\r\n", "a\n")
                .into_bytes(),
            None,
            "UTF-8",
        ),
    ] {
        let world = World::new().await;
        let options =
            encoding.map_or_else(ListOptions::new, |name| ListOptions::new().encoding(name));
        let list = world.list_with("list.csv", bytes, &options).unwrap();
        assert_eq!(list.encoding(), name);
        assert_eq!(rows(&world, &list).await, plain, "{name}");
    }
}

#[tokio::test]
async fn json_lines_are_read() {
    let world = World::new().await;
    let lines = "{\"phone\": \"8615012345678\", \"name\": \"Ann\", \"n\": 1}\n\n{\"name\": null, \"phone\": 442079460958}\n{\"phone\": \"x\"}\n[1]\n{\"phone\": \"8615012345679\", \"name\": [1]}\n{\"phone\": \"8615012345670\", \"who\": \"Bob\"}\n{\"phone\": \"86150";
    let list = world.list("list.jsonl", lines).unwrap();
    assert_eq!(list.format(), Format::JsonLines);
    assert_eq!(
        rows(&world, &list).await,
        [
            "1:8615012345678:Ann",
            "2:442079460958:-",
            "3:character 1 is not part of a phone number; write digits with the country code",
            "4:the line is no JSON object; write one on each line",
            "5:a field holds a list or an object; only texts, numbers and booleans are values",
            "6:the line has a field that the first line does not have",
            "7:the line is no JSON object; write one on each line",
        ]
    );
}

#[tokio::test]
async fn numbers_are_normalised_and_equal_ones_sent_once() {
    let world = World::new().await;
    let text = "phone,name\n0150 1234 5678,a\n+8615012345678,b\n(0)150-12345678,c\n+86 150 1234 5679,d\n,e\n12,f\n15012345678,g\n";
    let list = world
        .list_with("list.csv", text, &ListOptions::new().default_country("86"))
        .unwrap();
    let campaign = world.import("c", &list).await.unwrap();
    let rows = world.rows(&campaign).await;
    let skips: Vec<_> = rows.iter().map(|row| row.skip).collect();
    let (duplicate, invalid) = (Some(Skip::Duplicate), Some(Skip::Invalid));
    assert_eq!(
        skips,
        [
            None, duplicate, duplicate, None, invalid, invalid, duplicate
        ]
    );
    assert_eq!(rows[1].reason.as_deref(), Some("the same number as row 1"));
    assert_eq!(campaign.state, CampaignState::Ready);
    let counts = world.counts(&campaign).await;
    assert_eq!(
        (
            counts.total(),
            counts.state(State::Ready),
            counts.skipped(Skip::Duplicate)
        ),
        (7, 2, 3)
    );
}

#[tokio::test]
async fn a_broken_row_is_listed_and_refuses_the_start() {
    let world = World::new().await;
    let list = world
        .list(
            "list.csv",
            "phone,name\n8615012345678,Ann\n8615012345679\n8615012345670,Bob,x\nabc,Zoë\n",
        )
        .unwrap();
    let campaign = world.import("c", &list).await.unwrap();
    let sender = Script::new(accepted);
    let error = Run::new(&world.ledger, "c", &world.template, &sender)
        .execute()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadRows);
    assert_eq!(
        error.to_string(),
        "3 of the rows cannot be sent; correct the list, or skip them"
    );
    let findings = error.findings().unwrap();
    let lines: Vec<_> = findings
        .first
        .iter()
        .map(|finding| format!("{}: {}", finding.row, finding.problem))
        .collect();
    assert_eq!(
        lines,
        [
            "2: the row has 1 values, the list has 2 columns",
            "3: the row has 3 values, the list has 2 columns",
            "4: character 1 is not part of a phone number; write digits with the country code",
        ]
    );
    assert_eq!(sender.sent.len(), 0);
    let report = Run::new(&world.ledger, "c", &world.template, &sender)
        .bad_rows(BadRows::Skip)
        .execute()
        .await
        .unwrap();
    assert_eq!(sender.sent.len(), 1);
    assert_eq!(report.counts.skipped(Skip::Invalid), 3);
    assert_eq!(
        world
            .ledger
            .rows(campaign.id, RowFilter::Invalid, 0, 10)
            .await
            .unwrap()
            .len(),
        3
    );
}

#[tokio::test]
async fn a_limit_that_a_row_breaks_is_found_before_the_first_row_is_sent() {
    let world = World::new().await;
    let mut text = csv(6);
    text += &format!("8615099999999,{}\n", "x".repeat(1000));
    text += "8615099999998,last\n";
    let list = world.list("list.csv", text).unwrap();
    let campaign = world.import("c", &list).await.unwrap();
    let checked = check(&world.ledger, &campaign, &world.template, BadRows::Refuse)
        .await
        .unwrap();
    assert_eq!(checked.findings.total, 1);
    let finding = &checked.findings.first[0];
    assert_eq!(finding.row, 7);
    assert_eq!(
        finding.problem,
        "`content` has 1006 characters, at most 1000 are allowed"
    );
    assert_eq!(checked.samples.len(), 3);
    assert!(
        checked.samples[0].contains("\"content\":\"Hello person 1\""),
        "{}",
        checked.samples[0]
    );
    assert!(!format!("{checked:?}").contains("Hello"));
    let sender = Script::new(accepted);
    let run = || Run::new(&world.ledger, "c", &world.template, &sender);
    assert_eq!(
        run().execute().await.unwrap_err().kind(),
        ErrorKind::BadRows
    );
    assert_eq!(sender.sent.len(), 0);
    let report = run().bad_rows(BadRows::Skip).execute().await;
    // The last row's text has no number.
    assert_eq!(
        states(&report.unwrap().counts),
        [("accepted", 7), ("skipped", 1)].into()
    );
    let row = &world.rows(&campaign).await[6];
    assert_eq!((row.state, row.skip), (State::Skipped, Some(Skip::Invalid)));
    assert!(row.reason.as_deref().unwrap().contains("at most 1000"));
}

#[tokio::test]
async fn lists_that_cannot_be_read_say_why() {
    let world = World::new().await;
    let wide = |columns: usize| {
        (0..columns)
            .map(|column| format!("c{column}"))
            .collect::<Vec<_>>()
            .join(",")
    };
    let long = format!("phone,name\n8615012345678,{}\n", "x".repeat(10 << 20));
    for (content, expected) in [
        (String::new(), "the list is empty"),
        ("\n\n".to_owned(), "no line with the names of the columns"),
        (
            "phone,name,phone\n".to_owned(),
            "two columns with the name phone",
        ),
        (
            format!("phone,{}\n1\n", wide(100_000)),
            "the list has 100001 columns, at most 1000",
        ),
        (
            format!("phone,\"{}\n", "y".repeat(3 << 20)),
            "the row at line 1 is longer than 1024 KiB; a quote may be open there",
        ),
    ] {
        let error = world.list("list.csv", &content).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::List, "{expected}");
        assert!(error.to_string().contains(expected), "{expected}: {error}");
    }
    // What shows only while it is imported; the name stays free.
    for (content, expected) in [
        (long.as_str(), "the row at line 2 is longer than 1024 KiB"),
        ("phone,name\n", "columns but no rows"),
        (
            "name,mobile\nAnn,1\n",
            "the list has no column phone for the numbers; it has: name, mobile",
        ),
        (
            "8615012345678,Ann\n8615012345679,Bob\n",
            "it has: a number in its first line; write the names",
        ),
    ] {
        let list = world.list("list.csv", content).unwrap();
        let error = world.import("c", &list).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::List, "{expected}");
        assert!(error.to_string().contains(expected), "{expected}: {error}");
        assert!(
            world.ledger.campaigns().await.unwrap().is_empty(),
            "{expected}"
        );
    }
    let jsonl = format!(
        "{{\"phone\": \"1\", \"name\": \"x\"}}\n{{\"phone\": \"{}\"}}\n",
        "1".repeat(2 << 20)
    );
    let list = world.list("list.jsonl", jsonl).unwrap();
    let error = world.import("c", &list).await.unwrap_err();
    assert!(
        error.to_string().contains("line 2 is longer than 1024 KiB"),
        "{error}"
    );
    let list = world.list("good.csv", csv(3)).unwrap();
    world.import("c", &list).await.unwrap();
    let missing = List::open(world.path("missing.csv"), &ListOptions::new()).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::Io);
    assert_eq!(
        List::open(world.path("."), &ListOptions::new())
            .unwrap_err()
            .kind(),
        ErrorKind::List
    );
}

#[tokio::test]
async fn an_unknown_column_of_the_template_is_named_before_anything_is_made() {
    let world = World::new().await;
    let list = world
        .list("list.csv", "phone,nmae\n8615012345678,Ann\n")
        .unwrap();
    let error = world.import("c", &list).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Template);
    assert_eq!(
        error.to_string(),
        "the template uses the column `name`, which the list does not have; it has: phone, nmae"
    );
    assert!(world.ledger.campaigns().await.unwrap().is_empty());
}

#[tokio::test]
async fn the_same_list_twice_needs_to_be_asked_for() {
    let world = World::new().await;
    let list = world.list("list.csv", csv(5)).unwrap();
    world.import("one", &list).await.unwrap();
    let error = world.import("one", &list).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Exists);
    assert_eq!(
        error.to_string(),
        "the ledger has a campaign of this name; choose another name"
    );
    let error = world.import("two", &list).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Exists);
    assert!(
        error
            .to_string()
            .contains("same list, operation and template"),
        "{error}"
    );
    let again = NewCampaign::from_template("two", &world.template).again();
    import(&world.ledger, again, &list, |_| {}).await.unwrap();
    let other = Template::<SendSms>::new(
        r#"{"appKey": "app", "phone": "{phone}", "content": "Bye {name}"}"#,
    )
    .unwrap();
    import(
        &world.ledger,
        NewCampaign::from_template("three", &other),
        &list,
        |_| {},
    )
    .await
    .unwrap();
    let names: Vec<_> = world
        .ledger
        .campaigns()
        .await
        .unwrap()
        .into_iter()
        .map(|campaign| campaign.name)
        .collect();
    assert_eq!(names, ["one", "two", "three"]);
}

#[tokio::test]
async fn an_interrupted_import_goes_on_and_a_changed_list_is_refused() {
    let world = World::new().await;
    let (list, new) = (world.list("list.csv", csv(35_000)).unwrap(), || {
        NewCampaign::from_template("c", &world.template)
    });
    // The program ends while the second batch is on its way.
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let mut stop = Some(stop);
    let importing = import(&world.ledger, new(), &list, |_| drop(stop.take()));
    tokio::select! {
        biased;
        _ = stopped => {}
        result = importing => panic!("{result:?}"),
    }
    let campaign = world.opened_again().await.campaign("c").await.unwrap();
    assert_eq!(campaign.state, CampaignState::Importing);
    assert!(
        (10_000..35_000).contains(&campaign.imported),
        "{}",
        campaign.imported
    );
    let sender = Script::new(accepted);
    let error = Run::new(&world.ledger, "c", &world.template, &sender)
        .execute()
        .await
        .unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::WrongState,
        "half a list is not sent to"
    );

    let changed = world.list("changed.csv", csv(35_001)).unwrap();
    let error = import(&world.ledger, new(), &changed, |_| {})
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ListChanged);

    let list = List::open(world.path("list.csv"), &ListOptions::new()).unwrap();
    let campaign = import(&world.ledger, new(), &list, |_| {}).await.unwrap();
    assert_eq!(
        (campaign.state, campaign.imported),
        (CampaignState::Ready, 35_000)
    );
    let rows = world.rows(&campaign).await;
    assert_eq!(rows.len(), 35_000);
    for (place, row) in (1..).zip(&rows) {
        assert_eq!(row.row.number(), place);
        assert_eq!(row.row.phone(), format!("86150{place:08}"));
        assert_eq!(row.state, State::Ready);
    }
}

#[tokio::test]
async fn a_list_that_changes_while_it_is_read_is_refused() {
    let world = World::new().await;
    let list = world.list("list.csv", csv(5)).unwrap();
    write(world.path("list.csv"), csv(6));
    let error = world.import("c", &list).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ListChanged);
    assert!(world.ledger.campaigns().await.unwrap().is_empty());
}

#[tokio::test]
async fn suppressed_numbers_are_skipped_whenever_they_come() {
    let world = World::new().await;
    let phone = |row: u32| format!("86150{row:08}");
    assert_eq!(
        world
            .ledger
            .suppress(vec![phone(2), phone(2), phone(99)], "asked")
            .await
            .unwrap(),
        2
    );
    let list = world
        .list("list.csv", format!("{}{}", csv(4), "8615000000002,again\n"))
        .unwrap();
    let campaign = world.import("c", &list).await.unwrap();
    let counts = world.counts(&campaign).await;
    assert_eq!(
        (
            counts.skipped(Skip::Suppressed),
            counts.skipped(Skip::Duplicate)
        ),
        (2, 0)
    );
    // And one after the import.
    world
        .ledger
        .suppress(vec![phone(4)], "asked")
        .await
        .unwrap();
    let sender = Script::new(accepted);
    let report = Run::new(&world.ledger, "c", &world.template, &sender)
        .execute()
        .await
        .unwrap();
    assert_eq!(sender.sent.len(), 2);
    assert_eq!(report.counts.skipped(Skip::Suppressed), 3);
    let rows = world.rows(&campaign).await;
    assert_eq!(rows[3].skip, Some(Skip::Suppressed));
    assert_eq!(rows[3].claims, 0);
}

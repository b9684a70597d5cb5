//! The loop that campaigns replace: it notes each row in a progress file and skips the noted rows when it starts again.

use std::collections::HashSet;
use std::io::Write as _;
use std::sync::Mutex;

use futures_util::StreamExt as _;
use nxcloud_client::AppKey;
use nxcloud_sms::SendSms;

use super::workers::{Worker, session};
use super::{LONGEST_LIFE, Life, ROWS, Result, SLOTS, live, platform, write_list};

/// The child process: sends what the progress file does not hold.
pub(super) async fn work(order: &str, list: &str, progress: &str, url: &str) -> Result<()> {
    let session = session(url)?;
    let done: HashSet<String> = std::fs::read_to_string(progress)
        .unwrap_or_default()
        .lines()
        .map(str::to_owned)
        .collect();
    let file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(progress)?;
    let file = Mutex::new(file);
    let note = |phone: &str| -> std::io::Result<()> {
        let mut file = file.lock().map_err(|_| std::io::Error::other("poisoned"))?;
        // In one call, so that a kill does not tear the line.
        file.write_all(format!("{phone}\n").as_bytes())?;
        file.sync_data()
    };
    let list = std::fs::read_to_string(list)?;
    let phones = list
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').next());
    let app = AppKey::new("my-app");
    futures_util::stream::iter(phones.filter(|phone| !done.contains(*phone)))
        .for_each_concurrent(SLOTS as usize, async |phone| {
            let request = SendSms::new(&app, phone, "Hello, we open on Friday.").with_ext(phone);
            if order == "before" {
                drop(note(phone));
                drop(session.send(&request).await);
            } else if session.send(&request).await.is_ok() {
                drop(note(phone));
            }
        })
        .await;
    Ok(())
}

/// Kills the child so many times, then lets it finish, and counts duplicates and losses.
pub(super) async fn run(kills: u32, order: &str) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let sandbox = platform().await?;
    let (mut killed, mut lists) = (0, 0);
    while killed < kills {
        let list = folder.path().join(format!("list-{lists}"));
        let progress = folder.path().join(format!("progress-{lists}"));
        write_list(&list, lists * ROWS)?;
        let paths = (list.to_str(), progress.to_str());
        let (Some(list), Some(progress)) = paths else {
            return Err("the temporary folder is not UTF-8".into());
        };
        loop {
            let worker = Worker::start(&[order, list, progress, sandbox.url()])?;
            if let Life::Finished = live(worker, (killed < kills).then_some(LONGEST_LIFE)).await? {
                break;
            }
            killed += 1;
        }
        lists += 1;
    }
    let accepted = sandbox.accepted_keys();
    let rows = lists * ROWS;
    let twice = accepted.repeated().len();
    println!(
        "{killed} kills, {rows} rows, progress written {order} each send: {twice} recipients got the message more than once, {} never, and nothing says who",
        rows as usize - accepted.keys()
    );
    Ok(())
}

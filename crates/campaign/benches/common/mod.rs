//! What the benches share: a list, a campaign, and senders that send nothing.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nxcloud_campaign::import::{List, ListOptions};
use nxcloud_campaign::{Attempt, Campaign, Ledger, NewCampaign, Sender, Template, import};
use nxcloud_sms::SendSms;

const TEMPLATE: &str =
    r#"{"appKey": "app", "phone": "{phone}", "content": "Hello {name}, your code is {code}."}"#;
pub(crate) const MILLION: u32 = 1_000_000;

/// Sends nothing and accepts everything, after a delay.
pub(crate) struct Nothing(pub(crate) Duration);

impl Sender<SendSms> for Nothing {
    async fn send(&self, request: &SendSms) -> Attempt {
        if !self.0.is_zero() {
            tokio::time::sleep(self.0).await;
        }
        Attempt::accepted(request.ext.clone())
    }
}

/// The arguments; cargo adds `--bench`.
pub(crate) fn arguments() -> Vec<String> {
    let arguments = std::env::args().skip(1);
    arguments.filter(|argument| argument != "--bench").collect()
}

pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.enable_all().build().unwrap().block_on(work)
}

pub(crate) fn template() -> Template<SendSms> {
    Template::new(TEMPLATE).unwrap()
}

/// Writes a list.
pub(crate) fn list(folder: &Path, rows: u32) -> PathBuf {
    let path = folder.join("list.csv");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    writeln!(file, "phone,name,code").unwrap();
    for row in 0..rows {
        let code = u64::from(row) * 7919 % u64::from(MILLION);
        writeln!(file, "+86 150{row:08},person number {row},{code:06}").unwrap();
    }
    file.into_inner().unwrap().sync_all().unwrap();
    path
}

/// Imports a list as the campaign `bench`, which needs no check.
pub(crate) async fn campaign(ledger: &impl Ledger, list: &Path) -> Campaign {
    let list = List::open(list, &ListOptions::new()).unwrap();
    let new = NewCampaign::from_template("bench", &template());
    let campaign = import(ledger, new, &list, |_| {}).await.unwrap();
    ledger.checked(campaign.id).await.unwrap();
    campaign
}

pub(crate) fn per_second(rows: u64, time: Duration) -> f64 {
    rows as f64 / time.as_secs_f64()
}

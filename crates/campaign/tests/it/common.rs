//! What the tests share: a ledger in a folder, lists, and senders that do what they are asked for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nxcloud_campaign::import::{List, ListOptions};
use nxcloud_campaign::{
    AnyLedger, Attempt, Campaign, Counts, Error, Ledger as _, NewCampaign, RowFilter, RowRecord,
    Sender, Sqlite, State, Template, import,
};
use nxcloud_sms::SendSms;
use tempfile::TempDir;

pub(crate) const TEMPLATE: &str =
    r#"{"appKey": "app", "phone": "{phone}", "content": "Hello {name}"}"#;

/// A folder with lists in it, and a ledger: a file in the folder, or a database of its own where `NXCLOUD_TEST_POSTGRES` names a server.
pub(crate) struct World {
    folder: TempDir,
    place: Place,
    pub(crate) ledger: AnyLedger,
    pub(crate) template: Template<SendSms>,
}

/// Where the ledger is.
enum Place {
    File(PathBuf),
    #[cfg(feature = "postgres")]
    Database(crate::postgres::Database),
}

impl Place {
    async fn open(&self) -> AnyLedger {
        match self {
            Self::File(path) => Sqlite::create(path).unwrap().into(),
            #[cfg(feature = "postgres")]
            Self::Database(database) => database.ledger().await.into(),
        }
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = Place::File(folder.path().join("test.ledger"));
        #[cfg(feature = "postgres")]
        let place = match crate::postgres::Database::new().await {
            Some(database) => Place::Database(database),
            None => file,
        };
        #[cfg(not(feature = "postgres"))]
        let place = file;
        Self {
            folder,
            ledger: place.open().await,
            place,
            template: Template::new(TEMPLATE).unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The ledger as another process sees it, or a later one.
    pub(crate) async fn opened_again(&self) -> AnyLedger {
        self.place.open().await
    }

    /// The URL of the database.
    #[cfg(feature = "postgres")]
    pub(crate) fn url(&self) -> Option<String> {
        match &self.place {
            Place::Database(database) => Some(database.url.clone()),
            Place::File(_) => None,
        }
    }

    /// Waits until the ledger knows that workers ended which were dropped.
    pub(crate) async fn ended(&self) {
        #[cfg(feature = "postgres")]
        if let Place::Database(database) = &self.place {
            database.ended().await;
        }
    }

    pub(crate) fn list(&self, name: &str, content: impl AsRef<[u8]>) -> Result<List, Error> {
        self.list_with(name, content, &ListOptions::new())
    }

    pub(crate) fn list_with(
        &self,
        name: &str,
        content: impl AsRef<[u8]>,
        options: &ListOptions,
    ) -> Result<List, Error> {
        std::fs::write(self.path(name), content).unwrap();
        List::open(self.path(name), options)
    }

    pub(crate) async fn import(&self, name: &str, list: &List) -> Result<Campaign, Error> {
        import(
            &self.ledger,
            NewCampaign::from_template(name, &self.template),
            list,
            |_| {},
        )
        .await
    }

    /// A campaign `c` with so many rows.
    pub(crate) async fn campaign(&self, rows: u32) -> Campaign {
        let list = self.list("list.csv", csv(rows)).unwrap();
        self.import("c", &list).await.unwrap()
    }

    pub(crate) async fn rows(&self, campaign: &Campaign) -> Vec<RowRecord> {
        self.ledger
            .rows(campaign.id, RowFilter::All, 0, 100_000)
            .await
            .unwrap()
    }

    pub(crate) async fn counts(&self, campaign: &Campaign) -> Counts {
        self.ledger.counts(campaign.id).await.unwrap()
    }
}

/// A list with so many rows.
pub(crate) fn csv(rows: u32) -> String {
    let mut list = "phone,name\n".to_owned();
    for row in 1..=rows {
        list += &format!("+86 150 {row:08},person {row}\n");
    }
    list
}

/// States and their numbers of rows, without zeros.
pub(crate) fn states(counts: &Counts) -> BTreeMap<&'static str, u64> {
    let states = State::ALL
        .iter()
        .map(|&state| (state.as_str(), counts.state(state)));
    states.filter(|(_, count)| *count > 0).collect()
}

/// Answers each request by a function, after a moment; counts how often each key was sent.
pub(crate) struct Script<F> {
    answer: F,
    delay: Duration,
    pub(crate) sent: Sent,
}

/// The keys of the rows that were sent, in their order.
#[derive(Clone, Default)]
pub(crate) struct Sent(Arc<Mutex<Vec<String>>>);

impl Sent {
    pub(crate) fn add(&self, request: &SendSms) {
        let key = request.ext.clone().unwrap();
        self.0.lock().unwrap().push(key);
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// How often the key was sent that was sent most often.
    pub(crate) fn most(&self) -> usize {
        let mut counts = BTreeMap::new();
        for key in self.keys() {
            *counts.entry(key).or_insert(0) += 1;
        }
        counts.into_values().max().unwrap_or(0)
    }
}

impl<F: Fn(&SendSms) -> Attempt + Send + Sync> Script<F> {
    pub(crate) fn new(answer: F) -> Self {
        Self {
            answer,
            delay: Duration::ZERO,
            sent: Sent::default(),
        }
    }

    pub(crate) fn slowly(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// The same, whose requests count with those of another one.
    pub(crate) fn with(mut self, sent: &Sent) -> Self {
        self.sent = sent.clone();
        self
    }
}

impl<F: Fn(&SendSms) -> Attempt + Send + Sync> Sender<SendSms> for Script<F> {
    async fn send(&self, request: &SendSms) -> Attempt {
        self.sent.add(request);
        let attempt = (self.answer)(request);
        tokio::time::sleep(self.delay).await;
        attempt
    }
}

/// The number at the end of a row's text; 0 if there is none.
pub(crate) fn number(request: &SendSms) -> u32 {
    let last = request.content.rsplit(' ').next();
    last.and_then(|last| last.parse().ok()).unwrap_or(0)
}

pub(crate) fn accepted(request: &SendSms) -> Attempt {
    Attempt::accepted(format!("m{}", number(request)))
}

pub(crate) fn write(path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
    std::fs::write(path, content).unwrap();
}

//! What only PostgreSQL has: several workers, a server that goes away. `.ci/postgres` starts a server for these tests.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use nxcloud_campaign::Postgres;
use tokio_postgres::{Client, NoTls};

/// A database of its own for a test.
pub(crate) struct Database {
    url: String,
}

impl Database {
    /// `None` if no server is named.
    pub(crate) async fn new() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let server = std::env::var("NXCLOUD_TEST_POSTGRES").ok()?;
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let name = format!("test_{}_{number}", std::process::id());
        let admin = client(&server.replace("DATABASE", "postgres")).await;
        admin
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .await
            .unwrap();
        let url = server.replace("DATABASE", &name);
        Some(Self { url })
    }

    /// A process with this ledger.
    pub(crate) async fn ledger(&self) -> Postgres {
        Postgres::connect(&self.url, None).await.unwrap()
    }

    /// Waits until no worker lives.
    pub(crate) async fn ended(&self) {
        let client = client(&self.url).await;
        let living = "SELECT count(*) FROM nxcloud_campaign.worker WHERE seen > 0";
        for _ in 0..1000 {
            let rows = client.query_typed(living, &[]).await.unwrap();
            if rows[0].get::<_, i64>(0) == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("a worker did not end");
    }
}

async fn client(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(async { connection.await.unwrap() });
    client
}

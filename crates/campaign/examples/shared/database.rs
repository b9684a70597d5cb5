//! The PostgreSQL server that `.ci/postgres` has started.

use std::error::Error;

use tokio_postgres::{Client, NoTls};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Makes a database; its URL.
pub(super) async fn create() -> Result<String> {
    let server = variable("NXCLOUD_TEST_POSTGRES")?;
    let name = format!("example_{}", std::process::id());
    let admin = connect(&server.replace("DATABASE", "postgres")).await?;
    admin
        .batch_execute(&format!("CREATE DATABASE {name}"))
        .await?;
    Ok(server.replace("DATABASE", &name))
}

pub(super) async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(async { connection.await.ok() });
    Ok(client)
}

/// A variable of `.ci/postgres`.
pub(super) fn variable(name: &str) -> Result<String> {
    Ok(std::env::var(name).map_err(|_| format!("{name} is not set; run it with .ci/postgres"))?)
}

//! The PostgreSQL server, as far as the kills need it.

use std::process::{Command, Stdio};

use super::Result;
use super::database::{connect, variable};

/// Stops the server as if it had crashed, and starts it again after this time.
pub(super) async fn stop_and_start(pause: std::time::Duration) -> Result<()> {
    pg_ctl(&["stop", "-m", "immediate"])?;
    tokio::time::sleep(pause).await;
    pg_ctl(&["start"])
}

fn pg_ctl(arguments: &[&str]) -> Result<()> {
    let data = variable("NXCLOUD_TEST_POSTGRES_DATA")?;
    let mut command = Command::new(variable("NXCLOUD_TEST_POSTGRES_RUN")?);
    command.args(["pg_ctl", "-w", "-D", &data, "-l", &format!("{data}.log")]);
    // The server would keep pipes of this process open.
    let status = command.args(arguments).stdout(Stdio::null()).status()?;
    if !status.success() {
        return Err(format!("pg_ctl {arguments:?} failed").into());
    }
    Ok(())
}

/// How many rows each worker is sending, by what the database says.
pub(super) async fn in_flight(url: &str) -> Result<Vec<u64>> {
    let counts = "SELECT count(*) FROM nxcloud_campaign.list_row WHERE state = 1 GROUP BY worker";
    let rows = connect(url).await?.query_typed(counts, &[]).await?;
    let count = |row: &tokio_postgres::Row| row.get::<_, i64>(0).unsigned_abs();
    Ok(rows.iter().map(count).collect())
}

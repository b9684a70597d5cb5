//! What the benches of this workspace share: the requests that are signed, the rivals that sign them too, and the report.

pub mod ratio;
pub mod report;
pub mod rivals;
pub mod workload;

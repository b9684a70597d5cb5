//! What the benches of this workspace share: the requests that are signed, and the rivals that sign them too.

pub mod ratio;
pub mod rivals;
pub mod workload;

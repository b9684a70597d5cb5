//! Sets the cfg under which `handover.rs` uses loom's atomics. loom's own cfg would be set for every crate of the build, and
//! tokio has no `net` under it.

fn main() {
    println!("cargo::rustc-cfg=nxcloud_loom");
}

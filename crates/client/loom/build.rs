//! Sets the cfg that makes `handover.rs` use loom's atomics. loom's own cfg would apply to every crate of the build, and under it tokio
//! has no `net`.

fn main() {
    println!("cargo::rustc-cfg=nxcloud_loom");
}

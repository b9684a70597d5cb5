//! The generated parts of hand-written manifests.

use xtask::emit;
use xtask::model::Service;

/// The blocks of manifests, each as a manifest of its own.
pub(crate) fn manifests(services: &[Service]) -> impl Iterator<Item = (String, String)> {
    let mut blocks = emit::workspace_blocks(services, "4.5.6");
    blocks.extend(emit::webhook_blocks(services));
    let manifests = blocks
        .into_iter()
        .filter(|block| block.file.ends_with(".toml"));
    manifests.map(|block| {
        let name = block.name.unwrap_or("workspace");
        let text = format!("[{name}]\n{}", block.text);
        (format!("{name} of {}", block.file), text)
    })
}

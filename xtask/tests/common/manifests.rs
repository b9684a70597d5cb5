//! The generated parts of hand-written manifests, and crates in another workspace.

use std::collections::BTreeMap;

use xtask::emit::{self, DEPENDENCIES, DEV_DEPENDENCIES, Origin};
use xtask::model::Service;

/// The blocks of manifests, each as a separate manifest.
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

/// The files of the crate in another workspace.
pub(crate) fn outside(service: &Service) -> Result<BTreeMap<String, String>, String> {
    let dev = DEV_DEPENDENCIES.iter().map(|(name, _)| name);
    let versions = DEPENDENCIES.iter().chain(dev);
    let origin = Origin {
        edition: "2024".to_owned(),
        rust_version: "1.89".to_owned(),
        dependencies: versions
            .map(|name| ((*name).to_owned(), "1".into()))
            .collect(),
    };
    let files = emit::outside_files(service, "their/spec.yaml", "0.1.0", &origin)?;
    let prefixed = |(path, text)| (format!("outside/{path}"), text);
    Ok(files.into_iter().map(prefixed).collect())
}

//! The specs as the sandbox embeds them: the same content as JSON.

use std::collections::BTreeMap;

use super::marker;
use crate::model::Service;

/// The sandbox's generated files, by their path in its crate.
#[must_use]
pub fn sandbox_files(services: &[Service]) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut table = format!(
        "// {}\n//! The specs, embedded.\n\n/// Service name and spec, sorted by name.\npub(crate) const SPECS: &[(&str, &str)] = &[\n",
        marker("specs/*.yaml")
    );
    for service in services {
        let name = &service.name;
        let mut json = serde_json::to_string_pretty(&service.raw).unwrap_or_default();
        json.push('\n');
        files.insert(format!("src/generated/specs/{name}.json"), json);
        table.push_str(&format!(
            "    (\"{name}\", include_str!(\"specs/{name}.json\")),\n"
        ));
    }
    table.push_str("];\n");
    files.insert("src/generated/mod.rs".to_owned(), table);
    files
}

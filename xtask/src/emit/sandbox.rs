//! The specs as the sandbox embeds them: the same content as JSON.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

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
        let marker = marker(&format!("specs/{name}.yaml"));
        let mut spec = Map::from_iter([("x-nx-generated".to_owned(), Value::String(marker))]);
        spec.extend(service.raw.as_object().cloned().unwrap_or_default());
        let mut json = serde_json::to_string_pretty(&spec).unwrap_or_default();
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

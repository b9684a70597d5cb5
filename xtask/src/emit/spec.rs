//! The specs as JSON, which `nxcloud-spec` embeds.

use std::collections::BTreeMap;

use super::marker;
use crate::model::Service;

/// The generated files of `nxcloud-spec`, by path.
#[must_use]
pub fn spec_files(services: &[Service]) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut table = format!(
        "// {}\n//! The embedded specs.\n\nuse crate::embedded::Embedded;\n\n/// The specs, sorted by name.\npub(crate) static SPECS: [Embedded; {}] = [\n",
        marker("specs/*.yaml"),
        services.len()
    );
    for service in services {
        let name = &service.name;
        let mut document = service.spec.document().clone();
        document.generated = Some(marker(&format!("specs/{name}.yaml")));
        let mut json = serde_json::to_string_pretty(&document).unwrap_or_default();
        json.push('\n');
        files.insert(format!("src/generated/specs/{name}.json"), json);
        table.push_str(&format!(
            "    Embedded::new(\"{name}\", include_str!(\"specs/{name}.json\")),\n"
        ));
    }
    table.push_str("];\n");
    files.insert("src/generated/mod.rs".to_owned(), table);
    files
}

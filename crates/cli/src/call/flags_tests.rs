use nxcloud_spec::Service;
use serde_json::json;

use super::*;

fn service() -> Service {
    let text = || json!({ "type": "string", "description": "A text." });
    let object = |required: &[&str], properties: Value| json!({ "type": "object", "required": required, "properties": properties });
    let spec = json!({
        "openapi": "3.0.3",
        "info": { "title": "Test", "version": "1" },
        "servers": [],
        "x-nx-scheme": "nxcloud-md5",
        "x-nx-source": "test",
        "paths": {},
        "components": { "schemas": {
            "Whole": { "allOf": [
                object(&["json", "page", "level", "only"], json!({
                    "json": text(), "profile": text(), "allPages": text(), "help": text(), "mime": text(),
                    "page": { "type": "integer", "default": 1, "description": "The\n  page." },
                    "level": { "$ref": "#/components/schemas/Level" },
                    "only": { "type": "string", "enum": ["x"], "description": "Always x." },
                    "messageid": { "type": "string", "x-nx-field": "message_id", "description": "An id." },
                    "switch": { "type": "boolean", "description": "Either." },
                    "numbers": { "type": "array", "items": { "type": "integer" }, "description": "Several." },
                    "levels": { "type": "array", "items": { "$ref": "#/components/schemas/Level" }, "description": "Levels." },
                    "objects": { "type": "array", "items": { "$ref": "#/components/schemas/Deep" }, "description": "Many." },
                    "deep": { "$ref": "#/components/schemas/Deep" },
                })),
                { "$ref": "#/components/schemas/Choice" },
            ] },
            "Level": { "type": "integer", "description": "How high.", "x-extensible-enum": [{ "value": 1, "meaning": "low." }, 2] },
            "Deep": object(&["deep"], json!({
                "deep": { "allOf": [{ "$ref": "#/components/schemas/Deep" }], "description": "Deeper." },
                "leaf": text(),
            })),
            "Choice": {
                "oneOf": [{ "$ref": "#/components/schemas/A" }, { "$ref": "#/components/schemas/B" }],
                "discriminator": { "propertyName": "kindOf", "mapping": {
                    "a": "#/components/schemas/A", "b": "#/components/schemas/B",
                } },
            },
            "A": object(&["shared"], json!({ "shared": text() })),
            "B": object(&["shared"], json!({ "shared": text(), "own": text() })),
        } },
    });
    Service::read("test", &spec.to_string()).unwrap()
}

#[test]
fn flags_follow_the_schema() {
    let service = service();
    let schema = service.schema(&service.document().components.schemas["Whole"]);
    let flags: Vec<String> = leaves(schema)
        .iter()
        .map(|leaf| {
            let arg = leaf.arg();
            let many = matches!(arg.get_action(), ArgAction::Append);
            let value = arg.get_value_names().unwrap().join(" ");
            let help = arg.get_help().unwrap();
            format!(
                "{} {value}{} {help}",
                leaf.flag,
                if many { "..." } else { "" }
            )
        })
        .collect();
    assert_eq!(
        flags,
        [
            "body.json TEXT A text. [required]",
            "body.profile TEXT A text.",
            "body.all-pages TEXT A text.",
            "body.help TEXT A text.",
            "body.mime TEXT A text.",
            "page NUMBER The page. [default: 1]",
            "level NUMBER How high. Known values: 1 (low), 2. [required]",
            "message-id TEXT An id.",
            "switch true|false Either.",
            "numbers NUMBER... Several.",
            "levels NUMBER... Levels. Known values: 1 (low), 2.",
            "objects JSON Many.",
            "deep.deep.deep.deep JSON Deeper.",
            "deep.deep.deep.leaf TEXT A text.",
            "deep.deep.leaf TEXT A text.",
            "deep.leaf TEXT A text.",
            "kind-of TEXT One of a, b. [required]",
            "shared TEXT A text. [required]",
            "own TEXT A text.",
        ]
    );
}

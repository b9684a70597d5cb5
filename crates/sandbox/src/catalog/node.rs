//! Finding one's way in the schemas of a spec as they were written.

use serde_json::Value;

/// How many schemas one place may be composed of; more means a reference that leads back to itself.
const MAX_PARTS: usize = 64;

/// A schema with the document that its references point into.
#[derive(Clone, Copy)]
pub(crate) struct Node<'a> {
    schema: &'a Value,
    document: &'a Value,
}

impl<'a> Node<'a> {
    /// `document` holds the schemas below `components/schemas`.
    pub(crate) const fn new(schema: &'a Value, document: &'a Value) -> Self {
        Self { schema, document }
    }

    /// The first value of a key in this schema or in one that it is composed of.
    pub(crate) fn get(self, key: &str) -> Option<&'a Value> {
        let this = self.resolved();
        let own = this.schema.get(key);
        if own.is_some() || this.is_plain() {
            return own;
        }
        this.parts().into_iter().find_map(|part| part.get(key))
    }

    /// The JSON type.
    pub(crate) fn kind(self) -> Option<&'a str> {
        self.get("type").and_then(Value::as_str)
    }

    /// What describes the property of a name, or the values of a map.
    pub(crate) fn property(self, name: &str) -> Option<Self> {
        let this = self.resolved();
        let own = |key| this.schema.get(key);
        if let Some(schema) = own("properties").and_then(|names| names.get(name)) {
            return Some(Self { schema, ..self });
        }
        if this.is_plain() {
            let schema = own("additionalProperties").filter(|schema| schema.is_object())?;
            return Some(Self { schema, ..self });
        }
        let parts = this.parts();
        let declared = parts
            .iter()
            .find_map(|part| part.get("properties")?.get(name));
        let schema = declared.or_else(|| {
            parts
                .iter()
                .find_map(|part| part.get("additionalProperties"))
                .filter(|schema| schema.is_object())
        })?;
        Some(Self { schema, ..self })
    }

    /// The names of all declared properties.
    pub(crate) fn property_names(self) -> impl Iterator<Item = &'a str> {
        self.parts()
            .into_iter()
            .filter_map(|part| part.get("properties")?.as_object())
            .flatten()
            .map(|(name, _)| name.as_str())
    }

    /// What describes the items of an array.
    pub(crate) fn items(self) -> Option<Self> {
        let schema = self.get("items")?;
        Some(Self { schema, ..self })
    }

    /// The schema that this one refers to, if it does nothing else, as OpenAPI 3.0 has it.
    pub(crate) fn resolved(mut self) -> Self {
        for _ in 0..MAX_PARTS {
            let reference = self.schema.get("$ref").and_then(Value::as_str);
            match reference.and_then(|reference| self.referred(reference)) {
                Some(schema) => self.schema = schema,
                None => break,
            }
        }
        self
    }

    /// Whether the schema is not composed of others, as most are.
    fn is_plain(self) -> bool {
        let mut names = ["$ref", "allOf", "oneOf"].into_iter();
        names.all(|name| self.schema.get(name).is_none())
    }

    /// The schema of a reference into the components.
    fn referred(self, reference: &str) -> Option<&'a Value> {
        let name = reference.strip_prefix("#/components/schemas/")?;
        self.document.get("components")?.get("schemas")?.get(name)
    }

    /// This schema and all that it is composed of by reference, `allOf` or `oneOf`.
    fn parts(self) -> Vec<&'a Value> {
        let mut parts = vec![self.schema];
        let mut at = 0;
        while let Some(&part) = parts.get(at).filter(|_| at < MAX_PARTS) {
            let referred = part
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|reference| self.referred(reference));
            parts.extend(referred);
            for key in ["allOf", "oneOf"] {
                parts.extend(
                    part.get(key)
                        .and_then(Value::as_array)
                        .into_iter()
                        .flatten(),
                );
            }
            at += 1;
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn properties_are_found_through_references_and_compositions() {
        let document = json!({ "components": { "schemas": {
            "Reply": { "allOf": [{ "$ref": "#/components/schemas/Common" }, { "$ref": "#/components/schemas/Body" }] },
            "Common": { "type": "object", "properties": { "code": { "type": "integer" } } },
            "Body": { "oneOf": [{ "$ref": "#/components/schemas/Text" }] },
            "Text": { "properties": { "ids": { "type": "array", "items": { "x-nx-sandbox": "uuid" } } } },
        } } });
        let schema = json!({ "$ref": "#/components/schemas/Reply" });
        let reply = Node::new(&schema, &document);
        assert_eq!(reply.property("code").and_then(Node::kind), Some("integer"));
        let rule = reply
            .property("ids")
            .and_then(Node::items)
            .and_then(|item| item.get("x-nx-sandbox"));
        assert_eq!(rule, Some(&json!("uuid")));
        assert!(reply.property("absent").is_none());
        let mut names = reply.property_names().collect::<Vec<_>>();
        names.sort_unstable();
        assert_eq!(names, ["code", "ids"]);
    }

    #[test]
    fn a_reference_to_itself_ends() {
        let document = json!({ "components": { "schemas": {
            "Loop": { "allOf": [{ "$ref": "#/components/schemas/Loop" }] },
        } } });
        let schema = json!({ "$ref": "#/components/schemas/Loop" });
        assert!(Node::new(&schema, &document).property("x").is_none());
    }
}

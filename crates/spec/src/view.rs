//! Navigates schemas: resolves references and merges composed schemas.

use std::collections::BTreeSet;

use crate::document::Document;
use crate::message::Receipt;
use crate::schema::{Kind, Schema};

/// The maximum number of schemas that one is composed of. More would mean a cycle of references.
const MAX_PARTS: usize = 64;

/// The maximum depth of a receipt in a push.
const MAX_DEPTH: usize = 5;

/// A schema, together with the document of its references.
#[derive(Clone, Copy, Debug)]
pub struct SchemaRef<'a> {
    schema: &'a Schema,
    document: &'a Document,
}

impl<'a> SchemaRef<'a> {
    /// A schema of a document.
    #[must_use]
    pub const fn new(schema: &'a Schema, document: &'a Document) -> Self {
        Self { schema, document }
    }

    /// The schema as written.
    #[must_use]
    pub const fn schema(self) -> &'a Schema {
        self.schema
    }

    /// Another schema of the same document.
    #[must_use]
    pub const fn at(self, schema: &'a Schema) -> Self {
        Self { schema, ..self }
    }

    /// The name of the referenced schema, directly or as the only part of `allOf`.
    #[must_use]
    pub fn name(self) -> Option<&'a str> {
        let described = self
            .schema
            .all_of
            .iter()
            .find_map(|part| part.reference.as_ref());
        let reference = self.schema.reference.as_ref().or(described)?;
        Some(reference.name())
    }

    /// The referenced schema, if this schema is only a reference.
    #[must_use]
    pub fn resolved(mut self) -> Self {
        for _ in 0..MAX_PARTS {
            let reference = self.schema.reference.as_ref();
            match reference.and_then(|reference| self.document.resolve(reference)) {
                Some(schema) => self.schema = schema,
                None => break,
            }
        }
        self
    }

    /// This schema and all schemas that it is composed of, by reference, `allOf` or `oneOf`.
    #[must_use]
    pub fn parts(self) -> Vec<&'a Schema> {
        let mut parts = vec![self.schema];
        let mut at = 0;
        while let Some(&part) = parts.get(at).filter(|_| at < MAX_PARTS) {
            parts.extend(
                part.reference
                    .as_ref()
                    .and_then(|reference| self.document.resolve(reference)),
            );
            parts.extend(part.all_of.iter().chain(&part.one_of));
            at += 1;
        }
        parts
    }

    /// The first value of a key in this schema or in a schema that it is composed of.
    pub fn find<T>(self, key: impl Fn(&'a Schema) -> Option<T>) -> Option<T> {
        let resolved = self.resolved();
        let own = key(resolved.schema);
        if own.is_some() || resolved.is_plain() {
            return own;
        }
        resolved.parts().into_iter().find_map(key)
    }

    /// The JSON type.
    #[must_use]
    pub fn kind(self) -> Option<Kind> {
        self.find(|schema| schema.kind)
    }

    /// The schema of the property with this name, or of the values of a map.
    #[must_use]
    pub fn property(self, name: &str) -> Option<Self> {
        let resolved = self.resolved();
        let declared = |schema: &'a Schema| schema.properties.get(name);
        let values = |schema: &'a Schema| schema.additional_properties.as_deref();
        let own = declared(resolved.schema);
        let property = if own.is_some() || resolved.is_plain() {
            own.or_else(|| values(resolved.schema))
        } else {
            let parts = resolved.parts();
            let inherited = parts.iter().copied().find_map(declared);
            inherited.or_else(|| parts.iter().copied().find_map(values))
        };
        property.map(|schema| self.at(schema))
    }

    /// All declared properties, in the order of the spec.
    pub fn properties(self) -> impl Iterator<Item = (&'a str, Self)> {
        self.parts().into_iter().flat_map(move |part| {
            let properties = part.properties.iter();
            properties.map(move |(name, schema)| (name.as_str(), self.at(schema)))
        })
    }

    /// The schema of the entries of an array.
    #[must_use]
    pub fn items(self) -> Option<Self> {
        self.find(|schema| schema.items.as_deref())
            .map(|schema| self.at(schema))
    }

    /// The receipt in this schema or in a schema nested in it, with its dotted path. In a list, the path leads to the first entry.
    #[must_use]
    pub fn receipt(self) -> Option<(String, &'a Receipt)> {
        let mut open = vec![(String::new(), self)];
        let mut seen = BTreeSet::new();
        for _ in 0..MAX_DEPTH {
            let mut nested = Vec::new();
            for (path, schema) in open {
                if let Some(receipt) = schema.find(|schema| schema.receipt.as_ref()) {
                    return Some((path, receipt));
                }
                for (name, property) in schema.properties() {
                    let dot = if path.is_empty() { "" } else { "." };
                    let (inner, entry) = match property.items() {
                        Some(items) => (items, ".0"),
                        None => (property, ""),
                    };
                    // Schemas may form a cycle.
                    if seen.insert(std::ptr::from_ref(inner.resolved().schema)) {
                        nested.push((format!("{path}{dot}{name}{entry}"), inner));
                    }
                }
            }
            open = nested;
        }
        None
    }

    /// Whether the schema is not composed of others.
    fn is_plain(self) -> bool {
        self.schema.reference.is_none()
            && self.schema.all_of.is_empty()
            && self.schema.one_of.is_empty()
    }
}

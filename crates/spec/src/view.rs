//! The way through schemas: references resolved, and the schemas that one is composed of taken together.

use std::collections::BTreeSet;

use crate::document::Document;
use crate::message::Receipt;
use crate::schema::{Kind, Schema};

/// How many schemas one place may be composed of; more means a reference that leads back to itself.
const MAX_PARTS: usize = 64;

/// How deep in a push a receipt may stand.
const MAX_DEPTH: usize = 5;

/// A schema with the document that its references lead into.
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

    /// The schema as it is written.
    #[must_use]
    pub const fn schema(self) -> &'a Schema {
        self.schema
    }

    /// Another schema of the same document.
    #[must_use]
    pub const fn at(self, schema: &'a Schema) -> Self {
        Self { schema, ..self }
    }

    /// The name of the schema that this one refers to, directly or as the only part of `allOf`.
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

    /// The schema that this one refers to, if it does nothing else.
    #[must_use]
    pub fn resolved(mut self) -> Self {
        for _ in 0..MAX_PARTS {
            let reference = self.schema.reference.as_ref();
            match reference.and_then(|reference| self.document.referred(reference)) {
                Some(schema) => self.schema = schema,
                None => break,
            }
        }
        self
    }

    /// This schema and all that it is composed of by reference, `allOf` or `oneOf`.
    #[must_use]
    pub fn parts(self) -> Vec<&'a Schema> {
        let mut parts = vec![self.schema];
        let mut at = 0;
        while let Some(&part) = parts.get(at).filter(|_| at < MAX_PARTS) {
            parts.extend(
                part.reference
                    .as_ref()
                    .and_then(|reference| self.document.referred(reference)),
            );
            parts.extend(part.all_of.iter().chain(&part.one_of));
            at += 1;
        }
        parts
    }

    /// The first value that this schema, or one that it is composed of, has under a key.
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

    /// What describes the property of a name, or the values of a map.
    #[must_use]
    pub fn property(self, name: &str) -> Option<Self> {
        let resolved = self.resolved();
        let of = |schema: &'a Schema| schema.properties.get(name);
        let values = |schema: &'a Schema| schema.additional_properties.as_deref();
        let own = of(resolved.schema);
        let found = if own.is_some() || resolved.is_plain() {
            own.or_else(|| values(resolved.schema))
        } else {
            let parts = resolved.parts();
            let declared = parts.iter().copied().find_map(of);
            declared.or_else(|| parts.iter().copied().find_map(values))
        };
        found.map(|schema| self.at(schema))
    }

    /// All declared properties, in the order of the spec.
    pub fn properties(self) -> impl Iterator<Item = (&'a str, Self)> {
        self.parts().into_iter().flat_map(move |part| {
            let properties = part.properties.iter();
            properties.map(move |(name, schema)| (name.as_str(), self.at(schema)))
        })
    }

    /// What describes the entries of an array.
    #[must_use]
    pub fn items(self) -> Option<Self> {
        self.find(|schema| schema.items.as_deref())
            .map(|schema| self.at(schema))
    }

    /// The schema within this one that has `x-nx-receipt`, with the dotted path to it; the first entry of a list counts.
    #[must_use]
    pub fn receipt(self) -> Option<(String, &'a Receipt)> {
        let mut open = vec![(String::new(), self)];
        let mut seen = BTreeSet::new();
        for _ in 0..MAX_DEPTH {
            let mut below = Vec::new();
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
                    // Schemas may refer to each other.
                    if seen.insert(std::ptr::from_ref(inner.resolved().schema)) {
                        below.push((format!("{path}{dot}{name}{entry}"), inner));
                    }
                }
            }
            open = below;
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

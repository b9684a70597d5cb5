//! The places of the parts of a document.

use nxcloud_spec::Document;
use nxcloud_spec::document::Operation;
use nxcloud_spec::schema::Schema;

use crate::model;

/// The operations of a document, each with its place and its path.
pub(crate) fn operations(
    document: &Document,
) -> impl Iterator<Item = (String, &str, &'static str, &Operation)> {
    document.paths.iter().flat_map(|(path, item)| {
        item.operations().map(move |(method, operation)| {
            let at = format!("paths.{path}.{}", method.to_lowercase());
            (at, path.as_str(), method, operation)
        })
    })
}

/// The place of an operation of the model.
pub(crate) fn operation(operation: &model::Operation) -> String {
    format!(
        "paths.{}.{}",
        operation.path,
        operation.method.to_lowercase()
    )
}

/// The place of a named schema.
pub(crate) fn component(name: &str) -> String {
    format!("components.schemas.{name}")
}

/// The place of a push.
pub(crate) fn push(name: &str) -> String {
    format!("x-nx-webhooks.{name}")
}

/// A schema and its place in the document.
pub(crate) struct Located<'a> {
    pub(crate) at: String,
    /// The key of the outer schema that contains it.
    pub(crate) under: Option<&'static str>,
    pub(crate) schema: &'a Schema,
}

/// The schemas of parameters, the named schemas, and their inner schemas.
pub(crate) fn schemas(document: &Document) -> impl Iterator<Item = Located<'_>> {
    let of_parameters = operations(document).flat_map(|(at, _, _, operation)| {
        let parameters = operation.parameters.iter().enumerate();
        parameters.map(move |(index, parameter)| {
            (
                format!("{at}.parameters[{index}].schema"),
                &parameter.schema,
            )
        })
    });
    let named = document.components.schemas.iter();
    let named = named.map(|(name, schema)| (component(name), schema));
    of_parameters
        .chain(named)
        .flat_map(|(at, schema)| within(at, schema))
}

/// A schema and its inner schemas. References are not followed.
pub(crate) fn within(at: String, schema: &Schema) -> Vec<Located<'_>> {
    let mut all = Vec::new();
    let mut open = vec![Located {
        at,
        under: None,
        schema,
    }];
    while let Some(located) = open.pop() {
        let Located { at, schema, .. } = &located;
        let child = |step: String, under, schema| Located {
            at: format!("{at}.{step}"),
            under: Some(under),
            schema,
        };
        let mut inner: Vec<Located<'_>> = Vec::new();
        for (name, property) in &schema.properties {
            inner.push(child(format!("properties.{name}"), "properties", property));
        }
        for (key, single) in [
            ("items", &schema.items),
            ("additionalProperties", &schema.additional_properties),
        ] {
            inner.extend(single.iter().map(|part| child(key.to_owned(), key, part)));
        }
        for (key, parts) in [("allOf", &schema.all_of), ("oneOf", &schema.one_of)] {
            let parts = parts.iter().enumerate();
            inner.extend(parts.map(|(index, part)| child(format!("{key}[{index}]"), key, part)));
        }
        open.extend(inner.into_iter().rev());
        all.push(located);
    }
    all
}

//! Where the parts of a document stand.

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

/// A schema that is written in a document.
pub(crate) struct Written<'a> {
    pub(crate) at: String,
    /// The key that it stands under within another schema.
    pub(crate) under: Option<&'static str>,
    pub(crate) schema: &'a Schema,
}

/// The schemas of parameters, the named schemas, and all that is written within them.
pub(crate) fn schemas(document: &Document) -> impl Iterator<Item = Written<'_>> {
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

/// A schema and all that is written within it; references are not followed.
pub(crate) fn within(at: String, schema: &Schema) -> Vec<Written<'_>> {
    let mut found = Vec::new();
    let mut open = vec![Written {
        at,
        under: None,
        schema,
    }];
    while let Some(written) = open.pop() {
        let Written { at, schema, .. } = &written;
        let below = |step: String, under, schema| Written {
            at: format!("{at}.{step}"),
            under: Some(under),
            schema,
        };
        let mut inner: Vec<Written<'_>> = Vec::new();
        for (name, property) in &schema.properties {
            inner.push(below(format!("properties.{name}"), "properties", property));
        }
        for (key, single) in [
            ("items", &schema.items),
            ("additionalProperties", &schema.additional_properties),
        ] {
            inner.extend(single.iter().map(|part| below(key.to_owned(), key, part)));
        }
        for (key, parts) in [("allOf", &schema.all_of), ("oneOf", &schema.one_of)] {
            let parts = parts.iter().enumerate();
            inner.extend(parts.map(|(index, part)| below(format!("{key}[{index}]"), key, part)));
        }
        open.extend(inner.into_iter().rev());
        found.push(written);
    }
    found
}

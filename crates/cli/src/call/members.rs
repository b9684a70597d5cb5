//! The members of an object in a request, and the types of their values.

use nxcloud_spec::SchemaRef;
use nxcloud_spec::schema::{Format, Kind, KnownValue, Schema};
use serde_json::Value;

/// The members of an object: its properties, and a choice that is flattened into it.
#[derive(Default)]
pub(super) struct Members<'a> {
    pub(super) properties: Vec<Property<'a>>,
    pub(super) choice: Option<Choice<'a>>,
}

/// A property.
#[derive(Clone, Copy)]
pub(super) struct Property<'a> {
    pub(super) name: &'a str,
    pub(super) schema: SchemaRef<'a>,
    required: bool,
}

/// A choice of objects, distinguished by a tag.
pub(super) struct Choice<'a> {
    pub(super) tag: &'a str,
    /// The object of each value of the tag.
    pub(super) variants: Vec<(&'a str, SchemaRef<'a>)>,
}

impl<'a> Members<'a> {
    pub(super) fn of(schema: SchemaRef<'a>) -> Self {
        let mut members = Self::default();
        members.add(schema);
        members
    }

    fn add(&mut self, schema: SchemaRef<'a>) {
        let resolved = schema.resolved();
        let own = resolved.schema();
        let properties = own.properties.iter().map(|(name, property)| Property {
            name,
            schema: resolved.at(property),
            required: own.required.contains(name),
        });
        self.properties.extend(properties);
        if let Some(discriminator) = &own.discriminator {
            let variants = discriminator.mapping.iter().filter_map(|(value, target)| {
                let mut branches = own.one_of.iter();
                let branch = branches.find(|branch| branch.reference.as_ref() == Some(target))?;
                Some((value.as_str(), resolved.at(branch)))
            });
            self.choice = Some(Choice {
                tag: &discriminator.property_name,
                variants: variants.collect(),
            });
        }
        for part in &own.all_of {
            self.add(resolved.at(part));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.properties.is_empty() && self.choice.is_none()
    }
}

impl<'a> Property<'a> {
    /// Whether the caller must set it.
    pub(super) fn is_required(&self) -> bool {
        self.required && self.filled_in().is_none()
    }

    /// The value for an absent property: its constant, or the documented default of a required integer.
    pub(super) fn filled_in(&self) -> Option<&'a Value> {
        self.constant().or_else(|| {
            let schema = self.schema.schema();
            let default = schema.default.as_ref().filter(|value| value.is_i64());
            default.filter(|_| self.required && schema.kind == Some(Kind::Integer))
        })
    }

    /// The only allowed value.
    pub(super) fn constant(&self) -> Option<&'a Value> {
        let only = &self.schema.schema().only;
        only.first().filter(|value| value.is_string())
    }

    /// Its description. A reference without one takes the description of its target.
    pub(super) fn description(&self) -> &'a str {
        let own = self.schema.schema().description.as_deref();
        let target = self.schema.resolved().schema().description.as_deref();
        own.or(target).unwrap_or_default()
    }

    /// The name for flags. The spec can set it; otherwise it is the wire name.
    pub(super) fn field(&self) -> &'a str {
        self.schema.schema().field.as_deref().unwrap_or(self.name)
    }
}

impl Choice<'_> {
    /// The values of the tag.
    pub(super) fn tags(&self) -> String {
        let tags: Vec<&str> = self.variants.iter().map(|(tag, _)| *tag).collect();
        tags.join(", ")
    }
}

/// The type of a value.
#[derive(Clone, Copy)]
pub(super) enum Type<'a> {
    Text(Option<Format>),
    /// An integer that is a string on the wire.
    QuotedInteger,
    Integer(Option<Format>),
    Number,
    Decimal,
    Boolean,
    File,
    List(SchemaRef<'a>),
    Map(SchemaRef<'a>),
    Object,
    /// Any JSON.
    Any,
}

impl<'a> Type<'a> {
    pub(super) fn of(schema: SchemaRef<'a>) -> Self {
        let format = schema.find(|schema| schema.format);
        match (schema.kind(), format) {
            (Some(Kind::String | Kind::Number), Some(Format::Decimal)) => Self::Decimal,
            (Some(Kind::String), Some(Format::Binary)) => Self::File,
            (Some(Kind::String), Some(Format::Integer)) => Self::QuotedInteger,
            (Some(Kind::String), format) => Self::Text(format),
            (Some(Kind::Integer), format) => Self::Integer(format),
            (Some(Kind::Number), _) => Self::Number,
            (Some(Kind::Boolean), _) => Self::Boolean,
            (Some(Kind::Array), _) => schema.items().map_or(Self::Any, Self::List),
            (Some(Kind::Object), _) => {
                let values = schema.find(|schema| schema.additional_properties.as_deref());
                match values {
                    Some(values) => Self::Map(schema.at(values)),
                    None if schema.name().is_none() && schema.properties().next().is_none() => {
                        Self::Any
                    }
                    None => Self::Object,
                }
            }
            (None, _) => Self::Any,
        }
    }
}

/// The known values of an open enum. Empty for every other schema.
pub(super) fn known_values(schema: SchemaRef<'_>) -> &[KnownValue] {
    let values = |schema: &Schema| !schema.known_values.is_empty();
    schema
        .find(|schema| values(schema).then_some(&schema.known_values[..]))
        .unwrap_or_default()
}

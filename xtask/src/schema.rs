//! Reads the named schemas of a spec into the model.

use std::collections::{BTreeMap, BTreeSet};

use nxcloud_spec::Document;
use nxcloud_spec::document::{self, Parameter};
use nxcloud_spec::schema::{Format, Kind, Schema};

use crate::finding::Findings;
use crate::model::{
    CountRule, EnumValue, Field, Input, Limits, Object, Operation, Place, Side, TimeForm, Ty,
    TypeDef, TypeKind, Union,
};
use crate::{names, places};

/// The schemas of one spec.
pub(crate) struct Schemas<'a> {
    document: &'a Document,
    sides: BTreeMap<String, Side>,
    /// Enums that another schema refers to. They may be used in both directions.
    enums: BTreeSet<String>,
    /// The types that operations return.
    returned: BTreeSet<String>,
}

impl<'a> Schemas<'a> {
    pub(crate) const fn new(document: &'a Document) -> Self {
        Self {
            document,
            sides: BTreeMap::new(),
            enums: BTreeSet::new(),
            returned: BTreeSet::new(),
        }
    }

    fn named(&self, name: &str) -> Option<&'a Schema> {
        self.document.components.schemas.get(name)
    }

    /// Marks the type that an operation returns.
    pub(crate) fn mark_returned(&mut self, name: &str, findings: &mut Findings<'_>) {
        self.returned.insert(name.to_owned());
        self.mark(name, Side::Reply, findings);
    }

    /// Marks the direction of a schema and of every schema that it refers to. Enums may have both.
    pub(crate) fn mark(&mut self, name: &str, side: Side, findings: &mut Findings<'_>) {
        let mut open = vec![name.to_owned()];
        while let Some(name) = open.pop() {
            let at = places::component(&name);
            let Some(schema) = self.named(&name) else {
                findings.add(
                    at,
                    "the schema does not exist",
                    "add it, or correct the reference",
                );
                continue;
            };
            if !schema.known_values.is_empty() {
                self.enums.insert(name);
                continue;
            }
            match self.sides.insert(name, side) {
                Some(known) if known == side => {}
                Some(_) => findings.add(
                    at,
                    "the schema is used by a request and by a reply",
                    "write a second schema with another name: requests are strict, replies are lenient",
                ),
                None => {
                    let within = places::within(at, schema).into_iter();
                    let references = within.filter_map(|inner| inner.schema.reference.as_ref());
                    open.extend(references.map(|reference| reference.name().to_owned()));
                }
            }
        }
    }

    /// Every named schema, in the order of the spec.
    pub(crate) fn types(&self, findings: &mut Findings<'_>) -> Vec<TypeDef> {
        let schemas = self.document.components.schemas.iter();
        schemas
            .filter_map(|(name, schema)| self.type_def(name, schema, findings))
            .collect()
    }

    /// Adds query and path parameters to the request type of an operation, or creates a request type with them.
    pub(crate) fn add_parameters(
        &self,
        operation: &Operation,
        spec: &document::Operation,
        types: &mut Vec<TypeDef>,
        findings: &mut Findings<'_>,
    ) {
        let at = places::operation(operation);
        let parameters = spec.parameters.iter().enumerate();
        let mut fields: Vec<Field> = parameters
            .map(|(index, parameter)| {
                self.parameter(&format!("{at}.parameters[{index}]"), parameter, findings)
            })
            .collect();
        match &operation.input {
            Input::Parameters(name) => types.push(TypeDef {
                name: name.clone(),
                description: format!("Parameters of `{}`.", operation.id),
                kind: TypeKind::Object(Object {
                    max_days: spec.max_days.clone(),
                    ..Object::new(Side::Request, fields)
                }),
            }),
            input => {
                let name = input.type_name();
                let body = types.iter_mut().find(|def| def.name == name);
                if let Some(TypeDef {
                    kind: TypeKind::Object(object),
                    ..
                }) = body
                {
                    fields.append(&mut object.fields);
                    object.fields = fields;
                    object.max_days = spec.max_days.clone();
                }
            }
        }
    }

    /// Reads a parameter like a property: keys beside its schema belong to it.
    fn parameter(&self, at: &str, parameter: &Parameter, findings: &mut Findings<'_>) -> Field {
        let wire = &parameter.name;
        let mut property = parameter.schema.clone();
        property.description = parameter.description.clone().or(property.description);
        property.field = parameter.field.clone().or(property.field);
        property.public |= parameter.public;
        let required = parameter.required;
        let mut field = self.field(at, wire, &property, required, Side::Request, findings);
        field.place = Place::Query;
        if parameter.place == document::Place::Path {
            field.place = Place::Path;
            // An empty value would change the path.
            let min_length = &mut field.limits.min_length;
            *min_length = Some(min_length.unwrap_or_default().max(1));
        }
        field
    }

    fn type_def(
        &self,
        name: &str,
        schema: &Schema,
        findings: &mut Findings<'_>,
    ) -> Option<TypeDef> {
        let at = places::component(name);
        if let Some((problem, instead)) = names::unusable_type(name) {
            findings.add(&at, problem, instead);
            return None;
        }
        let kind = match self.sides.get(name) {
            Some(side) => self.kind(name, &at, schema, *side, findings),
            None if self.enums.contains(name) => enumeration(&at, schema, findings),
            None => {
                findings.add(&at, "the schema is not used", "refer to it, or remove it");
                return None;
            }
        };
        let description = schema.description.clone().unwrap_or_default();
        if description.is_empty() {
            findings.add(&at, "the description is missing", "describe what it is");
        }
        Some(TypeDef {
            name: name.to_owned(),
            description,
            kind,
        })
    }

    /// Reads a choice, a list or an object.
    fn kind(
        &self,
        name: &str,
        at: &str,
        schema: &Schema,
        side: Side,
        findings: &mut Findings<'_>,
    ) -> TypeKind {
        if !schema.one_of.is_empty() {
            if side == Side::Reply {
                findings.add(
                    at,
                    "a reply or push has `oneOf`",
                    "write one object with all fields optional: replies are lenient",
                );
            }
            return TypeKind::Union(union(at, schema, findings));
        }
        if schema.kind == Some(Kind::Array) {
            return TypeKind::Object(self.list(at, schema, side, findings));
        }
        let mut object = self.object(at, schema, side, findings);
        // Only failures lack these fields, and the client turns those into errors.
        for field in &mut object.fields {
            field.required |= self.returned.contains(name);
        }
        TypeKind::Object(object)
    }

    /// Reads a reply that is a bare array: an object with one field for its entries.
    fn list(&self, at: &str, schema: &Schema, side: Side, findings: &mut Findings<'_>) -> Object {
        if schema.list.is_none() || side == Side::Request {
            findings.add(
                at,
                "the named schema is a list, but not a reply with `x-nx-list`",
                "write `type: array` in the place of the reference; if it is a reply, add `x-nx-list: <name of its field in Rust>`",
            );
        }
        let name = schema.list.clone().unwrap_or_else(|| "list".to_owned());
        let mut property = schema.clone();
        property.description = Some("The entries, in the order of the reply.".to_owned());
        let field = self.field(at, &name, &property, false, side, findings);
        Object {
            list: Some(name),
            accessors: schema.accessors.clone().into_iter().collect(),
            ..Object::new(side, vec![field])
        }
    }

    fn object(&self, at: &str, schema: &Schema, side: Side, findings: &mut Findings<'_>) -> Object {
        if schema.list.is_some() || !matches!(schema.kind, None | Some(Kind::Object)) {
            findings.add(
                at,
                "the named schema is not an object, choice, open enum or list of a reply",
                "write its type in the place of the reference; `x-nx-list` needs `type: array`",
            );
        }
        // An object, or `allOf` of one object and one flattened choice.
        let parts: Vec<&Schema> = if schema.all_of.is_empty() {
            vec![schema]
        } else {
            schema.all_of.iter().collect()
        };
        let names = parts.iter().flat_map(|part| part.properties.keys());
        let names: BTreeSet<&String> = names.collect();
        let mut flattened = None;
        let mut fields = Vec::new();
        let mut rules = Vec::new();
        for part in parts {
            if let Some(reference) = &part.reference {
                let target = self.document.resolve(reference);
                if flattened.is_some() || target.is_none_or(|target| target.one_of.is_empty()) {
                    findings.add(
                        at,
                        "`allOf` has other entries than one object with properties and one reference to a choice",
                        "write the fields instead of the reference",
                    );
                }
                let target = reference.name().to_owned();
                flattened = Some((names::field(&target), target));
                continue;
            }
            for (wire, property) in &part.properties {
                let at = format!("{at}.properties.{wire}");
                let required = part.required.contains(wire);
                fields.push(self.field(&at, wire, property, required, side, findings));
            }
            for name in part.required.iter().filter(|name| !names.contains(name)) {
                findings.add(
                    at,
                    format!("`{name}` is in `required` but is not a property"),
                    "add the property, or correct the name",
                );
            }
            rules.extend(count_rules(at, part, &names, findings));
        }
        Object {
            flattened,
            rules,
            receipt: schema.receipt.clone().map(Box::new),
            accessors: schema.accessors.clone().into_iter().collect(),
            ..Object::new(side, fields)
        }
    }

    fn field(
        &self,
        at: &str,
        wire: &str,
        property: &Schema,
        required: bool,
        side: Side,
        findings: &mut Findings<'_>,
    ) -> Field {
        let rust = property.field.clone();
        let rust = rust.unwrap_or_else(|| names::field(wire));
        if let Some((problem, instead)) = names::unusable_field(&rust) {
            findings.add(at, problem, instead);
        }
        let ty = timed(self.ty(at, property, findings), property, side, required);
        if side == Side::Reply && holds_app_key(&ty) {
            findings.add(
                at,
                "a reply has a field of the format `app-key`",
                "remove the format: application keys in replies are texts",
            );
        }
        if property.argument && (required || !matches!(ty, Ty::List(_))) {
            findings.add(
                at,
                "`x-nx-argument` is not on an optional list",
                "remove it",
            );
        }
        // A bare reference has the description of its target.
        let target = match &ty {
            Ty::Named(name) => self.named(name),
            _ => None,
        };
        let mut descriptions = [Some(property), target].into_iter().flatten();
        let description = descriptions
            .find_map(|schema| schema.description.clone().filter(|text| !text.is_empty()));
        if description.is_none() {
            findings.add(
                at,
                "the description is missing",
                "describe the field, with its unit and limits",
            );
        }
        let constant = property.only.first().and_then(|value| value.as_str());
        Field {
            wire: wire.to_owned(),
            rust,
            description: description.unwrap_or_default(),
            limits: if side == Side::Request {
                limits(at, property, &ty, findings)
            } else {
                Limits::default()
            },
            ty,
            required,
            public: property.public,
            aliases: property.aliases.clone(),
            constant: constant.map(str::to_owned),
            place: Place::Body,
            uploads: property.uploads.clone(),
            default: property.default.as_ref().map(ToString::to_string),
            format: property.format,
            argument: property.argument,
        }
    }

    fn ty(&self, at: &str, schema: &Schema, findings: &mut Findings<'_>) -> Ty {
        if let Some(reference) = &schema.reference {
            return self.reference(at, reference.name(), findings);
        }
        if !schema.all_of.is_empty() {
            let mut parts = schema
                .all_of
                .iter()
                .filter_map(|part| part.reference.as_ref());
            if let (Some(reference), None) = (parts.next(), parts.next()) {
                return self.reference(at, reference.name(), findings);
            }
            findings.add(
                at,
                "`allOf` of a property has no reference or several",
                "write exactly one reference; move a combination to components.schemas",
            );
            return Ty::Json;
        }
        let mut inner = |schema: &Option<Box<Schema>>| {
            let ty = schema.as_ref().map(|schema| self.ty(at, schema, findings));
            Box::new(ty.unwrap_or(Ty::Json))
        };
        match (schema.kind, schema.format) {
            (None | Some(Kind::String | Kind::Number), Some(Format::Decimal)) => Ty::Decimal,
            (Some(Kind::String), Some(Format::Binary)) => Ty::Upload,
            (Some(Kind::String), Some(Format::Integer)) => Ty::QuotedInteger,
            (Some(Kind::String), Some(Format::AppKey)) => Ty::AppKey,
            (Some(Kind::String), _) => Ty::Text,
            (Some(Kind::Integer), _) => Ty::Integer,
            (Some(Kind::Number), _) => Ty::Float,
            (Some(Kind::Boolean), _) => Ty::Boolean,
            (Some(Kind::Array), _) => Ty::List(inner(&schema.items)),
            (None, _) if schema.items.is_some() => Ty::List(inner(&schema.items)),
            (Some(Kind::Object), _) if schema.additional_properties.is_some() => {
                Ty::Map(inner(&schema.additional_properties))
            }
            _ => Ty::Json,
        }
    }

    fn reference(&self, at: &str, name: &str, findings: &mut Findings<'_>) -> Ty {
        match self.named(name) {
            None => findings.add(
                at,
                format!("the schema `{name}` does not exist"),
                "add it, or correct the reference",
            ),
            Some(schema) if schema.kind == Some(Kind::Array) => findings.add(
                at,
                format!("`{name}` is a list; only a whole reply may be a named list"),
                "write `type: array` with `items` here",
            ),
            Some(_) => {}
        }
        Ty::Named(name.to_owned())
    }
}

fn enumeration(at: &str, schema: &Schema, findings: &mut Findings<'_>) -> TypeKind {
    let integer = schema.kind == Some(Kind::Integer);
    let mut seen = BTreeSet::new();
    let values = schema.known_values.iter().map(|known| {
        let value = &known.value;
        let fits = if integer {
            value.is_i64()
        } else {
            value.is_string()
        };
        if !fits {
            findings.add(
                at,
                format!("the value {value} has another type than the schema"),
                "write texts with quotes, numbers without",
            );
        }
        let name = known.name.clone();
        let name = name.unwrap_or_else(|| names::variant(value.as_str().unwrap_or_default()));
        if !names::is_identifier(&name) || name == "Unlisted" || !seen.insert(name.clone()) {
            findings.add(
                at,
                format!("`{name}` cannot be the name of the value {value}"),
                "write {value, name, meaning} with a unique Rust name other than `Unlisted`",
            );
        }
        EnumValue {
            value: value.clone(),
            name,
            meaning: known.meaning.clone().unwrap_or_default(),
        }
    });
    let values = values.collect();
    TypeKind::Enum { integer, values }
}

fn union(at: &str, schema: &Schema, findings: &mut Findings<'_>) -> Union {
    let branches = schema.one_of.iter();
    let branches: Vec<&str> = branches
        .filter_map(|branch| Some(branch.reference.as_ref()?.name()))
        .collect();
    let discriminator = schema.discriminator.as_ref();
    let mapping = discriminator.into_iter().flat_map(|tag| &tag.mapping);
    let variants: Vec<(String, String, String)> = mapping
        .map(|(value, target)| {
            let name = schema.variants.get(value).cloned();
            let name = name.unwrap_or_else(|| names::variant(value));
            (value.clone(), name, target.name().to_owned())
        })
        .collect();
    for value in schema.variants.keys() {
        if !variants.iter().any(|(known, _, _)| known == value) {
            findings.add(
                at,
                format!("`x-nx-variants` has `{value}`, but `mapping` does not"),
                "write a value of `mapping`",
            );
        }
    }
    for target in &branches {
        if !variants.iter().any(|(_, _, mapped)| mapped == target) {
            findings.add(
                at,
                format!("`mapping` has no value for `{target}`"),
                "map a value of the discriminator to each branch",
            );
        }
    }
    for (_, _, target) in &variants {
        if !branches.contains(&target.as_str()) {
            findings.add(
                at,
                format!("`mapping` has a value for `{target}`, but `oneOf` does not list it"),
                "add the branch to `oneOf`, or remove the value",
            );
        }
    }
    Union {
        tag: discriminator
            .map(|tag| tag.property_name.clone())
            .unwrap_or_default(),
        variants,
    }
}

fn count_rules(
    at: &str,
    schema: &Schema,
    properties: &BTreeSet<&String>,
    findings: &mut Findings<'_>,
) -> Vec<CountRule> {
    let mut rules = Vec::new();
    for (key, fields, min, max) in [
        ("x-nx-at-least-one", &schema.at_least_one, 1, None),
        ("x-nx-at-most-one", &schema.at_most_one, 0, Some(1)),
        ("x-nx-exactly-one", &schema.exactly_one, 1, Some(1)),
    ] {
        for field in fields.iter().filter(|field| !properties.contains(field)) {
            findings.add(
                at,
                format!("`{key}` has `{field}`, which is not a property"),
                "correct the name",
            );
        }
        if !fields.is_empty() {
            let fields = fields.clone();
            rules.push(CountRule { min, max, fields });
        }
    }
    rules
}

fn holds_app_key(ty: &Ty) -> bool {
    match ty {
        Ty::AppKey => true,
        Ty::List(inner) | Ty::Map(inner) => holds_app_key(inner),
        _ => false,
    }
}

/// The type of a field whose format is that of a date or time.
fn timed(ty: Ty, property: &Schema, side: Side, required: bool) -> Ty {
    let scalar = matches!(ty, Ty::Text | Ty::Integer | Ty::QuotedInteger);
    match (side, property.format.filter(|_| scalar)) {
        (Side::Request, Some(Format::Date)) => Ty::Date,
        (Side::Request, Some(Format::DateTime)) => Ty::DateTime,
        // Optional ones are not supported; no spec has one.
        (Side::Request, Some(Format::UnixSeconds)) if ty == Ty::Integer && required => {
            Ty::UnixSeconds
        }
        (Side::Reply, Some(Format::LocalDateTime | Format::DateTime)) => Ty::Time(TimeForm::Text),
        (Side::Reply, Some(Format::UnixSeconds)) => Ty::Time(TimeForm::UnixSeconds),
        (Side::Reply, Some(Format::UnixMillis)) => Ty::Time(TimeForm::UnixMillis),
        _ => ty,
    }
}

fn limits(at: &str, schema: &Schema, ty: &Ty, findings: &mut Findings<'_>) -> Limits {
    let number = |number: &serde_json::Number| match ty {
        Ty::Float if number.is_i64() || number.is_u64() => format!("{number}.0"),
        _ => number.to_string(),
    };
    let (min_length, max_length) = match ty {
        Ty::List(_) => (schema.min_items, schema.max_items),
        _ => (schema.min_length, schema.max_length),
    };
    let broken = schema.pattern.as_deref().map(regex_lite::Regex::new);
    if let Some(Err(error)) = broken {
        findings.add(
            at,
            format!("the pattern does not compile: {error}"),
            "write a regular expression",
        );
    }
    let format = schema.format.map_or("", Format::as_str);
    Limits {
        min_length: min_length.map(|length| length as usize),
        max_length: max_length.map(|length| length as usize),
        pattern: schema.pattern.clone(),
        phone: format.starts_with("phone").then(|| names::variant(format)),
        minimum: schema.minimum.as_ref().map(number),
        maximum: schema.maximum.as_ref().map(number),
    }
}

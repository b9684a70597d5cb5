//! Named schemas, from the spec to the model.

use std::collections::{BTreeMap, BTreeSet};

use heck::ToSnakeCase;
use serde_json::Value;

use crate::model::{
    EnumValue, Field, GivenRule, Input, Limits, Object, Operation, Place, Receipt, Side, TimeForm,
    Ty, TypeDef, TypeKind, Union, UploadRule,
};
use crate::names;
use crate::read::{Findings, list, references, text, texts};

/// The name at the end of a reference.
pub(crate) fn ref_name(reference: &str) -> String {
    reference.rsplit('/').next().unwrap_or(reference).to_owned()
}

/// The schemas of one spec.
pub(crate) struct Schemas<'a> {
    raw: &'a Value,
    order: Vec<(String, Vec<String>)>,
    sides: BTreeMap<String, Side>,
    /// What operations return.
    returned: BTreeSet<String>,
}

impl<'a> Schemas<'a> {
    pub(crate) fn new(raw: &'a Value, order: Vec<(String, Vec<String>)>) -> Self {
        Self {
            raw,
            order,
            sides: BTreeMap::new(),
            returned: BTreeSet::new(),
        }
    }

    /// Marks what an operation returns.
    pub(crate) fn mark_returned(&mut self, name: &str, findings: &mut Findings<'_>) {
        self.returned.insert(name.to_owned());
        self.mark(name, Side::Reply, findings);
    }

    /// Marks a schema, and all that it refers to, as being on one side. Enums may be on both.
    pub(crate) fn mark(&mut self, name: &str, side: Side, findings: &mut Findings<'_>) {
        let at = || format!("components.schemas.{name}");
        let Some(schema) = self.raw.get(name) else {
            findings.add(at(), "no such schema", "write it, or correct the reference");
            return;
        };
        if schema.get("x-extensible-enum").is_some() {
            return;
        }
        match self.sides.insert(name.to_owned(), side) {
            Some(known) if known == side => return,
            Some(_) => {
                findings.add(
                    at(),
                    "used by a request and by a reply",
                    "write it twice under two names: requests are strict, replies are lenient",
                );
                return;
            }
            None => {}
        }
        let mut names = BTreeSet::new();
        references(schema, &mut names);
        for name in names {
            self.mark(&name, side, findings);
        }
    }

    /// Every named schema, in the order of the spec.
    pub(crate) fn types(&self, findings: &mut Findings<'_>) -> Vec<TypeDef> {
        self.order
            .iter()
            .filter_map(|(name, order)| self.type_def(name, order, findings))
            .collect()
    }

    /// Gives the request type of an operation its query and path parameters, or makes a type of them.
    pub(crate) fn add_parameters(
        &self,
        operation: &Operation,
        raw: &Value,
        types: &mut Vec<TypeDef>,
        findings: &mut Findings<'_>,
    ) {
        let mut fields = Vec::new();
        for parameter in list(raw, "parameters") {
            let wire = text(parameter, "name").unwrap_or_default();
            let at = format!("{}.parameters.{wire}", operation.path);
            // Written like a property: what stands beside the schema belongs to it.
            let mut property = parameter.get("schema").cloned().unwrap_or_default();
            for key in ["description", "x-nx-field", "x-nx-public"] {
                if let Some(value) = parameter.get(key) {
                    property[key] = value.clone();
                }
            }
            let required = parameter.get("required") == Some(&Value::Bool(true));
            let mut field = self.field(&at, &wire, &property, required, Side::Request, findings);
            field.place = if text(parameter, "in").as_deref() == Some("path") {
                Place::Path
            } else {
                Place::Query
            };
            if field.place == Place::Path {
                // An empty one would make another path.
                let least = &mut field.limits.min_length;
                *least = Some(least.unwrap_or_default().max(1));
            }
            fields.push(field);
        }
        let max_days = raw.get("x-nx-max-days").and_then(|rule| {
            let days = rule.get("days").and_then(Value::as_i64)?;
            Some((text(rule, "from")?, text(rule, "to")?, days))
        });
        match &operation.input {
            Input::Parameters(name) => types.push(TypeDef {
                name: name.clone(),
                description: format!("What `{}` asks for.", operation.id),
                kind: TypeKind::Object(Object {
                    side: Side::Request,
                    fields,
                    flattened: None,
                    rules: Vec::new(),
                    list: None,
                    receipt: None,
                    accessors: Vec::new(),
                    max_days,
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
                }
            }
        }
    }

    fn type_def(
        &self,
        name: &str,
        order: &[String],
        findings: &mut Findings<'_>,
    ) -> Option<TypeDef> {
        let schema = self.raw.get(name)?;
        let at = format!("components.schemas.{name}");
        if let Some((problem, instead)) = names::unusable_type(name) {
            findings.add(&at, problem, instead);
            return None;
        }
        let kind = if schema.get("x-extensible-enum").is_some() {
            enumeration(&at, schema, findings)
        } else {
            let Some(side) = self.sides.get(name) else {
                findings.add(
                    &at,
                    "nothing refers to this schema",
                    "refer to it, or leave it out",
                );
                return None;
            };
            if schema.get("oneOf").is_some() {
                if *side == Side::Reply {
                    findings.add(
                        &at,
                        "`oneOf` in a reply or push",
                        "write one object with all fields optional: replies are lenient",
                    );
                }
                TypeKind::Union(union(&at, schema, findings))
            } else if is_list(schema) {
                TypeKind::Object(self.list(&at, schema, *side, findings))
            } else {
                let mut object = self.object(&at, schema, order, *side, findings);
                // A reply that lacks them is a refusal, which the client makes an error of.
                for field in &mut object.fields {
                    field.required |= self.returned.contains(name);
                }
                TypeKind::Object(object)
            }
        };
        let description = text(schema, "description").unwrap_or_default();
        if description.is_empty() {
            findings.add(&at, "no description", "say what it is");
        }
        Some(TypeDef {
            name: name.to_owned(),
            description,
            kind,
        })
    }

    /// A reply that is a bare array: an object with one field that holds it.
    fn list(&self, at: &str, schema: &Value, side: Side, findings: &mut Findings<'_>) -> Object {
        let name = text(schema, "x-nx-list");
        if name.is_none() || side == Side::Request {
            findings.add(
                at,
                "a named list that is no reply with `x-nx-list`",
                "write `type: array` where it is referred to; a reply that is a bare array has `x-nx-list: <name of its field in Rust>`",
            );
        }
        let name = name.unwrap_or_else(|| "list".to_owned());
        let mut property = schema.clone();
        property["description"] = "The entries, in their order.".into();
        let field = self.field(at, &name, &property, false, side, findings);
        Object {
            side,
            fields: vec![field],
            flattened: None,
            rules: Vec::new(),
            list: Some(name),
            receipt: None,
            accessors: accessors(schema),
            max_days: None,
        }
    }

    fn object(
        &self,
        at: &str,
        schema: &Value,
        order: &[String],
        side: Side,
        findings: &mut Findings<'_>,
    ) -> Object {
        // An object is written plainly, or as allOf of one plain object and one choice that is flattened into it.
        let parts: Vec<&Value> = match schema.get("allOf") {
            Some(_) => list(schema, "allOf").collect(),
            None => vec![schema],
        };
        if schema.get("x-nx-list").is_some()
            || schema.get("type").is_some_and(|kind| kind != "object")
        {
            findings.add(
                at,
                "a named schema that is neither object, choice, open enum nor list of a reply",
                "write the type where it is referred to; `x-nx-list` stands beside `type: array`",
            );
        }
        let mut flattened = None;
        let mut fields = Vec::new();
        let mut rules = Vec::new();
        for part in parts {
            if let Some(reference) = part.get("$ref").and_then(Value::as_str) {
                let target = ref_name(reference);
                if flattened.is_some() || self.raw[&target].get("oneOf").is_none() {
                    findings.add(
                        at,
                        "`allOf` takes one object with properties and at most one reference to a choice",
                        "write the fields out",
                    );
                }
                flattened = Some((names::field(&target.to_snake_case()), target));
                continue;
            }
            let required = texts(part, "required");
            let properties = part.get("properties").and_then(Value::as_object);
            for wire in order {
                if let Some(property) = properties.and_then(|properties| properties.get(wire)) {
                    let at = format!("{at}.properties.{wire}");
                    let needed = required.contains(wire);
                    fields.push(self.field(&at, wire, property, needed, side, findings));
                }
            }
            for name in required {
                if !order.contains(&name) {
                    findings.add(
                        at,
                        format!("`{name}` is required but no property"),
                        "write the property, or correct the name",
                    );
                }
            }
            rules.extend(given_rules(at, part, order, findings));
        }
        let receipt = self.receipt(at, schema, &fields, findings).map(Box::new);
        Object {
            side,
            receipt,
            accessors: accessors(schema),
            fields,
            flattened,
            rules,
            list: None,
            max_days: None,
        }
    }

    /// The rule `x-nx-receipt`, whose names must be those of fields and values.
    fn receipt(
        &self,
        at: &str,
        schema: &Value,
        fields: &[Field],
        findings: &mut Findings<'_>,
    ) -> Option<Receipt> {
        let rule = schema.get("x-nx-receipt")?;
        let id = text(rule, "id").unwrap_or_default();
        if !fields
            .iter()
            .any(|field| field.wire == id && field.ty == Ty::Text)
        {
            findings.add(
                at,
                format!("`x-nx-receipt` has the id `{id}`, which is no text property"),
                "name the property with the id that the send returned",
            );
            return None;
        }
        let states = rule.get("states").and_then(Value::as_object);
        let arrived = |state: &Value| matches!(state.as_str(), Some("delivered" | "read"));
        let delivered = text(rule, "status").map(|status| {
            let values = states
                .into_iter()
                .flatten()
                .filter(|(_, state)| arrived(state));
            (
                status,
                values.map(|(value, _)| value.clone()).collect::<Vec<_>>(),
            )
        });
        if let Some((status, values)) = &delivered {
            let field = fields.iter().find(|field| field.wire == *status);
            let schema = match field.map(|field| &field.ty) {
                Some(Ty::Named(name)) => self.raw.get(name),
                _ => None,
            };
            let known = |value: &String| {
                list(schema.unwrap_or(&Value::Null), "x-extensible-enum")
                    .any(|entry| entry.get("value").unwrap_or(entry).as_str() == Some(value))
            };
            if values.is_empty() || !values.iter().all(known) {
                findings.add(
                    at,
                    format!("`x-nx-receipt` names no values of `{status}` that mean delivered"),
                    "list values of its open enum under `delivered`",
                );
                return None;
            }
        }
        let digits = rule.get("digits").and_then(Value::as_u64);
        Some(Receipt {
            id,
            digits: digits
                .and_then(|n| usize::try_from(n).ok())
                .unwrap_or_default(),
            delivered,
        })
    }

    fn field(
        &self,
        at: &str,
        wire: &str,
        property: &Value,
        required: bool,
        side: Side,
        findings: &mut Findings<'_>,
    ) -> Field {
        let rust = text(property, "x-nx-field").unwrap_or_else(|| names::field(wire));
        if let Some((problem, instead)) = names::unusable_field(&rust) {
            findings.add(at, problem, instead);
        }
        let ty = timed(self.ty(at, property, findings), property, side, required);
        if side == Side::Reply && ty == Ty::AppKey {
            findings.add(
                at,
                "an application key in a reply",
                "leave the format out: replies hold texts",
            );
        }
        let argument = property.get("x-nx-argument") == Some(&Value::Bool(true));
        if argument && (required || !matches!(ty, Ty::List(_))) {
            findings.add(
                at,
                "`x-nx-argument` on what is no optional list",
                "leave it out",
            );
        }
        let mut description = text(property, "description").unwrap_or_default();
        if description.is_empty() {
            // A bare reference is described by what it refers to.
            if let Ty::Named(name) = &ty {
                description = text(&self.raw[name], "description").unwrap_or_default();
            }
            if description.is_empty() {
                findings.add(
                    at,
                    "no description",
                    "say what it is, its unit and its limits",
                );
            }
        }
        let constant = list(property, "enum").next().and_then(Value::as_str);
        Field {
            wire: wire.to_owned(),
            rust,
            description,
            limits: if side == Side::Request {
                limits(at, property, &ty, findings)
            } else {
                Limits::default()
            },
            ty,
            required,
            public: property.get("x-nx-public") == Some(&Value::Bool(true)),
            aliases: texts(property, "x-nx-aliases"),
            constant: constant.map(str::to_owned),
            place: Place::Body,
            uploads: upload_rules(property),
            default: property.get("default").map(ToString::to_string),
            format: text(property, "format"),
            argument,
        }
    }

    fn ty(&self, at: &str, schema: &Value, findings: &mut Findings<'_>) -> Ty {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            return self.named(at, &ref_name(reference), findings);
        }
        if schema.get("allOf").is_some() {
            let mut parts = list(schema, "allOf").filter_map(|part| part.get("$ref")?.as_str());
            return match (parts.next(), parts.next()) {
                (Some(reference), None) => self.named(at, &ref_name(reference), findings),
                _ => {
                    findings.add(
                        at,
                        "`allOf` on a property takes exactly one reference",
                        "name the combination under components.schemas",
                    );
                    Ty::Json
                }
            };
        }
        let format = text(schema, "format");
        let decimal = format.as_deref() == Some("decimal");
        match schema.get("type").and_then(Value::as_str) {
            None | Some("string" | "number") if decimal => Ty::Decimal,
            None if schema.get("items").is_none() => Ty::Json,
            Some("string") if format.as_deref() == Some("binary") => Ty::Upload,
            Some("string") if format.as_deref() == Some("integer") => Ty::QuotedInteger,
            Some("string") if format.as_deref() == Some("app-key") => Ty::AppKey,
            Some("string") => Ty::Text,
            Some("integer") => Ty::Integer,
            Some("number") => Ty::Float,
            Some("boolean") => Ty::Boolean,
            None | Some("array") => match schema.get("items") {
                Some(items) => Ty::List(Box::new(self.ty(at, items, findings))),
                None => Ty::List(Box::new(Ty::Json)),
            },
            Some("object") => match schema.get("additionalProperties") {
                Some(values) => Ty::Map(Box::new(self.ty(at, values, findings))),
                None => Ty::Json,
            },
            Some(other) => {
                findings.add(
                    at,
                    format!("unknown type `{other}`"),
                    "write string, integer, number, boolean, array or object",
                );
                Ty::Json
            }
        }
    }

    fn named(&self, at: &str, name: &str, findings: &mut Findings<'_>) -> Ty {
        if self.raw.get(name).is_none() {
            findings.add(
                at,
                format!("no schema `{name}`"),
                "write it, or correct the reference",
            );
        } else if is_list(&self.raw[name]) {
            findings.add(
                at,
                format!("`{name}` is a list, which only a whole reply may be"),
                "write `type: array` with `items` here",
            );
        }
        Ty::Named(name.to_owned())
    }
}

fn is_list(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("array")
}

fn enumeration(at: &str, schema: &Value, findings: &mut Findings<'_>) -> TypeKind {
    let integer = text(schema, "type").as_deref() == Some("integer");
    let mut values = Vec::new();
    let mut seen = BTreeSet::new();
    for entry in list(schema, "x-extensible-enum") {
        let (value, name, meaning) = match entry {
            Value::Object(map) => (
                map.get("value").cloned().unwrap_or_default(),
                text(entry, "name"),
                text(entry, "meaning").unwrap_or_default(),
            ),
            plain => (plain.clone(), None, String::new()),
        };
        let fits = if integer {
            value.is_i64()
        } else {
            value.is_string()
        };
        if !fits {
            findings.add(
                at,
                format!("the value {value} is not of the schema's type"),
                "quote texts, leave numbers unquoted",
            );
        }
        let name = name.unwrap_or_else(|| names::variant(value.as_str().unwrap_or_default()));
        if !names::is_identifier(&name) || name == "Unlisted" || !seen.insert(name.clone()) {
            findings.add(
                at,
                format!("`{name}` cannot name the value {value}"),
                "write {value, name, meaning} with a name of its own; `Unlisted` is taken",
            );
        }
        values.push(EnumValue {
            value,
            name,
            meaning,
        });
    }
    TypeKind::Enum { integer, values }
}

fn union(at: &str, schema: &Value, findings: &mut Findings<'_>) -> Union {
    let discriminator = schema.get("discriminator");
    let mapping = discriminator
        .and_then(|discriminator| discriminator.get("mapping"))
        .and_then(Value::as_object);
    let branches: Vec<String> = list(schema, "oneOf")
        .filter_map(|branch| branch.get("$ref")?.as_str())
        .map(ref_name)
        .collect();
    let variants: Vec<(String, String, String)> = mapping
        .into_iter()
        .flatten()
        .map(|(value, target)| {
            let target = ref_name(target.as_str().unwrap_or_default());
            let name = text(&schema["x-nx-variants"], value);
            (
                value.clone(),
                name.unwrap_or_else(|| names::variant(value)),
                target,
            )
        })
        .collect();
    let named = schema["x-nx-variants"].as_object();
    for value in named.into_iter().flatten().map(|(value, _)| value) {
        if !variants.iter().any(|(known, _, _)| known == value) {
            findings.add(
                at,
                format!("`x-nx-variants` names `{value}`, which is not mapped"),
                "write the value as under `mapping`",
            );
        }
    }
    for target in &branches {
        if !variants.iter().any(|(_, _, mapped)| mapped == target) {
            findings.add(
                at,
                format!("no mapping to `{target}`"),
                "map a value of the discriminator to each branch",
            );
        }
    }
    for (_, _, target) in &variants {
        if !branches.contains(target) {
            findings.add(
                at,
                format!("a mapping to `{target}`, which is no branch"),
                "add the branch to oneOf, or leave the mapping out",
            );
        }
    }
    Union {
        tag: discriminator
            .and_then(|discriminator| text(discriminator, "propertyName"))
            .unwrap_or_default(),
        variants,
    }
}

/// The rule `x-nx-accessors`; its paths are checked when all types are known.
fn accessors(schema: &Value) -> Vec<(String, String)> {
    let rules = schema.get("x-nx-accessors").and_then(Value::as_object);
    rules
        .into_iter()
        .flatten()
        .map(|(name, path)| (name.clone(), path.as_str().unwrap_or_default().to_owned()))
        .collect()
}

fn given_rules(
    at: &str,
    schema: &Value,
    order: &[String],
    findings: &mut Findings<'_>,
) -> Vec<GivenRule> {
    let mut rules = Vec::new();
    for (key, min, max) in [
        ("x-nx-at-least-one", 1, None),
        ("x-nx-at-most-one", 0, Some(1)),
        ("x-nx-exactly-one", 1, Some(1)),
    ] {
        let fields = texts(schema, key);
        for field in fields.iter().filter(|field| !order.contains(field)) {
            findings.add(
                at,
                format!("`{key}` names `{field}`, which is no property"),
                "correct the name",
            );
        }
        if !fields.is_empty() {
            rules.push(GivenRule { min, max, fields });
        }
    }
    rules
}

fn upload_rules(property: &Value) -> Vec<UploadRule> {
    list(property, "x-nx-uploads")
        .map(|rule| UploadRule {
            kind: text(rule, "kind").unwrap_or_default(),
            mime: texts(rule, "mime"),
            max_bytes: rule.get("max-bytes").and_then(Value::as_u64),
        })
        .collect()
}

/// The type of a field whose format says that it is a date or time.
fn timed(ty: Ty, property: &Value, side: Side, required: bool) -> Ty {
    let scalar = matches!(ty, Ty::Text | Ty::Integer | Ty::QuotedInteger);
    let format = property.get("format").and_then(Value::as_str);
    match (side, format.filter(|_| scalar)) {
        (Side::Request, Some("date")) => Ty::Date,
        (Side::Request, Some("date-time")) => Ty::DateTime,
        // An optional one would need code of its own; no spec has one.
        (Side::Request, Some("unix-seconds")) if ty == Ty::Integer && required => Ty::UnixSeconds,
        (Side::Reply, Some("local-date-time" | "date-time")) => Ty::Time(TimeForm::Text),
        (Side::Reply, Some("unix-seconds")) => Ty::Time(TimeForm::UnixSeconds),
        (Side::Reply, Some("unix-millis")) => Ty::Time(TimeForm::UnixMillis),
        _ => ty,
    }
}

fn limits(at: &str, schema: &Value, ty: &Ty, findings: &mut Findings<'_>) -> Limits {
    let length = |key: &str| {
        schema
            .get(key)
            .and_then(Value::as_u64)
            .and_then(|n| usize::try_from(n).ok())
    };
    let number = |key: &str| {
        schema.get(key).map(|number| match ty {
            Ty::Float if number.is_i64() || number.is_u64() => format!("{number}.0"),
            _ => number.to_string(),
        })
    };
    let list = matches!(ty, Ty::List(_));
    let pattern = text(schema, "pattern");
    let broken = pattern.as_deref().map(regex_lite::Regex::new);
    if let Some(Err(error)) = broken {
        findings.add(
            at,
            format!("the pattern does not compile: {error}"),
            "write a regular expression",
        );
    }
    Limits {
        min_length: length(if list { "minItems" } else { "minLength" }),
        max_length: length(if list { "maxItems" } else { "maxLength" }),
        pattern,
        phone: text(schema, "format")
            .filter(|format| format.starts_with("phone"))
            .map(|format| names::variant(&format)),
        minimum: number("minimum"),
        maximum: number("maximum"),
    }
}

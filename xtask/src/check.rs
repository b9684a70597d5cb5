//! Checks of a whole spec: equal names in Rust, types that contain themselves, fields in a place that cannot carry them.

use std::collections::{BTreeMap, BTreeSet};

use nxcloud_spec::document::MaxDays;

use crate::finding::Findings;
use crate::model::{Field, Input, Object, Operation, Place, Service, Side, Ty, TypeKind, Union};
use crate::names;
use crate::places::{component, operation as place};

mod accessors;
mod lenient;
mod messages;
mod naming;
mod paging;
mod receipts;
mod webhooks;

/// Rules that the emitters rely on.
pub(crate) fn check(service: &Service, findings: &mut Findings<'_>) {
    naming::type_names(service, findings);
    naming::tests(service, findings);
    lenient::check(service, findings);
    operations(service, findings);
    for def in &service.types {
        let at = component(&def.name);
        if let Some(path) = cycle(service, &def.name) {
            findings.add(
                &at,
                format!("`{}` contains itself: {}", def.name, path.join(" > ")),
                "put one of these types into a list, or remove it: a Rust struct cannot contain itself",
            );
        }
        match &def.kind {
            TypeKind::Object(object) => self::object(service, &def.name, object, findings),
            TypeKind::Union(choice) => self::union(service, &at, choice, findings),
            TypeKind::Enum { values, .. } => {
                let mut seen = Vec::new();
                for value in values {
                    if seen.contains(&&value.value) {
                        let problem = format!("the value {} is listed twice", value.value);
                        findings.add(&at, problem, "remove one of them");
                    }
                    seen.push(&value.value);
                }
                if values.is_empty() {
                    findings.add(
                        &at,
                        "the enum has no values",
                        "list the known values, or write `type: string`",
                    );
                }
            }
        }
    }
    if let Some(name) = too_deep(service) {
        findings.add(
            component(name),
            format!("`{name}` nests more than {MAX_DEPTH} types"),
            "move the fields of some of them into the type that contains them",
        );
    }
    for operation in &service.operations {
        self::operation(service, operation, findings);
    }
    accessors::check(service, findings);
    webhooks::check(service, findings);
    receipts::check(service, findings);
    messages::check(service, findings);
}

/// The place of a field in the spec: in its schema, or among the parameters of its operation.
fn place_of(service: &Service, holder: &str, field: &Field) -> String {
    let mut operations = service.operations.iter();
    let parameter = operations.find_map(|operation| {
        let takes = field.place != Place::Body && operation.input.type_name() == holder;
        let spec = service.spec.operation(&operation.id).filter(|_| takes)?;
        let mut parameters = spec.parameters.iter();
        let index = parameters.position(|parameter| parameter.name == field.wire)?;
        Some(format!("{}.parameters[{index}]", place(operation)))
    });
    parameter.unwrap_or_else(|| format!("{}.properties.{}", component(holder), field.wire))
}

/// How deep types may be nested, in lists or directly. rustc fails on much deeper types.
const MAX_DEPTH: usize = 16;

/// The first type that nests more types than allowed.
fn too_deep(service: &Service) -> Option<&str> {
    fn named(ty: &Ty) -> Option<&str> {
        match ty {
            Ty::Named(name) => Some(name),
            Ty::List(inner) | Ty::Map(inner) => named(inner),
            _ => None,
        }
    }
    fn depth<'a>(
        service: &'a Service,
        name: &'a str,
        above: &mut Vec<&'a str>,
        known: &mut BTreeMap<&'a str, usize>,
    ) -> usize {
        // A type that contains itself in a list is counted once.
        if above.contains(&name) {
            return 0;
        }
        if let Some(depth) = known.get(name) {
            return *depth;
        }
        if above.len() > MAX_DEPTH {
            return 1;
        }
        above.push(name);
        let in_lists = crate::paths::object(service, name).into_iter();
        let in_lists = in_lists.flat_map(|object| object.fields.iter());
        let inner = in_lists.filter_map(|field| named(&field.ty));
        let inner: Vec<&str> = inner.chain(held(service, name)).collect();
        let inner = inner.into_iter();
        let deepest = inner.map(|inner| depth(service, inner, above, known)).max();
        above.pop();
        let depth = 1 + deepest.unwrap_or_default();
        known.insert(name, depth);
        depth
    }
    let mut known = BTreeMap::new();
    let mut names = service.types.iter().map(|def| def.name.as_str());
    names.find(|name| depth(service, name, &mut Vec::new(), &mut known) > MAX_DEPTH)
}

/// The types that a type contains outside of lists and maps.
fn held<'a>(service: &'a Service, name: &str) -> Vec<&'a str> {
    match service.type_def(name).map(|def| &def.kind) {
        Some(TypeKind::Object(object)) => {
            let fields = object.fields.iter().filter_map(|field| match &field.ty {
                Ty::Named(name) => Some(name.as_str()),
                _ => None,
            });
            let flattened = object.flattened.as_ref().map(|(_, ty)| ty.as_str());
            fields.chain(flattened).collect()
        }
        Some(TypeKind::Union(union)) => union
            .variants
            .iter()
            .map(|(_, _, ty)| ty.as_str())
            .collect(),
        _ => Vec::new(),
    }
}

/// The path from a type to itself, if there is one outside of lists and maps.
fn cycle(service: &Service, name: &str) -> Option<Vec<String>> {
    let mut before: BTreeMap<&str, &str> = BTreeMap::new();
    let mut open: Vec<&str> = vec![name];
    while let Some(holder) = open.pop() {
        for inner in held(service, holder) {
            if inner == name {
                let mut path = vec![name.to_owned(), holder.to_owned()];
                let mut at = holder;
                while let Some(previous) = before.get(at) {
                    path.push((*previous).to_owned());
                    at = previous;
                }
                if holder == name {
                    path.truncate(1);
                    path.push(name.to_owned());
                }
                path.reverse();
                return Some(path);
            }
            if inner != name && !before.contains_key(inner) {
                before.insert(inner, holder);
                open.push(inner);
            }
        }
    }
    None
}

fn object(service: &Service, name: &str, object: &Object, findings: &mut Findings<'_>) {
    let mut rust: BTreeMap<&str, &str> = BTreeMap::new();
    let mut wires: BTreeSet<&str> = BTreeSet::new();
    if let Some((member, ty)) = &object.flattened {
        rust.insert(member.trim_end_matches('_'), ty);
    }
    for field in &object.fields {
        let at = place_of(service, name, field);
        if !wires.insert(&field.wire) {
            findings.add(
                &at,
                format!("the request has two fields with the name `{}`", field.wire),
                "rename or remove one: names are unique across body, query and path",
            );
        } else if let Some(other) = rust.insert(field.rust.trim_end_matches('_'), &field.wire) {
            findings.add(
                &at,
                format!(
                    "the Rust name `{}` is already that of `{other}`",
                    field.rust
                ),
                "set another name with `x-nx-field`",
            );
        }
        self::field(service, &at, object, field, findings);
    }
    if object.side == Side::Request {
        beside_a_choice(service, name, object, findings);
    }
}

/// The fields of a flattened choice are on the same level as the object's other fields.
fn beside_a_choice(service: &Service, name: &str, object: &Object, findings: &mut Findings<'_>) {
    let Some((_, choice)) = &object.flattened else {
        return;
    };
    let Some(TypeKind::Union(union)) = service.type_def(choice).map(|def| &def.kind) else {
        return;
    };
    let mut beside = BTreeSet::from([union.tag.as_str()]);
    for (_, _, ty) in &union.variants {
        if let Some(TypeKind::Object(inner)) = service.type_def(ty).map(|def| &def.kind) {
            beside.extend(inner.fields.iter().map(|field| field.wire.as_str()));
        }
    }
    for field in object
        .fields
        .iter()
        .filter(|field| beside.contains(field.wire.as_str()))
    {
        findings.add(
            place_of(service, name, field),
            format!(
                "`{}` is also a key of the flattened choice `{choice}`",
                field.wire
            ),
            "remove one of them",
        );
    }
}

fn holds_upload(ty: &Ty) -> bool {
    match ty {
        Ty::Upload => true,
        Ty::List(inner) | Ty::Map(inner) => holds_upload(inner),
        _ => false,
    }
}

/// Checks that a field fits its place.
fn field(service: &Service, at: &str, object: &Object, field: &Field, findings: &mut Findings<'_>) {
    if field.constant.is_some() && field.ty != Ty::Text {
        findings.add(
            at,
            "an enum with one value is not a text",
            "write `type: string` without a format, and the value in quotes",
        );
    }
    let is_form =
        object.side == Side::Request && object.fields.iter().any(|field| field.ty == Ty::Upload);
    if holds_upload(&field.ty)
        && (object.side == Side::Reply || field.ty != Ty::Upload || !field.required)
    {
        findings.add(
            at,
            "the file is not a required part of a form",
            "write `format: binary` only on a required property of a multipart/form-data body",
        );
    } else if is_form && !matches!(field.ty, Ty::Upload | Ty::Text | Ty::AppKey) {
        findings.add(
            at,
            "the part of the form is neither a text nor a file",
            "write `type: string`",
        );
    }
    if field.place == Place::Body {
        return;
    }
    let plain = match &field.ty {
        Ty::Text | Ty::AppKey | Ty::Integer | Ty::Float | Ty::Boolean | Ty::Date | Ty::DateTime => {
            true
        }
        Ty::UnixSeconds => field.required,
        Ty::Named(name) if service.type_def(name).is_none() => true,
        _ => false,
    };
    if !plain {
        findings.add(
            at,
            "the parameter is not a plain value",
            "write the type string, integer, number or boolean",
        );
    }
    if field.place == Place::Path && !field.required {
        findings.add(
            at,
            "the path parameter is not required",
            "write `required: true`",
        );
    }
}

fn union(service: &Service, at: &str, union: &Union, findings: &mut Findings<'_>) {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for (value, variant, target) in &union.variants {
        let other = seen.insert(variant, value);
        if !names::is_identifier(variant) || names::variant(variant) != *variant || other.is_some()
        {
            findings.add(
                format!("{at}.discriminator.mapping.{value}"),
                match other {
                    Some(other) => format!("`{value}` and `{other}` are both `{variant}` in Rust"),
                    None => format!("`{value}` does not give a Rust name"),
                },
                "name the variant with `x-nx-variants: {value: Name}` beside `oneOf`",
            );
        }
        let inner = match service.type_def(target).map(|def| &def.kind) {
            Some(TypeKind::Enum { .. }) => {
                findings.add(
                    at,
                    format!("`{target}` is an enum"),
                    "make each branch an object or a choice",
                );
                continue;
            }
            Some(TypeKind::Object(inner)) => inner,
            _ => continue,
        };
        if inner.fields.iter().any(|field| field.wire == union.tag) {
            findings.add(
                format!("{}.properties.{}", component(target), union.tag),
                "the key of the discriminator is a property too",
                "remove the property: the choice writes it",
            );
        }
    }
    if union.variants.is_empty() {
        findings.add(
            at,
            "the choice has no variants",
            "map a value of the discriminator to each branch",
        );
    }
    let is_key = |key: &str| {
        names::is_identifier(&names::field(key))
            && key
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
    };
    if !is_key(&union.tag) {
        findings.add(
            at,
            format!("`{}` cannot be a key of a choice", union.tag),
            "write a name of ASCII letters and digits as `propertyName`",
        );
    }
}

/// Checks a limited period: the client compares its two times before it sends a request, so both must be required.
fn max_days(at: &str, max_days: &MaxDays, object: &Object, findings: &mut Findings<'_>) {
    let MaxDays { from, to, days, .. } = max_days;
    let at = format!("{at}.x-nx-max-days");
    let is_time = |wire: &&String| {
        let mut fields = object.fields.iter();
        fields.any(|field| field.wire == **wire && field.ty == Ty::DateTime && field.required)
    };
    for wire in [from, to].into_iter().filter(|wire| !is_time(wire)) {
        findings.add(
            &at,
            format!("`{wire}` is not a required date-time"),
            "name parameters of `format: date-time` with `required: true`",
        );
    }
    if *days < 1 {
        findings.add(
            format!("{at}.days"),
            format!("a limit of {days} days rejects every request"),
            "write a whole number of at least 1",
        );
    }
}

fn operation(service: &Service, operation: &Operation, findings: &mut Findings<'_>) {
    let at = place(operation);
    let is_object = |name: &str| {
        matches!(
            service.type_def(name).map(|def| &def.kind),
            None | Some(TypeKind::Object(_))
        )
    };
    if !is_object(&operation.reply) {
        findings.add(
            format!("{at}.responses.200"),
            format!("`{}` is not an object", operation.reply),
            "make the reply an object",
        );
    }
    let request = crate::paths::object(service, operation.input.type_name());
    let has_file =
        request.is_some_and(|object| object.fields.iter().any(|field| field.ty == Ty::Upload));
    let max_days = request.and_then(|object| object.max_days.as_ref().zip(Some(object)));
    if let Some((max_days, object)) = max_days {
        self::max_days(&at, max_days, object, findings);
    }
    let spec = service.spec.operation(&operation.id);
    let has_parameters = spec.is_some_and(|spec| !spec.parameters.is_empty());
    match &operation.input {
        Input::Json(name) if has_parameters && !is_object(name) => {
            findings.add(
                &at,
                "the operation has parameters, but its body is not an object",
                "make the body an object",
            );
        }
        Input::Json(_) if has_file => {
            findings.add(&at, "the JSON body has a file", "write multipart/form-data")
        }
        Input::Parameters(_) if has_file => findings.add(
            &at,
            "a parameter is a file",
            "write a multipart/form-data body",
        ),
        Input::Multipart(_) if has_parameters => findings.add(
            &at,
            "the operation has parameters and a form",
            "make the parameters parts of the form",
        ),
        Input::Multipart(name) => {
            let files = request.map_or(0, |object| {
                object
                    .fields
                    .iter()
                    .filter(|field| field.ty == Ty::Upload)
                    .count()
            });
            let mime =
                request.and_then(|object| object.fields.iter().find(|field| field.wire == "type"));
            if files != 1
                || mime.is_some_and(|field| {
                    field.ty != Ty::Text || !field.required || field.constant.is_some()
                })
            {
                findings.add(
                    component(name),
                    "the form has no file or several files, or its part `type` cannot contain the file's MIME type",
                    "write one property with `format: binary`; if there is a property `type`, make it a required `type: string`",
                );
            }
        }
        _ => {}
    }
    if let Some(paging) = &operation.paging {
        paging::paging(
            service,
            &format!("{at}.x-nx-paging"),
            operation,
            paging,
            findings,
        );
    }
}

/// Checks that every operation has its own request type.
fn operations(service: &Service, findings: &mut Findings<'_>) {
    let mut requests = BTreeMap::new();
    for operation in &service.operations {
        let (id, request) = (operation.id.as_str(), operation.input.type_name());
        if let Some(other) = requests.insert(request, id) {
            findings.add(
                place(operation),
                format!("the request `{request}` is also the request of `{other}`, but a request type identifies its operation"),
                "write a second schema with another name",
            );
        }
    }
}

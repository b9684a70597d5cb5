//! What would not compile once it is generated: names that are taken, and types that have no form where they stand.

use std::collections::BTreeMap;

use crate::model::{Field, Input, Object, Operation, Place, Service, Ty, TypeKind};
use crate::read::Findings;

/// What generated files import or define beside the types of the spec, and what Rust has everywhere.
#[rustfmt::skip]
const TYPES: [&str; 78] = [
    // Of this workspace.
    "Action", "AppKey", "BizType", "Call", "CallOptions", "Client", "ClientHooks", "ClientInfo", "Code", "CodeInfo", "CodeKind",
    "Credentials", "Date", "DateTime", "Decimal", "Error", "ErrorKind", "HashIn", "InvalidTime", "Items", "Operation",
    "OperationInfo", "Outcome", "Page", "Paged", "Repair", "Repairs", "Request", "ResponseValue", "Scheme", "ServiceName",
    "Session", "SignedRequest", "Time", "Upload",
    // Of serde and the standard library.
    "AsMut", "AsRef", "Box", "BTreeMap", "Clone", "Copy", "Debug", "Default", "Deserialize", "Deserializer", "Display", "Drop",
    "Eq", "Err", "Extend", "Fn", "FnMut", "FnOnce", "From", "FromIterator", "FromStr", "Future", "Hash", "Into", "IntoIterator",
    "Iterator", "Map", "None", "Ok", "Option", "Ord", "PartialEq", "PartialOrd", "Result", "Send", "Serialize", "Serializer",
    "Sized", "Some", "String", "Sync", "Unpin", "Vec",
];

/// Methods of the clients, and names beside the operations' own.
#[rustfmt::skip]
const OPERATIONS: [&str; 14] = [
    "all", "api_version", "baseurl", "client", "clone", "exec", "fmt", "help", "inner", "new", "post", "pre", "shared",
    "with_options",
];

/// Adds a finding for everything that would not compile.
pub(crate) fn check(service: &Service, findings: &mut Findings<'_>) {
    types(service, findings);
    operations(service, findings);
    for operation in &service.operations {
        let at = format!(
            "paths.{}.{}",
            operation.path,
            operation.method.to_lowercase()
        );
        let request = service.type_def(operation.input.type_name());
        if let Some(TypeKind::Object(object)) = request.map(|def| &def.kind) {
            parameters(&at, object, findings);
            if let Input::Multipart(_) = operation.input {
                parts(&at, object, findings);
            }
        }
    }
}

fn types(service: &Service, findings: &mut Findings<'_>) {
    let mut seen = BTreeMap::new();
    for def in &service.types {
        // The request of an operation without a body is named after it.
        let of_operation = service.operations.iter().find(
            |operation| matches!(&operation.input, Input::Parameters(name) if *name == def.name),
        );
        let (at, instead) = match of_operation {
            Some(operation) => (
                format!(
                    "paths.{}.{}",
                    operation.path,
                    operation.method.to_lowercase()
                ),
                "give the operation, whose request has that name, another id",
            ),
            None => (
                format!("components.schemas.{}", def.name),
                "give the schema another name",
            ),
        };
        if TYPES.contains(&def.name.as_str()) {
            findings.add(
                &at,
                format!("the type `{}` is taken in Rust", def.name),
                instead,
            );
        }
        if let Some(other) = seen.insert(def.name.as_str(), at.clone()) {
            let problem = format!("the type `{}` is there already, from {other}", def.name);
            findings.add(at, problem, instead);
        }
    }
}

fn operations(service: &Service, findings: &mut Findings<'_>) {
    let at = |operation: &Operation| {
        format!(
            "paths.{}.{}",
            operation.path,
            operation.method.to_lowercase()
        )
    };
    let mut requests = BTreeMap::new();
    for operation in &service.operations {
        let id = operation.id.as_str();
        let paged = id.strip_suffix("_all").and_then(|id| {
            let mut all = service.operations.iter();
            all.find(|operation| operation.id == id && operation.paging.is_some())
        });
        if OPERATIONS.contains(&id) || paged.is_some() {
            findings.add(
                at(operation),
                format!("operation id `{id}` is taken in Rust"),
                "give it another id",
            );
        }
        if let Input::Parameters(_) = operation.input {
            continue;
        }
        let request = operation.input.type_name();
        if let Some(other) = requests.insert(request, id) {
            findings.add(
                at(operation),
                format!("the request `{request}` is that of `{other}` too; a request says which operation it is for"),
                "write the schema twice under two names",
            );
        }
    }
}

/// Path and query take scalars.
fn parameters(at: &str, object: &Object, findings: &mut Findings<'_>) {
    for field in object
        .fields
        .iter()
        .filter(|field| field.place != Place::Body)
    {
        let at = format!("{at}.parameters.{}", field.wire);
        let is_scalar = matches!(
            field.ty,
            Ty::Text
                | Ty::AppKey
                | Ty::Integer
                | Ty::Float
                | Ty::Boolean
                | Ty::Date
                | Ty::DateTime
                | Ty::UnixSeconds
        );
        if !is_scalar {
            findings.add(
                &at,
                "a parameter that is no scalar",
                "write type string, integer, number or boolean; leave list, choice and enum to a body",
            );
        }
        if field.place == Place::Path && !field.required {
            findings.add(
                &at,
                "a part of the path is optional",
                "write `required: true`",
            );
        }
    }
}

/// A form has texts and files.
fn parts(at: &str, object: &Object, findings: &mut Findings<'_>) {
    let is_part = |field: &Field| matches!(field.ty, Ty::Text | Ty::AppKey | Ty::Upload);
    for field in object.fields.iter().filter(|field| !is_part(field)) {
        findings.add(
            format!("{at}.requestBody.{}", field.wire),
            "a part of a form that is neither text nor file",
            "write type string without a format of date or time",
        );
    }
}

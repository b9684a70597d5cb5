//! Reads a spec into the model.

use nxcloud_spec::OperationRef;
use nxcloud_spec::document::{self, HashIn, MediaType};
use nxcloud_spec::schema::Reference;
use serde_json::Value;

use crate::finding::{Finding, Findings};
use crate::model::{Input, Operation, Scheme, Service, Side};
use crate::schema::Schemas;
use crate::{check, lint, names, parse};

/// Reads and checks the content of a spec file.
///
/// # Errors
///
/// The findings of the spec.
pub fn read_bytes(file: &str, bytes: &[u8]) -> Result<Service, Vec<Finding>> {
    let document = parse::document(file, bytes).map_err(|finding| vec![finding])?;
    let name = file.rsplit('/').next().unwrap_or(file);
    let name = name.strip_suffix(".yaml").unwrap_or(name);
    let mut findings = Findings::new(file);
    lint::lint(&document, &mut findings);
    findings.end_step()?;
    let service = service(nxcloud_spec::Service::new(name, document), &mut findings);
    check::check(&service, &mut findings);
    findings.end_step()?;
    // This check compiles schemas, so it comes last.
    lint::misfits(service.spec.document(), &mut findings);
    findings.end_step()?;
    Ok(service)
}

/// Reads and checks the text of a spec.
///
/// # Errors
///
/// The findings of the spec.
pub fn read(file: &str, text: &str) -> Result<Service, Vec<Finding>> {
    read_bytes(file, text.as_bytes())
}

fn service(spec: nxcloud_spec::Service, findings: &mut Findings<'_>) -> Service {
    let document = spec.document();
    let operations: Vec<Operation> = spec.operations().map(operation).collect();
    let mut schemas = Schemas::new(document);
    for operation in &operations {
        schemas.mark_returned(&operation.reply, findings);
        if let Input::Json(request) | Input::Multipart(request) = &operation.input {
            schemas.mark(request, Side::Request, findings);
        }
    }
    for webhook in spec.webhooks() {
        schemas.mark(webhook.event(), Side::Reply, findings);
    }
    let mut types = schemas.types(findings);
    for (operation, spec) in operations.iter().zip(spec.operations()) {
        schemas.add_parameters(operation, spec.spec(), &mut types, findings);
    }
    let package = document.package.clone();
    let server = document.servers.first();
    Service {
        name: spec.name().to_owned(),
        package: package.unwrap_or_else(|| format!("nxcloud-{}", spec.name())),
        title: document.info.title.clone(),
        description: document.info.description.clone().unwrap_or_default(),
        biz_type: document.biz_type.clone(),
        base_url: server.map(|server| server.url.clone()).unwrap_or_default(),
        codes: document.codes.clone(),
        operations,
        webhooks: document.webhooks.clone(),
        types,
        spec,
    }
}

fn operation(spec: OperationRef<'_>) -> Operation {
    let scheme = match spec.scheme() {
        document::Scheme::NxcloudMd5 => Scheme::NxcloudMd5 {
            biz_type: spec.biz_type().unwrap_or_default().to_owned(),
            action: spec.action.clone().unwrap_or_default(),
        },
        document::Scheme::AntBuddySha256 => Scheme::AntBuddySha256 {
            in_header: spec.hash_in == Some(HashIn::Header),
            order: spec.hash_order.clone().unwrap_or_default(),
        },
    };
    let named = |(_, body): (&str, &MediaType)| {
        let reference = body.schema.reference.as_ref();
        reference.map_or("", Reference::name).to_owned()
    };
    let input = match spec.request() {
        None => Input::Parameters(names::variant(&spec.id)),
        Some(body @ ("multipart/form-data", _)) => Input::Multipart(named(body)),
        Some(body) => Input::Json(named(body)),
    };
    let owned = |(name, value): (&str, Value)| (name.to_owned(), value);
    let replies = spec.reply_examples();
    Operation {
        id: spec.id.clone(),
        method: spec.method().to_owned(),
        path: spec.key().to_owned(),
        base_url: spec.servers.first().map(|server| server.url.clone()),
        summary: spec.summary.clone(),
        description: spec.description.clone().unwrap_or_default(),
        scheme,
        safe: spec.safe,
        codes: spec.codes.clone(),
        input,
        paging: spec.paging.clone(),
        message: spec.message.clone(),
        reply: spec.reply().map(named).unwrap_or_default(),
        request_examples: spec.request_examples().into_iter().map(owned).collect(),
        reply_examples: replies
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .collect(),
    }
}

//! Validates the fields of a request against the schema of its operation.

use std::collections::HashSet;

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use nxcloud_spec::document::MaxDays;
use nxcloud_spec::schema::{Format, Upload};
use nxcloud_spec::validate::{Violation, below};
use serde_json::Value;

use super::request::{Fields, Incoming};
use super::{multipart, percent, unreadable};
use crate::platform::catalog::{Content, Operation, Parameters, RequestBody, Route, typed_fields};
use crate::platform::time;

const MILLIS_OF_DAY: i64 = 24 * 60 * 60 * 1000;

/// The operation that matches a request best, with the request's fields or the first violation.
///
/// A few operations share path, bizType and action and differ by their fields only.
pub(super) fn read<'a>(
    candidates: &[&'a Operation],
    route: &Route<'_>,
    incoming: &Incoming<'_>,
) -> Option<(&'a Operation, Result<Fields, Violation>)> {
    if let [only] = candidates {
        return Some((only, fields(only, route, incoming)));
    }
    candidates
        .iter()
        .map(|operation| (*operation, fields(operation, route, incoming)))
        // The first of equal matches counts, hence the reversed order.
        .rev()
        .max_by_key(|(operation, fields)| match fields {
            Ok(fields) => 1 + known_fields(operation, fields),
            Err(_) => 0,
        })
}

fn known_fields(operation: &Operation, fields: &Fields) -> usize {
    let Some(body) = &operation.body else {
        return 0;
    };
    let schema = body.schema();
    let known = |name: &&String| schema.property(name).is_some();
    fields.keys().filter(known).count()
}

fn fields(
    operation: &Operation,
    route: &Route<'_>,
    incoming: &Incoming<'_>,
) -> Result<Fields, Violation> {
    let mut fields = Fields::new();
    if let Some(path) = &operation.path_parameters {
        let sent = route.parameters.iter().map(|(name, value)| {
            let value = percent::decode(value);
            let value = value.map_err(|problem| Violation::at(below("", name), problem))?;
            Ok((name.clone(), value))
        });
        extend(
            &mut fields,
            checked(path, sent.collect::<Result<_, Violation>>()?)?,
        );
    }
    if let Some(query) = &operation.query {
        let sent = percent::parameters(incoming.query)?;
        extend(&mut fields, checked(query, sent)?);
    }
    if let Some(body) = &operation.body {
        extend(&mut fields, body_fields(body, incoming)?);
    }
    if let Some(limit) = &operation.spec.max_days {
        check_distance(limit, &fields)?;
    }
    Ok(fields)
}

fn checked(parameters: &Parameters, sent: Vec<(String, String)>) -> Result<Value, Violation> {
    let typed = Value::Object(typed_fields(sent, parameters.schema())?);
    parameters.validator.check(&typed)?;
    Ok(typed)
}

/// Checks the distance of two dates if both are present.
fn check_distance(limit: &MaxDays, fields: &Fields) -> Result<(), Violation> {
    let moment = |name: &str| fields.get(name)?.as_str().and_then(time::moment);
    let (Some(from), Some(to)) = (moment(&limit.from), moment(&limit.to)) else {
        return Ok(());
    };
    if to.saturating_sub(from) <= limit.days.saturating_mul(MILLIS_OF_DAY) {
        return Ok(());
    }
    let problem = format!("is more than {} days after {}", limit.days, limit.from);
    Err(Violation::at(below("", &limit.to), problem))
}

fn extend(fields: &mut Fields, more: Value) {
    if let Value::Object(more) = more {
        if fields.is_empty() {
            *fields = more;
        } else {
            fields.extend(more);
        }
    }
}

fn body_fields(body: &RequestBody, incoming: &Incoming<'_>) -> Result<Value, Violation> {
    if incoming.body.is_empty() {
        return if body.required {
            Err(Violation::whole("the body is missing"))
        } else {
            Ok(Value::Null)
        };
    }
    if let Some(problem) = unreadable::encoded(incoming.headers) {
        return Err(Violation::whole(problem));
    }
    match &body.content {
        Content::Json => {
            expect_media(incoming.headers, "application/json")?;
            let value = unreadable::json(incoming.body).map_err(Violation::whole)?;
            body.validator.check(&value)?;
            Ok(value)
        }
        Content::Multipart => {
            expect_media(incoming.headers, "multipart/form-data")?;
            multipart_fields(body, incoming)
        }
        Content::Opaque(expected) => {
            expect_media(incoming.headers, expected)?;
            Ok(Value::Null)
        }
    }
}

fn multipart_fields(body: &RequestBody, incoming: &Incoming<'_>) -> Result<Value, Violation> {
    let boundary = content_type(incoming.headers)
        .and_then(multipart::boundary)
        .ok_or_else(|| Violation::whole("the content type has no boundary"))?;
    let parts = multipart::parts(incoming.body, &boundary)
        .map_err(|problem| Violation::whole(format!("the body cannot be read: {problem}")))?;
    let mut texts = Vec::new();
    let mut names = HashSet::new();
    let mut files = Vec::new();
    for part in parts {
        if !names.insert(part.name.clone()) {
            return Err(Violation::at(
                below("", &part.name),
                "appears more than once",
            ));
        }
        let binary = body
            .schema()
            .property(&part.name)
            .and_then(|part| part.find(|schema| schema.format))
            .is_some_and(|format| format == Format::Binary);
        if binary && part.file_name.is_none() {
            return Err(Violation::at(below("", &part.name), "has no file name"));
        }
        if binary {
            files.push((part.name.clone(), part.data.len() as u64));
        }
        let text = if let Some(name) = part.file_name {
            // The value is the file's name: a reply may echo a field, but never the bytes of a file.
            name
        } else {
            std::str::from_utf8(part.data)
                .map_err(|_| Violation::at(below("", &part.name), "is not UTF-8"))?
                .to_owned()
        };
        texts.push((part.name, text));
    }
    let value = Value::Object(typed_fields(texts, body.schema())?);
    body.validator.check(&value)?;
    for (name, size) in files {
        check_upload(body, &value, &name, size)?;
    }
    Ok(value)
}

/// Checks a file against the limits of its part in the spec. The field `type` decides its type: the reference
/// mentions no content type of a part, and clients send arbitrary ones.
fn check_upload(
    body: &RequestBody,
    fields: &Value,
    name: &str,
    size: u64,
) -> Result<(), Violation> {
    let Some(allowed) = body.uploads.get(name) else {
        return Ok(());
    };
    let sent = fields.get("type").and_then(Value::as_str);
    let media = sent.unwrap_or_default().split(';').next();
    let media = media.unwrap_or_default().trim();
    let fits = |upload: &&Upload| {
        let mut mimes = upload.mime.iter();
        upload.mime.is_empty() || mimes.any(|mime| mime.eq_ignore_ascii_case(media))
    };
    let Some(upload) = allowed.iter().find(fits) else {
        let mimes = allowed.iter().flat_map(|upload| &upload.mime);
        let mimes = mimes.map(String::as_str).collect::<Vec<_>>();
        let problem = format!("not one of {}", mimes.join(", "));
        return Err(Violation::at(below("", "type"), problem));
    };
    match upload.max_bytes.filter(|limit| size > *limit) {
        Some(limit) => {
            let problem = format!("is larger than {limit} bytes");
            Err(Violation::at(below("", name), problem))
        }
        None => Ok(()),
    }
}

fn content_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(CONTENT_TYPE)?.to_str().ok()
}

/// Whether the body has a media type, ignoring the type's parameters.
pub(super) fn has_media_type(headers: &HeaderMap, expected: &str) -> bool {
    let media = content_type(headers).and_then(|text| text.split(';').next());
    media
        .unwrap_or_default()
        .trim()
        .eq_ignore_ascii_case(expected)
}

fn expect_media(headers: &HeaderMap, expected: &str) -> Result<(), Violation> {
    if has_media_type(headers, expected) {
        Ok(())
    } else {
        Err(Violation::whole(format!(
            "content type {expected} expected"
        )))
    }
}

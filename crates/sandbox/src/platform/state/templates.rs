//! Message templates.

use serde_json::{Value, json};

use super::account::{Account, Template};
use super::call::{Call, Done, put, text_at};
use super::media::PARAMETER;

/// Default number of templates on a page.
const LIMIT: i64 = 20;
/// The prefix of a cursor, before the number of a template.
const CURSOR: &str = "template:";

pub(super) fn create(call: &Call<'_>, account: &mut Account, reply: &mut Value) -> Done {
    let latest = account.templates.iter().next_back();
    account.templates.push(Template {
        number: latest.map_or(0, |template| template.number.saturating_add(1)),
        id: text_at(reply, "/data/id"),
        business_phone: call.text("business_phone").to_owned(),
        name: call.text("name").to_owned(),
        language: call.text("language").to_owned(),
        category: call.text("category").to_owned(),
        components: call.fields.get("components").cloned().unwrap_or_default(),
    });
    Ok(())
}

pub(super) fn update(call: &Call<'_>, account: &mut Account, reply: &mut Value) -> Done {
    let (id, phone) = (call.text("template_id"), call.text("business_phone"));
    let changed = account.templates.change(
        |template| template.id == id && template.business_phone == phone,
        |template| {
            if let Some(category) = call.fields.get("category").and_then(Value::as_str) {
                category.clone_into(&mut template.category);
            }
            template.components = call.fields.get("components").cloned().unwrap_or_default();
        },
    );
    if !changed {
        let problem = "the number has no template of this /template_id";
        return Err(account.templates.missing(PARAMETER, problem));
    }
    put(reply, "/data/id", id);
    Ok(())
}

pub(super) fn delete(call: &Call<'_>, account: &mut Account, reply: &mut Value) -> Done {
    if !account.templates.ever_used() && call.operation.is_example(call.fields) {
        return Ok(());
    }
    let (name, phone) = (call.text("name"), call.text("business_phone"));
    let templates = &mut account.templates;
    let removed =
        templates.remove(|template| template.name == name && template.business_phone == phone);
    reply["data"] = json!({ "success": removed });
    Ok(())
}

/// Returns a page of templates, in the order of their creation.
pub(super) fn get(call: &Call<'_>, account: &mut Account, reply: &mut Value) -> Done {
    let limit = call.at_least_1("limit", Some(LIMIT))?;
    let cursor = |name| match call.text(name) {
        "" => Ok(None),
        cursor => number_of(cursor).map(Some).ok_or_else(|| {
            let problem = "the cursor is not from a reply";
            account.templates.missing(PARAMETER, problem)
        }),
    };
    let (after, before) = (cursor("after")?, cursor("before")?);
    let phone = call.text("business_phone");
    let name = call.text("name");
    let all = account.templates.iter().filter(|template| {
        template.business_phone == phone && (name.is_empty() || template.name == name)
    });
    let all = all.collect::<Vec<_>>();
    // If both cursors are sent, `after` counts.
    let (from, to) = match (after, before) {
        (Some(after), _) => {
            let from = all.partition_point(|template| template.number <= after);
            (from, from.saturating_add(limit).min(all.len()))
        }
        (None, Some(before)) => {
            let to = all.partition_point(|template| template.number < before);
            (to.saturating_sub(limit), to)
        }
        (None, None) => (0, limit.min(all.len())),
    };
    let page = all.get(from..to).unwrap_or_default();
    let ends = [page.first(), page.last()];
    let [first, last] = ends.map(|end| end.map_or_else(String::new, |end| cursor_of(end.number)));
    let address = |name: &str, cursor: &str| {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("limit", &limit.to_string())
            .append_pair(name, cursor)
            .finish();
        Value::from(format!("https://graph.example/message_templates?{query}"))
    };
    let mut paging = json!({ "cursors": { "before": first, "after": last } });
    if to < all.len() && !page.is_empty() {
        paging["next"] = address("after", &last);
    }
    if from > 0 && !page.is_empty() {
        paging["previous"] = address("before", &first);
    }
    let rows = page.iter().map(|template| row(template));
    reply["data"] = json!({ "data": rows.collect::<Vec<_>>(), "paging": paging });
    Ok(())
}

fn cursor_of(number: u64) -> String {
    data_encoding::BASE64.encode(format!("{CURSOR}{number}").as_bytes())
}

fn number_of(cursor: &str) -> Option<u64> {
    let decoded = data_encoding::BASE64.decode(cursor.as_bytes()).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    text.strip_prefix(CURSOR)?.parse().ok()
}

fn row(template: &Template) -> Value {
    let components = template.components.as_array();
    let components = components.into_iter().flatten().map(answered);
    json!({
        "id": template.id,
        "category": template.category,
        "language": template.language,
        "name": template.name,
        "status": "PENDING",
        "quality_score": { "score": "UNKNOWN" },
        "components": components.collect::<Vec<_>>(),
    })
}

/// A part of a template as in a reply: the example of a text header becomes a list, and a handle a link.
fn answered(component: &Value) -> Value {
    let mut component = component.clone();
    if let Some(text) = component.pointer_mut("/example/header_text")
        && text.is_string()
    {
        *text = Value::Array(vec![text.take()]);
    }
    if let Some(handle) = component.pointer_mut("/example/header_handle")
        && let Some(file) = handle.as_str().and_then(|handle| handle.strip_prefix("4:"))
    {
        let name = data_encoding::BASE64URL_NOPAD.encode(file.as_bytes());
        *handle = format!("https://media.example/templates/{name}").into();
    }
    component
}

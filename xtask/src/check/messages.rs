//! Checks `x-nx-message`, `x-nx-recipient` and `after`: the fields and pushes that they name exist.

use indexmap::IndexMap;
use nxcloud_spec::message::{Answer, Message, MessageTemplate};
use nxcloud_spec::schema::Kind;
use nxcloud_spec::webhook::{After, Webhook};
use nxcloud_spec::{OperationRef, SchemaRef, Source, Template};

use crate::finding::Findings;
use crate::model::Service;
use crate::places;
use crate::places::operation as place;

const PATH_IN_REQUEST: &str = "write the dotted path of a field of the request";

pub(super) fn check(service: &Service, findings: &mut Findings<'_>) {
    for (operation, spec) in service.operations.iter().zip(service.spec.operations()) {
        let at = place(operation);
        if let Some(message) = &spec.spec().message {
            let at = format!("{at}.x-nx-message");
            let mut rule = Rule { at, spec, findings };
            rule.message(message);
        }
        if let Some(recipient) = spec.recipient.as_ref().filter(|path| !is_sent(spec, path)) {
            findings.add(
                format!("{at}.x-nx-recipient"),
                format!("`{recipient}` is not a field of the request"),
                PATH_IN_REQUEST,
            );
        }
    }
    for push in service.spec.webhooks() {
        let Some(after) = &push.after else { continue };
        let at = format!("{}.after", places::push(&push.name));
        match service.spec.operation(&after.operation) {
            Some(spec) => Rule { at, spec, findings }.after(push, after),
            None => findings.add(
                at,
                format!("`{}` is not an operation", after.operation),
                "write the `operationId` that the push follows",
            ),
        }
    }
}

/// The checks of one operation.
struct Rule<'a, 'f, 'n> {
    at: String,
    spec: OperationRef<'a>,
    findings: &'f mut Findings<'n>,
}

impl<'a> Rule<'a, '_, '_> {
    fn find(&mut self, key: &str, problem: String, instead: &str) {
        self.findings
            .add(format!("{}.{key}", self.at), problem, instead);
    }

    fn message(&mut self, message: &'a Message) {
        let request = self.spec.request_schema();
        for (key, paths) in [
            ("to", std::slice::from_ref(&message.to)),
            ("from", message.from.as_slice()),
            ("kind", message.kind.as_slice()),
            ("text", &message.text),
            ("media", &message.media),
            ("name", &message.name),
            ("echo", message.echo.as_slice()),
        ] {
            for path in paths {
                self.leads(key, request, path, "the request");
                if path.contains(KIND) && message.kind.is_none() {
                    let problem = format!("`{path}` has `{KIND}`, but there is no `kind`");
                    let instead = "add `kind` with the field that has the kind of the message";
                    self.find(key, problem, instead);
                }
            }
        }
        if let Some(button) = &message.button {
            for path in [&button.text, &button.link] {
                self.leads("button", request, path, "the request");
            }
        }
        if let Some(template) = &message.template {
            self.template(request, template);
        }
        if let Some(id) = &message.id {
            self.leads("id", self.spec.reply_schema(), id, "the reply");
        }
        self.receipts(message);
        if let Some(answer) = &message.answer {
            self.answer(answer);
        }
    }

    fn template(&mut self, request: Option<SchemaRef<'a>>, template: &'a MessageTemplate) {
        for path in [&template.name, &template.language] {
            self.leads("template", request, path, "the request");
        }
        let entries = |holders: &[SchemaRef<'a>], path: &str| -> Vec<SchemaRef<'a>> {
            let lists = holders.iter().flat_map(|holder| ends(*holder, path));
            lists.filter_map(SchemaRef::items).collect()
        };
        let parts = entries(request.as_slice(), &template.parts);
        let values = entries(&parts, &template.values);
        for (list, path, holder) in [
            (&parts, &template.parts, "the request"),
            (&values, &template.values, "a part"),
        ] {
            if list.is_empty() {
                let problem = format!("`{path}` is not a list in {holder}");
                self.find("template", problem, "write the dotted path of a list");
                return;
            }
        }
        self.leads("template", parts, &template.part, "a part");
        for path in template.text.iter().chain([&template.kind]) {
            self.leads("template", values.clone(), path, "a value");
        }
    }

    fn receipts(&mut self, message: &'a Message) {
        let mut echoed = false;
        for name in &message.receipts {
            let Some(push) = self.push("receipts", name) else {
                continue;
            };
            match self.spec.service().schema(&push.schema).receipt() {
                Some((_, receipt)) if receipt.status.is_some() => {
                    echoed |= receipt.echo.is_some();
                }
                _ => {
                    let problem = format!("`{name}` has no status of a message");
                    let instead = "name a push whose schema has an `x-nx-receipt` with `status`";
                    self.find("receipts", problem, instead);
                }
            }
        }
        if message.echo.is_some() && !echoed {
            let problem = "no receipt returns the field".to_owned();
            let instead =
                "write `echo` at the `x-nx-receipt` of a push under `receipts`, or remove it here";
            self.find("echo", problem, instead);
        }
    }

    fn answer(&mut self, answer: &'a Answer) {
        let Some(push) = self.push("answer.push", &answer.push) else {
            return;
        };
        if !push.examples.contains_key(&answer.example) {
            let problem = format!("`{}` is not an example of `{}`", answer.example, push.name);
            self.find("answer.example", problem, "name an example of the push");
        }
        if let Some(action) = &answer.action
            && !push.action.contains(action)
        {
            let problem = format!("`{action}` is not an action of `{}`", push.name);
            self.find("answer.action", problem, "name an `action` of the push");
        }
        let fields = Some(self.spec.service().schema(&push.schema));
        for (key, path) in [("answer.from", &answer.from), ("answer.text", &answer.text)] {
            self.leads(key, fields, path, "the push");
        }
        self.fill("answer.fill", push, &answer.fill, None);
    }

    fn after(&mut self, push: &'a Webhook, after: &'a After) {
        for (key, paths) in [
            ("address", after.address.as_slice()),
            ("each", after.each.as_slice()),
            ("single-only", &after.single_only),
        ] {
            let spec = self.spec;
            for path in paths.iter().filter(|path| !is_sent(spec, path)) {
                let problem = format!("`{path}` is not a field of the request");
                self.find(key, problem, PATH_IN_REQUEST);
            }
        }
        for (key, fill) in [("fill", &after.fill), ("fill-many", &after.fill_many)] {
            self.fill(key, push, fill, after.each.as_deref());
        }
    }

    /// Checks that each target is a field of the push, and that each source exists.
    fn fill(
        &mut self,
        key: &str,
        push: &'a Webhook,
        fill: &'a IndexMap<String, Template>,
        each: Option<&str>,
    ) {
        let fields = Some(self.spec.service().schema(&push.schema));
        for (path, template) in fill {
            let key = format!("{key}.{path}");
            self.leads(&key, fields, path, "the push");
            for source in template.sources() {
                let (exists, holder) = match source {
                    Source::Request(path) => (is_sent(self.spec, path), "the request"),
                    Source::Reply(path) => {
                        let reply = self.spec.reply_schema();
                        (
                            reply.is_some_and(|reply| has_value(reply, path)),
                            "the reply",
                        )
                    }
                    Source::Entry(path) => {
                        let entry = each.is_some_and(|each| match path {
                            Some(path) => is_sent(self.spec, &format!("{each}.0.{path}")),
                            None => true,
                        });
                        (entry, "an entry of `each`")
                    }
                    Source::Digits(_) => continue,
                };
                if !exists {
                    let problem = format!(
                        "a placeholder of `{}` is not a field of {holder}",
                        template.as_str()
                    );
                    self.find(&key, problem, PATH);
                }
            }
        }
    }

    fn push(&mut self, key: &str, name: &str) -> Option<&'a Webhook> {
        let push = self.spec.service().webhook(name);
        if push.is_none() {
            self.find(
                key,
                format!("`{name}` is not a push"),
                "name a push of this spec",
            );
        }
        push
    }

    /// Adds a finding unless a path leads to a value.
    fn leads<'s>(
        &mut self,
        key: &str,
        holders: impl IntoIterator<Item = SchemaRef<'s>>,
        path: &str,
        of: &str,
    ) {
        if !holders.into_iter().any(|holder| has_value(holder, path)) {
            let problem = format!("`{path}` is not the path of a value in {of}");
            self.find(key, problem, PATH);
        }
    }
}

const PATH: &str = "write the dotted path of an existing field";

/// The placeholder in a path for the kind of the message.
const KIND: &str = "{kind}";

/// Whether a path leads to a value other than an object.
fn has_value(schema: SchemaRef<'_>, path: &str) -> bool {
    let (holder, last) = path.rsplit_once('.').unwrap_or(("", path));
    let is_tag = |holder: SchemaRef<'_>| {
        let mut parts = holder.parts().into_iter();
        parts.any(|part| {
            let tag = part.discriminator.as_ref();
            tag.is_some_and(|tag| tag.property_name == last)
        })
    };
    let is_value = |end: &SchemaRef<'_>| end.kind() != Some(Kind::Object);
    ends(schema, path).iter().any(is_value) || ends(schema, holder).into_iter().any(is_tag)
}

/// The schemas at the end of a dotted path. There are several if variants of a choice have fields with the same name. Each schema is
/// listed once, so the search ends even if schemas refer to each other.
fn ends<'a>(schema: SchemaRef<'a>, path: &str) -> Vec<SchemaRef<'a>> {
    let mut schemas = vec![schema];
    let steps = path.split('.');
    // An empty path is the schema itself.
    for step in steps.filter(|_| !path.is_empty()) {
        let mut next: Vec<SchemaRef<'a>> = Vec::new();
        for inner in schemas.into_iter().flat_map(|holder| inner(holder, step)) {
            let inner = inner.resolved();
            if !next
                .iter()
                .any(|seen| std::ptr::eq(seen.schema(), inner.schema()))
            {
                next.push(inner);
            }
        }
        schemas = next;
    }
    schemas
}

/// The schemas at one step of a path.
fn inner<'a>(holder: SchemaRef<'a>, step: &str) -> Vec<SchemaRef<'a>> {
    if let (Ok(_), Some(items)) = (step.parse::<usize>(), holder.items()) {
        return vec![items];
    }
    let fields = holder.properties();
    let fields = fields.filter(|(name, _)| step == KIND || *name == step);
    let values = holder.find(|schema| schema.additional_properties.as_deref());
    let values = values.map(|values| holder.at(values));
    fields.map(|(_, field)| field).chain(values).collect()
}

/// Whether a request has a field at a path, in its body or among its parameters.
fn is_sent(spec: OperationRef<'_>, path: &str) -> bool {
    let in_body = spec
        .request_schema()
        .is_some_and(|body| !ends(body, path).is_empty());
    in_body
        || spec
            .parameters
            .iter()
            .any(|parameter| parameter.name == path)
}

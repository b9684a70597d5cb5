//! Fields and pushes that `x-nx-message`, `x-nx-receipt`, `x-nx-recipient` and `after` name exist, or there is a finding.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use xtask::emit;
use xtask::read::read;

/// An operation that sends messages, and pushes that follow it.
const SPEC: &str = r##"openapi: 3.0.3
info: {title: Messages, version: "1"}
servers: [{url: https://example.com}]
x-nx-scheme: nxcloud-md5
x-nx-biz-type: "3"
x-nx-source: messages.md
paths:
  /send/{app}:
    post:
      operationId: send_it
      summary: Sends it.
      x-nx-action: send
      x-nx-parameter-code: 2
      x-nx-message:
        channel: sms
        to: to
        from: sender.name
        kind: type
        text: [text.body, "{kind}.caption"]
        media: ["{kind}.link"]
        name: [image.name]
        button: {text: button.text, link: button.link}
        template: {name: template.name, language: template.language, parts: template.parts, part: type, values: values, kind: type, text: [text, "{kind}.link"]}
        id: data.ids.0.id
        echo: ext
        receipts: [receipt]
        answer:
          push: answer
          example: plain
          action: mo
          from: from
          text: entries.0.text
          fill: {from: "{request.to}", entries.0.text: "{digits:3} {reply.data.ids.0.id}"}
      parameters:
        - {name: app, in: path, required: true, description: The app., schema: {type: string}, example: a}
      requestBody:
        required: true
        content:
          application/json:
            schema: {$ref: '#/components/schemas/SendIt'}
            examples:
              plain: {value: {type: text, text: {body: hello}, to: ["1"]}}
      responses:
        "200":
          description: Sent.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/SendItReply'}
              examples:
                success: {value: {data: {ids: [{id: a}]}}}
  /check:
    get:
      operationId: check_it
      summary: Checks it.
      x-nx-action: check
      x-nx-parameter-code: 2
      x-nx-recipient: phone
      parameters:
        - {name: phone, in: query, description: The phone., schema: {type: string}, example: "1"}
      responses:
        "200":
          description: Checked.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/CheckItReply'}
              examples:
                success: {value: {state: done}}
x-nx-webhooks:
  - name: receipt
    content: [json]
    signed: false
    schema: {$ref: '#/components/schemas/Receipts'}
    after:
      operation: send_it
      address: url
      each: rows
      single-only: [ext]
      fill: {entries.0.id: "{reply.data.ids.0.id}", entries.0.ext: "{entry.name}/{entry}"}
      fill-many: {entries.0.id: "{request.app}-{digits:4}"}
    examples:
      plain: {value: {entries: [{id: a}]}}
  - name: answer
    content: [json]
    signed: true
    action: [mo]
    schema: {$ref: '#/components/schemas/Answer'}
    examples:
      plain: {value: {from: "1"}}
components:
  schemas:
    SendIt:
      description: What to send.
      allOf:
        - type: object
          required: [to]
          properties:
            to: {type: array, items: {type: string}, description: Whom.}
            sender: {$ref: '#/components/schemas/Named'}
            ext: {type: string, description: Comes back.}
            url: {type: string, description: An address.}
            button: {$ref: '#/components/schemas/Button'}
            template: {$ref: '#/components/schemas/Template'}
            rows: {type: array, items: {$ref: '#/components/schemas/Named'}, description: Rows.}
        - $ref: '#/components/schemas/Content'
    Content:
      description: What is sent.
      oneOf: [{$ref: '#/components/schemas/TextContent'}, {$ref: '#/components/schemas/ImageContent'}]
      discriminator:
        propertyName: type
        mapping: {text: '#/components/schemas/TextContent', image: '#/components/schemas/ImageContent'}
    TextContent:
      type: object
      description: A text.
      required: [text]
      properties: {text: {$ref: '#/components/schemas/Body'}}
    ImageContent:
      type: object
      description: An image.
      required: [image]
      properties: {image: {$ref: '#/components/schemas/Picture'}}
    Body:
      type: object
      description: A body.
      properties: {body: {type: string, description: The text.}}
    Picture:
      type: object
      description: A picture.
      properties:
        link: {type: string, description: Where.}
        caption: {type: string, description: Below it.}
        name: {type: string, description: Its name.}
    Named:
      type: object
      description: A name.
      properties: {name: {type: string, description: The name.}}
    Button:
      type: object
      description: A button.
      properties:
        text: {type: string, description: Its label.}
        link: {type: string, description: Its link.}
    Template:
      type: object
      description: A template.
      properties:
        name: {type: string, description: Its name.}
        language: {type: string, description: Its language.}
        parts: {type: array, items: {$ref: '#/components/schemas/Part'}, description: Parts.}
    Part:
      type: object
      description: A part.
      properties:
        type: {type: string, description: Which.}
        values: {type: array, items: {$ref: '#/components/schemas/Value1'}, description: Values.}
    Value1:
      type: object
      description: A value.
      properties:
        type: {type: string, description: Which.}
        text: {type: string, description: The text.}
        image: {$ref: '#/components/schemas/Picture'}
    SendItReply:
      type: object
      description: The reply.
      properties: {data: {$ref: '#/components/schemas/Data'}}
    Data:
      type: object
      description: Data.
      properties: {ids: {type: array, items: {$ref: '#/components/schemas/Id'}, description: Ids.}}
    Id:
      type: object
      description: An id.
      properties: {id: {type: string, description: The id.}}
    CheckItReply:
      type: object
      description: The reply.
      properties: {state: {$ref: '#/components/schemas/State'}}
    State:
      type: string
      description: A state.
      x-extensible-enum: [done, open]
    Receipts:
      type: object
      description: Receipts.
      properties: {entries: {type: array, items: {$ref: '#/components/schemas/Receipt'}, description: Them.}}
    Receipt:
      type: object
      description: A receipt.
      x-nx-receipt: {id: id, digits: 4, status: state, states: {done: delivered}, echo: ext, price: price, currency: currency, parts: size}
      properties:
        id: {type: string, description: The id.}
        state: {$ref: '#/components/schemas/State'}
        ext: {type: string, description: What came back.}
        price: {type: string, format: decimal, description: The price.}
        currency: {type: string, description: Its currency.}
        size: {type: integer, description: Parts.}
    Answer:
      type: object
      description: An answer.
      properties:
        from: {type: string, description: Who.}
        entries: {type: array, items: {$ref: '#/components/schemas/Line'}, description: Lines.}
    Line:
      type: object
      description: A line.
      properties: {text: {type: string, description: A text.}}
"##;

#[track_caller]
fn findings(piece: &str, other: &str) -> Vec<String> {
    assert_eq!(SPEC.matches(piece).count(), 1, "`{piece}` must occur once");
    let findings = read("specs/messages.yaml", &SPEC.replace(piece, other)).err();
    let findings = findings.unwrap_or_default();
    findings.iter().map(ToString::to_string).collect()
}

#[test]
fn a_complete_message_gives_the_constant() {
    let service = read("specs/messages.yaml", SPEC);
    let service = service.unwrap_or_else(|findings| panic!("{findings:#?}"));
    let code = &emit::crate_files(&service).unwrap()["src/generated/operations.rs"];
    for part in [
        "Message::new(\"sms\", \"to\", false)",
        "\"receipt\",\n                            \"entries[]\"",
        "(\"done\", codegen::MessageState::Delivered)",
        "MessageAnswer::new(\"answer\", \"from\", \"entries.0.text\")",
    ] {
        assert!(code.contains(part), "{part} in {code}");
    }
    assert_eq!(code.matches("const MESSAGE:").count(), 1, "{code}");
}

#[test]
fn names_in_a_message_exist() {
    for (piece, other, key, problem) in [
        (
            "        to: to\n",
            "        to: too\n",
            "to",
            "`too` is not the path of a value in the request",
        ),
        (
            "        to: to\n",
            "        to: sender\n",
            "to",
            "`sender` is not the path of a value in the request",
        ),
        (
            "from: sender.name",
            "from: sender.names",
            "from",
            "`sender.names`",
        ),
        (
            "kind: type\n",
            "kind: kind\n",
            "kind",
            "`kind` is not the path of a value in the request",
        ),
        (
            "        kind: type\n",
            "",
            "text",
            "`{kind}.caption` has `{kind}`, but there is no `kind`",
        ),
        ("[text.body,", "[text.bodi,", "text", "`text.bodi`"),
        (
            "\"{kind}.caption\"]",
            "\"{kind}.captoin\"]",
            "text",
            "`{kind}.captoin`",
        ),
        (
            "name: [image.name]",
            "name: [image.nam]",
            "name",
            "`image.nam`",
        ),
        (
            "link: button.link}",
            "link: button.url}",
            "button",
            "`button.url`",
        ),
        (
            "language: template.language,",
            "language: template.lang,",
            "template",
            "`template.lang`",
        ),
        (
            "parts: template.parts,",
            "parts: template.name,",
            "template",
            "`template.name` is not a list in the request",
        ),
        (
            "part: type,",
            "part: typ,",
            "template",
            "`typ` is not the path of a value in a part",
        ),
        (
            "values: values,",
            "values: type,",
            "template",
            "`type` is not a list in a part",
        ),
        (
            "text: [text, \"{kind}.link\"]}",
            "text: [texts]}",
            "template",
            "`texts` is not the path of a value in a value",
        ),
        (
            "id: data.ids.0.id\n",
            "id: data.id\n",
            "id",
            "`data.id` is not the path of a value in the reply",
        ),
        (
            "        echo: ext\n",
            "        echo: exit\n",
            "echo",
            "`exit` is not the path of a value in the request",
        ),
        (
            "echo: ext, price",
            "price",
            "echo",
            "no receipt returns the field",
        ),
        (
            "receipts: [receipt]",
            "receipts: [receipts]",
            "receipts",
            "`receipts` is not a push",
        ),
        (
            "receipts: [receipt]",
            "receipts: [answer]",
            "receipts",
            "`answer` has no status of a message",
        ),
        (
            "push: answer",
            "push: answers",
            "answer.push",
            "`answers` is not a push",
        ),
        (
            "example: plain",
            "example: plane",
            "answer.example",
            "`plane` is not an example of `answer`",
        ),
        (
            "action: mo\n",
            "action: mt\n",
            "answer.action",
            "`mt` is not an action of `answer`",
        ),
        (
            "from: from\n",
            "from: form\n",
            "answer.from",
            "`form` is not the path of a value in the push",
        ),
        (
            "text: entries.0.text\n",
            "text: entries.0.txt\n",
            "answer.text",
            "`entries.0.txt`",
        ),
        (
            "fill: {from: \"{request.to}\"",
            "fill: {form: \"{request.to}\"",
            "answer.fill.form",
            "`form` is not the path of a value in the push",
        ),
        (
            "{request.to}",
            "{request.too}",
            "answer.fill.from",
            "a placeholder of `{request.too}` is not a field of the request",
        ),
        (
            "{request.to}",
            "{entry}",
            "answer.fill.from",
            "is not a field of an entry of `each`",
        ),
        (
            " {reply.data.ids.0.id}\"}",
            " {reply.data.0}\"}",
            "answer.fill.entries.0.text",
            "is not a field of the reply",
        ),
    ] {
        let findings = findings(piece, other);
        let at = format!("specs/messages.yaml: paths./send/{{app}}.post.x-nx-message.{key}: ");
        let is_found = findings
            .iter()
            .any(|line| line.starts_with(&at) && line.contains(problem) && line.contains("; "));
        assert!(is_found, "{at}{problem}: {findings:#?}");
    }
}

#[test]
fn names_in_after_exist() {
    for (piece, other, key, problem) in [
        (
            "operation: send_it\n      address",
            "operation: send\n      address",
            "",
            "`send` is not an operation",
        ),
        (
            "address: url",
            "address: uri",
            "address",
            "`uri` is not a field of the request",
        ),
        (
            "each: rows",
            "each: row",
            "each",
            "`row` is not a field of the request",
        ),
        (
            "      each: rows\n",
            "",
            "fill.entries.0.ext",
            "is not a field of an entry of `each`",
        ),
        (
            "single-only: [ext]",
            "single-only: [exit]",
            "single-only",
            "`exit` is not a field of the request",
        ),
        (
            "fill: {entries.0.id: \"{reply",
            "fill: {entries.0.ids: \"{reply",
            "fill.entries.0.ids",
            "`entries.0.ids` is not the path of a value in the push",
        ),
        (
            "{entry.name}",
            "{entry.nam}",
            "fill.entries.0.ext",
            "is not a field of an entry of `each`",
        ),
        (
            "{request.app}",
            "{request.apps}",
            "fill-many.entries.0.id",
            "is not a field of the request",
        ),
        (
            "\"{reply.data.ids.0.id}\", entries.0.ext",
            "\"{reply.data.ids.0.ix}\", entries.0.ext",
            "fill.entries.0.id",
            "is not a field of the reply",
        ),
    ] {
        let findings = findings(piece, other);
        let at = format!("specs/messages.yaml: x-nx-webhooks.receipt.after.{key}");
        let at = at.trim_end_matches('.');
        let is_found = findings
            .iter()
            .any(|line| line.starts_with(at) && line.contains(problem) && line.contains("; "));
        assert!(is_found, "{at}: {problem}: {findings:#?}");
    }
    let findings = findings("x-nx-recipient: phone", "x-nx-recipient: phones");
    assert_eq!(
        findings,
        [
            "specs/messages.yaml: paths./check.get.x-nx-recipient: `phones` is not a field of the request; write the dotted path of a field of the request"
        ]
    );
}

#[test]
fn only_objects_of_pushes_are_receipts() {
    let receipt = "x-nx-receipt: {id: id}";
    for (piece, problem) in [
        ("      description: A state.\n", "is not on a named object"),
        (
            "      description: A name.\n",
            "a request cannot be a receipt",
        ),
    ] {
        let findings = findings(piece, &format!("{piece}      {receipt}\n"));
        assert!(
            findings.iter().any(|line| line.contains(problem)),
            "{findings:#?}"
        );
    }
    let inner = "from: {type: string, description: Who.}";
    let findings = findings(
        inner,
        &format!("from: {{type: string, {receipt}, description: Who.}}"),
    );
    assert!(
        findings[0]
            .contains("schemas.Answer.properties.from: `x-nx-receipt` is not on a named object"),
        "{findings:#?}"
    );
}

#[test]
fn every_finding_of_a_kind_is_listed() {
    let spec = SPEC
        .replace("to: to\n", "to: too\n")
        .replace("each: rows", "each: row")
        .replace("phone\n      parameters", "phones\n      parameters");
    let findings = read("specs/messages.yaml", &spec).unwrap_err();
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    for part in ["`too`", "`row`", "`phones`"] {
        assert!(
            lines.iter().any(|line| line.contains(part)),
            "{part}: {lines:#?}"
        );
    }
}

/// Schemas may refer to each other, and paths may go through them repeatedly.
#[test]
fn checks_of_recursive_schemas_end() {
    let inner: String = (0..40)
        .map(|n| {
            format!("        n{n}: {{type: array, items: {{$ref: '#/components/schemas/Line'}}, description: N.}}\n")
        })
        .collect();
    let line = "      properties: {text: {type: string, description: A text.}}\n";
    let lines =
        format!("      properties:\n        text: {{type: string, description: A text.}}\n{inner}");
    assert!(findings(line, &lines).is_empty());
    let spec = SPEC
        .replace(line, &lines)
        .replace("receipts: [receipt]", "receipts: [answer]");
    let deep = format!("text: entries.0{}.text\n", ".{kind}.0".repeat(200));
    let spec = spec.replace("text: entries.0.text\n", &deep);
    let findings = read("specs/messages.yaml", &spec).unwrap_err();
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(
        lines
            .iter()
            .any(|line| line.contains("has no status of a message")),
        "{lines:#?}"
    );
    assert!(
        !lines.iter().any(|line| line.contains("answer.text")),
        "{lines:#?}"
    );
}

#[test]
fn a_path_has_no_empty_steps() {
    for to in ["to.", ".to", "to..0", "."] {
        let findings = findings("        to: to\n", &format!("        to: '{to}'\n"));
        assert!(
            findings
                .iter()
                .any(|line| line.contains("x-nx-message.to: ")),
            "{to}: {findings:?}"
        );
    }
}

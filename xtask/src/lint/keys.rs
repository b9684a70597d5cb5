//! The keys that each place of a spec may hold.

/// Keys of a place in the spec: the plain ones of OpenAPI, then the vendor extensions.
pub(super) struct Keys {
    pub(super) place: &'static str,
    pub(super) plain: &'static [&'static str],
    pub(super) vendor: &'static [&'static str],
}

pub(super) const ROOT: Keys = Keys {
    place: "the root",
    plain: &["openapi", "info", "servers", "paths", "components", "tags"],
    vendor: &[
        "x-nx-biz-type",
        "x-nx-scheme",
        "x-nx-source",
        "x-nx-package",
        "x-nx-codes",
        "x-nx-webhooks",
    ],
};
pub(super) const OPERATION: Keys = Keys {
    place: "an operation",
    plain: &[
        "operationId",
        "summary",
        "description",
        "requestBody",
        "responses",
        "servers",
        "parameters",
        "tags",
    ],
    vendor: &[
        "x-nx-biz-type",
        "x-nx-action",
        "x-nx-safe",
        "x-nx-parameter-code",
        "x-nx-paging",
        "x-nx-message",
        "x-nx-recipient",
        "x-nx-max-days",
        "x-nx-hash-order",
        "x-nx-hash-in",
        "x-nx-codes",
    ],
};
pub(super) const SCHEMA: Keys = Keys {
    place: "a schema",
    plain: &[
        "$ref",
        "type",
        "format",
        "nullable",
        "description",
        "required",
        "properties",
        "items",
        "additionalProperties",
        "allOf",
        "oneOf",
        "discriminator",
        "enum",
        "pattern",
        "minLength",
        "maxLength",
        "minimum",
        "maximum",
        "minItems",
        "maxItems",
        "default",
        "example",
    ],
    vendor: &[
        "x-extensible-enum",
        "x-nx-at-least-one",
        "x-nx-at-most-one",
        "x-nx-exactly-one",
        "x-nx-variants",
        "x-nx-argument",
        "x-nx-field",
        "x-nx-aliases",
        "x-nx-public",
        "x-nx-sandbox",
        "x-nx-uploads",
        "x-nx-list",
        "x-nx-receipt",
        "x-nx-accessors",
    ],
};
/// The formats that a schema may name.
pub(super) const FORMATS: &[&str] = &[
    "app-key",
    "binary",
    "date",
    "date-time",
    "decimal",
    "double",
    "int64",
    "integer",
    "local-date-time",
    "phone",
    "phone-dialled",
    "phone-digits",
    "phones",
    "phones-digits",
    "phones-spaced",
    "unix-millis",
    "unix-seconds",
    "uri",
];
pub(super) const CODE: Keys = Keys {
    place: "a result code",
    plain: &["code", "name", "kind", "meaning", "hint"],
    vendor: &[],
};
pub(super) const WEBHOOK: Keys = Keys {
    place: "a webhook",
    plain: &[
        "name",
        "description",
        "content",
        "signed",
        "action",
        "schema",
        "reply",
        "reply-error",
        "retry",
        "idempotency-key",
        "after",
        "examples",
    ],
    vendor: &["x-nx-codes"],
};
pub(super) const PARAMETER: Keys = Keys {
    place: "a parameter",
    plain: &["name", "in", "required", "description", "schema", "example"],
    vendor: &["x-nx-field", "x-nx-public"],
};

/// Edit distance, for telling a misspelt key from an unknown one.
pub(super) fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

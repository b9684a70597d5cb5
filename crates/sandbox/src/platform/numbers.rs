//! Phone numbers in requests: where they are, which form the reference asks for, and which code answers another form.
//!
//! Only the form is looked at. Whether a number exists, and which lengths a country has, is not known here.

use serde_json::Value;

use super::input::Fields;
use crate::catalog::Operation;
use crate::violation::Violation;

/// Digits of the shortest numbers in use, with their country code.
const SHORTEST: usize = 7;
/// Digits of the longest ones (E.164).
const LONGEST: usize = 15;

/// A field with a number or several.
struct Field {
    service: &'static str,
    operations: &'static [&'static str],
    /// JSON pointer; `*` stands for each item of a list.
    pointer: &'static str,
    form: Form,
    list: List,
    /// Whether it may be empty.
    optional: bool,
    /// The code for a number in another form.
    code: Option<i64>,
}

/// How a number is written.
#[derive(Clone, Copy)]
enum Form {
    /// 7 to 15 digits that begin with the country code.
    International,
    /// Up to 15 digits, since the country code may be left out.
    Digits,
    /// Digits of any number: a wrong length is reported later.
    AnyLength,
    /// Digits after a plus or none: the reference names no form.
    Dialled,
}

/// How several numbers stand in one text.
#[derive(Clone, Copy, PartialEq)]
enum List {
    /// There is one only.
    No,
    Commas,
    /// The reference writes a space after each comma, its example none.
    CommasAndSpaces,
}

const ONE: Field = Field {
    service: "",
    operations: &[],
    pointer: "",
    form: Form::International,
    list: List::No,
    optional: false,
    code: None,
};

/// The senders of WhatsApp, which every operation with an application names.
const OF_BUSINESS: &[&str] = &[
    "send_message",
    "upload_media",
    "get_media",
    "delete_media",
    "create_template",
    "update_template",
    "get_templates",
    "delete_template",
    "upload_template_file",
];
const OF_INTEGRATOR: &[&str] = &[
    "integrator_get_code",
    "integrator_check_code",
    "integrator_create_client",
];

/// Every field that names whom to reach or from where. Filters of queries are none: they find nothing.
const FIELDS: &[Field] = &[
    Field {
        service: "sms",
        operations: &["send_sms"],
        pointer: "/phone",
        list: List::Commas,
        code: Some(6),
        ..ONE
    },
    Field {
        service: "did",
        operations: &["send_did_sms"],
        pointer: "/phone",
        code: Some(9006),
        ..ONE
    },
    Field {
        service: "did",
        operations: &["send_did_sms"],
        pointer: "/sender",
        code: Some(9006),
        ..ONE
    },
    Field {
        service: "did",
        operations: &["dial_amazon_connect"],
        pointer: "/did",
        form: Form::Dialled,
        ..ONE
    },
    Field {
        service: "did",
        operations: &["dial_amazon_connect"],
        pointer: "/callee",
        form: Form::Dialled,
        ..ONE
    },
    Field {
        service: "did",
        operations: &["dial_amazon_connect"],
        pointer: "/connectNumber",
        form: Form::Dialled,
        ..ONE
    },
    Field {
        service: "antbuddy",
        operations: &["click_to_call"],
        pointer: "/number",
        form: Form::Dialled,
        ..ONE
    },
    Field {
        service: "number-check",
        operations: &["submit_check"],
        pointer: "/phone",
        form: Form::AnyLength,
        list: List::Commas,
        ..ONE
    },
    Field {
        service: "ota",
        operations: &["init"],
        pointer: "/phone",
        ..ONE
    },
    Field {
        service: "viber",
        operations: &["send_message"],
        pointer: "/phone",
        code: Some(9002),
        ..ONE
    },
    Field {
        service: "virtual-number",
        operations: &["bind", "bind_with_extension", "bind_group"],
        pointer: "/phoneA",
        ..ONE
    },
    Field {
        service: "virtual-number",
        operations: &["bind"],
        pointer: "/phoneB",
        ..ONE
    },
    Field {
        service: "virtual-number",
        operations: &["bind_with_extension", "bind_group"],
        pointer: "/phoneB",
        optional: true,
        ..ONE
    },
    Field {
        service: "virtual-number",
        operations: &["bind_with_extension"],
        pointer: "/phoneX",
        ..ONE
    },
    Field {
        service: "virtual-number",
        operations: &["bind_group"],
        pointer: "/phoneX",
        optional: true,
        ..ONE
    },
    Field {
        service: "virtual-number",
        operations: &["query_binding"],
        pointer: "/caller",
        form: Form::Digits,
        ..ONE
    },
    Field {
        service: "virtual-number",
        operations: &["query_binding"],
        pointer: "/did",
        ..ONE
    },
    Field {
        service: "virtual-number",
        operations: &["create_group", "update_group"],
        pointer: "/phones",
        list: List::Commas,
        ..ONE
    },
    Field {
        service: "call-center",
        operations: &["create_ai_call_task"],
        pointer: "/callList/*/userPhone",
        ..ONE
    },
    Field {
        service: "whatsapp",
        operations: OF_BUSINESS,
        pointer: "/business_phone",
        ..ONE
    },
    Field {
        service: "whatsapp",
        operations: &["send_message"],
        pointer: "/to",
        ..ONE
    },
    Field {
        service: "whatsapp",
        operations: &["get_phones"],
        pointer: "/business_phones",
        list: List::CommasAndSpaces,
        optional: true,
        ..ONE
    },
    Field {
        service: "whatsapp",
        operations: OF_INTEGRATOR,
        pointer: "/phone_number",
        form: Form::Digits,
        ..ONE
    },
    Field {
        service: "whatsapp",
        operations: &["saas_send_template"],
        pointer: "/business_phone",
        code: Some(22123),
        ..ONE
    },
    Field {
        service: "whatsapp",
        operations: &["saas_send_template"],
        pointer: "/to",
        code: Some(22090),
        ..ONE
    },
];

fn of(operation: &Operation) -> impl Iterator<Item = &'static Field> {
    let (service, id) = (operation.service.as_ref(), operation.id.as_ref());
    let fields = FIELDS.iter();
    fields.filter(move |field| field.service == service && field.operations.contains(&id))
}

/// Checks the numbers of a request that follows the rules of its schema.
pub(super) fn check(operation: &Operation, fields: &Fields) -> Result<(), Violation> {
    for field in of(operation) {
        let mut path = field.pointer.split('/').skip(1);
        let first = path.next().and_then(|name| Some((name, fields.get(name)?)));
        if let Some((name, value)) = first {
            field.check(value, &path.collect::<Vec<_>>(), format!("/{name}"))?;
        }
    }
    Ok(())
}

/// The code for what is wrong at a place, if a number is there that the reference has a code for.
pub(super) fn code(operation: &Operation, pointer: &str, body: &[u8]) -> Option<i64> {
    let field = of(operation).find(|field| field.pointer == pointer)?;
    let body = serde_json::from_slice::<Value>(body).ok()?;
    let number = body.pointer(pointer)?.as_str()?;
    field.code.filter(|_| !number.is_empty())
}

impl Field {
    fn check(&self, value: &Value, path: &[&str], pointer: String) -> Result<(), Violation> {
        match (path, value) {
            ([], Value::String(text)) => {
                let problem = self.problem(text);
                problem.map_or(Ok(()), |problem| Err(Violation::at(pointer, problem)))
            }
            (["*", rest @ ..], Value::Array(items)) => {
                let mut items = items.iter().enumerate();
                items.try_for_each(|(at, item)| self.check(item, rest, format!("{pointer}/{at}")))
            }
            ([name, rest @ ..], Value::Object(members)) => {
                members.get(*name).map_or(Ok(()), |value| {
                    self.check(value, rest, format!("{pointer}/{name}"))
                })
            }
            _ => Ok(()),
        }
    }

    /// What is wrong with a text of numbers.
    fn problem(&self, text: &str) -> Option<String> {
        if text.is_empty() {
            return (!self.optional).then(|| "is empty".to_owned());
        }
        if self.list == List::No {
            let fits = self.form.fits(text);
            return (!fits).then(|| format!("is not {}", self.form.name()));
        }
        let entry = |entry: &str| match self.list {
            List::CommasAndSpaces => self.form.fits(entry.trim_start_matches(' ')),
            List::No | List::Commas => self.form.fits(entry),
        };
        let wrong = text.split(',').position(|text| !entry(text))? + 1;
        Some(format!(
            "holds an entry that is not {} (entry {wrong}); write numbers with commas between, without spaces",
            self.form.name()
        ))
    }
}

impl Form {
    fn fits(self, number: &str) -> bool {
        let digits =
            |number: &str| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        match self {
            Self::International => {
                digits(number)
                    && (SHORTEST..=LONGEST).contains(&number.len())
                    && !number.starts_with('0')
            }
            Self::Digits => digits(number) && number.len() <= LONGEST,
            Self::AnyLength => digits(number),
            Self::Dialled => digits(number.strip_prefix('+').unwrap_or(number)),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::International => {
                "a phone number of 7 to 15 digits that begins with its country code, without a plus"
            }
            Self::Digits => "a phone number of at most 15 digits",
            Self::AnyLength => "a phone number of digits only, without a plus",
            Self::Dialled => "a phone number of digits only, or of digits after a plus",
        }
    }
}

#[cfg(test)]
#[path = "numbers_tests.rs"]
mod tests;

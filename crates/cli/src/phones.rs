//! Phone numbers that are not in the form that the platform takes. The command warns and sends them all the same: only the form is
//! known here, and the platform may have learned another.

use nxcloud::phone::normalize;
use serde_json::{Map, Value};

use crate::table::{Command, Field, Object, Ty};

/// What the reference says of a field with numbers in the platform's form.
const SAYS_SO: [&str; 3] = [
    "with country code",
    "with its country code",
    "same country code as",
];

/// A line for each number of a request that is not in that form. The number is not repeated.
pub(crate) fn warnings(command: &Command, body: &Map<String, Value>) -> Vec<String> {
    let mut found = Vec::new();
    in_object(command.input.object(), body, "", &mut found);
    found
}

fn in_object(object: &Object, body: &Map<String, Value>, path: &str, found: &mut Vec<String>) {
    for field in object.fields {
        let path = format!("{path}{}", field.wire);
        match (&field.ty, body.get(field.wire)) {
            (Ty::Text, Some(Value::String(text))) if holds_numbers(field) => {
                in_text(&path, text, found);
            }
            (Ty::Object(object), Some(Value::Object(body))) => {
                in_object(object, body, &format!("{path}."), found);
            }
            (Ty::List(Ty::Object(object)), Some(Value::Array(items))) => {
                for (index, item) in items.iter().enumerate() {
                    if let Value::Object(body) = item {
                        in_object(object, body, &format!("{path}[{index}]."), found);
                    }
                }
            }
            _ => {}
        }
    }
}

fn holds_numbers(field: &Field) -> bool {
    SAYS_SO.iter().any(|words| field.help.contains(words))
}

fn in_text(path: &str, text: &str, found: &mut Vec<String>) {
    let numbers = text.split(',').filter(|_| !text.is_empty());
    for (place, number) in (1..).zip(numbers) {
        if let Some(problem) = problem(number) {
            found.push(format!("warning: `{path}`, number {place}: {problem}"));
        }
    }
}

fn problem(number: &str) -> Option<String> {
    match normalize(number, None) {
        Ok(normal) if normal == number => None,
        Ok(_) => Some(
            "not as the platform takes it; write digits with the country code, without a plus, spaces or other signs"
                .to_owned(),
        ),
        Err(_) if number.is_empty() => Some("there is none; remove the comma".to_owned()),
        Err(error) => Some(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generated::SERVICES;

    fn commands() -> impl Iterator<Item = &'static Command> {
        SERVICES.iter().flat_map(|service| service.commands)
    }

    #[test]
    fn documented_requests_are_in_the_form() {
        for command in commands() {
            for example in command.examples {
                let Ok(Value::Object(body)) = serde_json::from_str(example.json) else {
                    panic!("{}: {}", command.name, example.name);
                };
                let none: [String; 0] = [];
                assert_eq!(warnings(command, &body), none, "{}", command.name);
            }
        }
    }

    #[test]
    fn recipients_are_looked_at_wherever_they_stand() {
        let mut found: Vec<String> = Vec::new();
        for command in commands() {
            for example in command.examples {
                let Ok(Value::Object(mut body)) = serde_json::from_str(example.json) else {
                    continue;
                };
                let spoilt = spoil(&mut body);
                let told = warnings(command, &body).len();
                if told > 0 {
                    found.push(command.name.to_owned());
                }
                assert!(told <= spoilt, "{}", command.name);
            }
        }
        for name in [
            "send-sms",
            "send-did-sms",
            "send-message",
            "submit-check",
            "create-ai-call-task",
            "bind",
        ] {
            assert!(found.iter().any(|known| known == name), "{name}: {found:?}");
        }
    }

    /// Makes every text of digits a number with a plus; gives their count.
    fn spoil(body: &mut Map<String, Value>) -> usize {
        let mut count = 0;
        for value in body.values_mut() {
            count += match value {
                Value::String(text)
                    if text.len() > 6 && text.bytes().all(|b| b.is_ascii_digit()) =>
                {
                    text.insert(0, '+');
                    1
                }
                Value::Object(inner) => spoil(inner),
                Value::Array(items) => items
                    .iter_mut()
                    .filter_map(Value::as_object_mut)
                    .map(spoil)
                    .sum(),
                _ => 0,
            };
        }
        count
    }
}

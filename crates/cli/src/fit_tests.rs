use serde_json::json;

use super::*;
use crate::table::{Choice, Input, Variant};

static CHOICE: Choice = Choice {
    integer: true,
    values: &[],
};
static INNER: Object = Object {
    fields: &[field("n", Ty::QuotedInteger, true)],
    flattened: None,
};
static ONE: Object = Object {
    fields: &[field("one", Ty::Text, true)],
    flattened: None,
};
static NESTED: Union = Union {
    tag: "format",
    flag: "format",
    variants: &[Variant {
        tag: "A",
        ty: Ty::Object(&ONE),
    }],
};
static BESIDE: Union = Union {
    tag: "type",
    flag: "type",
    variants: &[
        Variant {
            tag: "one",
            ty: Ty::Object(&ONE),
        },
        Variant {
            tag: "two",
            ty: Ty::Union(&NESTED),
        },
    ],
};
static APART: Union = Union {
    tag: "kind",
    flag: "kind",
    variants: &[Variant {
        tag: "one",
        ty: Ty::Object(&HOLDER),
    }],
};
static HOLDER: Object = Object {
    fields: &[field("value", Ty::Object(&ONE), true)],
    flattened: None,
};
static WHOLE: Object = Object {
    fields: &[
        field("text", Ty::Text, false),
        field("inner", Ty::Object(&INNER), false),
        field("list", Ty::List(&Ty::Union(&APART)), false),
        field("map", Ty::Map(&Ty::Boolean), false),
        field("choice", Ty::Choice(&CHOICE), false),
        field("decimal", Ty::Decimal, false),
        field("float", Ty::Float, false),
        field("date", Ty::Date, false),
        field("moment", Ty::DateTime, false),
        field("seconds", Ty::UnixSeconds, false),
    ],
    flattened: Some(&BESIDE),
};

const fn field(wire: &'static str, ty: Ty, required: bool) -> Field {
    Field {
        wire,
        flag: wire,
        help: "",
        ty,
        required,
        constant: None,
    }
}

/// What does not fit, as `path: problem`, and the body as it is afterwards.
fn fitted(body: Value) -> (Vec<String>, Value) {
    let Value::Object(mut body) = body else {
        panic!("not an object");
    };
    let misfits = fit(&WHOLE, &mut body);
    let told = misfits
        .iter()
        .map(|misfit| format!("{}: {}", misfit.path, misfit.problem));
    (told.collect(), Value::Object(body))
}

#[test]
fn what_fits_is_left_as_it_is_but_for_quoted_numbers_and_nulls() {
    let (misfits, body) = fitted(json!({
        "type": "two", "format": "A", "one": "x", "text": null, "inner": { "n": "7" },
        "list": [{ "kind": "one", "value": { "one": "y" } }], "map": { "a": true }, "choice": "3", "decimal": "0.50", "float": 1,
        "date": "2028-02-29", "moment": "2026-11-26T10:15:42Z", "seconds": 1_793_462_400
    }));
    assert_eq!(misfits, Vec::<String>::new());
    assert_eq!(body["inner"]["n"], 7);
    assert!(body.get("text").is_none());
    assert_eq!(body["decimal"], "0.50");
}

#[test]
fn each_wrong_place_is_named_by_its_path() {
    let (misfits, _) = fitted(json!({
        "type": "one", "one": 1, "extra": 1, "inner": { "n": "seven", "m": 1 },
        "list": [{ "kind": "one", "value": { "one": "y" } }, { "kind": "one", "value": {}, "more": 1 }, { "kind": "none" }, 3],
        "map": { "a": "true" }, "choice": "three", "decimal": "1,5", "float": "1",
        "date": "2026-02-29", "moment": "2026-11-26", "seconds": 1_793_462_400_000_i64
    }));
    assert_eq!(
        misfits,
        [
            "inner.n: must be a whole number",
            "inner.m: is not known here; there are n",
            "list[1].value.one: is missing",
            "list[1].more: is not known here; there are value, kind",
            "list[2].kind: must be one of one",
            "list[3]: must be an object",
            "map.a: must be true or false",
            "choice: must be a whole number",
            "decimal: must be decimal digits, such as \"0.05\"",
            "float: must be a number",
            "date: is not a date; write a day that exists as yyyy-MM-dd, such as 2026-11-26",
            "moment: is not a date-time; write one that exists with its zone, such as 2026-11-26T10:15:42.000Z",
            "seconds: is not a time in Unix seconds; write a whole number in the years 0 to 9999",
            "one: must be a text",
            "extra: is not known here; there are one, text, inner, list, map, choice, decimal, float, date, moment, seconds, type",
        ]
    );
    let (misfits, _) = fitted(json!({ "type": "two" }));
    assert_eq!(misfits, ["format: is missing; it is one of A"]);
    let (misfits, _) = fitted(json!({}));
    assert_eq!(misfits, ["type: is missing; it is one of one, two"]);
}

#[test]
fn every_documented_example_fits() {
    let mut count = 0;
    for command in crate::generated::SERVICES
        .iter()
        .flat_map(|service| service.commands)
    {
        let Input::Object(object) = command.input else {
            continue;
        };
        for example in command.examples {
            let Ok(Value::Object(mut body)) = serde_json::from_str(example.json) else {
                panic!("{}: {} is no object", command.name, example.name);
            };
            let misfits = fit(object, &mut body);
            assert!(
                misfits.is_empty(),
                "{} {}: {misfits:?}",
                command.name,
                example.name
            );
            count += 1;
        }
    }
    assert!(count > 50, "{count} examples");
}

/// What the README tells to type is understood.
#[test]
fn every_command_of_the_readme_is_one() {
    let lines = include_str!("../README.md").lines();
    let mut count = 0;
    for line in lines.filter(|line| line.starts_with("nxcloud ") && !line.contains('…')) {
        let words = shlex::split(line).unwrap();
        let words = words.iter().take_while(|word| *word != ">");
        let parsed = crate::command().try_get_matches_from(words);
        assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
        count += 1;
    }
    assert!(count > 10, "{count} commands");
}

#[test]
fn no_field_has_the_flag_of_something_else() {
    let whole = crate::command();
    let of_all: Vec<&str> = whole
        .get_arguments()
        .filter_map(clap::Arg::get_long)
        .collect();
    assert!(of_all.contains(&"profile"));
    for command in crate::generated::SERVICES
        .iter()
        .flat_map(|service| service.commands)
    {
        // clap checks the flags of one command; one that all commands have would be hidden without a word.
        crate::call::operation(command).debug_assert();
        for leaf in crate::call::flags::leaves(command.input.object()) {
            assert!(
                !of_all.contains(&leaf.flag.as_str()),
                "{}: {}",
                command.name,
                leaf.flag
            );
        }
    }
}

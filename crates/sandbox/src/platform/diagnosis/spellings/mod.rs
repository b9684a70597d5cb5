//! Other spellings of a body, to recognise a signature over one of them: likely and cheap ones first.

mod choice;
mod encodings;
mod escapes;
mod layouts;
mod line_ends;
mod spelling;

use serde_json::Value;

use super::budget::{Budget, SMALL_BODY};
use super::permutations::permutations;
use crate::platform::verdict::LikelyCause;
pub(super) use encodings::{Base, bases};
use escapes::{ESCAPES, Escapes};
use layouts::{COMPACT, LAYOUTS, Layout};
use spelling::Spelling;

/// Up to so many keys of the body, every order of them is tried.
const MAX_REORDERED: usize = 5;
/// Reading JSON into values costs about as much as hashing so many times its length.
const COST_OF_VALUES: usize = 4;

/// Every spelling that is tried. `bases` are the body as sent and what it is without its encoding.
pub(super) fn all<'a>(
    bases: &'a [Base<'a>],
    budget: &'a Budget,
) -> impl Iterator<Item = Spelling> + 'a {
    let likely = bases.iter().flat_map(move |base| {
        let near = line_ends::all(&base.bytes).map(move |spelling| base.with(spelling));
        let text = base.text().into_iter();
        let escaped = text.flat_map(move |text| {
            lazily(move || escaped(text, budget)).chain(encodings::encoded(text, budget))
        });
        let escaped = escaped.map(move |spelling| base.with(spelling));
        base.alone().into_iter().chain(near).chain(escaped)
    });
    let rest = bases.iter().flat_map(move |base| {
        let text = base.text().into_iter();
        let respelled = text.flat_map(move |text| {
            lazily(move || laid_out(text, budget))
                .chain(lazily(move || two_ways(text, budget)))
                .chain(lazily(move || reserialised(text, budget)))
                .chain(lazily(move || encodings::compressed(text, budget)))
        });
        let lines = line_ends::both(&base.bytes);
        lines
            .chain(respelled)
            .map(move |spelling| base.with(spelling))
    });
    let sent = bases.first().into_iter();
    let small = sent.filter(|base| base.bytes.len() <= SMALL_BODY);
    let rare = small.flat_map(|base| {
        line_ends::around(&base.bytes)
            .chain(lazily(|| encodings::rarely_encoded(&base.bytes, budget)))
    });
    likely.chain(rare).chain(rest)
}

/// What an iterator yields that is made when it is asked for.
fn lazily<I: Iterator>(make: impl FnOnce() -> I) -> impl Iterator<Item = I::Item> {
    std::iter::once_with(make).flatten()
}

/// The text with other escapes than its own.
fn escaped<'a>(text: &'a str, budget: &'a Budget) -> impl Iterator<Item = Spelling> + 'a {
    let choice = choice::choice(text, budget);
    choice.escapes.into_iter().filter_map(move |escapes| {
        let body = layouts::rewrite(text, None, Some(escapes), budget)?;
        let difference = format!("signed with {}, sent with {}", escapes.name, choice.sent);
        (body != text).then(|| Spelling::new(LikelyCause::JsonEscapes, difference, body))
    })
}

/// The text with other escapes or line ends, and beside that with a final line end, a mark or in another charset.
fn two_ways<'a>(text: &'a str, budget: &'a Budget) -> impl Iterator<Item = Spelling> + 'a {
    let escaped = lazily(move || escaped(text, budget));
    let lines = line_ends::all(text.as_bytes()).chain(line_ends::both(text.as_bytes()));
    escaped.chain(lines).flat_map(move |first| {
        let text = String::from_utf8(first.body).unwrap_or_default();
        let ends =
            (first.cause == LikelyCause::JsonEscapes).then(|| line_ends::all(text.as_bytes()));
        let second = ends
            .into_iter()
            .flatten()
            .chain(encodings::encoded(&text, budget));
        let both = second.map(|mut second| {
            second.cause = first.cause;
            second.difference =
                format!("{}; beside that, {}", first.difference, second.difference).into();
            second
        });
        both.collect::<Vec<_>>()
    })
}

/// The text with other white space between its parts, with its own escapes and with others.
fn laid_out<'a>(text: &'a str, budget: &'a Budget) -> impl Iterator<Item = Spelling> + 'a {
    let restored = line_ends::restored(text).into_iter();
    let own = LAYOUTS.iter().flat_map(move |layout| {
        let laid_out = layouts::rewrite(text, Some(layout), None, budget);
        // Of its own layout the ends have been tried.
        let laid_out = laid_out.filter(|laid_out| laid_out != text);
        laid_out.into_iter().flat_map(move |laid_out| {
            let cause = if line_ends::stripped(laid_out.as_bytes()).eq(text.bytes()) {
                LikelyCause::LineEnds
            } else {
                LikelyCause::BodyReserialised
            };
            line_ends::endings(laid_out, text)
                .map(move |body| Spelling::new(cause, layout.difference(cause), body))
        })
    });
    let both = lazily(move || {
        let styles = pairs(LAYOUTS, &choice::choice(text, budget).escapes);
        let styles = styles.into_iter();
        styles.filter_map(move |(layout, escapes)| written(text, layout, escapes, budget))
    });
    restored.chain(own).chain(both)
}

fn written(
    text: &str,
    layout: &'static Layout,
    escapes: &'static Escapes,
    budget: &Budget,
) -> Option<Spelling> {
    let body = layouts::rewrite(text, Some(layout), Some(escapes), budget)?;
    let difference = format!(
        "signed {} with {}, sent otherwise",
        layout.name, escapes.name
    );
    Some(Spelling::new(
        LikelyCause::BodyReserialised,
        difference,
        body,
    ))
}

/// The same values as a serialiser writes them: numbers in its own form, and keys in another order.
fn reserialised<'a>(text: &'a str, budget: &'a Budget) -> impl Iterator<Item = Spelling> + 'a {
    let affordable = budget.spend(COST_OF_VALUES * text.len());
    let value = affordable.then(|| serde_json::from_str::<Value>(text).ok());
    let value = value.flatten();
    let sorted = value.clone().map(|mut value| {
        value.sort_all_objects();
        value
    });
    let escapes = choice::choice(text, budget).escapes;
    let every = pairs(LAYOUTS, &escapes);
    let usual = escapes.iter().copied().filter(|escapes| escapes.is_usual);
    let usual = pairs(&LAYOUTS[..2], &usual.collect::<Vec<_>>());
    let compact = layouts::rewrite(text, Some(COMPACT), Some(&ESCAPES[0]), budget);
    let again = value
        .clone()
        .filter(|value| Some(value.to_string()) != compact);
    let shorter = value.clone().map(without_nulls);
    let shorter = shorter.filter(|shorter| value.as_ref() != Some(shorter));
    let shorter = shorter.into_iter().flat_map({
        let every = every.clone();
        move |value| {
            spelled(
                &value,
                "members that are null left out",
                every.clone(),
                budget,
            )
        }
    });
    let orders = value.into_iter().flat_map(move |value| {
        let orders = reordered(value).take_while(|_| budget.left() > 0);
        orders.flat_map({
            let usual = usual.clone();
            move |value| spelled(&value, "keys in another order", usual.clone(), budget)
        })
    });
    let sorted = sorted.into_iter().flat_map({
        let every = every.clone();
        move |value| spelled(&value, "keys in alphabetical order", every.clone(), budget)
    });
    let again = again
        .into_iter()
        .flat_map(move |value| spelled(&value, "numbers in another form", every.clone(), budget));
    sorted.chain(again).chain(shorter).chain(orders)
}

/// The value as serialisers write it that leave out what is null.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().filter(|(_, value)| !value.is_null());
            let members = members.map(|(name, value)| (name, without_nulls(value)));
            members.collect()
        }
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

/// A layout with escapes.
type Style = (&'static Layout, &'static Escapes);

fn pairs(layouts: &'static [Layout], escapes: &[&'static Escapes]) -> Vec<Style> {
    let of = |layout| escapes.iter().map(move |escapes| (layout, *escapes));
    layouts.iter().flat_map(of).collect()
}

fn spelled<'a>(
    value: &Value,
    name: &'static str,
    styles: Vec<Style>,
    budget: &'a Budget,
) -> impl Iterator<Item = Spelling> + use<'a> {
    let text = value.to_string();
    styles.into_iter().filter_map(move |(layout, escapes)| {
        let body = layouts::rewrite(&text, Some(layout), Some(escapes), budget)?;
        let difference = format!("signed with {name}, sent otherwise");
        Some(Spelling::new(
            LikelyCause::BodyReserialised,
            difference,
            body,
        ))
    })
}

/// The object with its keys in every order, if there are few.
fn reordered(value: Value) -> impl Iterator<Item = Value> {
    let members = match value {
        Value::Object(object) if object.len() <= MAX_REORDERED => object.into_iter().collect(),
        _ => Vec::new(),
    };
    permutations(members.len()).into_iter().map(move |order| {
        let members = order.into_iter().filter_map(|at| members.get(at));
        members.cloned().collect()
    })
}

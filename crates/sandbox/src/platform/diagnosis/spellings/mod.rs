//! Variants of a body, to recognise a signature over one of them. Likely and cheap ones come first.

mod encodings;
mod escapes;
mod layouts;
mod line_ends;
mod spelling;

use std::collections::{BTreeSet, HashSet};
use std::ops::ControlFlow::{self, Break, Continue};

use serde_json::Value;

use super::budget::{Budget, SMALL_BODY};
use super::permutations::permutations;
use crate::platform::verdict::LikelyCause;
use escapes::{ESCAPES, Escapes, USUAL};
use layouts::{COMPACT, LAYOUTS, Layout, rewrite};
use spelling::Spelling;

/// Up to this number of keys, every order of them is tried.
const MAX_REORDERED: usize = 5;
/// Parsing JSON into values costs about as much as hashing it this many times.
const COST_OF_VALUES: usize = 4;

/// The search ends with the matching variant, or without one when the budget is used up.
type Flow = ControlFlow<Option<Spelling>>;

/// The variant of a body that matches.
pub(super) fn find(body: &[u8], budget: &Budget, fits: &dyn Fn(&[u8]) -> bool) -> Option<Spelling> {
    let sent = Search {
        fits,
        budget,
        bytes: body,
        beside: None,
    };
    match sent.all() {
        Break(found) => found,
        Continue(()) => None,
    }
}

/// A search among the variants of some bytes.
struct Search<'a> {
    fits: &'a dyn Fn(&[u8]) -> bool,
    budget: &'a Budget,
    bytes: &'a [u8],
    /// The difference between these bytes and the body that was sent, if any.
    beside: Option<(LikelyCause, String)>,
}

impl Search<'_> {
    /// A search that continues from a variant.
    fn beside<'b>(&'b self, first: &'b Spelling) -> Search<'b> {
        Search {
            fits: self.fits,
            budget: self.budget,
            bytes: &first.body,
            beside: Some(self.described(first.cause, &first.difference)),
        }
    }

    /// The cause and difference of a variant of these bytes, relative to the body that was sent.
    fn described(&self, cause: LikelyCause, difference: &str) -> (LikelyCause, String) {
        match &self.beside {
            Some((first, known)) => (*first, format!("{known}; in addition, {difference}")),
            None => (cause, difference.to_owned()),
        }
    }

    fn is_affordable(&self) -> Flow {
        if self.budget.left() > 0 {
            Continue(())
        } else {
            Break(None)
        }
    }

    fn attempt(&self, mut spelling: Spelling) -> Flow {
        self.is_affordable()?;
        if spelling.body == self.bytes || !(self.fits)(&spelling.body) {
            return Continue(());
        }
        (spelling.cause, spelling.difference) =
            self.described(spelling.cause, &spelling.difference);
        Break(Some(spelling))
    }

    fn attempts(&self, spellings: impl IntoIterator<Item = Spelling>) -> Flow {
        spellings
            .into_iter()
            .try_for_each(|spelling| self.attempt(spelling))
    }

    fn text(&self) -> Option<&str> {
        std::str::from_utf8(self.bytes).ok()
    }

    /// Tries every variant.
    fn all(&self) -> Flow {
        let decoded = encodings::decoded(self.bytes, self.budget);
        let inner: Vec<_> = decoded.iter().map(|first| self.beside(first)).collect();
        self.likely()?;
        for (first, search) in decoded.iter().zip(&inner) {
            self.attempt(first.clone())?;
            search.likely()?;
        }
        if self.bytes.len() <= SMALL_BODY {
            self.attempts(line_ends::around(self.bytes))?;
            self.attempts(encodings::rarely_encoded(self.bytes, self.budget))?;
        }
        self.unlikely()?;
        inner.iter().try_for_each(Search::unlikely)
    }

    fn likely(&self) -> Flow {
        self.attempts(line_ends::all(self.bytes))?;
        let Some(text) = self.text() else {
            return Continue(());
        };
        self.attempts(self.escaped(text))?;
        self.attempts(encodings::encoded(text, self.budget))
    }

    fn unlikely(&self) -> Flow {
        self.attempts(line_ends::both(self.bytes))?;
        let Some(text) = self.text() else {
            return Continue(());
        };
        self.laid_out(text)?;
        self.two_ways(text)?;
        self.reserialised(text)?;
        self.attempts(encodings::compressed(text, self.budget))
    }

    /// The escapes that change a text. Those with equal results appear once.
    fn distinct(&self, text: &str, all: &'static [Escapes]) -> Vec<&'static Escapes> {
        let plain = rewrite(text, None, Some(&ESCAPES[0]), self.budget).unwrap_or_default();
        let mut sample: String = plain.chars().collect::<BTreeSet<_>>().into_iter().collect();
        if plain.contains("</") {
            sample += "</";
        }
        let mut known = HashSet::new();
        let mut is_new = |escapes: &&Escapes| {
            let mut effect = String::new();
            escapes.write(&mut effect, &sample);
            known.insert(effect)
        };
        all.iter().filter(|escapes| is_new(escapes)).collect()
    }

    /// The text with other escapes.
    fn escaped(&self, text: &str) -> impl Iterator<Item = Spelling> {
        let escapes = self.distinct(text, ESCAPES);
        let written = move |escapes: &Escapes| rewrite(text, None, Some(escapes), self.budget);
        let mut own = escapes.iter();
        let own = own.find(|escapes| written(escapes).is_some_and(|written| written == text));
        let sent = own.map_or("other escapes", |own| own.name);
        escapes.into_iter().filter_map(move |escapes| {
            let body = written(escapes)?;
            let difference = format!("signed with {}, sent with {sent}", escapes.name);
            (body != text).then(|| Spelling::new(LikelyCause::JsonEscapes, difference, body))
        })
    }

    /// The text with other escapes or line ends, optionally with a final line end, a byte order mark or another
    /// charset.
    fn two_ways(&self, text: &str) -> Flow {
        let lines = line_ends::all(text.as_bytes()).chain(line_ends::both(text.as_bytes()));
        for first in self.escaped(text).chain(lines) {
            let search = self.beside(&first);
            if first.cause == LikelyCause::JsonEscapes {
                search.attempts(line_ends::all(&first.body))?;
            }
            let text = search.text().unwrap_or_default();
            search.attempts(encodings::encoded(text, self.budget))?;
        }
        Continue(())
    }

    /// The text with another layout, with its own escapes and with others.
    fn laid_out(&self, text: &str) -> Flow {
        self.attempts(line_ends::restored(text))?;
        for layout in LAYOUTS {
            let laid_out = rewrite(text, Some(layout), None, self.budget);
            // The line ends of its own layout have been tried already.
            let Some(laid_out) = laid_out.filter(|laid_out| laid_out != text) else {
                continue;
            };
            let lines_only = line_ends::stripped(laid_out.as_bytes()).eq(text.bytes());
            let (cause, sent) = if lines_only {
                let sent = "without line ends, as `curl -d @file` sends a file";
                (LikelyCause::LineEnds, sent)
            } else {
                (LikelyCause::BodyReserialised, "otherwise")
            };
            let difference = format!("signed {}, sent {sent}", layout.name);
            let ends = line_ends::endings(&laid_out).into_iter();
            self.attempts(ends.map(|body| Spelling::new(cause, &*difference, body)))?;
        }
        let escapes = self.distinct(text, ESCAPES);
        self.styled(text, LAYOUTS, &escapes, |layout, escapes| {
            format!("{} with {}", layout.name, escapes.name)
        })
    }

    /// The same values as a serialiser writes them: numbers in its own form, keys in another order.
    fn reserialised(&self, text: &str) -> Flow {
        if !self.budget.spend(COST_OF_VALUES * text.len()) {
            return Continue(());
        }
        let Ok(value) = serde_json::from_str::<Value>(text) else {
            return Continue(());
        };
        let every = self.distinct(text, ESCAPES);
        let written = |name: &str, value: &Value| self.written(name, value, LAYOUTS, &every);
        let mut sorted = value.clone();
        sorted.sort_all_objects();
        written("keys in alphabetical order", &sorted)?;
        let compact = rewrite(text, Some(COMPACT), Some(&ESCAPES[0]), self.budget);
        if compact != Some(value.to_string()) {
            written("numbers in another form", &value)?;
        }
        let shorter = without_nulls(value.clone());
        if shorter != value {
            written("members that are null left out", &shorter)?;
        }
        let usual = self.distinct(text, &ESCAPES[..USUAL]);
        reordered(value).try_for_each(|value| {
            self.written("keys in another order", &value, &LAYOUTS[..2], &usual)
        })
    }

    fn written(&self, name: &str, value: &Value, layouts: &[Layout], escapes: &[&Escapes]) -> Flow {
        self.is_affordable()?;
        let difference = format!("with {name}");
        self.styled(&value.to_string(), layouts, escapes, |_, _| {
            difference.clone()
        })
    }

    /// The text in each of these layouts with each of these escapes.
    fn styled(
        &self,
        text: &str,
        layouts: &[Layout],
        escapes: &[&Escapes],
        signed: impl Fn(&Layout, &Escapes) -> String,
    ) -> Flow {
        for layout in layouts {
            for escapes in escapes {
                self.is_affordable()?;
                if let Some(body) = rewrite(text, Some(layout), Some(escapes), self.budget) {
                    let difference = format!("signed {}, sent otherwise", signed(layout, escapes));
                    let cause = LikelyCause::BodyReserialised;
                    self.attempt(Spelling::new(cause, difference, body))?;
                }
            }
        }
        Continue(())
    }
}

/// The value as serialisers write it that omit null members.
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

/// The object with its keys in every order, if it has few.
fn reordered(value: Value) -> impl Iterator<Item = Value> {
    let members = match value {
        Value::Object(object) if object.len() <= MAX_REORDERED => object.into_iter().collect(),
        _ => Vec::new(),
    };
    let orders = permutations(&members).into_iter();
    orders.map(|order| order.into_iter().collect())
}

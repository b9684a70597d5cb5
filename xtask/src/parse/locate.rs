//! Finds the line of a place in YAML.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

/// A step into a document.
pub(super) enum Step {
    Key(String),
    Entry(usize),
}

/// The line and the dotted name of a place.
pub(super) fn place(text: &str, steps: &[Step]) -> String {
    let mut dotted = String::new();
    for step in steps {
        match step {
            Step::Key(key) if dotted.is_empty() => dotted.push_str(key),
            Step::Key(key) => dotted.extend([".", key]),
            Step::Entry(index) => dotted.push_str(&format!("[{index}]")),
        }
    }
    if dotted.is_empty() {
        "(root)".clone_into(&mut dotted);
    }
    let follow = |yaml: serde_saphyr::Deserializer<'_, '_>| Follow(steps).deserialize(yaml);
    let line = serde_saphyr::with_deserializer_from_str(text, follow);
    format!("line {}, {dotted}", line.ok().flatten().unwrap_or(1))
}

/// Follows steps, and returns the line of the last one that exists: the line of its key or entry.
struct Follow<'s>(&'s [Step]);

impl<'de> DeserializeSeed<'de> for Follow<'_> {
    type Value = Option<u64>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<u64>, D::Error> {
        match self.0.first() {
            Some(Step::Key(_)) => deserializer.deserialize_map(self),
            Some(Step::Entry(_)) => deserializer.deserialize_seq(self),
            None => deserializer
                .deserialize_ignored_any(IgnoredAny)
                .map(|_| None),
        }
    }
}

impl<'de> Visitor<'de> for Follow<'_> {
    type Value = Option<u64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map or list that the steps lead to")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<u64>, A::Error> {
        let mut line = None;
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            match self.0 {
                [Step::Key(name), rest @ ..] if *name == key.value => {
                    let inner = map.next_value_seed(Follow(rest))?;
                    line = inner.or(Some(key.referenced.line()));
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(line)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Option<u64>, A::Error> {
        let [Step::Entry(index), rest @ ..] = self.0 else {
            return Ok(None);
        };
        for _ in 0..*index {
            list.next_element::<IgnoredAny>()?;
        }
        let line = if rest.is_empty() {
            let entry = list.next_element::<Spanned<IgnoredAny>>()?;
            entry.map(|entry| entry.referenced.line())
        } else {
            list.next_element_seed(Follow(rest))?.flatten()
        };
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(line)
    }
}

//! The line of a place in YAML.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
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
    let root: Result<Spanned<Node>, _> = serde_saphyr::from_str(text);
    match root {
        Ok(root) => {
            let first = root.defined.line();
            format!("line {}, {dotted}", root.value.line(steps).unwrap_or(first))
        }
        Err(_) => dotted,
    }
}

/// What stands in a file, with lines.
enum Node {
    Map(Vec<(Spanned<String>, Spanned<Node>)>),
    List(Vec<Spanned<Node>>),
    Scalar,
}

impl Node {
    /// The line of the last step that there is: that of its key, or that of its value where it has none.
    fn line(&self, steps: &[Step]) -> Option<u64> {
        let (first, rest) = steps.split_first()?;
        let (line, inner) = match (self, first) {
            (Self::Map(entries), Step::Key(name)) => {
                let (key, inner) = entries.iter().find(|(key, _)| key.value == *name)?;
                (key.referenced.line(), inner)
            }
            (Self::List(items), Step::Entry(index)) => {
                let inner = items.get(*index)?;
                (inner.referenced.line(), inner)
            }
            _ => return None,
        };
        inner.value.line(rest).or(Some(line))
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Node::Map(entries))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_str<E>(self, _: &str) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Node, D::Error> {
        IgnoredAny::deserialize(inner).map(|_| Node::Scalar)
    }
}

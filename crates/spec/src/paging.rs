//! Reads `x-nx-paging`: first all keys, so that an error keeps its place, then those of one style.

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::document::Paging;

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Style {
    Page,
    Offset,
    Cursor,
}

/// The keys of all styles.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Keys {
    style: Style,
    page: Option<String>,
    offset: Option<String>,
    cursor: Option<String>,
    size: Option<String>,
    items: Option<String>,
    total_pages: Option<String>,
    next: Option<String>,
    more: Option<String>,
}

impl<'de> Deserialize<'de> for Paging {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut keys = Keys::deserialize(deserializer)?;
        let style = keys.style;
        let known = known(style);
        let mut required = |name: &'static str| {
            let value = keys.value(name).and_then(Option::take);
            value.ok_or_else(|| D::Error::missing_field(name))
        };
        let (size, items) = (required("size")?, required("items")?);
        let paging = match style {
            Style::Page => Self::Page {
                page: required("page")?,
                size,
                items,
                total_pages: keys.total_pages.take(),
            },
            Style::Offset => Self::Offset {
                offset: required("offset")?,
                size,
                items,
            },
            Style::Cursor => Self::Cursor {
                cursor: required("cursor")?,
                size,
                items,
                next: required("next")?,
                more: required("more")?,
            },
        };
        // Any remaining key belongs to another style.
        let mut rest = NAMES.into_iter();
        match rest.find(|name| keys.value(name).is_some_and(|value| value.is_some())) {
            Some(name) => Err(D::Error::unknown_field(name, known)),
            None => Ok(paging),
        }
    }
}

const NAMES: [&str; 8] = [
    "page",
    "offset",
    "cursor",
    "size",
    "items",
    "total-pages",
    "next",
    "more",
];

const fn known(style: Style) -> &'static [&'static str] {
    match style {
        Style::Page => &["page", "size", "items", "total-pages"],
        Style::Offset => &["offset", "size", "items"],
        Style::Cursor => &["cursor", "size", "items", "next", "more"],
    }
}

impl Keys {
    fn value(&mut self, name: &str) -> Option<&mut Option<String>> {
        Some(match name {
            "page" => &mut self.page,
            "offset" => &mut self.offset,
            "cursor" => &mut self.cursor,
            "size" => &mut self.size,
            "items" => &mut self.items,
            "total-pages" => &mut self.total_pages,
            "next" => &mut self.next,
            "more" => &mut self.more,
            _ => return None,
        })
    }
}

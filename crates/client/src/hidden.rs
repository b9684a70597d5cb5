//! Debug output that shows the shape of a value, not the value.

use std::collections::BTreeMap;
use std::fmt;

use crate::lenient::Map;

/// Stands for a text that is kept out of logs; generated code uses it in `Debug`.
#[derive(Clone, Copy)]
pub struct Hidden(pub &'static str);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// What of a hidden field may be shown.
pub trait Shape {
    /// `<hidden>` when there is a value, else how its absence is written.
    fn shape(&self) -> Hidden;
}

impl Shape for String {
    fn shape(&self) -> Hidden {
        Hidden(if self.is_empty() { "\"\"" } else { "<hidden>" })
    }
}

impl<T: Shape> Shape for Option<T> {
    fn shape(&self) -> Hidden {
        self.as_ref().map_or(Hidden("None"), Shape::shape)
    }
}

impl<T> Shape for Vec<T> {
    fn shape(&self) -> Hidden {
        Hidden(if self.is_empty() { "[]" } else { "<hidden>" })
    }
}

impl<T> Shape for BTreeMap<String, T> {
    fn shape(&self) -> Hidden {
        Hidden(if self.is_empty() { "{}" } else { "<hidden>" })
    }
}

impl Shape for Map {
    fn shape(&self) -> Hidden {
        Hidden(if self.is_empty() { "{}" } else { "<hidden>" })
    }
}

impl Shape for serde_json::Value {
    fn shape(&self) -> Hidden {
        Hidden(if self.is_null() { "null" } else { "<hidden>" })
    }
}

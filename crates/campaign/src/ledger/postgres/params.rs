//! Parameters with their types, so that a statement needs no round trip of its own to be prepared.

use tokio_postgres::types::{ToSql, Type};

pub(super) trait Param: Sync {
    fn typed(&self) -> (&(dyn ToSql + Sync), Type);
}

macro_rules! params {
    ($($rust:ty => $sql:ident),* $(,)?) => {
        $(impl Param for $rust {
            fn typed(&self) -> (&(dyn ToSql + Sync), Type) {
                (self, Type::$sql)
            }
        })*
    };
}

params! {
    i64 => INT8,
    Option<i64> => INT8,
    bool => BOOL,
    &str => TEXT,
    Option<&str> => TEXT,
    String => TEXT,
    Option<String> => TEXT,
    &[u8] => BYTEA,
    Vec<i32> => INT4_ARRAY,
    Vec<i64> => INT8_ARRAY,
    Option<Vec<i64>> => INT8_ARRAY,
    Vec<Option<i64>> => INT8_ARRAY,
    Vec<bool> => BOOL_ARRAY,
    Vec<String> => TEXT_ARRAY,
    Vec<&str> => TEXT_ARRAY,
    Vec<Option<String>> => TEXT_ARRAY,
}

/// A text from outside: a NUL cannot be stored, and must not make the rest of a statement fail.
pub(super) fn text(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

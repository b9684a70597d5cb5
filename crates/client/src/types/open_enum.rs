//! Open enums: the platform may add values.

/// Declares an enum of known values that can also hold any other value.
///
/// `: str` declares an enum of strings (`Unlisted(String)`), `: i64` one of numbers (`Unlisted(i64)`). Both decode from strings and
/// numbers, and encode as declared. Strings are compared without surrounding spaces, and digits as numbers: `02` equals `2`. `Display`
/// shows the value, `Debug` the name and the value.
#[doc(hidden)]
#[macro_export]
macro_rules! open_enum {
    (@traits $name:ident: $($variant:ident)*) => {
        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                ::serde::Serialize::serialize(&self.value(), serializer)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = <$crate::codegen::Value as ::serde::Deserialize>::deserialize(deserializer)?;
                <Self as $crate::codegen::Lenient>::convert(value)
                    .ok_or_else(|| <D::Error as ::serde::de::Error>::custom(concat!("not a ", stringify!($name))))
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Display::fmt(&self.value(), f)
            }
        }

        impl ::core::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                let name = match self {
                    $(Self::$variant => stringify!($variant),)*
                    Self::Unlisted(_) => "Unlisted",
                };
                write!(f, "{name}({:?})", self.value())
            }
        }
    };
    ($(#[$meta:meta])* pub enum $name:ident: str { $($(#[$vmeta:meta])* $variant:ident = $value:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$vmeta])* $variant,)*
            /// A value that is not documented, as received.
            Unlisted(String),
        }

        impl $name {
            /// All documented values.
            pub const KNOWN: &'static [Self] = &[$(Self::$variant),*];

            /// The value on the wire.
            #[must_use]
            pub fn value(&self) -> &str {
                match self {
                    $(Self::$variant => $value,)*
                    Self::Unlisted(value) => value,
                }
            }
        }

        impl From<&str> for $name {
            fn from(value: &str) -> Self {
                match value {
                    $($value => Self::$variant,)*
                    other => {
                        let same = |known: &&Self| $crate::codegen::is_same_code(known.value(), other);
                        let known = Self::KNOWN.iter().find(same);
                        known.map_or_else(|| Self::Unlisted(other.to_owned()), Self::clone)
                    }
                }
            }
        }

        impl From<String> for $name {
            fn from(value: String) -> Self {
                Self::from(value.as_str())
            }
        }

        impl $crate::codegen::Lenient for $name {
            fn accepts(value: &$crate::codegen::Value) -> bool {
                <String as $crate::codegen::Lenient>::accepts(value)
            }

            fn convert(value: $crate::codegen::Value) -> Option<Self> {
                <String as $crate::codegen::Lenient>::convert(value).map(Self::from)
            }
        }

        $crate::open_enum!(@traits $name: $($variant)*);
    };
    ($(#[$meta:meta])* pub enum $name:ident: i64 { $($(#[$vmeta:meta])* $variant:ident = $value:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$vmeta])* $variant,)*
            /// A value that is not documented, as received.
            Unlisted(i64),
        }

        impl $name {
            /// All documented values.
            pub const KNOWN: &'static [Self] = &[$(Self::$variant),*];

            /// The value on the wire.
            #[must_use]
            pub const fn value(&self) -> i64 {
                match self {
                    $(Self::$variant => $value,)*
                    Self::Unlisted(value) => *value,
                }
            }
        }

        impl From<i64> for $name {
            fn from(value: i64) -> Self {
                match value {
                    $($value => Self::$variant,)*
                    other => Self::Unlisted(other),
                }
            }
        }

        impl $crate::codegen::Lenient for $name {
            fn accepts(value: &$crate::codegen::Value) -> bool {
                <i64 as $crate::codegen::Lenient>::accepts(value)
            }

            fn convert(value: $crate::codegen::Value) -> Option<Self> {
                <i64 as $crate::codegen::Lenient>::convert(value).map(Self::from)
            }
        }

        $crate::open_enum!(@traits $name: $($variant)*);
    };
}

//! What the generated tables are made of.

use std::future::Future;
use std::pin::Pin;

use nxcloud::Operation;

use crate::failure::Failure;
pub(crate) use crate::job::Job;

/// One service and what can be done with it.
pub(crate) struct Service {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) about: &'static str,
    pub(crate) commands: &'static [Command],
    pub(crate) pushes: &'static [Push],
}

/// One operation.
pub(crate) struct Command {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) long: &'static str,
    pub(crate) operation: &'static Operation,
    pub(crate) input: Input,
    pub(crate) paged: bool,
    pub(crate) examples: &'static [Example],
    pub(crate) run: fn(&Job) -> Running<'_>,
}

/// A call under way.
pub(crate) type Running<'a> = Pin<Box<dyn Future<Output = Result<(), Failure>> + 'a>>;

/// A request of the documentation.
pub(crate) struct Example {
    pub(crate) name: &'static str,
    pub(crate) json: &'static str,
}

/// A documented push.
pub(crate) struct Push {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) signed: bool,
    /// The action headers of a signed push.
    pub(crate) actions: &'static [&'static str],
    /// The names of its documented examples.
    pub(crate) examples: &'static [&'static str],
    /// The text that the platform expects; without one HTTP 200 is enough.
    pub(crate) reply: Option<&'static str>,
}

/// What the caller passes to an operation.
pub(crate) enum Input {
    /// Fields of a JSON body, of the path and of the query.
    Object(&'static Object),
    /// Parts of a form, one of them a file.
    Form(&'static Object),
}

impl Input {
    pub(crate) fn object(&self) -> &'static Object {
        match self {
            Self::Object(object) | Self::Form(object) => object,
        }
    }
}

/// An object of a request.
pub(crate) struct Object {
    pub(crate) fields: &'static [Field],
    /// A choice whose fields stand beside the object's own.
    pub(crate) flattened: Option<&'static Union>,
}

impl Object {
    /// Whether there is nothing to fill in.
    pub(crate) fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.flattened.is_none()
    }
}

/// A member of an object.
pub(crate) struct Field {
    pub(crate) wire: &'static str,
    /// The name as a flag has it: `source-address`.
    pub(crate) flag: &'static str,
    pub(crate) help: &'static str,
    pub(crate) ty: Ty,
    pub(crate) required: bool,
    /// The only allowed value, filled in where it is absent.
    pub(crate) constant: Option<&'static str>,
}

/// What a member may be.
#[allow(
    dead_code,
    reason = "the specs of today need not use every kind in a request"
)]
pub(crate) enum Ty {
    Text,
    Integer,
    /// A whole number that the wire carries in quotes.
    QuotedInteger,
    Float,
    Decimal,
    Date,
    DateTime,
    /// A moment as a number of seconds.
    UnixSeconds,
    Boolean,
    Json,
    File,
    List(&'static Ty),
    Map(&'static Ty),
    Object(&'static Object),
    Union(&'static Union),
    Choice(&'static Choice),
}

/// A choice of objects, told apart by a tag.
pub(crate) struct Union {
    pub(crate) tag: &'static str,
    /// The tag as a flag has it.
    pub(crate) flag: &'static str,
    pub(crate) variants: &'static [Variant],
}

/// One object of a choice.
pub(crate) struct Variant {
    pub(crate) tag: &'static str,
    /// An object, or a choice in its turn.
    pub(crate) ty: Ty,
}

/// Known values of an open enum, with their meaning.
pub(crate) struct Choice {
    pub(crate) integer: bool,
    pub(crate) values: &'static [(&'static str, &'static str)],
}

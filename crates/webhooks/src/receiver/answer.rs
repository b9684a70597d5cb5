//! The answer to the platform.

use crate::push::Reply;

/// The answer to a push in the form that the platform expects: an HTTP status and a text of type `text/plain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "the platform waits for this answer"]
pub struct Answer {
    status: u16,
    body: &'static str,
}

impl Answer {
    /// The push was processed.
    pub(crate) const fn accepted(reply: Reply) -> Self {
        Self {
            status: 200,
            body: reply.success,
        }
    }

    /// The push was not processed. The platform may repeat it.
    pub(crate) const fn failed(reply: Reply) -> Self {
        Self::negative(reply, 503)
    }

    /// The push was refused.
    pub(crate) const fn refused(reply: Reply) -> Self {
        Self::negative(reply, 403)
    }

    const fn negative(reply: Reply, status: u16) -> Self {
        match reply.error {
            Some(body) => Self { status: 200, body },
            None => Self { status, body: "" },
        }
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The text; it can be empty.
    #[must_use]
    pub const fn body(&self) -> &'static str {
        self.body
    }
}

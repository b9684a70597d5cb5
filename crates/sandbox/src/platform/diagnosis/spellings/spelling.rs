//! A variant of a body.

use crate::platform::verdict::LikelyCause;

/// A body that the client may have signed instead of the one that it sent.
#[derive(Clone)]
pub(crate) struct Spelling {
    pub(crate) cause: LikelyCause,
    /// The difference from the body that was sent: `signed with …, sent with …`.
    pub(crate) difference: String,
    pub(crate) body: Vec<u8>,
}

impl Spelling {
    pub(super) fn new(
        cause: LikelyCause,
        difference: impl Into<String>,
        body: impl Into<Vec<u8>>,
    ) -> Self {
        Self {
            cause,
            difference: difference.into(),
            body: body.into(),
        }
    }
}

//! Required values in the reply to an accepted request.

use crate::Error;

/// The text at `place` in a reply.
///
/// # Errors
///
/// [`ErrorKind::UnreadableReply`](crate::ErrorKind::UnreadableReply) if it is missing or empty. The platform accepted the request, so
/// the outcome is [`Outcome::Unknown`](crate::Outcome::Unknown).
pub fn required<'a>(value: Option<&'a str>, place: &'static str) -> Result<&'a str, Error> {
    value.filter(|text| !text.trim().is_empty()).ok_or_else(|| {
        Error::unreadable(format!(
            "the request was accepted, but the reply has no `{place}`"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorKind, Outcome};

    #[test]
    fn a_value_that_is_missing_or_empty_is_an_error_that_names_its_place() {
        assert_eq!(required(Some("4711"), "messageid").unwrap(), "4711");
        for missing in [None, Some(""), Some(" \n")] {
            let error = required(missing, "data.messages.id").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnreadableReply);
            assert_eq!(
                error.outcome(),
                Outcome::Unknown,
                "it must not be sent again"
            );
            assert!(!error.is_retryable());
            assert!(
                error.to_string().contains("no `data.messages.id`"),
                "{error}"
            );
        }
    }
}

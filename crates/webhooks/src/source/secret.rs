//! A secret in the URL for pushes.

use std::borrow::Cow;

use nxcloud_client::codegen::incoming::percent_decoded;
use nxcloud_signing::Secret;
use subtle::{Choice, ConstantTimeEq};

use super::SourceError;
use super::query::second_queries;

/// A secret in the URL that the platform pushes to, either the last segment of the path or a parameter of the query.
///
/// Prefer the path. Some pushes have their fields in the query, and the platform may append them with a second `?` to a URL that already
/// has a query. Such pushes are refused with [`SourceError::SecondQuery`].
///
/// The secret keeps out senders who do not know the URL. It does not protect the content: anyone who sees the URL, for example in the log of
/// a proxy, can push anything. Use at least 128 random bits, https only, and a different URL for each service. The comparison takes constant
/// time; only the length of the secret can be learned.
#[derive(Clone, Debug)]
pub struct UrlSecret {
    place: Place,
    secret: Secret,
}

#[derive(Clone, Debug)]
enum Place {
    LastSegment,
    Parameter(String),
}

impl UrlSecret {
    /// The secret is the last segment of the path: `https://shop.example/hooks/SECRET`.
    #[must_use]
    pub const fn last_segment(secret: Secret) -> Self {
        Self {
            place: Place::LastSegment,
            secret,
        }
    }

    /// The secret is a parameter of the query: `https://shop.example/hooks?token=SECRET`. The parameter does not become a field of the
    /// event. Prefer [`last_segment`](Self::last_segment): the platform may append a second `?` to a query.
    #[must_use]
    pub fn query(parameter: impl Into<String>, secret: Secret) -> Self {
        Self {
            place: Place::Parameter(parameter.into()),
            secret,
        }
    }

    /// Checks the URL of a push. Returns its query without the secret.
    ///
    /// # Errors
    ///
    /// [`SourceError::UrlSecret`], or [`SourceError::SecondQuery`] if the right secret is followed by a second `?`.
    pub fn check<'q>(
        &self,
        path: &str,
        query: Option<&'q str>,
    ) -> Result<Option<Cow<'q, str>>, SourceError> {
        match &self.place {
            Place::LastSegment => {
                let segment = path.rsplit('/').next().unwrap_or_default();
                let segment = percent_encoding::percent_decode_str(segment).collect::<Vec<u8>>();
                self.compare(&segment)?;
                Ok(query.map(Cow::Borrowed))
            }
            Place::Parameter(name) => {
                let query = query.unwrap_or_default();
                let without = self.parameter(name, query).map_err(|error| {
                    let mut before = second_queries(query).map(|(before, _)| before);
                    if before.any(|before| self.parameter(name, before).is_ok()) {
                        SourceError::SecondQuery
                    } else {
                        error
                    }
                });
                Ok(Some(Cow::Owned(without?)))
            }
        }
    }

    /// Checks the parameter, which must occur exactly once. Returns the query without it.
    fn parameter(&self, name: &str, query: &str) -> Result<String, SourceError> {
        let (secrets, others): (Vec<&str>, Vec<&str>) = query.split('&').partition(|pair| {
            let parameter = pair.split('=').next().unwrap_or_default();
            *percent_decoded(parameter.as_bytes()) == *name.as_bytes()
        });
        let [pair] = secrets[..] else {
            return Err(SourceError::UrlSecret);
        };
        let value = pair.split_once('=').unwrap_or_default().1;
        // Bytes are compared, so the value need not be valid UTF-8.
        self.compare(&percent_decoded(value.as_bytes()))?;
        Ok(others.join("&"))
    }

    fn compare(&self, value: &[u8]) -> Result<(), SourceError> {
        let is_equal: Choice = self.secret.expose().as_bytes().ct_eq(value);
        if bool::from(is_equal) {
            Ok(())
        } else {
            Err(SourceError::UrlSecret)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        Secret::new("s3cr&t+1").unwrap()
    }

    #[test]
    fn the_whole_last_segment_must_match() {
        let url = UrlSecret::last_segment(secret());
        assert_eq!(
            url.check("/hooks/s3cr%26t+1", Some("a=1")),
            Ok(Some("a=1".into()))
        );
        assert_eq!(url.check("s3cr&t+1", None), Ok(None));
        for path in [
            "",
            "/",
            "/hooks/s3cr&t+",
            "/hooks/s3cr&t+11",
            "/s3cr&t+1/",
            "/S3cr&t+1",
        ] {
            assert_eq!(url.check(path, None), Err(SourceError::UrlSecret), "{path}");
        }
    }

    #[test]
    fn the_parameter_must_occur_once_and_is_removed() {
        let url = UrlSecret::query("token", secret());
        assert_eq!(
            url.check("/", Some("a=1&token=s3cr%26t%2B1&b=2")),
            Ok(Some("a=1&b=2".into()))
        );
        for query in [
            None,
            Some(""),
            Some("token"),
            Some("token=x"),
            Some("TOKEN=s3cr%26t%2B1"),
            Some("token=s3cr%26t%2B1&token=s3cr%26t%2B1"),
            Some("token=s3cr%26t%2B1&t%6Fken=x"),
        ] {
            assert_eq!(
                url.check("/s3cr&t+1", query),
                Err(SourceError::UrlSecret),
                "{query:?}"
            );
        }
        assert!(!format!("{url:?}").contains("s3cr"));
    }

    #[test]
    fn a_second_question_mark_after_the_secret_is_reported() {
        let url = UrlSecret::query("token", secret());
        let right = "token=s3cr%26t%2B1";
        for query in [
            format!("{right}?messageid=4711&status=2"),
            format!("shop=7&{right}?messageid=4711&status=2"),
            format!("{right}%3Fmessageid=4711&status=2"),
            format!("{right}?"),
            format!("{right}?{right}"),
            format!("back=a?b&{right}?messageid=4711"),
        ] {
            let result = url.check("/", Some(&query));
            assert_eq!(result, Err(SourceError::SecondQuery), "{query}");
        }
        for query in [
            "token=wrong?messageid=4711",
            "token=s3cr%26t%2B1x?messageid=4711",
            "messageid=4711?token=x",
            "?",
        ] {
            let result = url.check("/", Some(query));
            assert_eq!(result, Err(SourceError::UrlSecret), "{query}");
        }
        // With the right secret, a `?` elsewhere is allowed.
        let result = url.check("/", Some("text=why?&token=s3cr%26t%2B1"));
        assert_eq!(result, Ok(Some("text=why?".into())));
    }
}

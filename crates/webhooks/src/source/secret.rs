//! A secret in the URL that the platform has for its pushes.

use std::borrow::Cow;

use nxcloud_client::codegen::incoming::percent_decoded;
use nxcloud_signing::Secret;
use subtle::{Choice, ConstantTimeEq};

use super::SourceError;
use super::query::second_queries;

/// A secret that is part of the URL that the platform pushes to, as the last segment of its path or as a parameter of its query.
///
/// Use the path. Some pushes carry their fields in the query, and the platform may add them with a `?` of its own to a URL that has
/// one already; such pushes are refused with [`SourceError::SecondQuery`].
///
/// It keeps strangers out who do not know the URL. It does not protect what is pushed: whoever sees one URL, in a log of a proxy for
/// example, can push anything. Use at least 128 random bits, https only, and a URL of its own for each service. The comparison
/// takes constant time; only the secret's length can be learned.
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

    /// The secret is a parameter of the query: `https://shop.example/hooks?token=SECRET`. The parameter does not become a field
    /// of the event. Prefer [`last_segment`](Self::last_segment): a query may come back with a second `?` in it.
    #[must_use]
    pub fn query(parameter: impl Into<String>, secret: Secret) -> Self {
        Self {
            place: Place::Parameter(parameter.into()),
            secret,
        }
    }

    /// Checks the URL of a push, and gives back its query without the secret.
    ///
    /// # Errors
    ///
    /// [`SourceError::UrlSecret`]; [`SourceError::SecondQuery`] if the secret is right but for a second `?` after it.
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

    /// The query without the parameter, which must be there once and hold the secret.
    fn parameter(&self, name: &str, query: &str) -> Result<String, SourceError> {
        let (secrets, others): (Vec<&str>, Vec<&str>) = query.split('&').partition(|pair| {
            let claimed = pair.split('=').next().unwrap_or_default();
            *percent_decoded(claimed.as_bytes()) == *name.as_bytes()
        });
        let [pair] = secrets[..] else {
            return Err(SourceError::UrlSecret);
        };
        let claimed = pair.split_once('=').unwrap_or_default().1;
        // The bytes are compared and never shown, so that they need not be text.
        self.compare(&percent_decoded(claimed.as_bytes()))?;
        Ok(others.join("&"))
    }

    fn compare(&self, claimed: &[u8]) -> Result<(), SourceError> {
        let same: Choice = self.secret.expose().as_bytes().ct_eq(claimed);
        if bool::from(same) {
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
    fn the_last_segment_is_compared_whole() {
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
    fn the_parameter_is_there_once_and_goes() {
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
    fn a_second_query_after_the_secret_is_named() {
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
        // Where the secret is right as it came, a `?` elsewhere is allowed.
        let kept = url.check("/", Some("text=why?&token=s3cr%26t%2B1"));
        assert_eq!(kept, Ok(Some("text=why?".into())));
    }
}

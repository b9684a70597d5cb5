//! Path templates such as `/call/click-to-call/{number}`.

use percent_encoding::percent_decode_str;

/// The parameters of a path with their values, decoded.
pub(crate) type PathParameters = Vec<(String, String)>;

/// A path of a spec, without its fragment.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PathTemplate {
    text: String,
}

impl PathTemplate {
    /// Takes a path key of a spec. The fragment only tells operations apart that share a URL; it is never sent.
    pub(super) fn new(key: &str) -> Self {
        let text = key.split('#').next().unwrap_or_default().to_owned();
        Self { text }
    }

    /// The template as written, which holds no value of any request.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether any segment is a parameter.
    pub(super) fn has_parameters(&self) -> bool {
        self.text.contains('{')
    }

    /// The parameters of a path that fits, percent-decoded; `None` if it does not fit.
    pub(crate) fn matches(&self, path: &str) -> Option<PathParameters> {
        let mut parameters = Vec::new();
        let mut segments = path.split('/');
        for expected in self.text.split('/') {
            let segment = segments.next()?;
            match expected
                .strip_prefix('{')
                .and_then(|rest| rest.strip_suffix('}'))
            {
                Some(name) if !segment.is_empty() => {
                    let value = percent_decode_str(segment).decode_utf8_lossy().into_owned();
                    parameters.push((name.to_owned(), value));
                }
                None if segment == expected => {}
                _ => return None,
            }
        }
        segments.next().is_none().then_some(parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(key: &str, path: &str) -> Option<Vec<(String, String)>> {
        PathTemplate::new(key).matches(path)
    }

    #[test]
    fn a_fragment_is_not_part_of_the_path() {
        assert_eq!(matches("/api/pns/#bindAXB", "/api/pns/"), Some(vec![]));
        assert_eq!(matches("/api/pns/#bindAXB", "/api/pns"), None);
        assert_eq!(matches("/api/pns/#bindAXB", "/api/pns/#bindAXB"), None);
    }

    #[test]
    fn a_parameter_takes_one_segment_and_is_decoded() {
        let number = |value: &str| Some(vec![("number".to_owned(), value.to_owned())]);
        assert_eq!(matches("/call/{number}", "/call/%2B84"), number("+84"));
        assert_eq!(matches("/call/{number}", "/call/%FF"), number("\u{FFFD}"));
        assert_eq!(matches("/call/{number}", "/call/"), None);
        assert_eq!(matches("/call/{number}", "/call/1/2"), None);
    }
}

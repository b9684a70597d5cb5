//! Path templates such as `/call/click-to-call/{number}`.

/// The parameters of a path with their values, as sent.
pub(crate) type PathParameters = Vec<(String, String)>;

/// A path of a spec, without its fragment.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PathTemplate {
    text: String,
}

impl PathTemplate {
    /// Parses a path key of a spec. The fragment only distinguishes operations that share a URL; it is never sent.
    pub(super) fn new(key: &str) -> Self {
        let text = key.split('#').next().unwrap_or_default().to_owned();
        Self { text }
    }

    /// The template as in the spec. It contains no value of a request.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The template without the names of its parameters.
    pub(super) fn shape(&self) -> String {
        let parts = self.text.split(['{', '}']).enumerate();
        let parts = parts.map(|(at, part)| if at % 2 == 0 { part } else { "{}" });
        parts.collect()
    }

    /// Whether any segment is a parameter.
    pub(super) fn has_parameters(&self) -> bool {
        self.text.contains('{')
    }

    /// The number of literal characters. A template with more of them goes before one with fewer.
    pub(super) fn written_out(&self) -> usize {
        self.text.split(['{', '}']).step_by(2).map(str::len).sum()
    }

    /// The parameters of a matching path; `None` if the path does not match.
    pub(crate) fn matches(&self, path: &str) -> Option<PathParameters> {
        let mut parameters = Vec::new();
        let mut segments = path.split('/');
        for expected in self.text.split('/') {
            let segment = segments.next()?;
            fit(expected, segment, &mut parameters)?;
        }
        segments.next().is_none().then_some(parameters)
    }
}

/// Matches one segment. `{id}.json` and `{id}:{verb}` have literal text next to their parameters. Text between two
/// parameters is matched at its last occurrence.
fn fit(expected: &str, segment: &str, parameters: &mut PathParameters) -> Option<()> {
    let Some((before, rest)) = expected.split_once('{') else {
        return (expected == segment).then_some(());
    };
    let (name, after) = rest.split_once('}')?;
    let segment = segment.strip_prefix(before)?;
    let text = after.split('{').next().unwrap_or_default();
    let ends = segment.rmatch_indices(text).map(|(end, _)| end);
    for end in ends.filter(|end| *end > 0) {
        let known = parameters.len();
        parameters.push((name.to_owned(), segment.get(..end)?.to_owned()));
        if fit(after, segment.get(end..)?, parameters).is_some() {
            return Some(());
        }
        parameters.truncate(known);
    }
    None
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
    fn a_parameter_takes_one_segment_as_it_was_sent() {
        let number = |value: &str| Some(vec![("number".to_owned(), value.to_owned())]);
        assert_eq!(matches("/call/{number}", "/call/%2B84"), number("%2B84"));
        assert_eq!(matches("/call/{number}", "/call/"), None);
        assert_eq!(matches("/call/{number}", "/call/1/2"), None);
    }

    #[test]
    fn parameters_may_have_text_next_to_them() {
        let pairs = |pairs: &[(&str, &str)]| {
            let owned = pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            Some(owned.collect::<Vec<_>>())
        };
        assert_eq!(
            matches("/send/{id}.json", "/send/7.json"),
            pairs(&[("id", "7")])
        );
        assert_eq!(
            matches("/send/{id}.json", "/send/a.json.json"),
            pairs(&[("id", "a.json")])
        );
        assert_eq!(
            matches("/send/{id}.json", "/send/%2E%C3%A9.json"),
            pairs(&[("id", "%2E%C3%A9")])
        );
        assert_eq!(matches("/v{major}", "/v2"), pairs(&[("major", "2")]));
        assert_eq!(
            matches("/{id}:{verb}", "/a:b:stop"),
            pairs(&[("id", "a:b"), ("verb", "stop")])
        );
        assert_eq!(
            matches("/{id}:{verb}.x", "/a:b.x"),
            pairs(&[("id", "a"), ("verb", "b")])
        );
        for (key, path) in [
            ("/send/{id}.json", "/send/7"),
            ("/send/{id}.json", "/send/.json"),
            ("/send/{id}.json", "/send/7.json/x"),
            ("/{id}:{verb}", "/a:"),
            ("/{id}:{verb}", "/:b"),
            ("/{id}:{verb}", "/a"),
            ("/v{major}", "/w2"),
        ] {
            assert_eq!(matches(key, path), None, "{key} {path}");
        }
    }
}

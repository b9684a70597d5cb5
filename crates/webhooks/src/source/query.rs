//! A second `?` in a URL: the platform adds its fields to a URL as if that had no query, and then they are part of its last value.

use super::SourceError;

/// What is before and after each second `?` of a query, which something in between may have encoded.
pub(super) fn second_queries(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.match_indices(['?', '%']).filter_map(|(at, _)| {
        let (before, rest) = query.split_at_checked(at)?;
        let after = ["?", "%3F", "%3f"].map(|mark| rest.strip_prefix(mark));
        Some((before, after.into_iter().flatten().next()?))
    })
}

/// Refuses a query whose documented fields begin after a second `?`: read as it is, the first of them would be lost.
///
/// A `?` in the text of a documented field is no such place.
pub(crate) fn check_query(query: &str, names: &[&str]) -> Result<(), SourceError> {
    let known = |pair: &str| {
        let name = pair.split_once('=').map(|(name, _)| name);
        name.is_some_and(|name| names.contains(&name))
    };
    let added = |(before, after): (&str, &str)| {
        known(after.split('&').next().unwrap_or_default()) && !before.split('&').any(known)
    };
    if second_queries(query).any(added) {
        Err(SourceError::SecondQuery)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_after_a_second_query_are_found_and_texts_are_left_alone() {
        let check = |query| check_query(query, &["messageid", "status", "ext"]);
        for query in [
            "shop=7?messageid=4711&status=2",
            "shop=7&lang=en?status=2&messageid=4711",
            "shop=7%3Fmessageid=4711",
            "shop=7%3fmessageid=4711",
            "?messageid=4711&status=2",
            "back=/a?b=c?messageid=4711",
        ] {
            assert_eq!(check(query), Err(SourceError::SecondQuery), "{query}");
        }
        for query in [
            "",
            "?",
            "%",
            "messageid=4711&status=2",
            "messageid=4711&ext=what?status=2",
            "ext=what?status=2&messageid=4711",
            "shop=7&messageid=4711&other=is it?status=9",
            "shop=really?",
            "shop=really?status",
            "shop=%C3%9F",
        ] {
            assert_eq!(check(query), Ok(()), "{query}");
        }
    }
}

//! A second `?` in a URL. The platform appends its fields to a URL as if it had no query, so they become part of the last value.

use super::SourceError;

/// Splits a query at each `?` in it, which may be percent-encoded. Returns the parts before and after.
pub(super) fn second_queries(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.match_indices(['?', '%']).filter_map(|(at, _)| {
        let (before, rest) = query.split_at_checked(at)?;
        let after = ["?", "%3F", "%3f"].map(|mark| rest.strip_prefix(mark));
        Some((before, after.into_iter().flatten().next()?))
    })
}

/// Refuses a query whose documented fields begin after a second `?`. Otherwise the first of these fields would be lost.
///
/// A `?` in the value of a documented field is allowed.
pub(crate) fn check_query(query: &str, names: &[&str]) -> Result<(), SourceError> {
    let is_documented = |pair: &str| {
        let name = pair.split_once('=').map(|(name, _)| name);
        name.is_some_and(|name| names.contains(&name))
    };
    let begins_fields = |(before, after): (&str, &str)| {
        is_documented(after.split('&').next().unwrap_or_default())
            && !before.split('&').any(is_documented)
    };
    if second_queries(query).any(begins_fields) {
        Err(SourceError::SecondQuery)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_after_a_second_question_mark_are_refused_but_values_may_contain_one() {
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

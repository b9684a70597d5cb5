//! White space around a secret.

use nxcloud_signing::Secret;

/// Typical mistakes before a secret.
const BEFORE_SECRET: [&str; 12] = [
    "", " ", "\t", "\n", "\r\n", "\u{feff}", "  ", "\u{a0}", "\u{3000}", "\u{200b}", "\u{200e}",
    "\u{2060}",
];
/// Typical mistakes after a secret.
const AFTER_SECRET: [&str; 20] = [
    "", "\n", "\r\n", " ", "\t", "\r", "  ", "\n\n", " \n", " \r\n", "\u{a0}", "\0", "\r\n\r\n",
    "\n\n\n", "   ", "\u{b}", "\u{3000}", "\u{200b}", "\u{feff}", "\u{2060}",
];

/// The first variant of a secret that matches: with white space around it, or without its own.
pub(crate) fn secret_with_white_space(
    secret: &str,
    fits: impl Fn(&str) -> bool,
) -> Option<&'static str> {
    let trimmed = secret.trim();
    if trimmed != secret
        && [trimmed, secret.trim_end(), secret.trim_start()]
            .into_iter()
            .any(&fits)
    {
        return Some(
            "signed with the secret without its white space, which is part of the secret in the sandbox",
        );
    }
    let around = |before| AFTER_SECRET.map(|after| Secret::new([before, trimmed, after].concat()));
    let spelled = BEFORE_SECRET.into_iter().flat_map(around).flatten();
    let mut spelled = spelled.filter(|spelled| spelled.expose() != secret);
    let is_match = spelled.any(|spelled| fits(spelled.expose()));
    is_match.then_some("signed with white space or a line end around the secret")
}

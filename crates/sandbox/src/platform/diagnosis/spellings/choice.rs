//! Which escapes are worth trying on a text.

use super::escapes::{ESCAPES, Escapes, NONE};
use super::layouts::rewrite;
use crate::platform::diagnosis::Budget;

/// The escapes to try on a text.
pub(super) struct Choice {
    /// Those that make a difference, each difference once.
    pub(super) escapes: Vec<&'static Escapes>,
    /// What its own are called; follows the word `with`.
    pub(super) sent: &'static str,
}

/// The escapes to try on a text; none if it is no JSON.
pub(super) fn choice(text: &str, budget: &Budget) -> Choice {
    let mut choice = Choice {
        escapes: Vec::new(),
        sent: "other escapes",
    };
    let Some(plain) = rewrite(text, None, Some(&NONE), budget) else {
        return choice;
    };
    let sample = sample(&plain);
    let mut seen = Vec::new();
    for escapes in ESCAPES {
        let mut effect = String::new();
        let mut before = ' ';
        for character in sample.iter().copied() {
            escapes.write(&mut effect, character, before);
            before = character;
        }
        if !seen.contains(&effect) {
            seen.push(effect);
            choice.escapes.push(escapes);
        }
    }
    let writes = |escapes: &&&Escapes| {
        rewrite(text, None, Some(escapes), budget).is_some_and(|written| written == text)
    };
    if plain == text {
        choice.sent = NONE.name;
    } else if let Some(escapes) = choice.escapes.iter().skip(1).find(writes) {
        choice.sent = escapes.name;
    }
    choice
}

/// What serialisers tell characters apart by: the character itself only if it is ASCII.
fn kind(character: char) -> (Option<char>, bool, bool, bool, bool) {
    let hex = character as u32;
    (
        character.is_ascii().then_some(character),
        matches!(character, '\u{2028}' | '\u{2029}'),
        character.is_whitespace(),
        character > '\u{ffff}',
        // Capitals make a difference to letters only.
        (0..4).any(|digit| hex >> (4 * digit) & 15 > 9),
    )
}

/// Characters of a text that some serialiser escapes: of each kind one.
fn sample(plain: &str) -> Vec<char> {
    let mut sample = Vec::new();
    let mut known = Vec::new();
    let mut before = ' ';
    for character in plain.chars() {
        let marked = !character.is_ascii_alphanumeric() && !matches!(character, ' ' | ',' | ':');
        if before == '<' && character == '/' && !sample.ends_with(&['<', '/']) {
            sample.extend(['<', '/']);
        } else if marked {
            let kind = kind(character);
            if !known.contains(&kind) {
                known.push(kind);
                // A slash after the `<` of the sample would count as one of the text's own.
                sample.extend([' ', character]);
            }
        }
        before = character;
    }
    sample
}

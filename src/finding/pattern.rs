//! Patterns: `*` is any text, `?` any character, and the case of ASCII letters does not matter.

/// Whether a whole text fits a pattern, in time pattern times text at most.
pub(crate) fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut from) = (0, 0);
    // Where the last `*` stands, and what it has taken so far.
    let mut star: Option<(usize, usize)> = None;
    while let Some(character) = text.get(from) {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(wanted) if *wanted == '?' || wanted.eq_ignore_ascii_case(character) => {
                at += 1;
                from += 1;
            }
            _ => {
                let Some((place, taken)) = star else { return false };
                star = Some((place, taken + 1));
                at = place + 1;
                from = taken + 1;
            }
        }
    }
    pattern.iter().skip(at).all(|rest| *rest == '*')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Tries everything: slow and plainly right.
    fn oracle(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some(('*', rest)), _) if oracle(rest, text) => true,
            (Some(('*', _)), Some((_, after))) => oracle(pattern, after),
            (Some((wanted, rest)), Some((character, after))) => {
                (*wanted == '?' || wanted.eq_ignore_ascii_case(character)) && oracle(rest, after)
            }
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn fits_what_trying_everything_fits(pattern in "[ab*?é]{0,7}", text in "[abBé*]{0,7}") {
            let chars = |text: &str| text.chars().collect::<Vec<char>>();
            prop_assert_eq!(fits(&pattern, &text), oracle(&chars(&pattern), &chars(&text)));
        }
    }
}

//! Strings of a capture made safe to show: nothing in them may steer a terminal, reorder a line or fill a screen.

use std::fmt::Write as _;

/// Longest name shown in a sentence, in characters.
pub const NAME_LIMIT: usize = 96;

/// Makes captured text safe for one line of a terminal or report.
///
/// Control characters, line and paragraph separators, invisible and direction-changing characters become `\u{..}`;
/// everything else stays. Escaped text is stable: a second pass changes nothing.
pub fn display(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        push_escaped(&mut shown, c);
    }
    shown
}

/// As [`display`], with at most `limit` characters of the text kept and `…` in place of the rest.
pub fn display_short(text: &str, limit: usize) -> String {
    let mut shown = String::new();
    for (count, c) in text.chars().enumerate() {
        if count >= limit {
            shown.push('…');
            break;
        }
        push_escaped(&mut shown, c);
    }
    shown
}

fn push_escaped(shown: &mut String, c: char) {
    if is_deceptive(c) {
        // Writing to a String cannot fail.
        let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
    } else {
        shown.push(c);
    }
}

/// Whether a character changes how the rest of the line looks instead of being seen itself.
pub fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}'                        // soft hyphen
            | '\u{61c}'                     // Arabic letter mark
            | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' // Hangul fillers
            | '\u{180e}'                    // Mongolian vowel separator
            | '\u{200b}'..='\u{200f}'       // zero width and direction marks
            | '\u{2028}'..='\u{202e}'       // separators, embeddings and overrides
            | '\u{2060}'..='\u{206f}'       // invisible operators, isolates
            | '\u{feff}'                    // byte order mark
            | '\u{fff9}'..='\u{fffb}'       // interlinear annotation
            | '\u{e0000}'..='\u{e007f}'     // tags
        )
}

/// Joins words as a sentence does: `a`, `a and b`, `a, b and c`.
pub fn list<S: AsRef<str>>(words: &[S], conjunction: &str) -> String {
    match words {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} {conjunction} {}", first.join(", "), last.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn terminal_escapes_and_bidi_overrides_are_spelled_out() {
        assert_eq!(display("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(display("x\u{202e}gpj.exe"), "x\\u{202e}gpj.exe");
        assert_eq!(display("one\r\ntwo\u{2028}three"), "one\\u{d}\\u{a}two\\u{2028}three");
        assert_eq!(display("\u{9b}31m"), "\\u{9b}31m");
    }

    #[test]
    fn ordinary_text_of_any_script_stays() {
        for text in ["ord_00412", "Zoë O'Brien <z@x>", "注文一二三", "заказ", "طلب", "👩‍", ""] {
            let joined = text.replace('\u{200d}', "");
            assert_eq!(display(&joined), joined);
        }
    }

    #[test]
    fn shortening_counts_characters_and_never_splits_one() {
        assert_eq!(display_short("日本語テキスト", 3), "日本語…");
        assert_eq!(display_short("abc", 3), "abc");
        assert_eq!(display_short("\u{7}\u{7}", 1), "\\u{7}…");
    }

    #[test]
    fn lists_read_as_sentences_do() {
        assert_eq!(list::<&str>(&[], "and"), "");
        assert_eq!(list(&["pay"], "and"), "pay");
        assert_eq!(list(&["pay", "approve", "pack"], "and"), "pay, approve and pack");
    }

    proptest! {
        #[test]
        fn nothing_deceptive_is_left_and_a_second_pass_changes_nothing(text in "\\PC*|.*|[\\x00-\\x1f\\u{200b}-\\u{206f}]*") {
            let once = display(&text);
            prop_assert!(!once.chars().any(is_deceptive));
            prop_assert_eq!(display(&once), once.clone());
            prop_assert!(display_short(&text, 5).chars().filter(|c| *c == '…').count() <= 1 + text.matches('…').count());
        }
    }
}

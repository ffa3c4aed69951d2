//! Text from captures, made safe to look at: nothing in it can move a cursor, hide a letter or turn the reading order.

use std::borrow::Cow;

use crate::finding::text::{display, is_deceptive};

/// Writes control, direction-changing and invisible characters as `\u{...}` and leaves everything else as it is.
pub fn visible(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_deceptive) { Cow::Owned(display(text)) } else { Cow::Borrowed(text) }
}

/// Cuts a text to at most `width` characters, the last of them `…` when something was cut.
pub(super) fn shortened(text: &str, width: usize) -> Cow<'_, str> {
    if text.chars().count() <= width {
        return Cow::Borrowed(text);
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    Cow::Owned(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_spelt_out() {
        assert_eq!(visible("a\u{202e}b\x1b[31m\n"), "a\\u{202e}b\\u{1b}[31m\\u{a}");
        assert_eq!(visible("zero\u{200b}width"), "zero\\u{200b}width");
    }

    #[test]
    fn ordinary_text_of_any_script_stays() {
        for text in ["order ord_1", "注文", "طلب", "é", "👍"] {
            assert!(matches!(visible(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn shortening_counts_characters_and_marks_the_cut() {
        assert_eq!(shortened("注文注文", 3), "注文…");
        assert_eq!(shortened("abc", 3), "abc");
    }

    proptest::proptest! {
        #[test]
        fn nothing_hidden_is_left(text in "\\PC*|.*") {
            proptest::prop_assert!(!visible(&text).chars().any(is_deceptive));
        }
    }
}

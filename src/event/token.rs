//! Texts that can hardly name two things.

/// Shortest and longest text that names one thing.
const LENGTHS: std::ops::RangeInclusive<usize> = 5..=64;
/// Digits from which on a number is no count: what is numbered from one meets what else is.
const NUMBER: usize = 12;

/// Whether a text that stands at two places names one thing there, and not two by chance: letters with digits, or a very
/// long number. Small numbers, words, dates, amounts and flags stand for many things.
pub(crate) fn names_one(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let letters = text.bytes().any(|b| b.is_ascii_alphabetic());
    LENGTHS.contains(&text.len())
        && text.bytes().all(plain)
        && digits > 0
        && (letters || digits == text.len() && digits >= NUMBER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_counts_names_one_thing() {
        for text in ["PX-00017", "ord_9f3", "9f1b2c3d-1111-4222-8333-123456789abc", "175928847299117063", "b7k2x"] {
            assert!(names_one(text), "{text}");
        }
        for text in
            ["", "17", "100145", "2026-03-01", "paid", "true", "red-fox", "12.50", "a7", "a b 12345", "+4930123456"]
        {
            assert!(!names_one(text), "{text}");
        }
    }
}

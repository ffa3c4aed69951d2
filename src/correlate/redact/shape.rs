//! What a word is by its shape: the number of a card, an account or a telephone, a token.

use std::str::FromStr;

use super::national;
use crate::correlate::template::{entropy, is_email};
use crate::model::nearest_name;

/// Shapes that rules name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::correlate) enum Shape {
    /// An e-mail address.
    Email,
    /// A card's number by its check digit.
    Card,
    /// An account by its check digits.
    Iban,
    /// A telephone number that begins with `+`.
    Phone,
    /// A JSON Web Token.
    Jwt,
    /// Text that is known for a secret, or long and random.
    Token,
    /// By option: the digits of a card, whatever its check digit.
    Pan,
    /// By option: a number that some state gives to persons, by its check digits.
    NationalId,
    /// By option: a telephone number as it is dialled within a country.
    LocalPhone,
}

impl Shape {
    /// Every shape with its name, in the order in which a word is asked.
    pub(in crate::correlate) const ALL: [(&'static str, Shape); 9] = [
        ("email", Shape::Email),
        ("card", Shape::Card),
        ("iban", Shape::Iban),
        ("phone", Shape::Phone),
        ("jwt", Shape::Jwt),
        ("token", Shape::Token),
        ("pan", Shape::Pan),
        ("national-id", Shape::NationalId),
        ("local-phone", Shape::LocalPhone),
    ];

    /// Whether it is masked at every level.
    pub(in crate::correlate) fn is_secret(self) -> bool {
        matches!(self, Shape::Card | Shape::Jwt | Shape::Token)
    }

    /// Whether nothing but a rule has it looked for: ordinary numbers look so.
    pub(super) fn is_by_option(self) -> bool {
        matches!(self, Shape::Pan | Shape::NationalId | Shape::LocalPhone)
    }

    /// Whether it may be written in groups with spaces.
    pub(super) fn has_groups(self) -> bool {
        !matches!(self, Shape::Email | Shape::Jwt | Shape::Token)
    }

    /// The word that masks have.
    pub(super) fn mask(self) -> &'static str {
        match self {
            Shape::Email => "email",
            Shape::Card | Shape::Pan => "card",
            Shape::Iban => "iban",
            Shape::Phone | Shape::LocalPhone => "phone",
            Shape::Jwt | Shape::Token => "secret",
            Shape::NationalId => "id",
        }
    }

    /// Whether a word, or a number in groups, looks so.
    pub(in crate::correlate) fn is(self, word: &str) -> bool {
        match self {
            Shape::Email => is_email(word),
            Shape::Card => is_card(word),
            Shape::Iban => is_iban(word),
            Shape::Phone => is_phone(word),
            Shape::Jwt => is_jwt(word),
            Shape::Token => is_token(word),
            Shape::Pan => is_pan(word),
            Shape::NationalId => national::is_id(word),
            Shape::LocalPhone => is_local_phone(word),
        }
    }
}

impl FromStr for Shape {
    type Err = String;

    fn from_str(text: &str) -> Result<Shape, String> {
        let found = Shape::ALL.iter().find(|(name, _)| *name == text).map(|(_, shape)| *shape);
        found.ok_or_else(|| {
            let names = Shape::ALL.map(|(name, _)| name);
            let near = nearest_name(text, names).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            format!("no shape is called `{text}`{near}; there are {}", names.join(", "))
        })
    }
}

/// 13 to 19 digits, perhaps in groups, with a right Luhn check digit and a known first digit.
pub(super) fn is_card(word: &str) -> bool {
    let digits = || word.bytes().filter(u8::is_ascii_digit).map(|b| u32::from(b - b'0'));
    // Most words are none by their first character.
    word.bytes().all(|b| b.is_ascii_digit() || b == b'-' || b == b' ')
        && (13..=19).contains(&digits().count())
        && digits().next().is_some_and(|d| (2..=6).contains(&d))
        && luhn(digits().rev())
}

/// 13 to 19 digits with the first digit of a card, perhaps in groups.
fn is_pan(word: &str) -> bool {
    let digits = || word.bytes().filter(u8::is_ascii_digit);
    word.bytes().all(|b| b.is_ascii_digit() || b == b'-' || b == b' ')
        && (13..=19).contains(&digits().count())
        && digits().next().is_some_and(|first| (b'2'..=b'6').contains(&first))
}

/// Takes the digits from the last to the first.
pub(super) fn luhn(digits: impl Iterator<Item = u32>) -> bool {
    let sum: u32 =
        digits.enumerate().map(|(i, d)| if i % 2 == 1 { if d > 4 { d * 2 - 9 } else { d * 2 } } else { d }).sum();
    sum.is_multiple_of(10)
}

/// Country, check digits and account, with a right remainder (ISO 13616).
pub(super) fn is_iban(word: &str) -> bool {
    let bytes = word.as_bytes();
    if !(15..=34).contains(&bytes.len()) || !bytes.iter().all(u8::is_ascii_alphanumeric) {
        return false;
    }
    let (Some(head), Some(tail)) = (bytes.get(..4), bytes.get(4..)) else { return false };
    let shape = head.iter().take(2).all(u8::is_ascii_uppercase) && head.iter().skip(2).all(u8::is_ascii_digit);
    let remainder = tail.iter().chain(head).fold(0_u32, |rest, b| match char::from(*b).to_digit(36) {
        Some(d) if d < 10 => (rest * 10 + d) % 97,
        Some(d) => (rest * 100 + d) % 97,
        None => rest,
    });
    shape && remainder == 1
}

/// International numbers only: `+` and 8 to 15 digits, perhaps in groups. Bare digits are more often an id.
pub(super) fn is_phone(word: &str) -> bool {
    let Some(rest) = word.strip_prefix('+') else { return false };
    let digits = rest.bytes().filter(u8::is_ascii_digit).count();
    (8..=15).contains(&digits)
        && rest.bytes().all(|b| b.is_ascii_digit() || matches!(b, b' ' | b'-' | b'.' | b'(' | b')'))
}

/// As it is dialled within a country: with the `0` of a trunk, or an area in brackets, and 8 to 12 digits, perhaps in
/// groups.
fn is_local_phone(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let trunk = word.starts_with('0') && !word.starts_with("000");
    let area = word.starts_with('(') && word.contains(')');
    (8..=12).contains(&digits)
        && (trunk || area)
        && word.bytes().all(|b| b.is_ascii_digit() || matches!(b, b' ' | b'-' | b'.' | b'(' | b')'))
}

/// Three parts in base64, the first of which begins an object of JSON.
fn is_jwt(word: &str) -> bool {
    word.starts_with("eyJ") && word.len() >= 20 && word.bytes().filter(|b| *b == b'.').count() >= 2
}

/// Tokens by their known beginnings or by length and disorder. UUIDs, ULIDs, KSUIDs and object ids stay readable.
pub(super) fn is_token(word: &str) -> bool {
    let bytes = word.as_bytes();
    let known = ["sk_live_", "sk_test_", "rk_live_", "ghp_", "gho_", "github_pat_", "xoxb-", "xoxp-", "AKIA", "glpat-"];
    if bytes.len() >= 16 && (known.iter().any(|k| word.starts_with(k)) || is_key_of_a_stage(word)) {
        return true;
    }
    let charset = bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'+' | b'.' | b'~'));
    if bytes.len() < 32 || !charset {
        return false;
    }
    let has = |f: fn(&u8) -> bool| bytes.iter().any(f);
    let hex = bytes.iter().all(u8::is_ascii_hexdigit);
    let mixed = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit);
    let plain = bytes.iter().all(u8::is_ascii_alphanumeric) && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    (hex && bytes.len() >= 40) || ((mixed || (plain && !hex)) && entropy(bytes) >= 3.5)
}

/// A key as many issuers write theirs: who made it, the stage that it is for, and what is random.
fn is_key_of_a_stage(word: &str) -> bool {
    if word.bytes().filter(|byte| *byte == b'_').count() < 2 {
        return false;
    }
    let parted = ["_live_", "_test_", "_prod_", "_sandbox_"].iter().find_map(|stage| word.split_once(stage));
    parted.is_some_and(|(issuer, random)| {
        (1..=12).contains(&issuer.len())
            && issuer.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
            && random.len() >= 10
            && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && random.bytes().filter(u8::is_ascii_digit).count() >= 2
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_say_who_made_them_and_for_what_stage() {
        for key in ["fhk_live_fygxzmvi3k2p9q", "acme_test_0123456789ab", "pk_live_51Habcdefghij"] {
            assert!(is_token(key), "{key}");
        }
        for word in
            ["go_live_checklist", "is_test_environment1", "a_live_12", "Order_live_0123456789", "_live_0123456789"]
        {
            assert!(!is_token(word), "{word}");
        }
    }

    /// A card's number by its digits, one after the other.
    fn plainly_a_card(word: &str) -> bool {
        let digits: Vec<u32> = word.chars().filter_map(|c| c.to_digit(10)).collect();
        let only = word.chars().all(|c| c.is_ascii_digit() || c == '-' || c == ' ');
        let mut sum = 0;
        for (place, digit) in digits.iter().rev().enumerate() {
            let doubled = digit * 2;
            sum += if place % 2 == 0 { *digit } else { doubled / 10 + doubled % 10 };
        }
        only && (13..=19).contains(&digits.len()) && (2..=6).contains(&digits[0]) && sum % 10 == 0
    }

    proptest! {
        /// What lets the masker pass short texts over.
        #[test]
        fn short_texts_without_signs_have_no_shape(word in "[^@+]{0,12}|[0-9 -]{0,12}|[A-Za-z]{2}[0-9]{0,12}|eyJ[a-z.]{0,11}|[a-z]{2}_live_[0-9a-z]{0,6}") {
            let digits = word.bytes().filter(u8::is_ascii_digit).count();
            prop_assume!(word.len() < super::super::SHORTEST && digits < super::super::FEWEST_DIGITS);
            for (name, shape) in Shape::ALL.iter().filter(|(_, shape)| !shape.is_by_option()) {
                prop_assert!(!shape.is(&word), "{word:?} is {name}");
            }
        }

        #[test]
        fn cards_are_told_by_their_digits(word in "[1-7][0-9]{3}[- ]?[0-9]{4}[- ]?[0-9]{4}[- ]?[0-9]{0,8}[a²]?") {
            prop_assert_eq!(is_card(&word), plainly_a_card(&word));
        }
    }
}

//! Numbers that states give to persons, told by their form and check digits. No more than an option: one number in ten or
//! in a hundred has a right check digit by chance.

use super::shape::luhn;

/// Whether a word is such a number, with the marks that are usual in it or none.
///
/// Known are those of the United States (SSN, with its dashes), Brazil (CPF), Spain (DNI, NIE), France (NIR), Italy (codice
/// fiscale), Poland (PESEL), the Netherlands (BSN), Sweden (personnummer, with its dash) and the United Kingdom (NINO).
pub(super) fn is_id(word: &str) -> bool {
    let marks = |c: char| matches!(c, ' ' | '-' | '.');
    if word.len() > 24 || !word.chars().all(|c| c.is_ascii_alphanumeric() || marks(c)) {
        return false;
    }
    let bare: String = word.chars().filter(|c| !marks(*c)).map(|c| c.to_ascii_uppercase()).collect();
    let bare = bare.as_bytes();
    is_ssn(word)
        || is_personnummer(word)
        || is_cpf(bare)
        || is_dni(bare)
        || is_nir(bare)
        || is_codice_fiscale(bare)
        || is_pesel(bare)
        || is_bsn(bare)
        || is_nino(bare)
}

/// The digits of a number of this many, if it consists of them.
fn digits<const N: usize>(bytes: &[u8]) -> Option<[u32; N]> {
    let bytes: &[u8; N] = bytes.try_into().ok()?;
    bytes.iter().all(u8::is_ascii_digit).then(|| bytes.map(|b| u32::from(b - b'0')))
}

fn weighted(digits: &[u32], weights: impl IntoIterator<Item = u32>) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// `219-09-9999`: an area that is given, and no part that is all zeros.
fn is_ssn(word: &str) -> bool {
    let parts: Vec<&str> = word.split(['-', ' ']).collect();
    let [area, group, serial] = parts.as_slice() else { return false };
    let given = |part: &str, length| part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
    given(area, 3)
        && given(group, 2)
        && given(serial, 4)
        && !matches!(*area, "000" | "666")
        && !area.starts_with('9')
        && *group != "00"
        && *serial != "0000"
}

/// `811218-9876`: a date and a right check digit.
fn is_personnummer(word: &str) -> bool {
    let Some((date, serial)) = word.split_once(['-', '+']) else { return false };
    let date = if date.len() == 8 { date.get(2..).unwrap_or_default() } else { date };
    let bare = format!("{date}{serial}");
    let Some([_, _, m1, m2, d1, d2, ..]) = digits::<10>(bare.as_bytes()) else { return false };
    let (month, day) = (m1 * 10 + m2, d1 * 10 + d2);
    serial.len() == 4
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && luhn(bare.bytes().rev().map(|b| u32::from(b - b'0')))
}

/// Eleven digits, of which the last two check the others.
fn is_cpf(bare: &[u8]) -> bool {
    let Some(number) = digits::<11>(bare) else { return false };
    let check = |sum: u32| if sum % 11 < 2 { 0 } else { 11 - sum % 11 };
    let [first, .., tenth, last] = number;
    number.iter().any(|digit| *digit != first)
        && check(weighted(&number, (2..=10).rev())) == tenth
        && check(weighted(&number, (2..=11).rev())) == last
}

/// Eight digits, or a letter of foreigners and seven, with the letter that checks them.
fn is_dni(bare: &[u8]) -> bool {
    const LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";
    let [first, rest @ .., last] = bare else { return false };
    let first = match first {
        b'X' => b'0',
        b'Y' => b'1',
        b'Z' => b'2',
        digit => *digit,
    };
    let number: Vec<u8> = std::iter::once(first).chain(rest.iter().copied()).collect();
    let Some(number) = digits::<8>(&number) else { return false };
    let value = number.iter().fold(0, |value, digit| value * 10 + digit) as usize;
    LETTERS.get(value % 23) == Some(last)
}

/// Thirteen digits with the department, which may be of Corsica, and two that check them.
fn is_nir(bare: &[u8]) -> bool {
    if bare.len() != 15 || !matches!(bare.first(), Some(b'1' | b'2' | b'7' | b'8')) {
        return false;
    }
    let text: String = bare.iter().map(|b| char::from(*b)).collect();
    let text = match text.get(5..7) {
        Some("2A") => text.replacen("2A", "19", 1),
        Some("2B") => text.replacen("2B", "18", 1),
        _ => text,
    };
    let (Some(number), Some(check)) = (text.get(..13), text.get(13..)) else { return false };
    let (Ok(number), Ok(check)) = (number.parse::<u64>(), check.parse::<u64>()) else { return false };
    97 - number % 97 == check
}

/// Sixteen letters and digits in their places, with the letter that checks them.
fn is_codice_fiscale(bare: &[u8]) -> bool {
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let Ok(code): Result<&[u8; 16], _> = bare.try_into() else { return false };
    let form = b"AAAAAA00A00A000A";
    // Digits of namesakes are letters.
    let placed = code.iter().zip(form).all(|(b, at)| b.is_ascii_alphabetic() || *at == b'0' && b.is_ascii_digit());
    let digits = code.iter().filter(|b| b.is_ascii_digit()).count();
    let value = |b: u8| usize::from(if b.is_ascii_digit() { b - b'0' } else { b.wrapping_sub(b'A') });
    let sum: u32 = code.iter().take(15).enumerate().fold(0, |sum, (at, b)| {
        let value = value(*b);
        sum + if at % 2 == 0 { ODD.get(value).copied().unwrap_or_default() } else { value as u32 }
    });
    placed && digits >= 3 && code.last().is_some_and(|last| u32::from(last.wrapping_sub(b'A')) == sum % 26)
}

/// Eleven digits with a date and a check digit.
fn is_pesel(bare: &[u8]) -> bool {
    let Some(number) = digits::<11>(bare) else { return false };
    let [_, _, m1, m2, d1, d2, .., last] = number;
    let (month, day) = ((m1 * 10 + m2) % 20, d1 * 10 + d2);
    let sum = weighted(&number, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]);
    (1..=12).contains(&month) && (1..=31).contains(&day) && (10 - sum % 10) % 10 == last
}

/// Nine digits whose weighted sum eleven divides.
fn is_bsn(bare: &[u8]) -> bool {
    let Some(number) = digits::<9>(bare) else { return false };
    let [.., last] = number;
    let sum = weighted(&number, (2..=9).rev());
    sum > 0 && sum % 11 == last % 11
}

/// Two letters, six digits and a letter from A to D.
fn is_nino(bare: &[u8]) -> bool {
    let Ok([a, b, digits @ .., last]): Result<&[u8; 9], _> = bare.try_into() else { return false };
    let prefix = [*a, *b];
    let never = [*b"BG", *b"GB", *b"NK", *b"KN", *b"TN", *b"NT", *b"ZZ"];
    prefix.iter().all(|c| c.is_ascii_uppercase() && !b"DFIQUV".contains(c))
        && *b != b'O'
        && !never.contains(&prefix)
        && digits.iter().all(u8::is_ascii_digit)
        && (b'A'..=b'D').contains(last)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Numbers that the authorities and the articles about them give as examples.
    const EXAMPLES: [&str; 13] = [
        "219-09-9999",
        "811218-9876",
        "19811218-9876",
        "529.982.247-25",
        "52998224725",
        "12345678Z",
        "X1234567L",
        "2 55 08 14 168 025 38",
        "RSSMRA85T10A562S",
        "44051401359",
        "111222333",
        "QQ123456C",
        "AB 12 34 56 C",
    ];

    #[test]
    fn numbers_of_persons_are_told() {
        for number in EXAMPLES {
            // The best known example of a NINO begins with letters that are never given.
            assert_eq!(is_id(number), number != "QQ123456C", "{number}");
        }
        for other in ["219-00-9999", "666-12-3456", "811318-9876", "11111111111", "ord_00012", "2026-09-01", "12345678"]
        {
            assert!(!is_id(other), "{other}");
        }
    }

    proptest! {
        /// Every check digit finds one digit that is wrong, in numbers of which all that follows is known by it.
        #[test]
        fn one_wrong_digit_is_found(example in 0..EXAMPLES.len(), at in 0_usize..24, digit in 0_u8..10) {
            let number = EXAMPLES[example];
            // Without check digits: any digit is as good as another.
            prop_assume!(!number.starts_with("219") && !number.starts_with("QQ") && !number.starts_with("AB"));
            let mut bytes = number.as_bytes().to_vec();
            prop_assume!(bytes.get(at).is_some_and(|b| b.is_ascii_digit() && *b != b'0' + digit));
            // The century of a personnummer is not checked.
            prop_assume!(!(number.starts_with("1981") && at < 2));
            bytes[at] = b'0' + digit;
            let changed = String::from_utf8(bytes).unwrap();
            let bare: String = changed.chars().filter(char::is_ascii_alphanumeric).collect();
            // What one state does not know may be right in another.
            let by_its_own = match number.len() {
                11 if number.contains('-') => is_personnummer(&changed),
                13 => is_personnummer(&changed),
                14 => is_cpf(bare.as_bytes()),
                11 if number.starts_with('5') => is_cpf(bare.as_bytes()),
                11 => is_pesel(bare.as_bytes()),
                16 => is_codice_fiscale(bare.as_bytes()),
                21 => is_nir(bare.as_bytes()),
                9 if number.ends_with(char::is_alphabetic) => is_dni(bare.as_bytes()),
                _ => is_bsn(bare.as_bytes()),
            };
            prop_assert!(!by_its_own, "{} for {}", changed, number);
        }

        #[test]
        fn nothing_panics(text in "\\PC{0,26}") {
            is_id(&text);
        }
    }
}

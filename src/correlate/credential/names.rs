//! Names of secrets: one list for headers, cookies, query strings, forms, JSON, claims and logs. docs/privacy.md holds it.

use Fit::{End, Part, Whole};
use Place::{Anywhere, Asked, Random};

/// How a name fits an entry, both without what is no letter or digit, and in lower case.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// It is the entry.
    Whole,
    /// It ends so.
    End,
    /// It holds the entry.
    Part,
}

/// Where a name tells a secret.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Wherever it stands.
    Anywhere,
    /// In headers and query strings; in bodies, claims and logs it is an ordinary name (`currency.code`, `orderKey`).
    Asked,
    /// There too, where its value is no plain word or number: `?state=open` filters, `?state=kq81mz02` is a login's.
    Random,
}

/// The list.
const NAMES: [(&str, Fit, Place); 56] = [
    ("accesskey", Part, Anywhere),
    ("apikey", Part, Anywhere),
    ("assertion", End, Anywhere),
    ("auth", Whole, Anywhere),
    ("authcode", End, Anywhere),
    ("authorization", Whole, Anywhere),
    ("backupcode", End, Anywhere),
    ("cardnumber", Whole, Anywhere),
    ("code", Whole, Asked),
    ("codeverifier", Whole, Anywhere),
    ("cookie", Whole, Anywhere),
    ("credential", Part, Anywhere),
    ("csrf", End, Anywhere),
    ("cvc", Whole, Anywhere),
    ("cvv", Whole, Anywhere),
    ("encryptionkey", Part, Anywhere),
    ("functionskey", Part, Anywhere),
    ("hmac", Whole, Anywhere),
    ("invitecode", End, Anywhere),
    ("jwt", Whole, Anywhere),
    ("key", End, Asked),
    ("masterkey", Part, Anywhere),
    ("nonce", End, Asked),
    ("onetimecode", End, Anywhere),
    ("otp", Whole, Anywhere),
    ("pan", Whole, Anywhere),
    ("pass", Whole, Anywhere),
    ("passcode", Part, Anywhere),
    ("passphrase", Part, Anywhere),
    ("passwd", Part, Anywhere),
    ("password", Part, Anywhere),
    ("pin", Whole, Anywhere),
    ("privatekey", Part, Anywhere),
    ("proxyauthorization", Whole, Anywhere),
    ("pwd", End, Anywhere),
    ("recoverycode", End, Anywhere),
    ("relaystate", Whole, Random),
    ("resetcode", End, Anywhere),
    ("samlrequest", Whole, Anywhere),
    ("samlresponse", Whole, Anywhere),
    ("secret", Part, Anywhere),
    ("session", Part, Anywhere),
    ("setcookie", Whole, Anywhere),
    ("sid", Whole, Anywhere),
    ("sig", Whole, Anywhere),
    ("signature", End, Anywhere),
    ("signingkey", Part, Anywhere),
    ("ssn", Whole, Anywhere),
    ("state", Whole, Random),
    ("subscriptionkey", Part, Anywhere),
    ("ticket", Whole, Random),
    ("token", Part, Anywhere),
    ("userpass", Whole, Anywhere),
    ("verificationcode", End, Anywhere),
    ("wresult", Whole, Anywhere),
    ("xsrf", End, Anywhere),
];

/// Longest word and number that are plain.
const PLAIN_WORD: usize = 32;
const PLAIN_NUMBER: usize = 12;

/// Whether a query parameter, cookie or header of this name carries a secret.
///
/// Any name that ends in `key` does, an idempotency key excepted: gateways invent new ones all the time.
pub(in crate::correlate) fn is_secret_name(name: &str) -> bool {
    fits(name, |place| place != Random)
}

/// Whether a query parameter or header of this name carries one where its value is no plain word or number.
pub(in crate::correlate) fn is_secret_parameter(name: &str, value: &str) -> bool {
    is_secret_name(name) || fits(name, |place| place == Random) && !is_plain(value)
}

/// Whether a field of a body, claim or log of this name carries a secret.
pub(in crate::correlate) fn is_secret_field(name: &str) -> bool {
    fits(name, |place| place == Anywhere)
}

fn fits(name: &str, wanted: impl Fn(Place) -> bool) -> bool {
    let bare = bare(name);
    let fits = |(word, fit, _): &&(&str, Fit, Place)| match fit {
        Whole => bare == *word,
        End => bare.ends_with(word) && !(*word == "key" && bare.ends_with("idempotencykey")),
        Part => bare.contains(word),
    };
    NAMES.iter().filter(|(_, _, place)| wanted(*place)).any(|entry| fits(&entry))
}

/// Letters and digits of a name in lower case: `X-Api-Key` and `x_apiKey` are one.
pub(in crate::correlate) fn bare(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect()
}

/// A word that people write, or a short number: nobody's secret.
fn is_plain(value: &str) -> bool {
    let letters = |c: char| c.is_alphabetic() || matches!(c, '_' | '-' | ' ' | ',');
    // In one case, or with a capital to begin with: random letters are in both.
    let small = value.chars().skip(1).all(|c| !c.is_uppercase()) || value.chars().all(|c| !c.is_lowercase());
    let word = value.len() <= PLAIN_WORD && small && value.chars().all(letters);
    word || value.len() <= PLAIN_NUMBER && value.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const PAGE: &str = include_str!("../../../docs/privacy.md");

    #[test]
    fn secrets_are_told_by_their_names() {
        for name in [
            "Ocp-Apim-Subscription-Key",
            "x-functions-key",
            "access_key",
            "X-Partner-Key",
            "pwd",
            "pass",
            "key",
            "nonce",
            "oauth_nonce",
            "client_assertion",
            "code_verifier",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in ["Idempotency-Key", "x-idempotency-key", "keyword", "page", "compass", "orderId", "state", "ticket"]
        {
            assert!(!is_secret_name(name), "{name}");
        }
        for name in ["pwd", "userPwd", "passcode", "subscriptionKey", "accessKey", "invite_code"] {
            assert!(is_secret_field(name), "{name}");
        }
        for name in ["key", "code", "orderKey", "idempotencyKey", "nonce", "state", "ticket", "countryCode"] {
            assert!(!is_secret_field(name), "{name}");
        }
    }

    #[test]
    fn what_may_be_a_filter_is_secret_by_its_value() {
        for (name, value) in [
            ("ticket", "ST-1856339-aA5Yuvrxzp"),
            ("state", "kq81mz02"),
            ("state", "xYzAbCdEf"),
            ("RelayState", "https://a/?b"),
        ] {
            assert!(is_secret_parameter(name, value), "{name}={value}");
        }
        for (name, value) in [("state", "open"), ("state", "in_progress"), ("state", "PAID"), ("ticket", "4711")] {
            assert!(!is_secret_parameter(name, value), "{name}={value}");
        }
        assert!(is_secret_parameter("nonce", "a"), "whatever it is");
    }

    fn words(fit: Fit, place: Place) -> (&'static str, &'static str) {
        let fit = match fit {
            Whole => "whole",
            End => "end",
            Part => "part",
        };
        let place = match place {
            Anywhere => "anywhere",
            Asked => "headers, query",
            Random => "headers, query, by value",
        };
        (place, fit)
    }

    #[test]
    fn the_list_is_sorted_and_documented() {
        assert!(NAMES.is_sorted_by_key(|(word, ..)| *word));
        let (_, section) = PAGE.split_once("## Names of secrets").unwrap();
        let section = section.split("\n## ").next().unwrap();
        let mut rows: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
        for (word, fit, place) in NAMES {
            rows.entry(words(fit, place)).or_default().push(format!("`{word}`"));
        }
        for ((place, fit), words) in rows {
            let row = format!("| {place} | {fit} | {} |", words.join(", "));
            assert!(section.contains(&row), "not in docs/privacy.md:\n{row}");
        }
    }
}

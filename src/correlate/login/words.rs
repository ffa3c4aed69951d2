//! Words of an answer to a login: whether they say that it was one.

/// All that an answer says which only says yes, as letters and digits in lower case.
const YES: [&str; 8] = ["ok", "okay", "yes", "true", "done", "accepted", "authenticated", "200"];
/// What of a message says that somebody is logged in.
const WELCOMES: [&str; 4] = ["success", "welcome", "logged in", "signed in"];
/// Words that say that nobody is, in the languages of most applications.
const REFUSALS: [&str; 10] = ["bad", "no", "not", "non", "nicht", "kein", "keine", "pas", "nie", "unless"];
/// How such words begin, and how they end.
const REFUSED: [&str; 36] = [
    "unsuccess",
    "unauthori",
    "unknown",
    "unable",
    "fail",
    "wrong",
    "invalid",
    "inv\u{e1}lid",
    "incorre",
    "inkorrekt",
    "denied",
    "error",
    "erro",
    "erreur",
    "erron",
    "errat",
    "mismatch",
    "expired",
    "locked",
    "blocked",
    "disabled",
    "forbidden",
    "reject",
    "refus",
    "required",
    "cannot",
    "falsch",
    "fehl",
    "ung\u{fc}ltig",
    "ungueltig",
    "unbekannt",
    "abgelehnt",
    "gesperrt",
    "verweigert",
    "\u{e9}chou",
    "onjuist",
];
const REFUSED_ENDS: [&str; 2] = ["n't", "n\u{2019}t"];

/// Whether words say yes and nothing else, or nothing at all.
pub(super) fn says_yes(text: &str, name: Option<&str>) -> bool {
    text.trim().is_empty() || text.is_ascii() && YES.contains(&bare(text).as_str()) || welcomes(text, name)
}

/// Whether words say that somebody is logged in, and nothing else.
pub(super) fn welcomes(message: &str, name: Option<&str>) -> bool {
    let lower = message.to_ascii_lowercase();
    WELCOMES.iter().any(|word| lower.contains(word)) && !refuses(message, name)
}

/// Whether words say that a login failed. In a welcome the user's own name is no word of it.
fn refuses(message: &str, name: Option<&str>) -> bool {
    let lower = message.to_lowercase();
    let name = name.filter(|_| WELCOMES.iter().any(|word| lower.contains(word))).unwrap_or_default().to_lowercase();
    let own = |word: &&str| !name.is_empty() && letters(&name).any(|part| part == *word);
    let no = |word: &str| {
        let ends = REFUSED_ENDS.iter().any(|end| word.ends_with(end));
        ends || REFUSALS.contains(&word) || REFUSED.iter().any(|stem| word.starts_with(stem))
    };
    letters(&lower).filter(|word| !own(word)).any(no)
}

/// Words of a text, an apostrophe being part of one.
fn letters(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '\u{2019}')).filter(|word| !word.is_empty())
}

/// Letters and digits in lower case.
pub(super) fn bare(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    bare.extend(text.bytes().filter(u8::is_ascii_alphanumeric).map(|b| char::from(b.to_ascii_lowercase())));
    bare
}

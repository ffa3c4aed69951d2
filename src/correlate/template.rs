//! Path templates without a model: variable segments told from fixed ones by the look of the token alone.
//!
//! Nothing is learnt from other traffic here, so the template of an exchange never depends on what else was seen. What
//! all exchanges together teach comes later, and names more.

use std::borrow::Cow;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::secret_segment::is_secret_segment;
use crate::event::path::without_format;

/// A path split into fixed words and variable tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    /// `/orders/{order}/items/{item}`.
    pub(super) text: Arc<str>,
    /// Variables in order.
    pub(super) variables: Vec<Variable>,
    /// The last fixed word after all variables, e.g. `items` of `/orders/1/items`.
    pub(super) collection: Option<String>,
}

/// A variable segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Variable {
    /// Singular of the fixed segment before it, else `id`.
    pub(super) name: String,
    /// The token.
    pub(super) value: String,
    /// It stands where a secret is expected, e.g. after `reset`.
    pub(super) secret: bool,
}

impl Template {
    /// Names the variable segments of a path, by their looks.
    pub(super) fn of<S: AsRef<str>>(segments: &[S]) -> Template {
        Template::with(segments, |_, _| false)
    }

    /// Names the variable segments of a path: those that look like one, and those that `is_value` knows with the word
    /// before them.
    pub(super) fn with<S: AsRef<str>>(segments: &[S], is_value: impl Fn(&str, &str) -> bool) -> Template {
        let mut text = String::new();
        let mut variables = Vec::new();
        let mut before: Option<&str> = None;
        let mut rest = segments;
        while let Some((segment, after)) = rest.split_first() {
            rest = after;
            let segment = segment.as_ref();
            text.push('/');
            let name = || before.filter(|w| is_collection(w)).map_or_else(|| "id".to_owned(), singular);
            let secret = before.is_some_and(|word| is_secret_segment(segment, word));
            let known = |word: &str| is_prefixed_by(segment, word) || is_collection(word) && is_value(segment, word);
            if let Some((value, after)) = date(segment, rest).filter(|_| !secret) {
                text.push_str("{year}/{month}/{day}");
                let name = before.filter(|w| is_collection(w)).map_or_else(|| "date".to_owned(), singular);
                variables.push(Variable { name, value, secret });
                rest = after;
                before = None;
            } else if let Some(inside) = Inside::of(segment).filter(|_| !secret) {
                let name = inside.name.map_or_else(name, singular);
                text.extend([inside.begin, "{", &name, "}", inside.end]);
                variables.push(Variable { name, value: inside.value.to_owned(), secret });
                before = None;
            } else if secret
                || is_variable(segment) && !before.is_some_and(|word| is_version(segment, word))
                || before.is_some_and(known)
            {
                let name = name();
                text.extend(["{", &name, "}"]);
                variables.push(Variable { name, value: segment.to_owned(), secret });
                before = None;
            } else {
                text.push_str(segment);
                before = Some(segment);
            }
        }
        if text.is_empty() {
            text.push('/');
        }
        let collection = before.filter(|w| is_collection(w)).map(|word| without_format(word).to_owned());
        Template { text: text.into(), variables, collection }
    }
}

/// Whether a segment is the version of an API: `/rest/api/3/issue`.
fn is_version(segment: &str, before: &str) -> bool {
    let number = segment.len() <= 2 && segment.bytes().all(|b| b.is_ascii_digit());
    number && ["api", "rest", "version"].iter().any(|word| before.eq_ignore_ascii_case(word))
}

/// What a segment says by its looks: the word for a kind of things, and the value that is a part of it.
pub(super) fn word_and_value(segment: &str) -> (Option<&str>, Option<&str>) {
    match Inside::of(segment) {
        Some(inside) => (inside.name, Some(inside.value)),
        None => (Some(without_format(segment)).filter(|word| is_collection(word) && !is_variable(word)), None),
    }
}

/// A value that is a part of its segment.
struct Inside<'a> {
    /// The type, where the segment says it: `Orders` of `Orders(4000)`.
    name: Option<&'a str>,
    begin: &'a str,
    value: &'a str,
    end: &'a str,
}

impl<'a> Inside<'a> {
    /// `4000:cancel` (a verb of its own), `Orders(4000)` (OData) and `4000.json` (the format that is asked for).
    fn of(segment: &'a str) -> Option<Inside<'a>> {
        Inside::before_verb(segment).or_else(|| Inside::in_brackets(segment)).or_else(|| Inside::before_format(segment))
    }

    fn before_verb(segment: &'a str) -> Option<Inside<'a>> {
        let (value, verb) = segment.rsplit_once(':')?;
        let is_verb = verb.starts_with(|c: char| c.is_ascii_lowercase())
            && verb.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_' || b == b'-');
        let end = segment.get(value.len()..)?;
        (is_verb && is_variable(value)).then_some(Inside { name: None, begin: "", value, end })
    }

    fn in_brackets(segment: &'a str) -> Option<Inside<'a>> {
        let (name, rest) = segment.split_once('(')?;
        let inner = rest.strip_suffix(')').filter(|inner| !inner.is_empty() && !inner.contains(['(', ')']))?;
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_') {
            return None;
        }
        // One named key is that key; several are one together.
        let value = match inner.split_once('=') {
            Some((_, value)) if !value.contains('=') => value,
            _ => inner,
        };
        let quoted = || value.strip_prefix("guid").unwrap_or(value).strip_prefix('\'')?.strip_suffix('\'');
        let (value, end) = quoted().filter(|text| !text.is_empty()).map_or((value, ")"), |text| (text, "')"));
        let begin = segment.get(..segment.len() - end.len() - value.len())?;
        Some(Inside { name: Some(name), begin, value, end })
    }

    fn before_format(segment: &'a str) -> Option<Inside<'a>> {
        let value = without_format(segment);
        let end = segment.get(value.len()..)?;
        (!end.is_empty() && is_variable(value)).then_some(Inside { name: None, begin: "", value, end })
    }
}

/// A day of several segments from one on, `/2026/03/01`: its text, and the segments behind it. A year and a month alone
/// may as well be two ids, `/users/2024/12`.
fn date<'s, S: AsRef<str>>(year: &str, rest: &'s [S]) -> Option<(String, &'s [S])> {
    let number = |text: &str, digits: usize, range: RangeInclusive<u16>| {
        let exact = text.len() == digits && text.bytes().all(|b| b.is_ascii_digit());
        exact && text.parse().is_ok_and(|number| range.contains(&number))
    };
    let (month, rest) = rest.split_first()?;
    let (day, rest) = rest.split_first()?;
    let (month, day) = (month.as_ref(), day.as_ref());
    let is_day = number(year, 4, 1900..=2099) && number(month, 2, 1..=12) && number(day, 2, 1..=31);
    is_day.then(|| (format!("{year}/{month}/{day}"), rest))
}

/// A word that can name things: not `v1`, not `api`.
pub(super) fn is_collection(word: &str) -> bool {
    let version = word.strip_prefix('v').is_some_and(|v| !v.is_empty() && v.bytes().all(|b| b.is_ascii_digit()));
    !version && !word.eq_ignore_ascii_case("api") && word.bytes().any(|b| b.is_ascii_alphabetic())
}

/// A word of a path or a body in small letters: `salesOrders` and `sales-orders` are `sales_orders`.
pub(super) fn snake(word: &str) -> String {
    snake_chars(word).collect()
}

/// The characters of that.
pub(super) fn snake_chars(word: &str) -> impl Iterator<Item = char> {
    let mut lower = false;
    word.chars().flat_map(move |c| {
        let starts = c.is_ascii_uppercase() && lower;
        lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        let own = if c == '-' { '_' } else { c.to_ascii_lowercase() };
        starts.then_some('_').into_iter().chain([own])
    })
}

/// Singular of an English plural, by its ending, in small letters.
pub(super) fn singular(word: &str) -> String {
    let lower = snake(word);
    let stem = |cut: usize| lower.get(..lower.len().saturating_sub(cut)).unwrap_or_default().to_owned();
    let ends = |endings: &[&str]| endings.iter().any(|e| lower.ends_with(e) && lower.len() > e.len());
    if ends(&["ies"]) {
        return stem(3) + "y";
    }
    if ends(&["sses", "shes", "ches", "xes", "zzes", "uses"]) {
        return stem(2);
    }
    if ends(&["s"]) && !ends(&["ss", "us", "is"]) {
        return stem(1);
    }
    lower
}

/// Whether a segment is a value rather than a word of the API.
pub(super) fn is_variable(segment: &str) -> bool {
    look(segment).is_some()
}

/// Characters of a UUID.
const UUID: usize = 36;

/// A UUID in small letters, as which it is the same; anything else as it is.
pub(super) fn in_one_case(text: &str) -> Cow<'_, str> {
    let is_one = || {
        let dashed =
            |(at, b): (usize, u8)| if matches!(at, 8 | 13 | 18 | 23) { b == b'-' } else { b.is_ascii_hexdigit() };
        text.bytes().enumerate().all(dashed)
    };
    if text.len() == UUID && text.bytes().any(|b| b.is_ascii_uppercase()) && is_one() {
        text.to_ascii_lowercase().into()
    } else {
        text.into()
    }
}

/// What a segment that is a value rather than a word of the API looks like.
pub(super) fn look(segment: &str) -> Option<&'static str> {
    let bytes = segment.as_bytes();
    if bytes.is_empty() || segment.starts_with('$') {
        return None;
    }
    let digits = bytes.iter().filter(|b| b.is_ascii_digit()).count();
    // Most are words: all that follows has a digit, is as long as a UUID, or is an address.
    if digits == 0 && bytes.len() < UUID && !bytes.contains(&b'@') {
        return None;
    }
    let version = (bytes.first() == Some(&b'v') || bytes.first() == Some(&b'V')) && digits + 1 == bytes.len();
    if version && digits <= 2 {
        return None;
    }
    let file_of_uuid =
        || segment.rsplit_once('.').is_some_and(|(stem, _)| has_file_extension(segment) && is_uuid(stem.as_bytes()));
    let hex = || bytes.len() >= 16 && bytes.iter().all(u8::is_ascii_hexdigit) && digits > 0;
    match () {
        () if digits == bytes.len() => Some("a number"),
        () if is_uuid(bytes) => Some("a UUID"),
        () if hex() => Some("a long hexadecimal number"),
        () if is_prefixed(segment) => Some("a prefix and a token, as in ord_123"),
        () if is_lettered(bytes) => Some("letters and a long number, as in c10361"),
        () if is_date(bytes) => Some("a date"),
        () if is_email(segment) => Some("an e-mail address"),
        () if bytes.len() >= 16 && is_random(bytes) => Some("a random token"),
        () if bytes.len() >= 8 && digits >= 3 && !has_file_extension(segment) => {
            Some("eight characters or more with three digits or more")
        }
        () if file_of_uuid() => Some("a file named by a UUID"),
        () => None,
    }
}

/// Why each segment of a path is a variable of a template that was made of this path alone; `None` for a word. Where
/// nothing in the path says it, the answer did.
pub(super) fn reasons<S: AsRef<str>>(segments: &[S], template: &str) -> Vec<Option<&'static str>> {
    let parts = template.split('/').filter(|part| !part.is_empty());
    let mut before: Option<&str> = None;
    let reasons = segments.iter().map(AsRef::as_ref).zip(parts).map(|(segment, part)| {
        let variable = part.contains('{').then(|| match () {
            () if before.is_some_and(|word| is_secret_segment(segment, word)) => "it stands where a secret is expected",
            () if matches!(part, "{year}" | "{month}" | "{day}") => "a date of several segments",
            () if !part.starts_with('{') || !part.ends_with('}') => "its segment holds more than the value",
            () if look(segment).is_some() => look(segment).unwrap_or_default(),
            () if before.is_some_and(|word| is_prefixed_by(segment, word)) => {
                "its prefix abbreviates the word before it"
            }
            () => "the answer to this call gives it as its own id, or was made here (value flow)",
        });
        before = variable.is_none().then_some(segment);
        variable
    });
    reasons.collect()
}

fn is_uuid(bytes: &[u8]) -> bool {
    bytes.len() == UUID
        && bytes.iter().enumerate().all(
            |(i, b)| {
                if matches!(i, 8 | 13 | 18 | 23) { *b == b'-' } else { b.is_ascii_hexdigit() }
            },
        )
}

/// `ord_123`, `cus-9f`, `pi_3Abc`: a short word, a separator, and a token with a digit.
fn is_prefixed(segment: &str) -> bool {
    let Some(at) = segment.rfind(['_', '-']) else { return false };
    let (word, token) = (segment.get(..at).unwrap_or_default(), segment.get(at + 1..).unwrap_or_default());
    let digits = token.bytes().filter(u8::is_ascii_digit).count();
    (1..=12).contains(&word.len())
        && word.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_')
        && !token.is_empty()
        && token.bytes().all(|b| b.is_ascii_alphanumeric())
        && digits > 0
        // `oauth-v2`, `list-2d` and `wp-lightbox2` are words: a token is all digits, hexadecimal, or long and no numbered word.
        && (digits == token.len()
            || token.bytes().all(|b| b.is_ascii_hexdigit())
            || token.len() >= 6 && (digits > 1 || !token.ends_with(|c: char| c.is_ascii_digit())))
}

/// `ord_xctqhdenct` after `orders`: a token may lack digits when its prefix abbreviates what stands before it.
fn is_prefixed_by(segment: &str, collection: &str) -> bool {
    let Some((prefix, token)) = segment.split_once(['_', '-']) else { return false };
    let word = collection.to_ascii_lowercase();
    (2..=8).contains(&prefix.len())
        && word.starts_with(prefix)
        && prefix.len() < word.len()
        && token.len() >= 6
        && token.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// `c10361`, `ORD10045`: a few letters that number a kind, then at least four digits.
fn is_lettered(bytes: &[u8]) -> bool {
    let letters = bytes.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let digits = bytes.iter().skip(letters).take_while(|b| b.is_ascii_digit()).count();
    (1..=3).contains(&letters) && digits >= 4 && letters + digits == bytes.len()
}

fn is_date(bytes: &[u8]) -> bool {
    bytes.len() == 10
        && bytes.iter().enumerate().all(|(i, b)| if matches!(i, 4 | 7) { *b == b'-' } else { b.is_ascii_digit() })
}

/// `local@domain.tld`.
pub(super) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    !local.is_empty()
        && local.len() <= 64
        && domain.len() <= 253
        && domain.contains('.')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && domain.chars().all(|c| c.is_alphanumeric() || c == '.' || c == '-')
        && local.chars().all(|c| c.is_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(c))
}

/// Base64url text that no one wrote by hand: upper and lower case with digits, or a ULID.
fn is_random(bytes: &[u8]) -> bool {
    let charset = bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'='));
    let count = |f: fn(&u8) -> bool| bytes.iter().filter(|b| f(b)).count();
    let (upper, lower, digit) =
        (count(u8::is_ascii_uppercase), count(u8::is_ascii_lowercase), count(u8::is_ascii_digit));
    charset && digit > 0 && (upper > 1 && lower > 1 || upper + digit == bytes.len()) && entropy(bytes) >= 3.0
}

/// Shannon entropy of the bytes, in bits a byte.
pub(super) fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for b in bytes {
        if let Some(count) = counts.get_mut(usize::from(*b)) {
            *count += 1;
        }
    }
    let total = bytes.len().max(1) as f64;
    counts.iter().filter(|c| **c > 0).map(|c| f64::from(*c) / total).map(|p| -p * p.log2()).sum()
}

/// `app-20240101.js` is a file, not an object.
fn has_file_extension(segment: &str) -> bool {
    segment.rsplit_once('.').is_some_and(|(stem, extension)| {
        !stem.is_empty() && (2..=5).contains(&extension.len()) && extension.bytes().all(|b| b.is_ascii_alphabetic())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn template(path: &str) -> String {
        let segments: Vec<_> = path.split('/').filter(|s| !s.is_empty()).collect();
        Template::of(&segments).text.to_string()
    }

    #[test]
    fn words_are_the_same_however_they_are_joined() {
        for word in ["salesOrders", "SalesOrders", "sales-orders", "sales_orders"] {
            assert_eq!(singular(word), "sales_order", "{word}");
        }
        assert_eq!(["URLs", "SKU", "Address"].map(singular), ["url", "sku", "address"]);
        let upper = "9F1B2C3D-1111-4222-8333-123456789ABC";
        assert_eq!(in_one_case(upper), upper.to_ascii_lowercase());
        for other in ["ORD-1", "9F1B2C3D-1111-4222-8333-123456789ABX", "9F1B2C3D1-111-4222-8333-123456789ABC"] {
            assert_eq!(in_one_case(other), other);
        }
    }

    #[test]
    fn values_become_variables() {
        for (path, expected) in [
            ("/orders/42/items/7", "/orders/{order}/items/{item}"),
            ("/api/v1/categories/9f1b2c3d-1111-4222-8333-123456789abc", "/api/v1/categories/{category}"),
            ("/orders/ord_00412/payment", "/orders/{order}/payment"),
            ("/customers/cus-9f", "/customers/{customer}"),
            ("/orders/ord_xctqhdenct", "/orders/{order}"),
            ("/things/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/things/{thing}"),
            ("/things/0ujsswThIGTUYm2K8FjOOfXtY1K", "/things/{thing}"),
            ("/docs/507f1f77bcf86cd799439011", "/docs/{doc}"),
            ("/reports/2026-09-01", "/reports/{report}"),
            ("/users/a.b@example.com", "/users/{user}"),
            ("/boxes/abc12345", "/boxes/{box}"),
            ("/carts/c4678/items", "/carts/{cart}/items"),
            ("/statuses/5", "/statuses/{status}"),
            ("/7", "/{id}"),
            ("/v1/7", "/v1/{id}"),
            ("/orders/4000:cancel", "/orders/{order}:cancel"),
            ("/odata/Orders(4000)/Items(OrderId=4000,Id=2)", "/odata/Orders({order})/Items({item})"),
            ("/odata/Orders(Id=4000)", "/odata/Orders(Id={order})"),
            ("/odata/Files(guid'9f1b2c3d-1111-4222-8333-123456789abc')", "/odata/Files(guid'{file}')"),
            ("/odata/People('anna')", "/odata/People('{people}')"),
            ("/reports/2026/03/01", "/reports/{year}/{month}/{day}"),
            ("/posts/2026/03/01/my-day", "/posts/{year}/{month}/{day}/my-day"),
            ("/users/2024/12", "/users/{user}/{id}"),
            ("/rooms/2040/12/beds", "/rooms/{room}/{id}/beds"),
            ("/invoices/2026/03/45", "/invoices/{invoice}/{id}/{id}"),
            ("/orders/4000.json", "/orders/{order}.json"),
            ("/files/9f1b2c3d-1111-4222-8333-123456789abc.pdf", "/files/{file}.pdf"),
            ("/avatars/9f1b2c3d-1111-4222-8333-123456789abc.png", "/avatars/{avatar}"),
            ("/tokens/FxjMjalWhl3zQNff/use", "/tokens/{token}/use"),
        ] {
            assert_eq!(template(path), expected);
        }
    }

    #[test]
    fn words_stay() {
        for path in [
            "/",
            "/users/me",
            "/oauth2/token",
            "/v2/search",
            "/static/app.js",
            "/health",
            "/a-b/c_d",
            "/static/app-20240101.js",
            "/internationalization",
            "/oauth-v2/x",
            "/ipv6/sha256/base64",
            "/getUserAccountInformation",
            "/orders:batchGet",
            "/admin/now()",
            "/urn:isbn:x",
            "/static/app.json",
            "/en/products",
            "/orders/v2:list",
            "/plugins/wp-lightbox2/js",
        ] {
            assert_eq!(template(path), path);
        }
    }

    #[test]
    fn values_are_what_objects_are_called_by() {
        for (path, expected) in [
            ("/orders/4000:cancel", &[("order", "4000")][..]),
            ("/odata/Orders(4000)", &[("order", "4000")]),
            ("/odata/People(Name='anna')/Trips(0)", &[("people", "anna"), ("trip", "0")]),
            (
                "/odata/Files(guid'9f1b2c3d-1111-4222-8333-123456789abc')",
                &[("file", "9f1b2c3d-1111-4222-8333-123456789abc")],
            ),
            ("/reports/2026/03/01", &[("report", "2026/03/01")]),
            ("/orders/4000.json", &[("order", "4000")]),
            ("/orders/2026/items/3", &[("order", "2026"), ("item", "3")]),
        ] {
            let segments: Vec<_> = path.split('/').filter(|s| !s.is_empty()).collect();
            let found = Template::of(&segments).variables;
            assert_eq!(found.iter().map(|v| (&*v.name, &*v.value)).collect::<Vec<_>>(), expected, "{path}");
        }
    }

    proptest! {
        #[test]
        fn any_path_is_judged(segments in prop::collection::vec("[0-9a-z:().'=]{0,8}|2026|03|31", 0..6)) {
            let _ = Template::of(&segments);
        }

        #[test]
        fn any_segment_is_judged(text in "\\PC{0,40}") {
            let _ = Template::of(&[text]);
        }
    }
}

//! JSON Web Tokens: header and claims. Whether a given key made the signature is told elsewhere, see `token_keys`.

use std::sync::Arc;

use serde_json::Value as Json;

use super::credential::base64url;
use crate::event::Value;

/// Longest header or claims part that is decoded, in base64 characters.
const LONGEST_PART: usize = 16 << 10;

/// Claims of one level that are looked through by name.
const MOST_LOOKED_AT: usize = 64;

/// Claims of a JWT.
#[derive(Clone)]
pub(super) struct Claims {
    claims: serde_json::Map<String, Json>,
    unsigned: bool,
}

/// How a token's signature stood the test of the keys that were given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Trial {
    /// No key was given that could have made it.
    #[default]
    Untried,
    /// One of the keys made it.
    Verified,
    /// None of the keys made it that could have.
    Failed,
    /// A key could have made it, but there is none, or a word that stands for one that was taken out.
    Stripped,
}

impl Trial {
    /// The same of a signature that was taken out: nothing fails that was not tried.
    pub(super) fn stripped(self) -> Trial {
        if self == Trial::Failed { Trial::Stripped } else { self }
    }
}

/// Claims hold personal data: their names may be printed, their values may not.
impl std::fmt::Debug for Claims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.claims.keys()).finish()
    }
}

impl Claims {
    /// Reads `header.claims.signature`. `None` when it is anything else, an encrypted token included.
    pub(super) fn parse(token: &[u8]) -> Option<Claims> {
        // A JSON object starts with `{"`, or `{` and white space: `eyJ`, `ew` or `ey` in base64.
        (token.starts_with(b"ey") || token.starts_with(b"ew")).then_some(())?;
        let mut parts = token.split(|b| *b == b'.');
        let (header, claims, _signature) = (parts.next()?, parts.next()?, parts.next()?);
        (parts.next().is_none() && header.len() <= LONGEST_PART && claims.len() <= LONGEST_PART).then_some(())?;
        let header = object(header)?;
        let algorithm = header.get("alg").and_then(Json::as_str);
        let unsigned = algorithm.is_some_and(|name| name.eq_ignore_ascii_case("none"));
        Some(Claims { claims: object(claims)?, unsigned })
    }

    /// Whether the token says itself that it has no signature (`alg: none`).
    pub(super) fn is_unsigned(&self) -> bool {
        self.unsigned
    }

    /// The end of the token's life (`exp`), microseconds since the Unix epoch.
    pub(super) fn end(&self) -> Option<i64> {
        self.time("exp")
    }

    /// A claim that is an instant, microseconds since the Unix epoch.
    fn time(&self, name: &str) -> Option<i64> {
        #[expect(clippy::cast_possible_truncation, reason = "seconds; of what is no time, as near as can be")]
        let seconds = self.claims.get(name)?.as_f64()? as i64;
        // Some issuers count milliseconds.
        let seconds = if seconds > 100_000_000_000 { seconds / 1000 } else { seconds };
        Some(seconds.saturating_mul(1_000_000))
    }

    /// How long the token may be used from when it was issued (`exp` less `iat`, else `nbf`), in microseconds; `None` when
    /// it does not tell both.
    pub(super) fn life(&self) -> Option<i64> {
        Some(self.end()?.saturating_sub(self.begin()?))
    }

    /// When the token was issued (`iat`, else `nbf`), microseconds since the Unix epoch.
    pub(super) fn begin(&self) -> Option<i64> {
        self.time("iat").or_else(|| self.time("nbf"))
    }

    /// Issuer, however its address ends.
    pub(super) fn issuer(&self) -> Option<Arc<str>> {
        self.text("iss").map(|issuer| issuer.trim_end_matches('/').into())
    }

    /// Subject: `sub`, else the names that issuers use instead.
    pub(super) fn subject(&self) -> Option<String> {
        const NAMES: [&str; 8] =
            ["sub", "uid", "user_id", "username", "preferred_username", "email", "client_id", "azp"];
        NAMES.iter().find_map(|name| self.text(name))
    }

    /// Whether some claim that names people says this.
    pub(super) fn names(&self, name: &str) -> bool {
        const NAMES: [&str; 12] = [
            "sub",
            "uid",
            "user_id",
            "username",
            "cognito:username",
            "preferred_username",
            "unique_name",
            "upn",
            "email",
            "name",
            "oid",
            "nickname",
        ];
        NAMES.iter().filter_map(|claim| self.text(claim)).any(|said| said.eq_ignore_ascii_case(name))
    }

    /// The claim at a dotted path: `None` when the token has no such claim.
    pub(super) fn value<S: AsRef<str>>(&self, fields: &[S]) -> Option<Value> {
        let (first, rest) = fields.split_first()?;
        let whole = || self.claims.get(&fields.iter().map(AsRef::as_ref).collect::<Vec<_>>().join("."));
        let mut at = self.claims.get(first.as_ref());
        for field in rest {
            at = at.and_then(|json| json.get(field.as_ref()));
        }
        // Namespaced claims (`https://shop.example/roles`) hold dots in their names.
        at.or_else(whole).map(from_json)
    }

    /// Claims, up to three levels deep, of which the names from the top down make `wanted` say something: their dotted
    /// path, what was said, and the value.
    pub(super) fn find<T>(&self, wanted: &dyn Fn(&[&str]) -> Option<T>) -> Vec<(String, T, Value)> {
        let mut found = Vec::new();
        find(&self.claims, &mut Vec::new(), wanted, &mut found);
        found
    }

    /// A claim that is text, or a number as text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.claims.get(name)? {
            Json::String(text) if !text.is_empty() => Some(text.clone()),
            Json::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

fn find<'c, T>(
    claims: &'c serde_json::Map<String, Json>,
    names: &mut Vec<&'c str>,
    wanted: &dyn Fn(&[&str]) -> Option<T>,
    found: &mut Vec<(String, T, Value)>,
) {
    for (name, value) in claims.iter().take(MOST_LOOKED_AT) {
        names.push(name);
        match value {
            Json::Object(inner) if names.len() < 3 => find(inner, names, wanted, found),
            Json::Object(_) => {}
            value => found.extend(wanted(names).map(|said| (names.join("."), said, from_json(value)))),
        }
        names.pop();
    }
}

fn object(part: &[u8]) -> Option<serde_json::Map<String, Json>> {
    // serde_json refuses more than 128 levels.
    serde_json::from_slice(&base64url(part)?).ok()
}

/// JSON as a value of the event: objects become the list of their keys, so that `has`, `in` and `size` mean on them
/// what they mean on a CEL map.
fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(b) => Value::Bool(*b),
        Json::Number(n) => super::body::number(&n.to_string()).unwrap_or(Value::Null),
        Json::String(s) => Value::Text(s.as_str().into()),
        Json::Array(items) => Value::List(items.iter().map(from_json).collect()),
        Json::Object(fields) => Value::List(fields.keys().map(|k| Value::Text(k.as_str().into())).collect()),
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    use super::*;

    fn token(claims: &str) -> String {
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.c2ln", encode(r#"{"alg":"HS256"}"#), encode(claims))
    }

    #[test]
    fn claims_are_found_by_path() {
        let claims = Claims::parse(
            token(r#"{"sub":"alice","act":{"sub":"agent:shop"},"roles":["fin"],"n":7,"https://x.example/r":"y"}"#)
                .as_bytes(),
        )
        .unwrap();
        assert_eq!(claims.text("sub").as_deref(), Some("alice"));
        assert_eq!(claims.value(&["act", "sub"]), Some(Value::Text("agent:shop".into())));
        assert_eq!(claims.value(&["roles"]), Some(Value::List(vec![Value::Text("fin".into())])));
        assert_eq!(claims.value(&["n"]), Some(Value::Number(7.into())));
        assert_eq!(claims.value(&["https://x", "example/r"]), Some(Value::Text("y".into())));
        assert_eq!(claims.value(&["none"]), None);
    }

    #[test]
    fn claims_are_found_by_name_at_any_depth() {
        let text = r#"{"roles":["a"],"realm_access":{"roles":["b"]},"x":{"y":{"roles":["c"],"z":{"roles":["d"]}}}}"#;
        let claims = Claims::parse(token(text).as_bytes()).unwrap();
        let found = claims.find(&|names: &[&str]| (names.last() == Some(&"roles")).then_some(()));
        let paths: Vec<&str> = found.iter().map(|(path, ..)| path.as_str()).collect();
        assert_eq!(paths, ["realm_access.roles", "roles", "x.y.roles"]);
    }

    #[test]
    fn an_end_beyond_all_times_is_an_end() {
        let end = |exp: &str| Claims::parse(token(&format!(r#"{{"exp":{exp}}}"#)).as_bytes()).unwrap().end();
        assert_eq!(end("1000"), Some(1_000_000_000));
        assert_eq!(end("1500000000000"), Some(1_500_000_000_000_000), "milliseconds");
        assert_eq!(end("-1e300"), Some(i64::MIN));
        assert!(end("1e300").unwrap() > 9_000_000_000_000_000);
    }

    #[test]
    fn what_is_no_jwt_is_none() {
        for bad in ["", "eyJ", "eyJ.eyJ.", "a.b.c", "eyJhbGciOiJub25lIn0.W10.", "ey....", "eyJhbGciOiJub25lIn0.!.x"] {
            assert!(Claims::parse(bad.as_bytes()).is_none(), "{bad}");
        }
        let deep = token(&("{\"a\":".repeat(5_000) + "1" + &"}".repeat(5_000)));
        assert!(Claims::parse(deep.as_bytes()).is_none());
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Claims::parse(&bytes);
            let wrapped = format!("eyJhbGciOiJub25lIn0.{}.x", URL_SAFE_NO_PAD.encode(&bytes));
            let _ = Claims::parse(wrapped.as_bytes());
        }
    }
}

//! Refusals that an answer of GraphQL gives as data: the field was run and says that nothing was done.
//!
//! Errors of the request's own making are often no `errors` beside the data but part of it: a type of their own
//! (`... on OutOfStockError { message }`), a list (`userErrors`, `errors`, `checkoutUserErrors`) or a flag (`success`, `ok`).

use serde_json::value::RawValue;

use super::super::budget::name;
use super::super::json;

/// Most members of an answer that are looked at.
const MOST: usize = 256;
/// How types of refusals end.
const ENDS: [&str; 5] = ["Error", "Errors", "ErrorResult", "Failure", "Problem"];

/// Whether a value that a field gave, of a type if that is known, says that what was asked was not done: its code, where it
/// has one. `changes`: something was to be changed; what merely looks something up may find errors.
pub(super) fn refusal(value: &RawValue, gives: Option<&str>, changes: bool) -> Option<Option<String>> {
    let (members, _) = json::members(value.get(), MOST)?;
    let member = |wanted: &str| members.iter().find(|(name, _)| name == wanted).map(|(_, value)| *value);
    if let Some(kind) = gives.filter(|kind| ENDS.iter().any(|end| kind.ends_with(end))) {
        let code = ["errorCode", "code"].iter().find_map(|name| json::scalar(member(name)?));
        return Some(Some(name(&code.unwrap_or(kind.into()))));
    }
    if !changes {
        return None;
    }
    let listed = |key: &str| {
        (key.ends_with("errors") || key.ends_with("Errors"))
            && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    let errors = members.iter().filter(|(key, _)| listed(key)).filter_map(|(_, value)| json::elements(value.get(), 1));
    if let Some(first) = errors.filter_map(|(errors, _)| errors.into_iter().next()).next() {
        let code = json::member(first, "code").and_then(json::scalar);
        return Some(code.map(|code| name(&code)));
    }
    let says_no = |key: &&str| member(key).is_some_and(|value| value.get() == "false");
    ["success", "ok", "successful"]
        .iter()
        .any(says_no)
        .then(|| member("code").and_then(json::scalar).map(|code| name(&code)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(value: &str, gives: Option<&str>) -> Option<Option<String>> {
        refusal(&RawValue::from_string(value.to_owned()).unwrap(), gives, true)
    }

    #[test]
    fn errors_that_are_data_refuse() {
        let code = |code: &str| Some(Some(code.to_owned()));
        assert_eq!(told(r#"{"message":"no"}"#, Some("OutOfStockError")), code("OutOfStockError"));
        assert_eq!(told(r#"{"message":"no","errorCode":"STOCK"}"#, Some("ErrorResult")), code("STOCK"));
        assert_eq!(told(r#"{"userErrors":[{"message":"no","code":"TAKEN"}],"order":{"id":1}}"#, None), code("TAKEN"));
        for silent in [
            r#"{"order":null,"userErrors":[{"message":"no"}]}"#,
            r#"{"checkoutUserErrors":[{}]}"#,
            r#"{"user_errors":[{"message":"no"}]}"#,
            r#"{"errors":["no"]}"#,
            r#"{"success":false,"message":"no"}"#,
            r#"{"ok":false}"#,
        ] {
            assert_eq!(told(silent, None), Some(None), "{silent}");
        }
    }

    #[test]
    fn what_was_done_is_no_refusal() {
        for done in [
            r#"{"order":{"id":1},"userErrors":[]}"#,
            r#"{"order":{"id":1},"errors":null}"#,
            r#"{"id":1,"errorsCount":3,"success":true}"#,
            r#"{"id":1,"mirrors":[3]}"#,
            r#"{"order":{"errors":[{"message":"below"}]}}"#,
            r#"[{"userErrors":[1]}]"#,
            "true",
            "7",
        ] {
            assert_eq!(told(done, Some("OrderPayload")), None, "{done}");
        }
        let found = RawValue::from_string(r#"{"errors":[{"id":1}]}"#.to_owned()).unwrap();
        assert_eq!(refusal(&found, None, false), None, "a query for errors");
    }
}

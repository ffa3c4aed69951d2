//! Methods that a request asks to be taken for, whatever it was sent by: forms of browsers know GET and POST alone, and some
//! networks let nothing else through.

use offpath_capture::{Exchange, Protocol, Request};

use super::body::is_form;
use super::target::{Target, pairs};

/// Headers that say it.
const HEADERS: [&str; 3] = ["x-http-method-override", "x-http-method", "x-method-override"];
/// The field of a form, or parameter, that says it: Rails, Laravel, Symfony and Express have it so.
const FIELD: &str = "_method";
/// What a POST can be taken for. That it reads is not believed: who sends a header would hide what it changes.
const METHODS: [&str; 3] = ["PUT", "PATCH", "DELETE"];
/// Longest form that is looked into.
const LONGEST: usize = 64 << 10;

/// The exchange by the method that its request asks to be taken for; `None` where it asks for none.
pub(super) fn overridden(exchange: &Exchange) -> Option<Exchange> {
    let request = exchange.request.as_ref()?;
    if !request.method.eq_ignore_ascii_case("POST") || exchange.protocol == Protocol::WebSocket {
        return None;
    }
    let method = asked(request)?;
    let mut exchange = exchange.clone();
    exchange.request.as_mut()?.method = method.to_owned();
    Some(exchange)
}

fn asked(request: &Request) -> Option<&'static str> {
    let known = |word: &str| METHODS.into_iter().find(|method| word.trim().eq_ignore_ascii_case(method));
    let header = || HEADERS.iter().find_map(|name| request.headers.text(name).and_then(known));
    let parameter = || {
        let has = request.target.contains(FIELD);
        has.then(|| Target::parse(&request.target).parameter(FIELD).and_then(known)).flatten()
    };
    let field = || {
        let body = request.body.bytes().filter(|bytes| bytes.len() <= LONGEST && is_form(&request.headers))?;
        let text = std::str::from_utf8(body).ok().filter(|text| text.contains(FIELD))?;
        pairs(text).find(|(name, _)| name == FIELD).and_then(|(_, value)| known(&value))
    };
    header().or_else(parameter).or_else(field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::correlate::tests::made;

    fn taken_for(target: &str, header: Option<&str>, form: &str) -> Option<&'static str> {
        let made = made("POST", target).header("Content-Type", "application/x-www-form-urlencoded").json(form);
        let made = header.into_iter().fold(made, |made, value| made.header("X-HTTP-Method-Override", value));
        asked(made.0.request.as_ref().unwrap())
    }

    #[test]
    fn a_post_says_what_it_stands_for() {
        assert_eq!(taken_for("/issues/6", None, "_method=patch&issue%5Bstatus_id%5D=5"), Some("PATCH"));
        assert_eq!(taken_for("/issues/6?_method=DELETE", None, ""), Some("DELETE"));
        assert_eq!(taken_for("/issues/6", Some("put"), ""), Some("PUT"));
        for (header, form) in [(Some("GET"), ""), (Some("TRACE"), ""), (None, "_method=get"), (None, "a_method=put")] {
            assert_eq!(taken_for("/issues/6", header, form), None, "{header:?} {form}");
        }
    }
}

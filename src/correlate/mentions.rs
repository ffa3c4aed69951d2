//! Where an exchange says a value: for who asks what an id is.

use std::collections::BTreeSet;

use offpath_capture::{Body, Exchange, Headers};
use serde_json::Value;

use super::body::is_form;
use super::redact::Redactor;
use super::target::{Target, pairs};
use super::template;

/// Most places of one exchange.
const PLACES: usize = 32;

/// The decoded segments of a request's path.
pub fn path_segments(target: &str) -> Vec<String> {
    Target::parse(target).segments.into_iter().map(|segment| segment.into_owned()).collect()
}

/// Why each segment of a path is a variable of the template that the exchange alone gave it; `None` for a word.
pub fn segment_reasons(segments: &[String], template: &str) -> Vec<Option<&'static str>> {
    template::reasons(segments, template)
}

/// Places at which an exchange says a value, in the words of the model language: `path`, `req.orderId`,
/// `res.items.*.id`, `query.order`, `header.x-order-id`. A name that looks like a value is `*`: it may be somebody's.
pub fn mentions(exchange: &Exchange, redactor: &Redactor, is_it: &dyn Fn(&str) -> bool) -> BTreeSet<String> {
    let mut found = Found { is_it, redactor, places: BTreeSet::new() };
    if let Some(request) = &exchange.request {
        let target = Target::parse(&request.target);
        if target.segments.iter().any(|segment| is_it(segment)) {
            found.places.insert("path".to_owned());
        }
        target.query.iter().for_each(|(name, value)| found.text(value, "query", name));
        found.headers(&request.headers, "header");
        found.body(&request.body, &request.headers, "req");
    }
    if let Some(response) = &exchange.response {
        found.headers(&response.headers, "res_header");
        found.body(&response.body, &response.headers, "res");
    }
    found.places
}

struct Found<'a> {
    is_it: &'a dyn Fn(&str) -> bool,
    redactor: &'a Redactor,
    places: BTreeSet<String>,
}

impl Found<'_> {
    fn text(&mut self, value: &str, root: &str, name: &str) {
        if (self.is_it)(value) {
            self.place(&[root, name]);
        }
    }

    fn place(&mut self, path: &[&str]) {
        if self.places.len() < PLACES {
            let (root, names) = path.split_first().map_or(("", path), |(root, names)| (*root, names));
            let names = names.iter().map(|name| match *name {
                "*" => "*".into(),
                name => self.redactor.member(name),
            });
            let names: String = names.flat_map(|name| [".".into(), name]).collect();
            self.places.insert(format!("{root}{names}"));
        }
    }

    fn headers(&mut self, headers: &Headers, root: &str) {
        for (name, value) in headers.iter() {
            let (Ok(name), Ok(value)) = (std::str::from_utf8(name), std::str::from_utf8(value)) else { continue };
            let name = name.to_ascii_lowercase();
            self.text(value, root, &name);
            if matches!(name.as_str(), "location" | "content-location")
                && Target::parse(value).segments.iter().any(|segment| (self.is_it)(segment))
            {
                self.place(&[root, &name]);
            }
        }
    }

    fn body(&mut self, body: &Body, headers: &Headers, root: &str) {
        let Some(bytes) = body.bytes() else { return };
        if is_form(headers) {
            let form = std::str::from_utf8(bytes).unwrap_or_default();
            pairs(form).for_each(|(name, value)| self.text(&value, root, &name));
        } else if let Ok(value) = serde_json::from_slice::<Value>(bytes) {
            self.value(&value, &mut vec![root]);
        }
    }

    /// The depth is bounded by the parser's own limit.
    fn value<'v>(&mut self, value: &'v Value, path: &mut Vec<&'v str>) {
        let mut below = |name: &'v str, value: &'v Value| {
            path.push(name);
            self.value(value, path);
            path.pop();
        };
        match value {
            Value::Object(members) => members.iter().for_each(|(name, member)| below(name, member)),
            Value::Array(items) => items.iter().for_each(|item| below("*", item)),
            Value::String(text) if (self.is_it)(text) => self.place(path),
            Value::Number(number) if (self.is_it)(&number.to_string()) => self.place(path),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::correlate::redact::Redaction;
    use crate::correlate::tests::{key, made};

    #[test]
    fn names_that_are_values_are_no_places() {
        let answer = r#"{"id":"ord_1","items":[{"orderId":"ord_1"}],"by":{"anna.smith@example.com":{"ref":"ord_1"},
            "Bearer sk_live_51HxAbCdEfGhIjKlMnOp":"ord_1","\u001b[31mred":"ord_1","usr_8812":"ord_1","line_2":"ord_1"}}"#;
        let asked = made("GET", "/o?bob%40shop.example=ord_1&order=ord_1").header("X-Order-Id", "ord_1");
        let exchange = asked.answers(200, answer).0;
        let places = |level| mentions(&exchange, &Redactor::new(key(), level), &|text| text == "ord_1");
        for level in [Redaction::Mask, Redaction::Keep] {
            let found: Vec<String> = places(level).into_iter().collect();
            let expected = [
                "header.x-order-id",
                "query.*",
                "query.order",
                "res.by.*",
                "res.by.*.ref",
                "res.by.line_2",
                "res.id",
                "res.items.*.orderId",
            ];
            assert_eq!(found, expected);
        }
        let hashed = places(Redaction::Hash);
        assert!(!format!("{hashed:?}").contains("line_2"), "{hashed:?}");
    }
}

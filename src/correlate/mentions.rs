//! Where an exchange says a value: for who asks what an id is.

use std::collections::BTreeSet;

use offpath_capture::{Body, Exchange, Headers};
use serde_json::Value;

use super::body::is_form;
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
/// `res.items.*.id`, `query.order`, `header.x-order-id`.
pub fn mentions(exchange: &Exchange, is_it: &dyn Fn(&str) -> bool) -> BTreeSet<String> {
    let mut found = Found { is_it, places: BTreeSet::new() };
    if let Some(request) = &exchange.request {
        let target = Target::parse(&request.target);
        if target.segments.iter().any(|segment| is_it(segment)) {
            found.places.insert("path".to_owned());
        }
        target.query.iter().for_each(|(name, value)| found.text(value, || format!("query.{name}")));
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
    places: BTreeSet<String>,
}

impl Found<'_> {
    fn text(&mut self, value: &str, place: impl Fn() -> String) {
        if self.places.len() < PLACES && (self.is_it)(value) {
            self.places.insert(place());
        }
    }

    fn headers(&mut self, headers: &Headers, root: &str) {
        for (name, value) in headers.iter() {
            let (Ok(name), Ok(value)) = (std::str::from_utf8(name), std::str::from_utf8(value)) else { continue };
            let name = name.to_ascii_lowercase();
            self.text(value, || format!("{root}.{name}"));
            if matches!(name.as_str(), "location" | "content-location")
                && Target::parse(value).segments.iter().any(|segment| (self.is_it)(segment))
            {
                self.places.insert(format!("{root}.{name}"));
            }
        }
    }

    fn body(&mut self, body: &Body, headers: &Headers, root: &str) {
        let Some(bytes) = body.bytes() else { return };
        if is_form(headers) {
            let form = std::str::from_utf8(bytes).unwrap_or_default();
            pairs(form).for_each(|(name, value)| self.text(&value, || format!("{root}.{name}")));
        } else if let Ok(value) = serde_json::from_slice::<Value>(bytes) {
            self.value(&value, root);
        }
    }

    /// The depth is bounded by the parser's own limit.
    fn value(&mut self, value: &Value, path: &str) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    self.value(member, &format!("{path}.{name}"));
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.value(item, &format!("{path}.*"))),
            Value::String(text) => self.text(text, || path.to_owned()),
            Value::Number(number) => self.text(&number.to_string(), || path.to_owned()),
            Value::Null | Value::Bool(_) => {}
        }
    }
}

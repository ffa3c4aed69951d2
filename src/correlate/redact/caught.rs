//! What the rules of the user catch in an exchange, counted: a rule that catches nothing may be misspelt.

use offpath_capture::{Body, Exchange, Headers};
use serde_json::Value;

use super::{RedactionRules, Shape, is_delimiter};
use crate::correlate::body::is_form;
use crate::correlate::target::{Target, pairs};

impl RedactionRules {
    /// How many values of an exchange each rule is the one for, in headers, query string, forms and JSON.
    pub(in crate::correlate) fn count(&self, exchange: &Exchange) -> Vec<u32> {
        if self.is_empty() {
            return Vec::new();
        }
        let mut caught = Caught { rules: self, counts: vec![0; self.iter().count()] };
        if let Some(request) = &exchange.request {
            let target = Target::parse(&request.target);
            target.segments.iter().for_each(|segment| caught.look(segment));
            target.query.iter().for_each(|(name, value)| caught.named(&[name], value));
            request.host.iter().for_each(|host| caught.header("host", host));
            caught.headers(&request.headers);
            caught.body(&request.body, &request.headers);
        }
        if let Some(response) = &exchange.response {
            caught.headers(&response.headers);
            caught.body(&response.body, &response.headers);
        }
        caught.counts
    }
}

struct Caught<'r> {
    rules: &'r RedactionRules,
    counts: Vec<u32>,
}

impl Caught<'_> {
    fn count(&mut self, rule: usize) {
        if let Some(count) = self.counts.get_mut(rule) {
            *count = count.saturating_add(1);
        }
    }

    fn header(&mut self, name: &str, value: &str) {
        match self.rules.header(name) {
            Some((rule, _)) => self.count(rule),
            None => self.look(value),
        }
    }

    fn headers(&mut self, headers: &Headers) {
        for (name, value) in headers.iter() {
            let (Ok(name), Ok(value)) = (std::str::from_utf8(name), std::str::from_utf8(value)) else { continue };
            // The host is told apart from the others.
            if !name.eq_ignore_ascii_case("host") {
                self.header(name, value);
            }
        }
    }

    fn named(&mut self, names: &[&str], value: &str) {
        match self.rules.keys(names.iter().copied()) {
            Some((rule, _)) => self.count(rule),
            None => self.look(value),
        }
    }

    /// Looks at a value by its shape, and at each word of it.
    fn look(&mut self, text: &str) {
        let ruled = Shape::ALL.into_iter().filter_map(|(_, shape)| Some((shape, self.rules.shape(shape)?.0)));
        let ruled: Vec<(Shape, usize)> = ruled.collect();
        if ruled.is_empty() {
            return;
        }
        let rule_of = |word: &str| ruled.iter().find(|(shape, _)| shape.is(word)).map(|(_, rule)| *rule);
        let found: Vec<usize> = match rule_of(text) {
            Some(rule) => vec![rule],
            None => text.split(is_delimiter).filter_map(rule_of).collect(),
        };
        found.into_iter().for_each(|rule| self.count(rule));
    }

    fn body(&mut self, body: &Body, headers: &Headers) {
        let Some(bytes) = body.bytes() else { return };
        if is_form(headers) {
            let form = std::str::from_utf8(bytes).unwrap_or_default();
            pairs(form).for_each(|(name, value)| self.named(&[&name], &value));
        } else if let Ok(value) = serde_json::from_slice::<Value>(bytes) {
            self.value(&value, &mut Vec::new());
        }
    }

    /// The depth is bounded by the parser's own limit.
    fn value<'v>(&mut self, value: &'v Value, path: &mut Vec<&'v str>) {
        match value {
            Value::Object(members) => members.iter().for_each(|(name, member)| {
                path.push(name);
                self.value(member, path);
                path.pop();
            }),
            Value::Array(items) => items.iter().for_each(|item| self.value(item, path)),
            Value::String(text) => self.named(path, text),
            Value::Number(number) => self.named(path, &number.to_string()),
            Value::Null | Value::Bool(_) => {}
        }
    }
}

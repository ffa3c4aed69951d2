//! Arguments as they are once variables have their values.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::super::budget::Budget;
use super::super::json;
use super::document::Literal;

/// The variables of one request.
pub(super) struct Variables<'v, 'a> {
    sent: BTreeMap<String, &'v RawValue>,
    defaults: &'v BTreeMap<&'a str, Literal<'a>>,
}

impl<'v, 'a> Variables<'v, 'a> {
    /// Values that were sent, and what the operation takes for those that were not.
    pub(super) fn new(
        sent: Vec<(String, &'v RawValue)>,
        defaults: &'v BTreeMap<&'a str, Literal<'a>>,
    ) -> Variables<'v, 'a> {
        Variables { sent: sent.into_iter().collect(), defaults }
    }

    /// Whether a condition holds; `None` where nothing says.
    pub(super) fn truth(&self, value: &Literal<'_>) -> Option<bool> {
        // Looked at where it stands: a variable may be large, and conditions many.
        let said = match value {
            Literal::Json(text) => text.as_str(),
            Literal::Variable(name) => match self.sent.get(*name) {
                Some(sent) => sent.get(),
                None => match self.defaults.get(name)? {
                    Literal::Json(default) => default.as_str(),
                    _ => return None,
                },
            },
            Literal::List(_) | Literal::Object(_) => return None,
        };
        match said {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// Arguments as a JSON object; `None` where they are longer than is kept.
    pub(super) fn object(&self, arguments: &[(&'a str, Literal<'a>)], budget: &mut Budget) -> Option<String> {
        let mut out = String::new();
        // What does not fit is not written first.
        match self.push_object(arguments, &mut out, budget.left()) {
            Some(()) => budget.take(out.len()).then_some(out),
            None => {
                budget.take(usize::MAX);
                None
            }
        }
    }

    /// Appends a value; `None` where that takes more than `room` bytes. Literals are nested as deep as documents may.
    fn push(&self, value: &Literal<'_>, out: &mut String, room: usize) -> Option<()> {
        match value {
            Literal::Json(text) => append(out, text, room)?,
            Literal::Variable(name) => match (self.sent.get(*name), self.defaults.get(name)) {
                (Some(sent), _) => append(out, sent.get(), room)?,
                (None, Some(Literal::Json(default))) => append(out, default, room)?,
                (None, Some(Literal::List(_) | Literal::Object(_))) => {
                    let default = self.defaults.get(name)?;
                    self.push(default, out, room)?;
                }
                // A default names no variable.
                (None, Some(Literal::Variable(_)) | None) => append(out, "null", room)?,
            },
            Literal::List(items) => {
                append(out, "[", room)?;
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        append(out, ",", room)?;
                    }
                    self.push(item, out, room)?;
                }
                append(out, "]", room)?;
            }
            Literal::Object(fields) => self.push_object(fields, out, room)?,
        }
        Some(())
    }

    fn push_object(&self, fields: &[(&str, Literal<'_>)], out: &mut String, room: usize) -> Option<()> {
        append(out, "{", room)?;
        let mut first = true;
        for (name, value) in fields {
            // A variable without a value leaves its argument out.
            if matches!(value, Literal::Variable(name) if !self.sent.contains_key(*name) && !self.defaults.contains_key(name))
            {
                continue;
            }
            if !std::mem::take(&mut first) {
                append(out, ",", room)?;
            }
            json::push_text(out, name);
            append(out, ":", room)?;
            self.push(value, out, room)?;
        }
        append(out, "}", room)
    }
}

fn append(out: &mut String, text: &str, room: usize) -> Option<()> {
    (out.len().saturating_add(text.len()) <= room).then(|| out.push_str(text))
}

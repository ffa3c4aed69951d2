//! An exchange as a bundle shows it: what the run itself would print, and of bodies no more than their members.

use std::collections::BTreeSet;

use offpath_capture::{Body, Exchange, Headers, Place, percent_decoded};
use serde_json::Value;

use crate::cli::exchanges::Record;
use crate::correlate::{Redactor, ShownHeader};
use crate::event::table::EventRow;
use crate::report::evidence::{FieldKind, Shape, ShownBody, ShownExchange, ShownField, ShownRequest, ShownResponse};

/// Largest body that is looked into.
const LONGEST: usize = 1 << 20;
/// Most header fields of a message that are shown.
const FIELDS: usize = 100;
/// Most members of one object or fields of one form.
const MEMBERS: usize = 200;
/// Most elements of one list.
const ELEMENTS: usize = 10;
/// Most values of one body.
const VALUES: usize = 5_000;
/// Letters from which on a text that is an id of some event is taken for it whatever its name.
const TELLING: usize = 6;
/// Ends of names of members that hold ids.
const NAMES_OF_IDS: [&str; 7] = ["id", "ids", "key", "number", "ref", "reference", "uuid"];

/// What the run's events name, as they name it: keys of objects, and words of paths.
pub(super) struct Known {
    ids: BTreeSet<String>,
    types: BTreeSet<String>,
    words: BTreeSet<String>,
}

impl Known {
    /// Of these events.
    pub(super) fn of(rows: &[EventRow]) -> Known {
        let mut known = Known { ids: BTreeSet::new(), types: BTreeSet::new(), words: BTreeSet::new() };
        for row in rows {
            for (object_type, key) in row.objects.iter().chain(&row.case).filter_map(|object| object.split_once(':')) {
                known.types.insert(object_type.to_lowercase());
                known.ids.extend([key].into_iter().chain(key.split('/')).map(str::to_owned));
            }
            known.words.extend(row.path.split('/').map(str::to_owned));
        }
        known
    }

    /// The id that a value is, as events have it. A short word that is an id somewhere is none in a member that is called
    /// otherwise: `"quantity": 1`.
    fn id(&self, member: &str, value: &str, number: bool, redactor: &Redactor) -> Option<Shape> {
        let text = redactor.text(value);
        let name = member.to_lowercase();
        let named = NAMES_OF_IDS.iter().any(|end| name.ends_with(end))
            || self.types.iter().any(|of| name == *of || name.strip_suffix('s') == Some(of));
        let is_one = self.ids.contains(&text) && (named || !number && value.len() >= TELLING);
        is_one.then_some(Shape::Id { text, number })
    }
}

/// The exchange that these events are of.
pub(super) fn exchange(exchange: &Exchange, rows: &[&EventRow], redactor: &Redactor, known: &Known) -> ShownExchange {
    let record = Record::new(exchange, redactor);
    let (Place::Frames { offset, .. } | Place::Entry { offset, .. } | Place::Line { offset, .. }) =
        exchange.origin.place;
    let request = exchange.request.as_ref().map(|request| ShownRequest {
        method: record.method.clone().unwrap_or_default(),
        scheme: request.scheme.clone(),
        host: record.host.clone(),
        target: target(rows, record.target.as_deref().unwrap_or_default()),
        headers: headers(&request.headers, redactor, known),
        body: body(&request.body, &request.headers, redactor, known),
    });
    let response = exchange.response.as_ref().map(|response| ShownResponse {
        status: response.status,
        headers: headers(&response.headers, redactor, known),
        body: body(&response.body, &response.headers, redactor, known),
    });
    ShownExchange {
        events: rows.iter().map(|row| row.id.clone()).collect(),
        origin: record.origin,
        offset,
        time: record.time,
        end: record.end,
        incomplete: record.incomplete,
        request,
        response,
    }
}

/// The path as the event has it, which knows what the model calls a secret, and the query as exchanges are shown.
fn target(rows: &[&EventRow], shown: &str) -> String {
    let (path, query) = shown.split_once('?').map_or((shown, None), |(path, query)| (path, Some(query)));
    let path = rows.first().map_or(path, |row| row.path.as_str());
    path.to_owned() + &query.map(|query| format!("?{query}")).unwrap_or_default()
}

fn headers(headers: &Headers, redactor: &Redactor, known: &Known) -> Vec<ShownField> {
    let field = |(name, value): (&[u8], &[u8])| {
        let name = String::from_utf8_lossy(name);
        let (kind, value) = match redactor.header(&name, value) {
            _ if name.eq_ignore_ascii_case("location") => location(value, known)?,
            ShownHeader::Value(text) => (FieldKind::Value, text),
            ShownHeader::Credential(text) => (FieldKind::Credential, text),
            ShownHeader::Hidden(text) => (FieldKind::Hidden, text),
        };
        Some(ShownField { name: redactor.member(&name).into_owned(), value, kind })
    };
    headers.iter().take(FIELDS).filter_map(field).collect()
}

/// Where an answer points: the path, as far as its words are those of the events' paths and ids.
fn location(value: &[u8], known: &Known) -> Option<(FieldKind, String)> {
    let text = std::str::from_utf8(value).ok()?;
    let path =
        text.split_once("://").map_or(text, |(_, rest)| rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"));
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let shown = |word: &str| {
        let decoded = percent_decoded(word, false);
        if known.words.contains(word) || known.ids.contains(&*decoded) { word.to_owned() } else { "*".to_owned() }
    };
    Some((FieldKind::Value, path.split('/').map(shown).collect::<Vec<_>>().join("/")))
}

fn body(body: &Body, headers: &Headers, redactor: &Redactor, known: &Known) -> ShownBody {
    let bytes = body.len();
    let media = headers.text("content-type").unwrap_or_default().trim_start().to_ascii_lowercase();
    match body {
        Body::Absent => ShownBody::Absent,
        Body::Unknown { .. } => ShownBody::NotSeen,
        Body::Present { decoded_len: 0, .. } => ShownBody::Absent,
        Body::Present { bytes: text, whole: true, .. } if text.len() <= LONGEST => {
            let mut skeleton = Skeleton { redactor, known, left: VALUES };
            if media.starts_with("application/x-www-form-urlencoded") {
                return ShownBody::Form { bytes, shape: skeleton.form(&String::from_utf8_lossy(text)) };
            }
            match serde_json::from_slice::<Value>(text) {
                Ok(value) => ShownBody::Json { bytes, shape: skeleton.shape("", &value) },
                Err(_) => ShownBody::NotShown { bytes },
            }
        }
        Body::Present { .. } => ShownBody::NotShown { bytes },
    }
}

/// Makes shapes, as many values as are left.
struct Skeleton<'a> {
    redactor: &'a Redactor,
    known: &'a Known,
    left: usize,
}

impl Skeleton<'_> {
    /// What a member's value is. As deep as the parser reads, which is 128.
    fn shape(&mut self, member: &str, value: &Value) -> Shape {
        if self.left == 0 {
            return Shape::More;
        }
        self.left -= 1;
        match value {
            Value::Null => Shape::Null,
            _ if self.redactor.hides_member(member) => Shape::Secret,
            Value::Bool(_) => Shape::Boolean,
            Value::Number(number) => {
                self.known.id(member, &number.to_string(), true, self.redactor).unwrap_or(Shape::Number)
            }
            Value::String(text) => self.known.id(member, text, false, self.redactor).unwrap_or(Shape::Text),
            Value::Array(items) => {
                let mut shapes: Vec<Shape> = items.iter().take(ELEMENTS).map(|item| self.shape(member, item)).collect();
                if items.len() > ELEMENTS {
                    shapes.push(Shape::More);
                }
                Shape::List(shapes)
            }
            Value::Object(members) => {
                let mut shapes: Vec<(String, Shape)> = Vec::new();
                for (name, value) in members.iter().take(MEMBERS) {
                    self.add(name, value, &mut shapes);
                }
                if members.len() > MEMBERS {
                    shapes.push(("*".to_owned(), Shape::More));
                }
                Shape::Object(shapes)
            }
        }
    }

    fn form(&mut self, text: &str) -> Shape {
        let mut shapes = Vec::new();
        for pair in text.split('&').take(MEMBERS) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = Value::String(percent_decoded(value, true).into_owned());
            self.add(&percent_decoded(name, true), &value, &mut shapes);
        }
        Shape::Object(shapes)
    }

    fn add(&mut self, name: &str, value: &Value, shapes: &mut Vec<(String, Shape)>) {
        let shape = self.shape(name, value);
        let name = self.redactor.member(name).into_owned();
        // Members whose names are not shown are one.
        if name != "*" || shapes.iter().all(|(known, _)| known != "*") {
            shapes.push((name, shape));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::correlate::{HashKey, Redaction};

    fn known() -> Known {
        let set = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Known { ids: set(&["o2", "1", "ord_00412"]), types: set(&["order"]), words: set(&["", "v1", "orders"]) }
    }

    fn shape_of(text: &Value) -> Value {
        let redactor = Redactor::new(HashKey::new(&[7; 32]), Redaction::Mask);
        let known = known();
        serde_json::to_value(Skeleton { redactor: &redactor, known: &known, left: VALUES }.shape("", text)).unwrap()
    }

    #[test]
    fn only_ids_of_the_events_and_names_of_members_are_left() {
        let shape = shape_of(&json!({
            "order_id": "o2", "id": 1, "order": "o2", "orders": ["o2", "o9"], "note": "ord_00412", "quantity": 1,
            "status": "o2", "customer": {"name": "Anna", "password": "o2"}, "paid": true, "gone": null,
            "anna@example.org": 1, "4111111111111111": 2,
        }));
        assert_eq!(
            shape,
            json!({
                "order_id": "o2", "id": 1, "order": "o2", "orders": ["o2", "<string>"], "note": "ord_00412",
                "quantity": "<number>", "status": "<string>",
                "customer": {"name": "<string>", "password": "<secret>"}, "paid": "<boolean>", "gone": null, "*": "<number>",
            })
        );
    }

    #[test]
    fn large_bodies_are_cut() {
        let shape = shape_of(&json!(vec![vec![0; 1_000]; 1_000]));
        let lists = shape.as_array().unwrap();
        assert_eq!((lists.len(), &lists[ELEMENTS]), (ELEMENTS + 1, &json!("<more>")));
        assert_eq!(lists[0].as_array().unwrap().len(), ELEMENTS + 1);
    }

    #[test]
    fn an_answer_points_where_events_went_and_nowhere_else() {
        let known = known();
        let shown = |text: &str| location(text.as_bytes(), &known).unwrap().1;
        assert_eq!(shown("https://a.example/v1/orders/o2?token=x#y"), "/v1/orders/o2");
        assert_eq!(shown("/v1/reset/s3cr3t"), "/v1/*/*");
        assert_eq!(shown("https://a.example"), "/");
    }
}

//! What is wrong with a line or record, and what to do about it.

use std::fmt;

use super::refusal::{Names, Refusal};
use crate::json_error;

/// What is wrong, and what to do.
pub(super) struct Fault {
    pub(super) what: String,
    pub(super) remedy: String,
}

/// Where it is, in words.
#[derive(Clone, Copy, Debug)]
pub(super) enum Spot {
    /// A line, from 1.
    Line(u64),
    /// A record of a document, from 0, and the line on which it starts.
    Record(u64, u64),
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Spot::Line(number) => write!(f, "line {number}"),
            Spot::Record(index, line) => write!(f, "record {index} at line {line}"),
        }
    }
}

/// The fault of a record that was refused; none where what it logs is no request, which is no fault of its own.
pub(super) fn of_refusal(refusal: Refusal, spot: Spot) -> Option<Fault> {
    match refusal {
        Refusal::NoRequest => None,
        Refusal::NotJson(error) => Some(not_json(&error, spot)),
        Refusal::Missing(what, names) => Some(missing(what, &names, spot)),
        Refusal::Unmapped { what, places, near, names } => Some(unmapped(what, &places, near.as_deref(), &names, spot)),
        Refusal::OfNoRequest(names, _) => Some(missing("method", &names, spot)),
        Refusal::OpenRoute => Some(open_route(spot)),
        Refusal::Untimed => Some(untimed(spot)),
        Refusal::NoTime(name, value) => Some(no_time(&name, &value, spot)),
    }
}

fn not_json(error: &serde_json::Error, spot: Spot) -> Fault {
    Fault {
        what: format!("{spot}, column {} is not valid JSON: {}", error.column(), json_error::words(error)),
        remedy: "the other lines were analysed; write one whole JSON object a line".to_owned(),
    }
}

fn missing(what: &str, names: &Names, spot: Spot) -> Fault {
    let remedy = match what {
        _ if let Some(guess) = &names.guess => {
            format!("by what it holds, `{guess}` may name it, and what else is missing")
        }
        "time" => "name it with `--log-field time=FIELD` if it is the request's start, `--log-field end=FIELD` if the \
                   answer's end"
            .to_owned(),
        _ => format!("name it with `--log-field {what}=FIELD`"),
    };
    Fault { what: format!("{spot} has no known field for the {what} (its fields: {})", names.shown.join(", ")), remedy }
}

fn unmapped(what: &str, places: &[String], near: Option<&str>, names: &[String], spot: Spot) -> Fault {
    let quoted: Vec<String> = places.iter().map(|place| format!("`{place}`")).collect();
    Fault {
        what: format!(
            "{spot} has none of the mapping's fields for the {what}, {} (its fields: {})",
            quoted.join(", "),
            names.join(", ")
        ),
        remedy: match near {
            Some(near) => format!("did you mean `{near}`? `offpath inspect --mapping` shows what fits"),
            None => format!("correct it in the mapping, or say `--log-field {what}=FIELD`"),
        },
    }
}

fn open_route(spot: Spot) -> Fault {
    Fault {
        what: format!("{spot} names a route that fits any path, and not the path"),
        remedy: "log the path itself (AWS API Gateway: `$context.path`; OpenTelemetry: `url.path`)".to_owned(),
    }
}

fn untimed(spot: Spot) -> Fault {
    Fault {
        what: format!("{spot} is a request without a time"),
        remedy:
            "log the time too, or let what collects the lines add it (`docker logs -t`, `kubectl logs --timestamps`)"
                .to_owned(),
    }
}

fn no_time(name: &str, value: &str, spot: Spot) -> Fault {
    Fault {
        what: format!("{spot}: the field for the time, {name}, holds {value}, which is no time"),
        remedy: "write RFC 3339 or an epoch in s, ms, µs or ns, or name another field with `--log-field time=FIELD`"
            .to_owned(),
    }
}

//! A case as requests that a tester can send to a system of their own: who, what, in which order, and what is taken from
//! one answer into the next request. Nothing here sends anything, and no recorded secret or value is in it.

mod arazzo;
mod har;
mod hurl;
mod plan;
#[cfg(test)]
mod tests;
mod variable;

use super::evidence::ShownExchange;
use super::summary::TimelineEvent;

/// One event that may be a step.
#[derive(Clone, Debug)]
pub struct Candidate<'a> {
    /// The event.
    pub event: &'a TimelineEvent,
    /// Its exchange, where the input was read again.
    pub exchange: Option<&'a ShownExchange>,
    /// Whether it is among the evidence.
    pub evidence: bool,
    /// Whether it is what a rule finds wrong.
    pub deviating: bool,
}

/// Requests in their order, and what a tester has to fill in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reproduction {
    title: String,
    variables: Vec<Variable>,
    steps: Vec<Step>,
    notes: Vec<String>,
}

/// Something that a tester has to fill in.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Variable {
    name: String,
    meaning: String,
}

/// One request.
#[derive(Clone, Debug, PartialEq)]
struct Step {
    /// What it is called in the run.
    activity: String,
    /// By whom, when and where it was seen.
    seen: String,
    method: String,
    /// Variable that holds scheme and host.
    base: String,
    path: Vec<Part>,
    query: Vec<(String, Part)>,
    headers: Vec<(String, Part)>,
    body: Option<Body>,
    /// Status that was seen.
    status: Option<u16>,
    /// A server that is as it should be refuses it.
    deviating: bool,
    captures: Vec<Capture>,
}

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable(String),
}

/// What is sent.
#[derive(Clone, Debug, PartialEq)]
enum Body {
    Json(Template),
    Form(Vec<(String, Part)>),
}

/// A value with variables for what is not shown.
#[derive(Clone, Debug, PartialEq)]
enum Template {
    Null,
    Variable { name: String, quoted: bool },
    List(Vec<Template>),
    Object(Vec<(String, Template)>),
}

/// Something that is taken from an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Capture {
    variable: String,
    place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// Members and indices from the body's root.
    Body(Vec<Key>),
    /// The segment of the path that `Location` points to, counted from 0 behind the first slash.
    Location(usize),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Key {
    Member(String),
    Index(usize),
}

impl Reproduction {
    /// The shortest sequence that leads to what deviates: the evidence, what changed states before it, and the answers
    /// that gave the ids that these requests need. Of a whole case, where nothing is marked, all of its requests.
    pub fn of(title: &str, candidates: &[Candidate<'_>]) -> Reproduction {
        plan::plan(title, candidates)
    }

    /// How many requests it has.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether no request could be written.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// As a Hurl file.
    pub fn hurl(&self) -> String {
        hurl::write(self)
    }

    /// As an Arazzo 1.0 document in JSON, over the document of [`Reproduction::openapi`] beside it.
    pub fn arazzo(&self) -> String {
        arazzo::write(self)
    }

    /// The OpenAPI document that the Arazzo document names: its operations, and no more of them than the steps show.
    pub fn openapi(&self) -> String {
        arazzo::description(self)
    }

    /// As HAR 1.2, of which requests can be imported.
    pub fn har(&self) -> String {
        har::write(self)
    }

    /// Whether a variable is taken from an answer rather than filled in.
    fn is_captured(&self, name: &str) -> bool {
        self.steps.iter().any(|step| step.captures.iter().any(|capture| capture.variable == name))
    }
}

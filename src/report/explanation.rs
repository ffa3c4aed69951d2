//! Why a path, an actor or an id is what it is taken for: what `inspect --explain` answers.

use std::collections::BTreeMap;

use serde::Serialize;

/// The answer. Several parts speak where one name is several things.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Explanation {
    /// What was asked for.
    pub subject: String,
    /// Paths that are it, or fit it.
    pub paths: Vec<PathExplanation>,
    /// Actors of this name.
    pub actors: Vec<ActorExplanation>,
    /// What carries this id.
    pub id: Option<IdExplanation>,
    /// Names that are like it, where nothing has it.
    pub nearest: Vec<String>,
}

/// Why paths have their template.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PathExplanation {
    /// Method and template.
    pub operation: String,
    /// Who says so: `openapi`, `model`, `guess`, or `nothing` where it matches nothing that is known.
    pub template_from: String,
    /// Document, line and `operationId`.
    pub described: Option<String>,
    /// Activity of the model.
    pub activity: Option<String>,
    /// Exchanges.
    pub exchanges: u64,
    /// The first of them.
    pub first: String,
    /// Its path, segment by segment.
    pub segments: Vec<SegmentExplanation>,
}

/// Why a segment is a word or a value.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SegmentExplanation {
    /// As requested, masked where it is secret.
    pub segment: String,
    /// Its part of the template.
    pub part: String,
    /// Why.
    pub why: String,
}

/// Why an actor is who it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ActorExplanation {
    /// Name.
    pub name: String,
    /// Events by how the name was told, the strongest first.
    pub evidence: Vec<EvidenceCount>,
    /// Keyed hashes of the credentials shown, by first use.
    pub credentials: Vec<CredentialExplanation>,
    /// Events by what speaks against the name.
    pub doubts: BTreeMap<String, u64>,
    /// Other names in the same requests.
    pub others: Vec<String>,
    /// Kinds, roles, tenants, agents that acted for it, and client programs.
    pub attributes: BTreeMap<String, Vec<String>>,
    /// Sessions.
    pub sessions: u64,
    /// Most frequent operations with their events.
    pub operations: Vec<(String, u64)>,
    /// First and last event.
    pub first: String,
    /// See `first`.
    pub last: String,
}

/// Events of one tier.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct EvidenceCount {
    /// Tier of the identity ladder.
    pub tier: String,
    /// How far findings may rest on it, 0 to 1.
    pub confidence: f32,
    /// Events.
    pub events: u64,
}

/// One credential.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CredentialExplanation {
    /// Keyed hash.
    pub hash: String,
    /// The strongest tier that it gave.
    pub tier: String,
    /// Events that showed it first of all.
    pub events: u64,
    /// Where it was seen first.
    pub first: String,
    /// The exchange that bound it to the name, where one did.
    pub bound_by: Option<String>,
}

/// Where an id was seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct IdExplanation {
    /// Names that it has in exchanges, with the operations that use them.
    pub names: Vec<IdName>,
    /// Who was given it by answers, and who named it in requests; who had it first, first.
    pub actors: Vec<IdActor>,
    /// Objects whose key it is.
    pub objects: Vec<IdObject>,
}

/// What somebody had to do with an id.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct IdActor {
    /// Name.
    pub actor: String,
    /// Exchanges whose answer gave it, where the request did not name it.
    pub given: u64,
    /// The first of them; empty where there is none.
    pub first_given: String,
    /// Exchanges whose request named it.
    pub named: u64,
    /// The first of them; empty where there is none.
    pub first_named: String,
    /// Whether an answer gave it before a request named it.
    pub learned: bool,
}

/// One name of an id.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct IdName {
    /// In the words of the model language: `path`, `req.orderId`.
    pub place: String,
    /// Operation, `unmatched` without one.
    pub operation: String,
    /// Exchanges.
    pub exchanges: u64,
    /// The first of them.
    pub first: String,
}

/// One object of an id.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct IdObject {
    /// Type.
    pub object_type: String,
    /// Key.
    pub key: String,
    /// Events that touch it.
    pub events: u64,
    /// What it is in them: `target`, `parent`, `mentioned`, with their number.
    pub qualifiers: BTreeMap<String, u64>,
    /// Owners, tenants, declared states and actors, and the case that it belongs to.
    pub attributes: BTreeMap<String, Vec<String>>,
    /// First and last event.
    pub first: String,
    /// See `first`.
    pub last: String,
}

impl Explanation {
    /// Whether nothing that was read is it.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty() && self.actors.is_empty() && self.id.is_none()
    }
}

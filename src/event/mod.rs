//! The event: one occurrence of a business step, by an actor, on objects.

mod actor;
mod answer;
pub mod batch;
mod delegation;
mod handed;
pub(crate) mod least;
mod members;
mod pack;
pub mod parcel;
pub mod partition;
pub mod path;
pub mod procedure;
mod rfc3339;
#[cfg(test)]
pub(crate) mod sample;
mod setting;
mod span;
mod spoken;
pub mod stored;
pub mod table;
mod token;
mod unpack;
mod value;

use std::sync::Arc;

use offpath_capture::{Origin, Place};
use serde::{Deserialize, Serialize};

pub use actor::{Actor, Doubt, Doubts, Evidence, MOST_EARLIER_AGENTS, Told};
pub use answer::Answer;
pub use delegation::{SeenAgent, TokenExchange};
pub use handed::{Handed, HandedId, SoughtId};
pub use members::{Echo, Members, SentMember};
pub use rfc3339::rfc3339;
pub use setting::{Gate, Mark, Marks, ProgramKind, Setting};
pub use span::Span;
pub use spoken::{Announced, Asked, ListedTool, Listing, Question, Spoken};
pub(crate) use token::names_one;
pub use value::{Money, Value};

/// Name of an input format, as `InputFormat::as_str` gives it.
pub type SourceName = &'static str;

/// Stable identity of an event; outputs print it as `e` and 16 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventId(pub u64);

impl std::fmt::Display for EventId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "e{:016x}", self.0)
    }
}

/// One occurrence: an exchange (or a part of one) that does something to objects.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Identity, from the exchange's key and the part of it.
    pub id: EventId,
    /// Start: first byte of the request, microseconds since the Unix epoch.
    pub time: i64,
    /// End: last byte of the response; equals `time` when the source does not tell.
    pub end: i64,
    /// Width of a clock tick in microseconds; events of one tick have no order.
    pub tick: i64,
    /// Its place among what one request had done one after the other, where the protocol says that.
    pub turn: Option<Turn>,
    /// Clock that stamped it: events of different sensors are ordered only beyond `check.clock_skew`.
    pub sensor: Arc<str>,
    /// Input format it came from: `pcap`, `pcapng`, `har`, `combined` or `json`.
    pub source: SourceName,
    /// What the source can show about this event.
    pub shows: Shows,
    /// Where the request is in the input.
    pub origin: Origin,
    /// Where the response is, when elsewhere.
    pub response_origin: Option<Origin>,
    /// Request method.
    pub method: Arc<str>,
    /// Host without port, lower case.
    pub host: Option<Arc<str>>,
    /// Named endpoint: method and path template, e.g. `POST /orders/{orderId}/payment`, or a call inside the body, e.g.
    /// `graphql mutation addPaymentToOrder`; `None` when unmatched.
    pub operation: Option<Arc<str>>,
    /// Path as requested, without query, with credentials and personal data masked.
    pub path: Arc<str>,
    /// Business step by the model's name; `None` when the operation is no activity of the model.
    pub activity: Option<Arc<str>>,
    /// Whether the activity only reads (never moves a state).
    pub read: bool,
    /// Who did it.
    pub actor: Actor,
    /// Spell of the actor's activity it belongs to.
    pub session: Option<Arc<str>>,
    /// What its agent did in one go with it, where that can be told: see [`BuiltIn::Run`](crate::model::BuiltIn::Run).
    pub run: Option<Arc<str>>,
    /// What the places say of which the model reads tenants, where several do, by their paths; once resolved, the first
    /// two that name different tenants.
    pub tenants: Vec<(Arc<str>, Arc<str>)>,
    /// Whether the server accepted it.
    pub outcome: Outcome,
    /// HTTP status.
    pub status: Option<u16>,
    /// Objects that it touches; the first is the one the activity is about.
    pub objects: Vec<ObjectRef>,
    /// Types of objects that it touches, of which it cannot be told which they are: their tenant is not known.
    pub unplaced: Vec<Arc<str>>,
    /// Root object of the case it belongs to.
    pub case: Option<ObjectId>,
    /// The activity's attributes and the exchange paths that the model's guards name, e.g. `amount`, `req.amount`.
    /// A name that is not here is unknown; `Value::Null` is known to be absent. Of an event that was read without a model,
    /// until it is completed, values that may be ids, by their places.
    pub attributes: Vec<(Arc<str>, Value)>,
    /// Keyed hash of the idempotency key, where one was sent.
    pub idempotency: Option<u64>,
    /// Keyed hash of the request body, where it was seen whole.
    pub body_hash: Option<u64>,
    /// What the answer tells of itself.
    pub answer: Answer,
    /// Ids that went over, where a ledger is kept of them; nothing once the joins are done.
    pub handed: Option<Box<Handed>>,
    /// What it tells of itself where it is a call of an agent's protocol.
    pub spoken: Option<Box<Spoken>>,
    /// How it was asked for, where a pass is made over actors; nothing once the joins are done.
    pub setting: Option<Box<Setting>>,
    /// Members of its bodies, where a pass is made over actors; nothing once the joins are done.
    pub members: Option<Box<Members>>,
    /// Request or correlation id as sent (not a credential), where known.
    pub request_id: Option<Arc<str>>,
    /// Whether the request or its answer has an id by which other services' records of the same are found.
    pub correlated: bool,
    /// Its place among the calls of its trace, where a pass is made over actors; nothing once the joins are done.
    pub span: Option<Box<Span>>,
    /// The token that was given for another one by it, where that was asked for and done.
    pub exchanged: Option<Box<TokenExchange>>,
    /// States of the first object before the event, as replayed; empty until compared.
    pub state_before: Vec<Arc<str>>,
    /// States of the first object after the event, as replayed; empty until compared.
    pub state_after: Vec<Arc<str>>,
}

impl Event {
    /// The value of a named attribute: `None` when unknown.
    pub fn attribute(&self, name: &str) -> Option<&Value> {
        self.attributes.iter().find(|(n, _)| &**n == name).map(|(_, v)| v)
    }

    /// The reference to an object of a type, if the event touches one.
    pub fn object(&self, object_type: &str) -> Option<&ObjectRef> {
        self.objects.iter().find(|o| &*o.id.object_type == object_type)
    }

    /// Whether it is a call inside the body of an exchange, rather than the exchange.
    pub fn is_call(&self) -> bool {
        self.operation.as_deref().is_some_and(is_call)
    }

    /// Whether it changes something, and is no activity of the model. That a document describes its path, or that an
    /// activity has the path for another method, does not say what it does.
    pub fn is_unmodelled_write(&self) -> bool {
        self.activity.is_none() && !self.read
    }

    /// Whether it may change an object in a way that the model does not know. What a described call only mentions is not
    /// what it is sent to.
    pub fn may_change_unmodelled(&self, object: &ObjectRef) -> bool {
        self.is_unmodelled_write() && (self.operation.is_none() || &*object.qualifier == "target")
    }

    /// Whether calls may be hidden in it: a body that the source does not show, sent to a path that nothing names or on a
    /// WebSocket, which has the method that opened it.
    pub fn may_hide_calls(&self) -> bool {
        let sends = matches!(&*self.method, "POST" | "GET" | "CONNECT") && !self.read;
        self.operation.is_none() && !self.shows.request_body && sends
    }

    /// Total order used everywhere: time, then the place in its input, since a log has what comes in one of its seconds in
    /// the order in which it was done; then identity.
    pub fn order_key(&self) -> OrderKey {
        let place = match self.origin.place {
            Place::Frames { first, .. } => first,
            Place::Entry { index, .. } => index,
            Place::Line { number, .. } => number,
        };
        (self.time, place, self.id)
    }
}

/// By what events are ordered: time in microseconds, number of the frame, entry or line, identity.
pub type OrderKey = (i64, u64, EventId);

/// A place among the steps that one request had done one after the other: the fields of a GraphQL mutation. They share
/// the request's time, and are ordered all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Turn {
    /// The first event of the request.
    pub request: EventId,
    /// Which of its steps, from 0; what one step did to several objects has no order.
    pub number: u32,
}

/// Whether the name of an operation is that of a call inside a body: `graphql mutation pay`, not `POST /pay`.
pub fn is_call(operation: &str) -> bool {
    ["graphql ", "jsonrpc ", "mcp ", "a2a ", "websocket "].iter().any(|protocol| operation.starts_with(protocol))
}

/// What a source shows about an event: tells "not there" from "not recorded".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Shows {
    /// The request body was seen whole, or known to be absent.
    pub request_body: bool,
    /// The response body was seen whole, or known to be absent.
    pub response_body: bool,
    /// All request headers were seen.
    pub headers: bool,
}

/// Whether the server accepted the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Success by the activity's own test, else 2xx or 3xx.
    Accepted,
    /// Refused.
    Rejected,
    /// The response was not seen, or does not tell.
    Unknown,
}

/// Statuses of who stands between a client and the server and gave up before an answer came, or whose client did: whether
/// the server did what it was asked, nobody knows. 460 is AWS's load balancers', 499 nginx's, 520 and 524 Cloudflare's. A 503
/// is a server's own: nothing was passed on.
pub fn is_given_up(status: u16) -> bool {
    matches!(status, 460 | 499 | 502 | 504 | 520 | 524)
}

impl Outcome {
    /// Name used in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Accepted => "accepted",
            Outcome::Rejected => "rejected",
            Outcome::Unknown => "unknown",
        }
    }
}

/// Identity of a business object: type, tenant scope where the type is keyed per tenant, and key value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectId {
    /// Object type, e.g. `order`.
    pub object_type: Arc<str>,
    /// Key value, e.g. `ord_00412`.
    pub key: Arc<str>,
}

impl std::fmt::Display for ObjectId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.object_type, self.key)
    }
}

/// An event's relation to one object, with what the exchange says about that object.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectRef {
    /// The object.
    pub id: ObjectId,
    /// Role of the object in the event, e.g. `target`, `parent`, `mentioned`.
    pub qualifier: Arc<str>,
    /// State that the server declares for it in the response.
    pub declared_state: Option<Arc<str>>,
    /// State value that the client wrote in the request, where the request carries the state field.
    pub written_state: Option<Arc<str>>,
    /// Whether this exchange shows the object's key with two different values (path and body disagree): the other one.
    pub conflicting_key: Option<Arc<str>>,
    /// Tenant the object belongs to, as this exchange or an earlier one says.
    pub tenant: Option<Arc<str>>,
    /// What this exchange tells its tenant by.
    pub told: TenantTold,
    /// Owner of the object, as the model's owner rule says.
    pub owner: Option<Arc<str>>,
    /// Attributes that the model names for the type, as this exchange shows them.
    pub attributes: Vec<(Arc<str>, Value)>,
}

impl ObjectRef {
    /// A mere relation: nothing more is said of the object.
    pub fn new(id: ObjectId, qualifier: impl Into<Arc<str>>) -> ObjectRef {
        ObjectRef {
            id,
            qualifier: qualifier.into(),
            declared_state: None,
            written_state: None,
            conflicting_key: None,
            tenant: None,
            told: TenantTold::default(),
            owner: None,
            attributes: Vec::new(),
        }
    }
}

/// What an exchange tells an object's tenant by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TenantTold {
    /// By its answer, or by another exchange, or not at all.
    #[default]
    Apart,
    /// By what its sender says or where it was sent, though not by what tells the actor's tenant: so he may have told it
    /// of another's object.
    ByRequest,
    /// By what tells the actor's tenant, so that the two agree whatever happened.
    WithActor,
    /// By nothing, though its key is unique in a tenant only: it cannot be told which object it is.
    Nowhere,
}

//! What an exchange shows beside its event, as evidence for a draft.

use std::sync::Arc;

use crate::event::ObjectId;

/// Where one object of an event was found: the path to its key in a body, and to the state that the response declares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traced {
    /// E.g. `res.order.id`; `None` where the request's path or `Location` holds the key.
    pub key: Option<Arc<str>>,
    /// The same key in the request's body, where the path holds it: `req.orderId`.
    pub again: Option<Arc<str>>,
    /// E.g. `res.order.status`.
    pub state: Option<Arc<str>>,
    /// The path to whose it is by the response, e.g. `res.order.userId`, and whether that is who asked.
    pub owner: Option<(Arc<str>, bool)>,
    /// Things of its type own others without being their case, as users and shops do.
    pub container: bool,
}

/// Where a write that was answered with a redirect was sent on to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Redirect {
    /// To its result.
    Result,
    /// To a login, an error or a form: the sign of it in `Location`, a segment (`/login`), the first label of a host
    /// (`//sso`) or a parameter (`?error`).
    Away(Arc<str>),
    /// Not seen.
    Unseen,
}

/// A place where roles were shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleShown {
    /// Path of the model language.
    pub path: Arc<str>,
    /// How well its name says that these are roles; 0 is best.
    pub rank: u8,
    /// Hash of what it said.
    pub said: u64,
}

/// What an exchange shows beside its event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// Where the event's objects were found, in their order.
    pub traced: Vec<Traced>,
    /// Things that bodies name by the word for it alone, if it is one for things, and the places.
    pub worded: Vec<(ObjectId, Arc<str>)>,
    /// The type of the path's last key, and the member of the answer that has it beside the thing's own id; none where
    /// it is that id.
    pub goes_by: Option<(Arc<str>, Option<Arc<str>>)>,
    /// Ids that the answer names.
    pub ids: Vec<Arc<str>>,
    /// Where roles were shown.
    pub roles: Vec<RoleShown>,
    /// Words of the request that say what is done, by the member that holds them.
    pub said: Vec<(Arc<str>, Arc<str>)>,
    /// Where a write was sent on to.
    pub sent_on: Option<Redirect>,
}

impl Traced {
    /// Whether more than a request says that there is such an object: the path, or the answer.
    pub(super) fn is_shown(&self) -> bool {
        let answered = self.key.as_deref().is_none_or(|place| place.starts_with("res."));
        answered || self.state.is_some() || self.owner.is_some()
    }
}

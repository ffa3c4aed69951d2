//! What is found of objects in one exchange, and where.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::correlate::guess::is_container;
use crate::event::{ObjectId, ObjectRef};

/// Where an object's key was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum KeySource {
    /// Path of the request.
    Path,
    /// Query of the request.
    Query,
    /// Request body.
    RequestBody,
    /// Response body.
    ResponseBody,
    /// A header, `Location` included.
    Header,
    /// Anything else: a claim, a cookie, the host, a log field.
    Other,
}

impl KeySource {
    /// Name used in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            KeySource::Path => "path",
            KeySource::Query => "query",
            KeySource::RequestBody => "request body",
            KeySource::ResponseBody => "response body",
            KeySource::Header => "header",
            KeySource::Other => "other",
        }
    }
}

/// Paths by which a guessed object was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Places {
    /// To the key in a body, e.g. `res.order.id`; `None` where the request's path or `Location` holds it.
    pub key: Option<Arc<str>>,
    /// To the same key in the request's body, where the path holds it.
    pub again: Option<Arc<str>>,
    /// To the state that the response declares, e.g. `res.order.status`.
    pub state: Option<Arc<str>>,
    /// To whose the object is by the response, e.g. `res.order.userId`.
    pub owner: Option<Arc<str>>,
    /// Who asked is whose it is by that.
    pub own: bool,
}

/// A thing that a body names by the word for it alone, `"patient": 3`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worded {
    /// The thing, if the word is one for things.
    pub id: ObjectId,
    /// E.g. `req.patient`.
    pub place: Arc<str>,
}

/// Objects found in one exchange, with the parents it shows.
#[derive(Default)]
pub(in crate::correlate) struct Found {
    pub(in crate::correlate) objects: Vec<ObjectRef>,
    /// Where each object's key was found, in the order of `objects`.
    pub(in crate::correlate) sources: Vec<KeySource>,
    /// Paths to each object's key and state, in the order of `objects`; only guessed objects have them.
    pub(in crate::correlate) places: Vec<Places>,
    /// Child and parent.
    pub(in crate::correlate) parents: Vec<(ObjectId, ObjectId)>,
    /// Values that may be ids, by their places; only without a model.
    pub(in crate::correlate) unsaid: Vec<(Arc<str>, Arc<str>)>,
    /// What bodies name by the word for it alone, with the place; only without a model, and nothing if all traffic together
    /// does not bear it out.
    pub(in crate::correlate) worded: Vec<Worded>,
    /// How the path's last key is called in the answer: the type, and the member beside the thing's own id, or nothing where
    /// it is that id; only without a model.
    pub(in crate::correlate) goes_by: Option<GoesBy>,
}

/// A type, and the member of an answer that paths have for a key; none where that is the id.
pub type GoesBy = (Arc<str>, Option<Arc<str>>);

impl Found {
    pub(in crate::correlate) fn add(&mut self, object: ObjectRef, source: KeySource) {
        self.add_at(object, source, None);
    }

    /// Adds an object whose key was at a path of a body.
    pub(in crate::correlate) fn add_at(&mut self, object: ObjectRef, source: KeySource, key: Option<Arc<str>>) {
        let Some(known) = self.objects.iter().position(|o| o.id == object.id) else {
            self.objects.push(object);
            self.sources.push(source);
            self.places.push(Places { key, ..Places::default() });
            return;
        };
        let in_path = self.sources.get(known) == Some(&KeySource::Path);
        if let Some(places) = self.places.get_mut(known).filter(|_| in_path && source == KeySource::RequestBody) {
            places.again = places.again.take().or(key);
        }
    }

    /// Whether the object that the exchange is about is named by the answer and not by the request.
    pub(in crate::correlate) fn is_made(&self) -> bool {
        let about = self.objects.first().is_some_and(|object| &*object.qualifier == "target");
        about && matches!(self.sources.first(), Some(KeySource::ResponseBody | KeySource::Header))
    }

    /// The object that the exchange is about, with each that a body names beside it and not in a list: what it may be a
    /// part of. What owns things without being their case is none of these.
    pub(in crate::correlate) fn named_beside(&self) -> impl Iterator<Item = (ObjectId, ObjectId)> {
        let mut objects = self.objects.iter().zip(&self.sources).zip(&self.places);
        let about = objects.next().filter(|((object, _), _)| &*object.qualifier == "target");
        let about = about.map(|((object, _), _)| object.id.clone());
        let in_body = |source: KeySource| matches!(source, KeySource::RequestBody | KeySource::ResponseBody);
        let alone = |places: &Places| places.key.as_deref().is_some_and(|place| !place.contains(".*"));
        about.into_iter().flat_map(move |about| {
            let others = objects.clone().filter(move |((_, source), places)| in_body(**source) && alone(places));
            let own = Arc::clone(&about.object_type);
            let others = others.map(|((other, _), _)| &other.id).chain(self.worded.iter().map(|worded| &worded.id));
            let others = others.filter(move |other| other.object_type != own && !is_container(&other.object_type));
            others.map(move |other| (about.clone(), other.clone()))
        })
    }

    pub(in crate::correlate) fn link(&mut self, child: &ObjectId, parent: &ObjectId) {
        if child != parent && !self.parents.iter().any(|(c, _)| c == child) {
            self.parents.push((child.clone(), parent.clone()));
        }
    }
}

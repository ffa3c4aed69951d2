//! Objects of an event by the model: keys, parents, declared and written state, tenant, owner, attributes.

mod found;

use std::sync::Arc;

pub(super) use found::Found;
pub use found::{GoesBy, KeySource, Places, Worded};

use super::credential::Hash;
use super::extract::is_safe;
use super::guess::Guess;
use super::identity::masked_text;
use super::reading::Reading;
use super::redact::Masker;
use super::target::asked;
use super::template::{Template, in_one_case};
use crate::event::{ObjectId, ObjectRef, Outcome, TenantTold, Value};
use crate::model::expression::{self, Bound, Scope};
use crate::model::{Activity, AttributeRule, Model, ObjectType, ObjectTypeId, Path, Pattern, Root, Segment};

/// Longest key of an object.
const LONGEST_KEY: usize = 256;
/// Deepest chain of parents that one exchange is read for.
const MOST_PARENTS: usize = 4;

/// A key found in an exchange.
struct Key {
    text: Arc<str>,
    source: KeySource,
    /// Another value that the same request gives for it.
    conflicting: Option<Arc<str>>,
}

/// What an answer is about, as far as an object is concerned.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    /// The object.
    It,
    /// Nothing tells.
    Untold,
    /// Others only.
    Another,
}

/// Reads objects as the model names them.
#[derive(Clone, Copy)]
pub(super) struct Objects<'a> {
    pub(super) model: &'a Model,
    pub(super) masker: &'a Masker,
    /// Types whose keys are secrets, by id.
    pub(super) secret_types: &'a [bool],
    pub(super) reading: &'a Reading<'a>,
    pub(super) outcome: Outcome,
    /// Tenant of the actor, for objects whose own tenant the exchange does not show.
    pub(super) tenant: Option<&'a str>,
    /// The model's path that told it.
    pub(super) told_by: Option<&'a Path>,
    /// What the actor showed: a login may have told the tenant of whom it stands for.
    pub(super) credential: Option<&'a str>,
}

impl Objects<'_> {
    /// Objects of an activity: those it declares, the first being its target, then their parents.
    pub(super) fn of_activity(&self, activity: &Activity) -> Found {
        let mut found = Found::default();
        for (index, declared) in activity.objects.iter().enumerate() {
            let Some(object_type) = self.object_type(declared.object_type) else { continue };
            let id = declared.object_type;
            let own = self.key(id, &declared.key);
            let mut key = own.or_else(|| self.key(id, &object_type.key));
            if index == 0 {
                key = self.element_key(id, activity, key);
            }
            let Some(key) = key else { continue };
            let qualifier = if index == 0 { "target" } else { "mentioned" };
            let source = key.source;
            found.add(self.reference(object_type, key, qualifier), source);
        }
        let declared: Vec<ObjectTypeId> = activity.objects.iter().map(|o| o.object_type).collect();
        declared.iter().for_each(|t| self.add_parents(*t, &mut found));
        found
    }

    /// Objects of an exchange that is no activity: whatever types show a key, those named in the path first.
    pub(super) fn of_any(&self) -> Found {
        let mut keys: Vec<(usize, ObjectTypeId, &ObjectType, Key)> = Vec::new();
        for (index, object_type) in self.model.object_types.iter().enumerate() {
            let Ok(id) = u16::try_from(index) else { break };
            let Some(key) = self.key(ObjectTypeId(id), &object_type.key) else { continue };
            let depth = self.reading.target.segments.iter().rposition(|s| **s == *key.text);
            let rank = depth.map_or(usize::MAX, |d| usize::MAX - 1 - d);
            keys.push((rank, ObjectTypeId(id), object_type, key));
        }
        keys.sort_by_key(|(rank, id, ..)| (*rank, *id));
        // Where several types have one name for their parameter, the word before it says whose key it is.
        let of_path = |object_type: &ObjectType, key: &Key| {
            key.source == KeySource::Path && object_type.key.iter().any(|path| path.root == Root::PathParameter)
        };
        let placed = |id: ObjectTypeId, object_type: &ObjectType| {
            let mut told = object_type.key.iter().filter(|path| path.root == Root::PathParameter);
            told.any(|path| self.is_behind_its_word(id, path))
        };
        let sure: Vec<(ObjectTypeId, Arc<str>)> = keys
            .iter()
            .filter(|(_, id, object_type, key)| of_path(object_type, key) && placed(*id, object_type))
            .map(|(_, id, _, key)| (*id, key.text.clone()))
            .collect();
        keys.retain(|(_, id, object_type, key)| {
            let elsewhere = sure.iter().any(|(_, text)| *text == key.text) && !sure.iter().any(|(own, _)| own == id);
            !(of_path(object_type, key) && elsewhere)
        });
        let write = !is_safe(self.reading.method());
        let mut found = Found::default();
        let mut types = Vec::new();
        for (index, (rank, id, object_type, key)) in keys.into_iter().enumerate() {
            let qualifier = if index == 0 && rank != usize::MAX { "target" } else { "mentioned" };
            let source = key.source;
            let about = match write && source == KeySource::Path {
                true => self.about(id, object_type, &key.text),
                false => About::It,
            };
            let mut reference = self.reference(object_type, key, qualifier);
            if about == About::Another {
                reference.declared_state = None;
            }
            found.add(reference, source);
            types.push(id);
        }
        types.iter().for_each(|t| self.add_parents(*t, &mut found));
        found
    }

    /// What the answer to a write that is no activity is about: the object, where it names that or the path ends with it
    /// and the answer names none; another, where it names others only; else nothing tells.
    fn about(&self, id: ObjectTypeId, object_type: &ObjectType, key: &Arc<str>) -> About {
        let of_answer = object_type.key.iter().filter(|path| path.root == Root::ResponseBody);
        let mut named: Vec<Arc<str>> = of_answer.filter_map(|path| self.key_at(id, path)).collect();
        let last = self.reading.target.segments.last();
        if named.is_empty() && last.is_some_and(|last| **last == **key) {
            return About::It;
        }
        if named.is_empty() {
            // Under other names than the model's.
            let response = self.reading.exchange.response.as_ref();
            named = Guess::described(Template::of::<&str>(&[]), false, response).ids(response, self.masker);
        }
        // Of `/orders/{order}/items/{item}` an answer is about the item.
        let template = Template::of(&self.reading.target.segments);
        let innermost = template.variables.last().is_none_or(|variable| *variable.value == **key);
        match named.iter().any(|text| text == key) {
            true => About::It,
            false if named.is_empty() && innermost => About::Untold,
            false => About::Another,
        }
    }

    /// Objects of a path that the model does not have, by the words before their keys. What the answer tells of one
    /// counts where it is about it; its state also where nothing tells what it is about.
    pub(super) fn of_path(&self) -> Found {
        let mut found = Found::default();
        let mut types = Vec::new();
        for (object_type, index) in self.model.object_types.iter().zip(0_u16..) {
            let id = ObjectTypeId(index);
            let key_of = |root: Root| object_type.key.iter().filter(move |path| path.root == root);
            let mut told = key_of(Root::PathParameter).filter(|path| self.is_behind_its_word(id, path));
            let Some(text) = told.find_map(|path| self.key_at(id, path)) else { continue };
            let about = self.about(id, object_type, &text);
            let key = Key { text, source: KeySource::Path, conflicting: None };
            let mut reference = self.reference(object_type, key, "target");
            if about != About::It {
                reference.attributes.clear();
            }
            if about == About::Another {
                reference.declared_state = None;
            }
            found.add(reference, KeySource::Path);
            types.push(id);
        }
        types.iter().for_each(|t| self.add_parents(*t, &mut found));
        found
    }

    /// Whether a parameter of the path stands behind a word behind which it does in a template of an activity on objects of
    /// the type, or of what belongs to them: `{id}` behind `orders` is no refund's.
    fn is_behind_its_word(&self, id: ObjectTypeId, path: &Path) -> bool {
        let Some(name) = path.fields.first() else { return false };
        let Some((_, value)) = self.reading.parameters.iter().find(|(known, _)| known == name) else { return false };
        let segments = &self.reading.target.segments;
        let here =
            |word: &str| segments.windows(2).any(|pair| matches!(pair, [a, b] if **a == *word && **b == **value));
        let within = |pattern: &Pattern, segment: &str| {
            let mut values = pattern.values(segment).unwrap_or_default().into_iter();
            values.any(|(known, text)| known == name && *text == **value)
        };
        let begins = |word: &str, pattern: &Pattern| {
            segments.windows(2).any(|pair| matches!(pair, [a, b] if **a == *word && within(pattern, b)))
        };
        let behind = |pair: &[Segment]| match pair {
            [Segment::Literal(word), Segment::Parameter(parameter)] => parameter == name && here(word),
            [Segment::Literal(word), Segment::Pattern(pattern)] => begins(word, pattern),
            _ => false,
        };
        let on_it =
            |activity: &&Activity| activity.objects.iter().any(|object| self.belongs_to(object.object_type, id));
        let matchers = self.model.activities.iter().filter(on_it).flat_map(|activity| &activity.matchers);
        matchers.into_iter().any(|matcher| matcher.template.windows(2).any(behind))
    }

    /// Whether a type is another or has it above.
    fn belongs_to(&self, object_type: ObjectTypeId, above: ObjectTypeId) -> bool {
        let parent = |id: &ObjectTypeId| self.object_type(*id)?.parent.as_ref().map(|(parent, _)| *parent);
        std::iter::successors(Some(object_type), parent).take(MOST_PARENTS).any(|id| id == above)
    }

    fn object_type(&self, id: ObjectTypeId) -> Option<&ObjectType> {
        self.model.object_types.get(usize::from(id.0))
    }

    /// The first path that holds a key names the object; other places of the same request must agree.
    fn key(&self, id: ObjectTypeId, paths: &[Path]) -> Option<Key> {
        let mut first: Option<Key> = None;
        let mut requested: Option<Arc<str>> = None;
        let mut conflicting = None;
        for path in paths {
            let source = self.source(path);
            let shadowed = self.reading.shadowed(path).and_then(|v| self.key_text(id, v));
            let Some(text) = self.key_at(id, path) else { continue };
            if matches!(source, KeySource::Path | KeySource::Query | KeySource::RequestBody) {
                let known = requested.get_or_insert_with(|| text.clone());
                let other = [Some(text.clone()), shadowed].into_iter().flatten().find(|t| t != known);
                conflicting = conflicting.or(other);
            }
            first.get_or_insert(Key { text, source, conflicting: None });
        }
        first.map(|key| {
            // Where the response names the object, the conflict is with what it names.
            let conflicting = conflicting.map(|c| if c == key.text { requested.unwrap_or(c) } else { c });
            Key { conflicting, ..key }
        })
    }

    /// A key as it may be kept. Where any path to a type's keys is secret all are, so that they stay comparable.
    fn key_text(&self, id: ObjectTypeId, value: &Value) -> Option<Arc<str>> {
        let secret = self.secret_types.get(usize::from(id.0)).copied().unwrap_or(false);
        let plain = key_plain(value)?;
        Some(if secret { self.masker.secret_text(&plain) } else { self.masker.shared(&plain) })
    }

    fn key_at(&self, id: ObjectTypeId, path: &Path) -> Option<Arc<str>> {
        match self.reading.value(path) {
            Bound::Exactly(Value::Text(text)) if path.root == Root::Query => {
                self.key_text(id, &Value::Text(asked(&text)?.into()))
            }
            Bound::Exactly(value) => self.key_text(id, &value),
            Bound::AtLeast(_) | Bound::Unknown => None,
        }
    }

    /// In a bulk call the target is the element, unless a key path of its own goes through the list.
    fn element_key(&self, id: ObjectTypeId, activity: &Activity, key: Option<Key>) -> Option<Key> {
        let Some(each) = activity.each.as_ref().filter(|_| self.reading.element.is_some()) else { return key };
        self.key_at(id, each).map(|text| Key { text, source: self.source(each), conflicting: None }).or(key)
    }

    fn source(&self, path: &Path) -> KeySource {
        match path.root {
            Root::PathParameter => {
                let name = path.fields.first();
                let requested = self.reading.parameters.iter().any(|(n, _)| Some(n) == name);
                if requested { KeySource::Path } else { KeySource::Header }
            }
            Root::Query => KeySource::Query,
            Root::RequestBody | Root::Mcp | Root::Arguments => KeySource::RequestBody,
            Root::ResponseBody => KeySource::ResponseBody,
            Root::RequestHeader | Root::ResponseHeader => KeySource::Header,
            _ => KeySource::Other,
        }
    }

    fn reference(&self, object_type: &ObjectType, key: Key, qualifier: &str) -> ObjectRef {
        let target = qualifier == "target";
        // A bare `req.amount` belongs to the target; other objects only take what lies under their own name.
        let belongs = |path: &Path| target || path.fields.first().is_some_and(|f| *f == object_type.name);
        let text = |paths: &[Path]| {
            paths.iter().filter(|p| belongs(p)).find_map(|p| masked_text(self.reading, p, self.masker))
        };
        // What the request is sent to is said of all that it touches; a body's field of the object that it stands in.
        let said = |path: &&Path| belongs(path) || !matches!(path.root, Root::RequestBody | Root::ResponseBody);
        let told = |path| Some((masked_text(self.reading, path, self.masker)?, path));
        let tenant = object_type.tenant.iter().filter(said).find_map(told);
        let (text_of_key, told) = self.identity(object_type, key.text, tenant.as_ref());
        let key = Key { text: text_of_key, ..key };
        ObjectRef {
            id: ObjectId { object_type: object_type.name.clone(), key: key.text },
            qualifier: qualifier.into(),
            declared_state: text(&object_type.state),
            written_state: if target { self.written_state(object_type) } else { None },
            conflicting_key: key.conflicting,
            tenant: text(&object_type.tenant),
            told,
            owner: self.declared_owner(object_type, belongs),
            attributes: if self.outcome == Outcome::Rejected {
                Vec::new()
            } else {
                self.attributes(object_type, belongs)
            },
        }
    }

    /// The key, under its tenant where it is unique in one only: the object's own as far as the exchange shows it, else
    /// the actor's. Where neither is known, the credential that may tell it stands in its place.
    fn identity(
        &self,
        object_type: &ObjectType,
        key: Arc<str>,
        own: Option<&(Arc<str>, &Path)>,
    ) -> (Arc<str>, TenantTold) {
        let told = match own {
            Some((_, path)) if Some(*path) == self.told_by => TenantTold::WithActor,
            Some((_, path)) if !matches!(path.root, Root::ResponseBody | Root::ResponseHeader) => TenantTold::ByRequest,
            _ => TenantTold::Apart,
        };
        if !object_type.within_tenant {
            return (key, told);
        }
        let named = |tenant: &&str| (1..=LONGEST_KEY).contains(&tenant.len());
        if let Some(tenant) = own.map(|(tenant, _)| &**tenant).filter(named) {
            return (scoped(tenant, &key), told);
        }
        match self.tenant.filter(named) {
            Some(tenant) => (scoped(tenant, &key), TenantTold::WithActor),
            None => (unscoped(self.credential, &key), TenantTold::Nowhere),
        }
    }

    fn declared_owner(&self, object_type: &ObjectType, belongs: impl Fn(&Path) -> bool) -> Option<Arc<str>> {
        let rule = object_type.owner.as_ref().filter(|r| r.set_by.is_none() && r.value.root != Root::Actor)?;
        if !belongs(&rule.value) || self.outcome == Outcome::Rejected {
            return None;
        }
        masked_text(self.reading, &rule.value, self.masker)
    }

    /// The state field by its leaf name, in the request body or under the object's name there.
    fn written_state(&self, object_type: &ObjectType) -> Option<Arc<str>> {
        let states = object_type.state.iter().filter(|p| p.root == Root::ResponseBody);
        let mut values = states.filter_map(|p| Some((p, p.fields.last()?))).flat_map(|(path, leaf)| {
            [&[leaf][..], &[&object_type.name, leaf]].map(|fields| (path, self.reading.request_value(fields)))
        });
        values.find_map(|(path, v)| match v {
            Bound::Exactly(Value::Text(text)) => Some(self.masker.named_text(path, &text)),
            Bound::Exactly(Value::Number(number)) => Some(self.masker.named_text(path, &number.to_string().into())),
            Bound::Exactly(Value::Bool(flag)) => Some(flag.to_string().into()),
            _ => None,
        })
    }

    fn attributes(&self, object_type: &ObjectType, belongs: impl Fn(&Path) -> bool) -> Vec<(Arc<str>, Value)> {
        let mut attributes = Vec::new();
        for attribute in &object_type.attributes {
            let AttributeRule::Exchange(expression) = &attribute.value else { continue };
            let mut own = true;
            super::paths::each(&expression.node, &mut |path| own &= belongs(path));
            if !own {
                continue;
            }
            match expression::evaluate(expression, self.reading) {
                // That this exchange does not show it does not make it absent.
                Bound::Exactly(Value::Null) | Bound::AtLeast(_) | Bound::Unknown => {}
                Bound::Exactly(value) => attributes.push((attribute.name.clone(), self.masker.value(value))),
            }
        }
        attributes
    }

    /// Follows `parent` from a type as far as this exchange shows keys.
    fn add_parents(&self, child: ObjectTypeId, found: &mut Found) {
        let mut child = child;
        for _ in 0..MOST_PARENTS {
            let Some((object_type, (parent, paths))) =
                self.object_type(child).and_then(|t| Some((t, t.parent.as_ref()?)))
            else {
                return;
            };
            let Some(parent_type) = self.object_type(*parent) else { return };
            let shown = found.objects.iter().find(|o| o.id.object_type == object_type.name).map(|o| o.id.clone());
            let listed = found.objects.iter().find(|o| o.id.object_type == parent_type.name).map(|o| o.id.clone());
            let key = self.key(*parent, paths);
            let parent_id = key.map(|key| {
                let source = key.source;
                let reference = self.reference(parent_type, Key { conflicting: None, ..key }, "parent");
                let id = reference.id.clone();
                found.add(reference, source);
                id
            });
            if let (Some(child), Some(parent)) = (shown, parent_id.or(listed)) {
                found.link(&child, &parent);
            }
            child = *parent;
        }
    }
}

/// The identity of an object whose key is unique in its tenant only.
pub(super) fn scoped(tenant: &str, key: &str) -> Arc<str> {
    let tenant = tenant.replace('%', "%25").replace('/', "%2F");
    // What stands for a tenant that is not known begins so.
    match tenant.strip_prefix('?') {
        Some(rest) => format!("%3F{rest}/{key}").into(),
        None => format!("{tenant}/{key}").into(),
    }
}

/// The same until its tenant is known, which the credential may tell.
pub(super) fn unscoped(credential: Option<&str>, key: &str) -> Arc<str> {
    format!("?{}/{key}", credential.unwrap_or_default()).into()
}

/// What stands for the tenant of a key that waits for it, and the key.
pub(super) fn waiting(key: &str) -> Option<(Option<Hash>, &str)> {
    let (credential, own) = key.strip_prefix('?')?.split_once('/')?;
    if credential.is_empty() { Some((None, own)) } else { Hash::parse(credential).map(|hash| (Some(hash), own)) }
}

/// A scalar as an object's key, masked where it is personal.
pub(super) fn key_text(value: &Value, masker: &Masker) -> Option<Arc<str>> {
    key_plain(value).map(|key| masker.shared(&key))
}

fn key_plain(value: &Value) -> Option<Arc<str>> {
    let text: Arc<str> = match value {
        Value::Text(text) => text.clone(),
        Value::Number(number) => number.normalize().to_string().into(),
        _ => return None,
    };
    let trimmed = text.trim();
    (!trimmed.is_empty() && trimmed.len() <= LONGEST_KEY).then(|| in_one_case(trimmed).into())
}

/// For each object type of a model, whether a path to its keys has the name of a secret.
pub(super) fn secret_types(model: &Model, masker: &Masker) -> Vec<bool> {
    let secret = |paths: &[Path]| paths.iter().any(|path| masker.is_secret_path(path));
    let types = 0..model.object_types.len();
    let is_secret = |index: usize| {
        let own = model.object_types.get(index).is_some_and(|t| secret(&t.key));
        let parents = model.object_types.iter().filter_map(|t| t.parent.as_ref());
        let mut parents = parents.filter(|(id, _)| is(*id, index));
        let mut declared = model.activities.iter().flat_map(|a| {
            let each = a.each.as_ref().filter(|_| a.objects.first().is_some_and(|o| is(o.object_type, index)));
            let keys = a.objects.iter().filter(|o| is(o.object_type, index)).flat_map(|o| &o.key);
            keys.chain(each)
        });
        own || parents.any(|(_, paths)| secret(paths)) || declared.any(|path| masker.is_secret_path(path))
    };
    types.map(is_secret).collect()
}

fn is(id: ObjectTypeId, index: usize) -> bool {
    usize::from(id.0) == index
}

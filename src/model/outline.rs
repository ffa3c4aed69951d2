//! The names that a model file declares, with where: what expressions are resolved against.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::diagnostic::Span;
use super::expression::Kind;
use super::{ActivityId, ObjectTypeId};

/// Everything that can be named, in order of declaration.
#[derive(Clone, Debug, Default)]
pub(in crate::model) struct Outline {
    pub(in crate::model) activities: Vec<ActivityOutline>,
    pub(in crate::model) objects: Vec<ObjectOutline>,
    /// Kinds of actor; empty while they are not known.
    pub(in crate::model) kinds: BTreeSet<Arc<str>>,
    /// Parameters of all path templates; `None` when some activity's template is not known.
    pub(in crate::model) parameters: Option<BTreeSet<String>>,
}

/// An activity's names.
#[derive(Clone, Debug)]
pub(in crate::model) struct ActivityOutline {
    pub(in crate::model) name: Arc<str>,
    pub(in crate::model) span: Span,
    pub(in crate::model) attributes: Vec<AttributeOutline>,
}

/// An object type's names.
#[derive(Clone, Debug)]
pub(in crate::model) struct ObjectOutline {
    pub(in crate::model) name: Arc<str>,
    pub(in crate::model) span: Span,
    pub(in crate::model) attributes: Vec<AttributeOutline>,
    pub(in crate::model) parent: Option<ObjectTypeId>,
    /// States of its lifecycle, if it has one.
    pub(in crate::model) states: Option<Vec<(Arc<str>, Span)>>,
    pub(in crate::model) declares_state: bool,
    pub(in crate::model) has_owner: bool,
}

/// An attribute of an activity or object type.
#[derive(Clone, Debug)]
pub(in crate::model) struct AttributeOutline {
    pub(in crate::model) name: Arc<str>,
    pub(in crate::model) span: Span,
    pub(in crate::model) kind: Kind,
}

impl Outline {
    pub(in crate::model) fn activity(&self, name: &str) -> Option<ActivityId> {
        let at = self.activities.iter().position(|activity| &*activity.name == name)?;
        u16::try_from(at).ok().map(ActivityId)
    }

    pub(in crate::model) fn object(&self, name: &str) -> Option<ObjectTypeId> {
        let at = self.objects.iter().position(|object| &*object.name == name)?;
        u16::try_from(at).ok().map(ObjectTypeId)
    }

    pub(in crate::model) fn activity_at(&self, id: ActivityId) -> Option<&ActivityOutline> {
        self.activities.get(usize::from(id.0))
    }

    pub(in crate::model) fn object_at(&self, id: ObjectTypeId) -> Option<&ObjectOutline> {
        self.objects.get(usize::from(id.0))
    }

    /// Names of the activities with where they are declared.
    pub(in crate::model) fn activity_names(&self) -> impl Iterator<Item = (&str, Span)> {
        self.activities.iter().map(|activity| (&*activity.name, activity.span.clone()))
    }

    /// Names of the object types with where they are declared.
    pub(in crate::model) fn object_names(&self) -> impl Iterator<Item = (&str, Span)> {
        self.objects.iter().map(|object| (&*object.name, object.span.clone()))
    }

    /// The type below `ancestor` that a field such as `refunds` or `refund` names.
    pub(in crate::model) fn descendant(&self, ancestor: ObjectTypeId, field: &str) -> Option<ObjectTypeId> {
        let id = self.object(field).or_else(|| {
            let singular = self.objects.iter().position(|object| plurals(&object.name).iter().any(|p| p == field))?;
            u16::try_from(singular).ok().map(ObjectTypeId)
        })?;
        self.is_below(id, ancestor).then_some(id)
    }

    fn is_below(&self, id: ObjectTypeId, ancestor: ObjectTypeId) -> bool {
        // Parents may form a cycle in a faulty file; no chain is longer than the number of types.
        let mut at = id;
        for _ in 0..self.objects.len() {
            match self.object_at(at).and_then(|object| object.parent) {
                Some(parent) if parent == ancestor => return true,
                Some(parent) => at = parent,
                None => return false,
            }
        }
        false
    }
}

/// English plurals of a type's name: `refunds`, `parties`, `boxes`.
fn plurals(name: &str) -> Vec<String> {
    let mut forms = vec![format!("{name}s"), format!("{name}es")];
    forms.extend(name.strip_suffix('y').map(|stem| format!("{stem}ies")));
    forms
}

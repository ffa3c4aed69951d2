//! What a step is part of beside its objects: a session, everything that its actor does, an agent's run. A model may give
//! these a life.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::event::{Event, Evidence, ObjectId, ObjectRef};
use crate::model::{BuiltIn, Model};

/// Which activities are steps of which of these lives.
#[derive(Clone, Debug, Default)]
pub struct PartOf(BTreeMap<Arc<str>, Vec<BuiltIn>>);

impl PartOf {
    /// What a model says of it.
    pub fn of(model: Option<&Model>) -> PartOf {
        let mut of = BTreeMap::new();
        for (activity, model) in model.into_iter().flat_map(|m| m.activities.iter().map(move |a| (a, m))) {
            let types = activity.objects.iter().filter_map(|o| model.object_types.get(usize::from(o.object_type.0)));
            let built_in: Vec<BuiltIn> = types.filter_map(|object_type| object_type.built_in).collect();
            if !built_in.is_empty() {
                of.insert(activity.name.clone(), built_in);
            }
        }
        PartOf(of)
    }

    /// Adds to a resolved event what it is part of. Where only an address or a name that nothing proves tells who acted,
    /// nobody knows whose session it is.
    pub fn settle(&self, event: &mut Event) {
        let Some(built_in) = event.activity.as_ref().and_then(|activity| self.0.get(activity)) else { return };
        let told = event.actor.evidence > Evidence::Unproved && event.actor.is_told() && !event.actor.is_disputed();
        for of in built_in.iter().filter(|_| told) {
            let key = match of {
                BuiltIn::Session => event.session.clone(),
                BuiltIn::Actor => event.actor.principal.clone(),
                BuiltIn::Run => event.run.clone(),
            };
            let Some(key) = key else { continue };
            let id = ObjectId { object_type: of.as_str().into(), key };
            let qualifier = if event.objects.is_empty() { "target" } else { "mentioned" };
            event.objects.push(ObjectRef::new(id, qualifier));
        }
        if event.case.is_none() {
            event.case = event.objects.first().map(|object| object.id.clone());
        }
    }
}

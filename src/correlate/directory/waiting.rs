//! Objects that wait for their tenant until it is known whom every credential stands for.

use super::{Credentials, Directory, Learnt, object_bytes, object_of, text};
use crate::correlate::object::{scoped, waiting};
use crate::correlate::pool::Pool;
use crate::event::{EventId, ObjectId};

impl Directory {
    /// Gives what was learnt of objects that wait for their tenant to those that they turn out to be, now that it is known
    /// whom every credential stands for.
    pub(super) fn place(&mut self, credentials: &Credentials) {
        let stamp = |learnt: Learnt| (learnt.time, EventId(learnt.event));
        let waits = |objects: &Pool, number: u32| is_waiting(objects.get(number));
        let at = |objects: &Pool, number: u32, time: i64| placed(objects.get(number), credentials, time);
        // What only looks as if it waited stays what it is; of what waits in vain nobody asks.
        let itself =
            |objects: &Pool, n: u32, time: i64| at(objects, n, time).unwrap_or_else(|| objects.get(n).to_vec());
        // First all that wait are taken out, so that none stands in the way of another.
        let mut waiting = Vec::new();
        for (number, record) in (0..).zip(&mut self.records) {
            if waits(&self.objects, number) || record.parent.is_some_and(|p| waits(&self.objects, p.number)) {
                waiting.push((number, *record));
                record.parent = None;
            }
        }
        for (number, record) in waiting {
            let own = waits(&self.objects, number);
            if let Some(learnt) = record.parent.filter(|p| own || waits(&self.objects, p.number)) {
                let child = itself(&self.objects, number, learnt.time);
                if let Some(parent) = at(&self.objects, learnt.number, learnt.time) {
                    let parent = self.object(&parent);
                    self.add_parent(&child, stamp(learnt), parent);
                }
            }
            if let Some(learnt) = record.owner.filter(|_| own) {
                let object = itself(&self.objects, number, learnt.time);
                self.add_owner(&object, stamp(learnt), Some(learnt.number));
            }
            if let Some(learnt) = record.creator.filter(|_| own) {
                let object = itself(&self.objects, number, learnt.time);
                self.add_creator(&object, stamp(learnt), Some(learnt.number));
            }
            if let Some(learnt) = record.tenant.filter(|_| own) {
                let object = itself(&self.objects, number, learnt.time);
                let tenant = self.tenants.get(learnt.number).to_vec();
                self.add_tenant(&object, record.tenant_inferred, stamp(learnt), &tenant);
            }
        }
    }
}

fn is_waiting(object: &[u8]) -> bool {
    waiting(text(object_of(object).1)).is_some_and(|(credential, _)| credential.is_some())
}

/// An object in a pool, under the tenant of whom the credential stands for that its key waits with; `None` where that is
/// not known.
fn placed(object: &[u8], credentials: &Credentials, time: i64) -> Option<Vec<u8>> {
    let (object_type, key) = object_of(object);
    let Some((Some(credential), own)) = waiting(text(key)) else { return Some(object.to_vec()) };
    let id =
        ObjectId { object_type: text(object_type).into(), key: scoped(credentials.tenant(credential, time)?, own) };
    let mut bytes = Vec::new();
    object_bytes(&id, &mut bytes);
    Some(bytes)
}

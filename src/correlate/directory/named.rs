//! What calls about an object name beside it: of some types the one thing that it may be a part of.

use super::{Map, object_of};
use crate::correlate::pool::Pool;

/// Types of which one object names others; of more, those with the least names.
const TYPES: usize = 16;
/// Objects of one type that are kept: two tell that there are several.
const SEVERAL: usize = 2;

/// Numbers of objects, by the number of the one that they are named beside. Adding commutes.
#[derive(Clone, Debug, Default)]
pub(in crate::correlate) struct Named(Map<u32, Vec<u32>>);

impl Named {
    /// Adds one that is named beside another; `objects` has both.
    pub(super) fn add(&mut self, about: u32, other: u32, objects: &Pool) {
        let named = self.0.entry(about).or_default();
        if named.contains(&other) {
            return;
        }
        named.push(other);
        named.sort_unstable_by_key(|number| object_of(objects.get(*number)));
        let (mut types, mut same, mut last) = (0, 0, None);
        named.retain(|number| {
            let object_type = object_of(objects.get(*number)).0;
            same = if last.replace(object_type) == Some(object_type) { same + 1 } else { 1 };
            types += usize::from(same == 1);
            types <= TYPES && same <= SEVERAL
        });
    }

    /// All that are named beside an object.
    pub(in crate::correlate) fn beside(&self, about: u32) -> &[u32] {
        self.0.get(&about).map_or(&[], Vec::as_slice)
    }

    /// What is named beside what: the number of the one that calls were about, then the other.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, u32)> {
        self.0.iter().flat_map(|(about, named)| named.iter().map(|other| (*about, *other)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::object_bytes;
    use super::*;
    use crate::event::ObjectId;

    fn number(objects: &mut Pool, object_type: u8, key: u8) -> u32 {
        let mut bytes = Vec::new();
        let id = ObjectId { object_type: format!("t{object_type}").into(), key: key.to_string().into() };
        object_bytes(&id, &mut bytes);
        objects.keep(&bytes).unwrap()
    }

    /// The naive way: all of them, then the least types with their least keys.
    fn all_at_once(named: &[(u8, u8)]) -> Vec<String> {
        let mut types = std::collections::BTreeMap::<String, std::collections::BTreeSet<String>>::new();
        for (object_type, key) in named {
            types.entry(format!("t{object_type}")).or_default().insert(key.to_string());
        }
        let least = types.into_iter().take(TYPES);
        least.flat_map(|(name, keys)| keys.into_iter().take(SEVERAL).map(move |key| format!("{name}:{key}"))).collect()
    }

    proptest! {
        #[test]
        fn what_is_kept_does_not_depend_on_the_order(named in proptest::collection::vec((0_u8..14, 0_u8..4), 0..60)) {
            let (mut objects, mut kept) = (Pool::default(), Named::default());
            let about = number(&mut objects, 99, 0);
            for (object_type, key) in &named {
                let other = number(&mut objects, *object_type, *key);
                kept.add(about, other, &objects);
            }
            let told = |number: &u32| {
                let (object_type, key) = object_of(objects.get(*number));
                format!("{}:{}", std::str::from_utf8(object_type).unwrap(), std::str::from_utf8(key).unwrap())
            };
            let found: Vec<String> = kept.beside(about).iter().map(told).collect();
            prop_assert_eq!(found, all_at_once(&named));
        }
    }
}

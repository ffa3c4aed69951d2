//! Hosts of tenants: where each tenant's objects are made on a host of its own, the host tells whose an object is.

use std::collections::BTreeMap;
use std::sync::Arc;

/// How many of a tenant's objects, of ten, must be made on its host: a few are made by somebody at the wrong door.
const OF_TEN: u64 = 9;
/// Tenants without whom nothing tells hosts apart.
const TENANTS: usize = 2;

/// An object type whose tenants have a host each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostedType {
    /// Object type.
    pub object_type: Arc<str>,
    /// Where an exchange tells the tenant: `host`, or the one label of it that differs.
    pub place: String,
    /// Tenants that made objects of it.
    pub tenants: usize,
    /// Objects that were seen to be made.
    pub objects: u64,
}

/// Objects that were made, by tenant of who made them and host, of one type.
#[derive(Debug, Default)]
pub(super) struct Made<'a>(BTreeMap<&'a str, BTreeMap<&'a str, u64>>);

impl<'a> Made<'a> {
    /// Adds an object.
    pub(super) fn add(&mut self, tenant: &'a str, host: &'a str) {
        *self.0.entry(tenant).or_default().entry(host).or_default() += 1;
    }

    /// What that says of a type; `None` where some tenant has no host, or shares it.
    pub(super) fn hosted(&self, object_type: &Arc<str>) -> Option<HostedType> {
        let mut hosts: Vec<&str> = Vec::new();
        let mut objects = 0;
        for made in self.0.values() {
            let all: u64 = made.values().sum();
            let (host, most) = made.iter().max_by_key(|(_, count)| **count)?;
            if most.saturating_mul(10) < all.saturating_mul(OF_TEN) || hosts.contains(host) {
                return None;
            }
            hosts.push(host);
            objects += all;
        }
        let place = place(&hosts);
        let (object_type, tenants) = (Arc::clone(object_type), hosts.len());
        (tenants >= TENANTS).then_some(HostedType { object_type, place, tenants, objects })
    }
}

/// What tells some hosts apart: the one label in which they differ, else the whole name.
pub(super) fn place(hosts: &[&str]) -> String {
    let labels: Vec<Vec<&str>> = hosts.iter().map(|host| host.split('.').collect()).collect();
    let Some((first, rest)) = labels.split_first() else { return "host".to_owned() };
    let mut differing: Vec<usize> = Vec::new();
    for (at, label) in first.iter().enumerate() {
        if rest.iter().any(|other| other.get(at) != Some(label)) {
            differing.push(at);
        }
    }
    match differing.as_slice() {
        [label] if rest.iter().all(|other| other.len() == first.len()) => format!("host.label.{label}"),
        _ => "host".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(made: &[(&str, &str, u64)]) -> Option<(String, usize, u64)> {
        let mut all = Made::default();
        for (tenant, host, count) in made {
            (0..*count).for_each(|_| all.add(tenant, host));
        }
        all.hosted(&"letter".into()).map(|hosted| (hosted.place, hosted.tenants, hosted.objects))
    }

    #[test]
    fn the_host_tells_the_tenant_where_each_has_its_own() {
        let (acme, globex) = ("acme.letters.example", "globex.letters.example");
        assert_eq!(told(&[("t1", acme, 3), ("t2", globex, 2)]), Some(("host.label.0".into(), 2, 5)));
        assert_eq!(told(&[("t1", acme, 19), ("t1", globex, 1), ("t2", globex, 2)]).map(|told| told.1), Some(2));
        assert_eq!(
            told(&[("t1", acme, 3), ("t2", "letters.globex.example", 2)]).map(|told| told.0),
            Some("host".into())
        );
        for shared in
            [&[("t1", acme, 3)][..], &[("t1", acme, 3), ("t2", acme, 3)], &[("t1", acme, 2), ("t1", globex, 2)], &[]]
        {
            assert_eq!(told(shared), None, "{shared:?}");
        }
    }

    #[test]
    fn a_place_is_the_label_that_differs() {
        assert_eq!(place(&["a.x.y", "b.x.y"]), "host.label.0");
        assert_eq!(place(&["x.a.y", "x.b.y", "x.c.y"]), "host.label.1");
        assert_eq!(place(&["a.x.y", "b.x.z"]), "host");
        assert_eq!(place(&["a.x.y", "x.y"]), "host");
        assert_eq!(place(&[]), "host");
    }
}

//! Where the model does not seem to be about this traffic: one sentence each, most telling first.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::judging::Judged;
use super::near::{self, Near};
use crate::compare::Blindness;
use crate::correlate::{Apart, Forwards, Inspection, KeyUser, Pseudonyms, Redaction, ReusedKey};
use crate::mine::Templates;
use crate::model::{ActivityId, ConstraintKind, Model, Root};

/// Sentences kept; the rest is counted.
const MOST: usize = 12;
/// Near calls that get a sentence each.
const NEAR: usize = 4;
/// Share of events that the model should explain, as one part in so many.
const LITTLE: u64 = 10;

/// The warnings of a run; with pseudonyms, the words in them that the model does not say are replaced.
pub(super) fn warnings(
    model: &Model,
    inspection: &Inspection,
    judged: &Judged,
    pseudonyms: Option<&Pseudonyms>,
) -> Vec<String> {
    let near = near::near(model, inspection, pseudonyms);
    let mut warnings = Vec::new();
    let (judging, seen) = judging(model, inspection);
    if seen == 0 {
        warnings.push(format!("none of the {judging} activities that the model judges happened in this traffic"));
    } else if judged.modelled.saturating_mul(LITTLE) < judged.events {
        let (modelled, events) = (judged.modelled, judged.events);
        warnings
            .push(format!("the model explains {modelled} of {events} events only: is it the model of this traffic?"));
    }
    warnings.extend(unplaced(model, judged));
    warnings.extend(reused(model, inspection, pseudonyms));
    warnings.extend(unlike(&near));
    warnings.extend(judged.names.warnings(model, pseudonyms));
    if warnings.len() > MOST {
        let more = warnings.len() - (MOST - 1);
        warnings.truncate(MOST - 1);
        warnings.push(format!("and {more} more names of the model that this traffic does not bear out"));
    }
    warnings
}

/// Where it is not sure who acted: clients behind a proxy that nobody declared, and what speaks against principals.
pub(super) fn of_identity(inspection: &Inspection, redaction: Redaction) -> Vec<String> {
    let proxies = proxy(&inspection.forwards(), redaction);
    let said = |doubt: &str| match doubt {
        "several_names" => Some("the request names several principals; the best proved one counts"),
        "unsigned" => Some("the token is one that nobody signed (`alg: none`); it proves nothing"),
        "expired" => Some("the token was over (`exp`); it proves nothing"),
        "bad_signature" => Some("none of the given keys made the token's signature; it proves nothing"),
        "contested" => {
            Some("credentials that are believed alike contradict each other; what depends on who it was is not judged")
        }
        "many_credentials" => Some("more credentials are shown than are looked at; who acted may be told by another"),
        "stripped" => Some("the token's signature was taken out, or is none; the given keys say nothing of it"),
        "agent_unproved" => {
            Some("something that is not believed says that software acts; what depends on that is not judged")
        }
        "session_kept" => Some("a login goes on with the session from before; session fixation is possible"),
        // Refused as it should be.
        _ => None,
    };
    let doubts = inspection.doubts().iter().filter_map(|(doubt, events)| {
        let events = if *events == 1 { "1 event".to_owned() } else { format!("{events} events") };
        said(doubt).map(|said| format!("in {events} {said}"))
    });
    proxies.into_iter().chain(doubts).collect()
}

/// Where one client's own recording is all there is.
pub(super) fn of_one_client(blindness: &Blindness) -> Option<String> {
    blindness.of_others.as_ref().map(|steps| {
        format!(
            "all is one client's own recording: what others did is not in it ({} activities of the model are theirs), so that \
             states are believed as the server declares them, and what seems to be missing is not judged or for review; \
             give the recordings of the others too",
            steps.len()
        )
    })
}

/// Paths that were taken for somebody's tries, and make no operations and objects.
pub(super) fn of_made_up(templates: &Templates) -> Vec<String> {
    let sentence = |(name, operations): (Arc<str>, u64)| {
        format!(
            "{operations} operations are counted as one, {name}: one or two actors alone called each, about one thing that no answer \
             names, as who tries paths does; a model that names the calls tells them apart"
        )
    };
    templates.made_up().into_iter().map(sentence).collect()
}

/// The peer that may be a proxy. One client can write any number of addresses, so that it is told by who acts there.
fn proxy(forwards: &[Forwards], redaction: Redaction) -> Option<String> {
    let first = forwards.first()?;
    let seen = "addresses in X-Forwarded-For or Forwarded stand behind";
    // Where addresses are hashed none is one to declare.
    let address = if redaction == Redaction::Hash { "ADDRESS" } else { &*first.peer };
    let others = match forwards.len() - 1 {
        0 => String::new(),
        others => format!(" (and more behind {others} others)"),
    };
    Some(match (first.principals, forwards.len()) {
        (2.., _) => format!(
            "{} {seen} the one peer {}{others}, where {} principals with verified tokens act: if it is your proxy, --trusted-proxy {address} \
             tells its clients apart",
            first.addresses, first.peer, first.principals
        ),
        (_, 1) => format!(
            "{} {seen} the one peer {}, a proxy or one client that writes them: if it is your proxy, --trusted-proxy \
             {address} tells its clients apart",
            first.addresses, first.peer
        ),
        (_, peers) => format!(
            "several {seen} each of {peers} peers, and none is proved to speak for two principals: if one is your proxy and no \
             client that writes them, --trusted-proxy ADDRESS tells its clients apart"
        ),
    })
}

/// Types of which it cannot be told which object a step was on, for want of its tenant.
fn unplaced(model: &Model, judged: &Judged) -> Vec<String> {
    let sentence = |(object_type, (steps, hostless)): (&Arc<str>, &(u64, bool))| {
        let known = model.object_types.iter().find(|known| known.name == *object_type);
        let paths = known.map(|known| known.tenant.as_slice()).unwrap_or_default().iter().chain(&model.actors.tenant);
        let by_host = *hostless && paths.into_iter().any(|path| path.root == Root::Host);
        let host =
            if by_host { "log the host, which the model reads it from (or `--log-field host=FIELD`), or " } else { "" };
        let steps = if *steps == 1 { "1 step was".to_owned() } else { format!("{steps} steps were") };
        format!(
            "{steps} on a {object_type} whose tenant is not known, so that nobody can tell on which, and not judged: \
             {host}say where the tenant is, `actors: {{tenant: [log.FIELD]}}`"
        )
    };
    judged.unplaced.iter().map(sentence).collect()
}

/// Types of which one key stands for the things of several tenants.
fn reused(model: &Model, inspection: &Inspection, pseudonyms: Option<&Pseudonyms>) -> Vec<String> {
    let scoped = |name: &str| model.object_types.iter().any(|known| known.within_tenant && *known.name == *name);
    let told = |reused: &ReusedKey| reused.certain || reused.by == KeyUser::Tenant;
    let reused = inspection.reused_keys().into_iter().filter(|reused| told(reused) && !scoped(&reused.object_type));
    let apart = Apart::of(inspection.reused_keys(), Some(model));
    let sentence = |reused: ReusedKey| {
        let shown = pseudonyms.map_or_else(|| reused.clone(), |pseudonyms| pseudonyms.reused(&reused));
        if apart.holds(&reused.object_type) {
            return format!(
                "{shown}: each tenant's is taken for one of its own; say `within: tenant` at the object, or where its tenant is"
            );
        }
        let otherwise = if reused.certain { "" } else { "; if not, one of them works on objects of the other" };
        format!("{shown}: if ids are unique per tenant only, say `within: tenant` at the object{otherwise}")
    };
    reused.map(sentence).collect()
}

/// What steps that never happened may be called in this traffic.
fn unlike(near: &[Near]) -> Vec<String> {
    let mut sentences = Vec::new();
    if let Some((change, number)) = near::shared_change(near) {
        sentences.push(format!("{number} activities that never happened look like calls {change}"));
    }
    sentences.extend(near.iter().take(NEAR).map(Near::sentence));
    sentences
}

/// Activities that a lifecycle or constraint speaks of, all of them where there is neither; and how many happened.
pub(super) fn judging(model: &Model, inspection: &Inspection) -> (u64, u64) {
    let mut ids: BTreeSet<ActivityId> =
        model.lifecycles.iter().flat_map(|l| &l.transitions).map(|t| t.activity).collect();
    let mut any = false;
    for constraint in &model.constraints {
        match &constraint.kind {
            ConstraintKind::Require { activity, before, .. } => ids.extend([*activity, *before]),
            ConstraintKind::DistinctPersons { activities, .. } => ids.extend(activities),
            ConstraintKind::WindowSum { activity, unless, .. } => ids.extend(unless.iter().chain([activity])),
            ConstraintKind::WindowCount { activity, until, .. } => ids.extend(until.iter().chain([activity])),
            ConstraintKind::Hours { activity, .. } => _ = ids.insert(*activity),
            ConstraintKind::Never { activity, after, until, .. } => {
                ids.extend([activity, after].into_iter().chain(until));
            }
            ConstraintKind::Same { activities: Some(activities), .. } => ids.extend(activities),
            // They look at whatever touches their objects.
            ConstraintKind::Same { activities: None, .. } | ConstraintKind::Always(_) => any = true,
        }
    }
    let operations = inspection.operations();
    let seen: BTreeSet<&str> = operations.iter().filter_map(|o| o.activity.as_deref()).collect();
    let all = model.activities.iter().enumerate().filter(|(_, activity)| !activity.unseen);
    let judging = all.filter(|(index, activity)| {
        let named = u16::try_from(*index).is_ok_and(|index| ids.contains(&ActivityId(index)));
        named || ids.is_empty() && !any || any && !activity.objects.is_empty()
    });
    let names: Vec<&str> = judging.map(|(_, activity)| &*activity.name).collect();
    (names.len() as u64, names.iter().filter(|name| seen.contains(**name)).count() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_told_by_who_acts_behind_it() {
        let peer = |peer: &str, addresses, principals| Forwards { peer: peer.into(), addresses, principals };
        let said = |forwards: &[Forwards], redaction| proxy(forwards, redaction).unwrap_or_default();
        assert_eq!(said(&[], Redaction::Mask), "");
        let told = said(&[peer("10.0.0.1", 3, 2), peer("203.0.113.66", 900, 1)], Redaction::Mask);
        assert!(told.contains("--trusted-proxy 10.0.0.1 ") && !told.contains("203.0.113.66"), "{told}");
        let open = said(&[peer("203.0.113.66", 900, 1), peer("10.0.0.1", 3, 0)], Redaction::Mask);
        assert!(open.contains("each of 2 peers") && !open.contains("203.0.113.66"), "{open}");
        let alone = said(&[peer("10.0.0.1", 40, 0)], Redaction::Mask);
        assert!(alone.contains("--trusted-proxy 10.0.0.1 ") && alone.contains("one client"), "{alone}");
        for forwards in [&[peer("p12", 40, 0)][..], &[peer("p12", 40, 3)]] {
            let hashed = said(forwards, Redaction::Hash);
            assert!(hashed.contains("--trusted-proxy ADDRESS "), "{hashed}");
        }
    }
}

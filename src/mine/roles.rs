//! Which of the places where roles are shown a draft reads.

use super::evidence::Evidence;

/// Most places read of one kind.
const PLACES: usize = 3;
/// Rank from which on a place that always says the same says nothing: scopes are often what every client asks for.
const VARIED_ONLY: u8 = 2;

/// Paths to roles: those of tokens, of the answers to logins and of logs, each with the best name that there is, the
/// most frequent first. A place that tells nobody apart counts only where no other does.
pub(super) fn places(evidence: &Evidence) -> Vec<String> {
    let mut places = Vec::new();
    for root in ["jwt.", "res.", "log."] {
        let mut known: Vec<(bool, u8, u64, &str)> = Vec::new();
        for (path, seen) in evidence.roles.iter().filter(|(path, _)| path.starts_with(root)) {
            known.push((seen.said.len() < 2, seen.rank, seen.calls, path));
        }
        let Some((same, rank)) = known.iter().map(|(same, rank, ..)| (*same, *rank)).min() else { continue };
        if same && rank >= VARIED_ONLY {
            continue;
        }
        known.retain(|(s, r, ..)| (*s, *r) == (same, rank));
        known.sort_by(|a, b| b.2.cmp(&a.2).then(a.3.cmp(b.3)));
        places.extend(known.into_iter().take(PLACES).map(|(.., path)| path.to_owned()));
    }
    places
}

//! Activities that are answered with a redirect: what their `ok` is, and what of them is left aside.

use super::evidence::OperationEvidence;

/// What a draft says of an operation some of whose calls were answered with a redirect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Redirected {
    /// The condition for acceptance, where the usual one does not do.
    pub(super) ok: Option<String>,
    /// What a person should look at.
    pub(super) doubt: Option<String>,
    /// Calls of which nothing is drafted.
    pub(super) aside: u64,
}

impl Redirected {
    /// Decides which redirects count as accepted, and counts them so. A form that was taken sends on to its result, one
    /// that was not is shown again (2xx): where most calls are sent on, those are the accepted ones. Where nobody sees
    /// where to, the same is said with a doubt.
    pub(super) fn settle(seen: &mut OperationEvidence) -> Redirected {
        let sum = |counts: &std::collections::BTreeMap<u16, u64>| counts.values().sum::<u64>();
        let (shown, hidden) = (sum(&seen.sent_on), sum(&seen.unseen));
        let plain = seen.accepted.saturating_sub(shown);
        let takes_hidden = shown + hidden > plain;
        let taken = shown + if takes_hidden { hidden } else { 0 };
        let aside = seen.aside + if takes_hidden { 0 } else { hidden };
        if taken == 0 {
            return Redirected { aside, ..Redirected::default() };
        }
        let hidden_too = seen.unseen.keys().filter(|_| takes_hidden);
        let mut statuses: Vec<u16> = seen.sent_on.keys().chain(hidden_too).copied().collect();
        statuses.sort_unstable();
        statuses.dedup();
        let sent_on = condition(&statuses, seen.signs.iter().map(|sign| &**sign));
        let mut doubts: Vec<String> = Vec::new();
        if takes_hidden && hidden > 0 {
            doubts.push(format!("whether {hidden} of them led to the result or to an error is not shown"));
        }
        let ok = if taken > plain {
            seen.accepted = taken;
            if plain > 0 {
                doubts.push(format!("{plain} answered without a redirect are taken for a form shown again"));
            }
            sent_on
        } else {
            format!("status < 300 || {sent_on}")
        };
        Redirected { ok: Some(ok), doubt: (!doubts.is_empty()).then(|| doubts.join("; ")), aside }
    }
}

/// `status == 303`, and where some were seen to lead away, that this one does not.
fn condition<'s>(statuses: &[u16], signs: impl Iterator<Item = &'s str>) -> String {
    let status = match statuses {
        [one] => format!("status == {one}"),
        several => format!("status in {several:?}"),
    };
    let patterns: Vec<String> = signs.filter_map(pattern).collect();
    if patterns.is_empty() {
        return status;
    }
    format!("{status} && !res_header.location.matches('(?i){}')", patterns.join("|"))
}

/// The regular expression of a sign in `Location`.
fn pattern(sign: &str) -> Option<String> {
    let word = sign.trim_start_matches(['/', '?']);
    let plain = !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    let pattern = match sign.strip_suffix(word)? {
        "/" => format!("/{word}([/?#]|$)"),
        "//" => format!("^[a-z]+://{word}[.:/]"),
        "?" => format!("[?&]{word}([=&#]|$)"),
        _ => return None,
    };
    plain.then_some(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(accepted: u64, sent_on: &[(u16, u64)], unseen: &[(u16, u64)], signs: &[&str]) -> OperationEvidence {
        OperationEvidence {
            accepted,
            sent_on: sent_on.iter().copied().collect(),
            unseen: unseen.iter().copied().collect(),
            signs: signs.iter().map(|sign| (*sign).into()).collect(),
            ..OperationEvidence::default()
        }
    }

    #[test]
    fn the_usual_answer_of_a_form_is_its_acceptance() {
        let settle = |mut seen: OperationEvidence| {
            let redirected = Redirected::settle(&mut seen);
            (redirected.ok.unwrap_or_default(), redirected.doubt.is_some(), redirected.aside, seen.accepted)
        };
        assert_eq!(settle(seen(9, &[], &[], &[])), (String::new(), false, 0, 9));
        assert_eq!(settle(seen(9, &[(303, 9)], &[], &[])), ("status == 303".into(), false, 0, 9));
        assert_eq!(settle(seen(9, &[(302, 4), (303, 4)], &[], &[])), ("status in [302, 303]".into(), true, 0, 8));
        assert_eq!(settle(seen(9, &[(303, 2)], &[], &[])), ("status < 300 || status == 303".into(), false, 0, 9));
        assert_eq!(settle(seen(0, &[], &[(302, 7)], &[])), ("status == 302".into(), true, 0, 7));
        assert_eq!(
            settle(seen(9, &[], &[(302, 2)], &[])),
            (String::new(), false, 2, 9),
            "a login that ran out, perhaps"
        );
        let away = "status == 303 && !res_header.location.matches('(?i)/login([/?#]|$)|[?&]error([=&#]|$)')";
        assert_eq!(settle(seen(9, &[(303, 9)], &[], &["/login", "?error"])).0, away);
    }
}

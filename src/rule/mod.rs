//! One file a rule: a deviation and its context become a finding.
//!
//! The head of each rule file is its page: what it finds, why it matters, how it decides, when it is wrong, an example.
//! The same text is [`explain`] and `docs/rules.md`, and the example is a test. To add a rule, write its file, name it in
//! the list below, and give its check to `compare`.

mod cause;
mod context;
mod judge;
pub mod need;
pub mod taxonomy;
mod tuning;

#[cfg(test)]
mod example;

use std::sync::LazyLock;

pub use cause::fold;
pub use context::Context;
pub use judge::judge;
pub use tuning::{SetThreshold, set_in, thresholds};

use crate::compare::Check;
use crate::model::Severity;

/// Declares the rule files and the catalogue together, so that neither can miss one. Sorted by rule id.
macro_rules! rules {
    ($($module:ident),+ $(,)?) => {
        $(mod $module;)+
        static CATALOGUE: &[&Rule] = &[$(&$module::RULE),+];
    };
}

rules![
    ag_chain,
    ag_limit,
    ag_mandate,
    ag_reuse,
    ag_tool,
    ap_after,
    ap_changed,
    ap_missing,
    ap_self,
    ap_stale,
    ch_model,
    ch_noreview,
    ch_unplanned,
    cr_age,
    cr_concurrent,
    cr_failok,
    cr_newctx,
    cr_reuse,
    cr_shared,
    cr_wide,
    def_open,
    del_expired,
    del_noact,
    del_scope,
    del_tenant,
    del_widen,
    dr_actor,
    dr_freq,
    dr_gone,
    dr_guard,
    dr_new,
    dr_unmodeled,
    dx_query,
    dx_volume,
    enumeration,
    env_mix,
    flow_clone,
    flow_pace,
    flow_reuse,
    flow_volume,
    fn_new,
    fn_role,
    hitl_agent,
    hitl_batch,
    hitl_fast,
    hitl_missing,
    id_humanuse,
    id_shared,
    int_loop,
    int_plain,
    int_retry,
    inv_double,
    inv_hoard,
    inv_oversell,
    ks_after,
    lg_clock,
    lg_hole,
    lg_keyevent,
    lg_nocorr,
    ma_chain,
    ma_gap,
    ma_loop,
    mcp_mismatch,
    mcp_rug,
    mcp_shadow,
    ops_fail,
    ops_spike,
    ops_stuck,
    own,
    par_afterend,
    par_callback,
    par_scope,
    perm_admin,
    perm_unused,
    perm_wildcard,
    pollute,
    proc_alt,
    proc_shadow,
    proc_zombie,
    prop_read,
    prop_write,
    prov_early,
    prov_residue,
    rule_guard,
    rule_unequal,
    sec_algnone,
    sec_inbody,
    sec_inurl,
    sec_long,
    sec_norotate,
    seq_direct,
    seq_order,
    seq_repeat,
    seq_skip,
    sod,
    st_diverge,
    st_field,
    st_illegal,
    st_orphan,
    sub_cycle,
    sub_selfupgrade,
    sub_trial,
    ten_cross,
    ten_mix,
    tx_conserve,
    tx_mismatch,
    tx_neg,
    tx_race,
    tx_replay,
    tx_split,
    unlearned,
];

/// A rule: what one check means to the reader.
pub struct Rule {
    /// Stable id, `FAMILY-NAME`.
    pub id: &'static str,
    /// Name in plain words.
    pub title: &'static str,
    /// The check that it reports.
    pub check: Check,
    /// Severity before the terms of the case.
    pub severity: Severity,
    /// Ids of public lists; [`taxonomy::list_of`] tells which list.
    pub taxonomy: &'static [&'static str],
    /// Further ids when software acting for a person did it.
    pub agent_taxonomy: &'static [&'static str],
    /// Whose identity the judgement rests on.
    pub rests_on: Identity,
    /// The rule's own file, whose head is its page.
    source: &'static str,
    sentence: fn(&Context<'_>) -> String,
    why: fn(&Context<'_>) -> String,
    fix: fn(&Context<'_>) -> String,
}

/// Whose identity a judgement rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// Nobody's: it would stand for any actor.
    Nobody,
    /// The actor of the deviating event.
    Actor,
    /// Every actor of the evidence: who is the same and who is not is the point.
    Everyone,
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rule").field("id", &self.id).field("severity", &self.severity).finish_non_exhaustive()
    }
}

impl Rule {
    /// The rule's page in Markdown: title, sections and example.
    pub fn page(&self) -> String {
        let mut page = String::new();
        for line in self.source.lines().map_while(|line| line.strip_prefix("//!")) {
            page.push_str(line.strip_prefix(' ').unwrap_or(line));
            page.push('\n');
        }
        page
    }
}

/// Every rule, sorted by id.
pub fn catalogue() -> &'static [&'static Rule] {
    CATALOGUE
}

/// The rule of an id, in any letter case.
pub fn find(id: &str) -> Option<&'static Rule> {
    CATALOGUE.iter().copied().find(|rule| rule.id.eq_ignore_ascii_case(id))
}

/// The rule that reports a check.
pub fn of_check(check: Check) -> &'static Rule {
    match check {
        Check::Skip => &seq_skip::RULE,
        Check::Order => &seq_order::RULE,
        Check::Repeat => &seq_repeat::RULE,
        Check::Direct => &seq_direct::RULE,
        Check::Illegal => &st_illegal::RULE,
        Check::Diverge => &st_diverge::RULE,
        Check::Alternative => &proc_alt::RULE,
        Check::Orphan => &st_orphan::RULE,
        Check::StateField => &st_field::RULE,
        Check::ApprovalMissing => &ap_missing::RULE,
        Check::ApprovalLate => &ap_after::RULE,
        Check::ProvisionEarly => &prov_early::RULE,
        Check::ProvisionResidue => &prov_residue::RULE,
        Check::ReleasedTwice => &inv_double::RULE,
        Check::Oversold => &inv_oversell::RULE,
        Check::SelfUpgrade => &sub_selfupgrade::RULE,
        Check::PlanCycle => &sub_cycle::RULE,
        Check::TrialAgain => &sub_trial::RULE,
        Check::ApprovalSelf => &ap_self::RULE,
        Check::ApprovalStale => &ap_stale::RULE,
        Check::ApprovalChanged => &ap_changed::RULE,
        Check::Duties => &sod::RULE,
        Check::Conserve => &tx_conserve::RULE,
        Check::Split => &tx_split::RULE,
        Check::Replay => &tx_replay::RULE,
        Check::Race => &tx_race::RULE,
        Check::Mismatch => &tx_mismatch::RULE,
        Check::Negative => &tx_neg::RULE,
        Check::Guard => &rule_guard::RULE,
        Check::Owner => &own::RULE,
        Check::Tenant => &ten_cross::RULE,
        Check::TenantMix => &ten_mix::RULE,
        Check::Role => &fn_role::RULE,
        Check::Volume => &flow_volume::RULE,
        Check::Unlearned => &unlearned::RULE,
        Check::Enumeration => &enumeration::RULE,
        Check::AgentTool => &ag_tool::RULE,
        Check::AgentLimit => &ag_limit::RULE,
        Check::AgentChain => &ma_chain::RULE,
        Check::DelegatedScope => &del_scope::RULE,
        Check::DelegatedTenant => &del_tenant::RULE,
        Check::HumanMissing => &hitl_missing::RULE,
        Check::HumanAgent => &hitl_agent::RULE,
        Check::HumanFast => &hitl_fast::RULE,
        Check::HumanBatch => &hitl_batch::RULE,
        Check::HeaderMismatch => &mcp_mismatch::RULE,
        Check::ToolChanged => &mcp_rug::RULE,
        Check::Concurrent => &cr_concurrent::RULE,
        Check::FailedThenIn => &cr_failok::RULE,
        Check::NewContext => &cr_newctx::RULE,
        Check::Reused => &cr_reuse::RULE,
        Check::SharedKey => &cr_shared::RULE,
        Check::UrlPersonal => &dx_query::RULE,
        Check::Clones => &flow_clone::RULE,
        Check::Pace => &flow_pace::RULE,
        Check::HumanUse => &id_humanuse::RULE,
        Check::Plain => &int_plain::RULE,
        Check::RetryStorm => &int_retry::RULE,
        Check::Hole => &lg_hole::RULE,
        Check::Unsigned => &sec_algnone::RULE,
        Check::UrlCredential => &sec_inurl::RULE,
        Check::LongLived => &sec_long::RULE,
        Check::TokenExpired => &del_expired::RULE,
        Check::AgentUnnamed => &del_noact::RULE,
        Check::ScopeWidened => &del_widen::RULE,
        Check::Uncorrelated => &lg_nocorr::RULE,
        Check::DriftNew => &dr_new::RULE,
        Check::DriftGone => &dr_gone::RULE,
        Check::DriftFrequency => &dr_freq::RULE,
        Check::DriftGuard => &dr_guard::RULE,
        Check::DriftActor => &dr_actor::RULE,
        Check::DriftUnmodelled => &dr_unmodeled::RULE,
        Check::ChangeUnplanned => &ch_unplanned::RULE,
        Check::ChangeModel => &ch_model::RULE,
        Check::AdminUse => &perm_admin::RULE,
        Check::BodySecret => &sec_inbody::RULE,
        Check::ClockSkew => &lg_clock::RULE,
        Check::EnvironmentMix => &env_mix::RULE,
        Check::Failing => &ops_fail::RULE,
        Check::IdentityShared => &id_shared::RULE,
        Check::KeyAge => &cr_age::RULE,
        Check::KeyWide => &cr_wide::RULE,
        Check::NotRotated => &sec_norotate::RULE,
        Check::ScopeUnused => &perm_unused::RULE,
        Check::Spike => &ops_spike::RULE,
        Check::Unequal => &rule_unequal::RULE,
        Check::FirstUse => &fn_new::RULE,
        Check::ShadowRoute => &proc_shadow::RULE,
        Check::OlderRoute => &proc_zombie::RULE,
        Check::Polluted => &pollute::RULE,
        Check::MemberMissing => &def_open::RULE,
        Check::MemberWritten => &prop_write::RULE,
        Check::MemberRead => &prop_read::RULE,
        Check::Stuck => &ops_stuck::RULE,
        Check::Volumes => &dx_volume::RULE,
        Check::PartnerScope => &par_scope::RULE,
        Check::KilledActs => &ks_after::RULE,
        Check::ToolShadowed => &mcp_shadow::RULE,
        Check::AgentLoop => &ma_loop::RULE,
        Check::Hoarded => &inv_hoard::RULE,
        Check::MeansShared => &flow_reuse::RULE,
        Check::CallbackUnasked => &par_callback::RULE,
        Check::PartnerEnded => &par_afterend::RULE,
        Check::ToolFlow => &ag_chain::RULE,
        Check::MandateMissing => &ag_mandate::RULE,
        Check::MandateReused => &ag_reuse::RULE,
        Check::ChangeUnreviewed => &ch_noreview::RULE,
        Check::RecordMissing => &lg_keyevent::RULE,
        Check::CallLoop => &int_loop::RULE,
        Check::ParentUnseen => &ma_gap::RULE,
        Check::Wildcard => &perm_wildcard::RULE,
    }
}

/// The page of a rule, in any letter case: what `offpath explain` prints.
pub fn explain(id: &str) -> Option<String> {
    find(id).map(Rule::page)
}

/// All pages as one document: `docs/rules.md`.
pub fn book() -> String {
    let mut book = String::from(
        "# Rules\n\nThis page is generated from the heads of the rule files in `src/rule/`; `offpath explain RULE` prints \
         the same text.\n\n| Rule | Name | Base severity | Public lists |\n|---|---|---|---|\n",
    );
    for rule in CATALOGUE {
        let ids = rule.taxonomy.join(", ");
        book.push_str(&format!(
            "| [`{}`](#{}) | {} | {} | {ids} |\n",
            rule.id,
            anchor(rule),
            rule.title,
            rule.severity.as_str()
        ));
    }
    book.push_str(
        "\nSeverity starts at the base (or at the severity that the model gives the constraint) and moves one step at a \
         time: up when the server\naccepted the event and the state moved, when a restricted state was reached, when money \
         went over a limit, when tenants were crossed;\ndown when the server refused it or a later event undid it. \
         Confidence is the smallest of its terms, which each finding lists; below 0.5 a\nfinding is for review and never \
         fails a run.\n\nLists and their versions: ",
    );
    let lists: Vec<String> = taxonomy::LISTS.iter().map(|list| format!("{} {}", list.name, list.version)).collect();
    book.push_str(&lists.join("; "));
    book.push_str(".\n");
    for rule in CATALOGUE {
        book.push('\n');
        for line in rule.page().lines() {
            // One level down: the document has a title of its own.
            book.push_str(if line.starts_with('#') { "#" } else { "" });
            book.push_str(line);
            book.push('\n');
        }
    }
    book
}

/// The anchor that Markdown renderers give the rule's heading.
fn anchor(rule: &Rule) -> String {
    let title = rule.title.to_lowercase().replace(' ', "-");
    format!("{title}-{}", rule.id.to_lowercase())
}

/// The id nearest to a mistyped one, when it is near enough to be meant.
pub fn nearest(id: &str) -> Option<&'static str> {
    static LONGEST: LazyLock<usize> = LazyLock::new(|| CATALOGUE.iter().map(|r| r.id.len()).max().unwrap_or(0));
    if id.chars().count() > 2 * *LONGEST {
        return None;
    }
    let typed: Vec<char> = id.to_uppercase().replace('_', "-").chars().collect();
    let (distance, nearest) = CATALOGUE.iter().map(|rule| (edit_distance(&typed, rule.id), rule.id)).min()?;
    (distance <= nearest.len().div_ceil(3)).then_some(nearest)
}

/// Levenshtein distance, one row at a time.
pub(crate) fn edit_distance(typed: &[char], id: &str) -> usize {
    let mut row: Vec<usize> = (0..=typed.len()).collect();
    for (i, wanted) in id.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, given) in row.iter_mut().skip(1).zip(typed) {
            let best = (diagonal + usize::from(wanted != *given)).min(left + 1).min(*cell + 1);
            diagonal = std::mem::replace(cell, best);
            left = best;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_sorted_and_each_check_has_its_rule() {
        assert!(CATALOGUE.is_sorted_by(|a, b| a.id < b.id));
        for rule in CATALOGUE {
            assert_eq!(of_check(rule.check).id, rule.id);
            assert!(
                rule.taxonomy.iter().chain(rule.agent_taxonomy).all(|id| taxonomy::list_of(id).is_some()),
                "{}",
                rule.id
            );
        }
    }

    #[test]
    fn every_page_has_the_five_sections_in_order() {
        const SECTIONS: [&str; 5] =
            ["## What it finds", "## Why it matters", "## How it decides", "## When it is wrong", "## Example"];
        for rule in CATALOGUE {
            let page = rule.page();
            assert!(page.starts_with(&format!("# {} (`{}`)\n", rule.title, rule.id)), "{}", rule.id);
            let found: Vec<&str> = page.lines().filter(|line| line.starts_with("## ")).collect();
            assert_eq!(found, SECTIONS, "{}", rule.id);
            let why = page.split("## ").find(|part| part.starts_with("Why it matters")).unwrap();
            for id in rule.taxonomy {
                assert!(why.contains(id), "{}: the page does not name {id}", rule.id);
            }
        }
    }

    #[test]
    fn a_typing_mistake_finds_the_rule_that_was_meant() {
        assert_eq!(nearest("SEQ-SKPI"), Some("SEQ-SKIP"));
        assert_eq!(nearest("seq_skip"), Some("SEQ-SKIP"));
        assert_eq!(nearest("AP-MISING"), Some("AP-MISSING"));
        assert_eq!(nearest("TENCROSS"), Some("TEN-CROSS"));
        assert_eq!(nearest("completely else"), None);
        assert_eq!(nearest(""), None);
        assert_eq!(nearest(&"é".repeat(100_000)), None);
    }

    #[test]
    fn the_distance_is_that_of_the_textbook() {
        let distance = |a: &str, b: &str| edit_distance(&a.chars().collect::<Vec<_>>(), b);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "OWN"), 3);
        assert_eq!(distance("OWN", ""), 3);
        assert_eq!(distance("SOD", "SOD"), 0);
    }

    #[test]
    fn ids_are_found_in_any_letter_case() {
        assert_eq!(find("tx-race").map(|r| r.id), Some("TX-RACE"));
        assert!(explain("Own").unwrap().starts_with("# Foreign object (`OWN`)"));
        assert!(explain("NOPE").is_none());
    }
}

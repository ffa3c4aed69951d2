//! A run written by hand: a shop with orders, an unapproved refund and some things that were not seen.

use std::collections::BTreeMap;

use offpath::finding::suppression::SuppressionSummary;
use offpath::finding::{Evidence, Finding, FindingActor, FindingObject, Verdict};
use offpath::report::*;

/// 2026-03-01T00:00:00Z in microseconds.
const BEGIN: i64 = 1_772_323_200_000_000;

/// RFC 3339 of an instant some microseconds after the sample's begin.
pub(crate) fn time(after: i64) -> String {
    jiff::Timestamp::from_microsecond(BEGIN + after).unwrap().to_string()
}

/// A small deterministic generator, so that the sample needs no other crate.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

struct Kind {
    rule: &'static str,
    severity: &'static str,
    title: fn(&str, &str) -> String,
    activity: &'static str,
    expected: &'static [&'static str],
    observed: &'static [&'static str],
    taxonomy: &'static [(&'static str, &'static [&'static str])],
    why: &'static str,
    fix: &'static str,
}

const KINDS: [Kind; 5] = [
    Kind {
        rule: "AP-MISSING",
        severity: "critical",
        title: |object, actor| format!("refund of order {object} executed by {actor} without approval"),
        activity: "refund_execute",
        expected: &["refund_request", "refund_approve", "refund_execute"],
        observed: &["refund_request", "refund_execute"],
        taxonomy: &[("owasp_api", &["API5", "API6"]), ("cwe", &["CWE-862", "CWE-841"])],
        why: "Money left without the second person that the model requires.",
        fix: "Check in the refund service that an approval by another person exists before it pays out.",
    },
    Kind {
        rule: "SEQ-SKIP",
        severity: "high",
        title: |object, _| format!("order {object} was shipped before it was paid"),
        activity: "ship",
        expected: &["create", "pay", "ship"],
        observed: &["create", "ship"],
        taxonomy: &[("owasp_api", &["API6"]), ("bla", &["BLA4", "BLA7"]), ("cwe", &["CWE-841"])],
        why: "A step that the business relies on was left out and the server did not mind.",
        fix: "Refuse `POST /orders/{id}/ship` unless the order is in state paid.",
    },
    Kind {
        rule: "ST-DIVERGE",
        severity: "medium",
        title: |object, _| format!("order {object}: the server declares delivered, the steps lead to paid"),
        activity: "read",
        expected: &["paid"],
        observed: &["delivered"],
        taxonomy: &[("bla", &["BLA1"]), ("cwe", &["CWE-372"])],
        why: "The state changed by a way that the traffic does not show.",
        fix: "Find the route that changes the state and declare it, or close it.",
    },
    Kind {
        rule: "OWN-OTHER",
        severity: "high",
        title: |object, actor| format!("{actor} cancelled order {object}, which is not theirs"),
        activity: "cancel",
        expected: &["owner"],
        observed: &["someone else"],
        taxonomy: &[("owasp_api", &["API1"]), ("cwe", &["CWE-639"])],
        why: "Anyone who can guess an order's number can act on it.",
        fix: "Compare the order's owner with the caller before acting.",
    },
    Kind {
        rule: "SEQ-REPEAT",
        severity: "low",
        title: |object, _| format!("order {object}: the coupon was accepted twice"),
        activity: "coupon",
        expected: &["coupon"],
        observed: &["coupon", "coupon"],
        taxonomy: &[("owasp_api", &["API6"]), ("cwe", &["CWE-837"])],
        why: "A discount meant for once was given again.",
        fix: "Mark the coupon as used in the same transaction that applies it.",
    },
];

/// Findings as a large run has them: random identities, few rules, many actors and objects; worst first.
pub(crate) fn findings(count: usize) -> Vec<Finding> {
    let mut dice = Dice::new(7);
    let mut findings: Vec<Finding> = (0..count).map(|place| finding(&mut dice, place, count)).collect();
    findings.sort_by(|left, right| {
        (severity_rank(&left.severity), &left.time, &left.id).cmp(&(
            severity_rank(&right.severity),
            &right.time,
            &right.id,
        ))
    });
    findings
}

fn finding(dice: &mut Dice, place: usize, count: usize) -> Finding {
    let weights = [0, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 4];
    let chosen = weights[dice.below(12) as usize];
    let kind = &KINDS[if place == 0 { 0 } else { chosen }];
    let order = format!("ord_{:05}", dice.below(81_377));
    let actor = format!("user:{}", dice.below(5_204));
    let at = (place as i64 * 86_400_000_000 / count as i64) + dice.below(800_000) as i64;
    let evidence: Vec<Evidence> = kind
        .observed
        .iter()
        .enumerate()
        .map(|(step, activity)| {
            let back = (kind.observed.len() - 1 - step) as i64;
            Evidence {
                event: format!("e{:016x}", dice.next()),
                origin: format!("shop.pcapng frames {}-{}", 4 * place + step * 2 + 11, 4 * place + step * 2 + 12),
                offset: 900 * place as u64 + 450 * step as u64 + dice.below(300),
                role: if back == 0 { "deviating" } else { "context" }.into(),
                time: time(at - back * 41_000_000),
                principal: Some(actor.clone()),
                agent: None,
                activity: (*activity).into(),
                method: "POST".into(),
                path: format!("/orders/{order}/{activity}"),
                status: Some(200),
                outcome: "accepted".to_owned(),
            }
        })
        .collect();
    let agent = (dice.below(9) == 0).then(|| "shopping-helper".to_owned());
    Finding {
        id: format!("F{:012x}", dice.next() >> 16),
        fingerprint: format!("{}-{}", kind.rule.to_lowercase(), dice.below(40)),
        rule: kind.rule.into(),
        title: (kind.title)(&order, &actor),
        severity: kind.severity.into(),
        confidence: [0.93, 0.85, 0.72, 0.41][dice.below(4) as usize],
        terms: vec![
            format!("base {}", kind.severity),
            "identity by claims 0.85".into(),
            "capture complete around it".into(),
        ],
        verdict: [Verdict::Proven, Verdict::Accepted, Verdict::Attempted][dice.below(3) as usize],
        time: time(at),
        actor: FindingActor {
            principal: Some(actor.clone()),
            agent,
            client: Some("web".into()),
            tenant: None,
            class: "human".into(),
            evidence: "claims".into(),
            told_in: None,
        },
        object: Some(FindingObject { object_type: "order".into(), id: order.clone() }),
        case: Some(format!("order:{order}")),
        activity: kind.activity.into(),
        constraint: None,
        also: Vec::new(),
        expected: kind.expected.iter().map(|step| (*step).to_owned()).collect(),
        observed: kind.observed.iter().map(|step| (*step).to_owned()).collect(),
        evidence,
        taxonomy: kind
            .taxonomy
            .iter()
            .map(|(list, ids)| ((*list).to_owned(), ids.iter().map(|id| (*id).to_owned()).collect()))
            .collect(),
        why: kind.why.into(),
        fix: kind.fix.into(),
        suppressed: (place % 40 == 39).then(|| "load test CHG-1182".to_owned()),
        group: String::new(),
        evidence_hash: String::new(),
        baseline: None,
        returned: None,
    }
}

/// Timelines of the first findings' cases.
pub(crate) fn cases(findings: &[Finding]) -> Vec<CaseTimeline> {
    findings.iter().take(30).map(case).collect()
}

fn case(finding: &Finding) -> CaseTimeline {
    let steps = [
        ("create", "user", "none", "new", 0),
        ("pay", "user", "new", "new", 42_000_000),
        ("pay", "user", "new", "paid", 65_000_000),
        ("refund_request", "agent", "paid", "refund pending", 9_700_000_000),
    ];
    let who = finding.actor.principal.clone();
    let mut events: Vec<TimelineEvent> = steps
        .iter()
        .enumerate()
        .map(|(place, (activity, actor, before, state, after))| TimelineEvent {
            id: format!("{}-{place}", finding.id),
            time: time(*after),
            micros: BEGIN + after,
            duration: 31_000,
            principal: if *actor == "user" { who.clone() } else { Some("service:support".into()) },
            agent: (*actor == "agent").then(|| "support-bot".into()),
            activity: (*activity).into(),
            request: format!("POST /orders/{}/{activity}", finding.object.as_ref().unwrap().id),
            status: Some(if place == 1 { 402 } else { 200 }),
            outcome: if place == 1 { "rejected" } else { "accepted" }.into(),
            objects: vec![finding.case.clone().unwrap()],
            before: vec![(*before).into()],
            state: vec![(*state).into()],
            origin: format!("shop.pcapng frames {}-{}", 11 + place * 2, 12 + place * 2),
        })
        .collect();
    let last = finding.evidence.last().unwrap();
    events.push(TimelineEvent {
        id: last.event.clone(),
        time: time(9_702_000_000),
        micros: BEGIN + 9_702_000_000,
        duration: 12_000,
        principal: Some("service:payments".into()),
        agent: None,
        activity: last.activity.clone(),
        request: format!("POST {}", last.path),
        status: Some(200),
        outcome: "accepted".into(),
        objects: vec![finding.case.clone().unwrap()],
        before: vec!["refund pending".into()],
        state: vec!["refunded".into()],
        origin: last.origin.clone(),
    });
    CaseTimeline { case: finding.case.clone().unwrap(), events }
}

fn map() -> MapSummary {
    let states = [
        ("new", true, false, false, 81_377),
        ("paid", false, false, false, 79_860),
        ("packed", false, false, false, 79_410),
        ("shipped", false, false, true, 79_114),
        ("delivered", false, true, false, 77_902),
        ("cancelled", false, true, false, 1_490),
        ("refund pending", false, false, false, 1_902),
        ("refunded", false, true, true, 1_844),
    ];
    let steps: [(usize, usize, &str, u64, Option<bool>); 15] = [
        (0, 0, "coupon", 20_118, Some(true)),
        (0, 0, "change_address", 904, Some(true)),
        (0, 1, "pay", 79_860, Some(true)),
        (0, 3, "ship", 41, Some(false)),
        (0, 5, "cancel", 1_476, Some(true)),
        (1, 2, "pack", 79_410, Some(true)),
        (1, 5, "cancel", 14, Some(true)),
        (1, 6, "refund_request", 310, Some(true)),
        (2, 3, "ship", 79_073, Some(true)),
        (2, 1, "unpack", 0, Some(true)),
        (3, 4, "deliver", 77_902, Some(true)),
        (4, 6, "refund_request", 1_592, Some(true)),
        (6, 7, "refund_execute", 1_841, Some(true)),
        (4, 7, "refund_execute", 3, Some(false)),
        (6, 4, "refund_reject", 55, Some(true)),
    ];
    MapSummary {
        object_type: "order".into(),
        objects: 81_377,
        nodes: states
            .iter()
            .map(|&(name, initial, end, restricted, count)| MapNodeSummary {
                name: name.into(),
                initial,
                end,
                restricted,
                count,
            })
            .collect(),
        edges: steps
            .iter()
            .map(|&(from, to, label, count, allowed)| MapEdgeSummary {
                from,
                to,
                label: label.into(),
                count,
                allowed,
                perhaps: false,
            })
            .collect(),
    }
}

/// A run of `check` on a day of a shop's traffic.
pub(crate) fn run() -> RunSummary {
    let variants: [(&[&str], u64, Option<bool>); 4] = [
        (&["create", "pay", "pack", "ship", "deliver"], 57_340, Some(true)),
        (&["create", "coupon", "pay", "pack", "ship", "deliver"], 20_001, Some(true)),
        (&["create", "cancel"], 1_476, Some(true)),
        (&["create", "ship", "deliver"], 41, Some(false)),
    ];
    let rule =
        |id: &str, title: &str, findings, by_source: &[(&str, (u64, u64, u64))], idle: Option<&str>| RuleSummary {
            id: id.into(),
            title: title.into(),
            by_source: by_source.iter().map(|(name, tally)| ((*name).to_owned(), *tally)).collect(),
            findings,
            not_evaluated: idle.map(str::to_owned),
            ..RuleSummary::default()
        };
    RunSummary {
        premises: Vec::new(),
        drift: None,
        held: std::collections::BTreeMap::new(),
        not_asked: 12,
        unmodelled: None,
        schema_version: "1".into(),
        tool_version: "0.1.0".into(),
        command: "check".into(),
        inputs: vec![
            InputSummary {
                name: "shop.pcapng".into(),
                format: "pcapng".into(),
                bytes: 1_204_338_112,
                sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into(),
                records: 9_120_331,
            },
            InputSummary {
                name: "edge/access.log.gz".into(),
                format: "combined".into(),
                bytes: 88_120_004,
                sha256: "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752".into(),
                records: 204_112,
            },
        ],
        errors: vec!["edge/access.log.gz: line 204113 is cut off; the rest of the file was not read".into()],
        tls: TlsSummary::default(),
        aside: vec![AsideSummary {
            input: "copy/shop.pcapng.gz".into(),
            reason: "copy".into(),
            of: Some("shop.pcapng".into()),
        }],
        twice: vec![TwiceSummary { input: "edge/access.log.gz".into(), of: "shop.pcapng".into(), exchanges: 204_112 }],
        hops: Vec::new(),
        clocks: Vec::new(),
        warnings: vec!["a.log and b.log may show the same traffic".into()],
        window: Some((time(0), time(86_399_000_000))),
        exchanges: 412_880,
        incomplete: BTreeMap::from([("response body cut off".into(), 118), ("no response seen".into(), 44)]),
        protocols: BTreeMap::from([("http1".into(), 293_144), ("http2".into(), 119_736)]),
        calls: BTreeMap::new(),
        websocket: WebSocketSummary::default(),
        connections: (31_552, 37),
        not_read: vec![NotReadSummary {
            reason: "TLS connections without keys".into(),
            count: 1_204,
            bytes: 97_551_000,
            share: Some(0.081),
        }],
        missing: vec![NotReadSummary { reason: "lost".into(), count: 37, bytes: 12_000, share: Some(0.00001) }],
        foreign: BTreeMap::new(),
        captured: CapturedSummary::default(),
        irregularities: BTreeMap::from([("http1_space_after_header_name".into(), 12)]),
        filtered: 0,
        tunnels: BTreeMap::new(),
        seen_again: 0,
        blind_spots: 3,
        events: 387_694,
        cases: 81_377,
        operations: vec![
            OperationSummary {
                name: "POST /orders".into(),
                activity: Some("create".into()),
                operation_id: None,
                template_from: "model".into(),
                exchanges: 81_390,
                accepted: 81_377,
            },
            OperationSummary {
                name: "GET /orders/{orderId}".into(),
                activity: None,
                operation_id: None,
                template_from: "model".into(),
                exchanges: 120_441,
                accepted: 119_003,
            },
        ],
        unmatched: 25_186,
        unmatched_paths: Vec::new(),
        redaction_rules: Vec::new(),
        described: None,
        cookies: std::collections::BTreeMap::new(),
        actors: vec![
            ActorSummary { evidence: "claims".into(), principals: 5_204, events: 371_002 },
            ActorSummary { evidence: "api_key".into(), principals: 311, events: 14_011 },
            ActorSummary { evidence: "none".into(), principals: 0, events: 2_681 },
        ],
        sessions: 9_120,
        runs: 0,
        objects: vec![
            ObjectSummary {
                object_type: "order".into(),
                objects: 81_377,
                events: 361_000,
                key_sources: BTreeMap::from([("path".into(), 357_390), ("response body".into(), 3_610)]),
                guessed: false,
            },
            ObjectSummary {
                object_type: "cart".into(),
                objects: 120_441,
                events: 140_020,
                key_sources: BTreeMap::from([("header".into(), 140_020)]),
                guessed: true,
            },
        ],
        model: Some(ModelSummary {
            id: "shop".into(),
            version: "7".into(),
            hash: "4e07408562bedb8b60ce05c1decfe3ad16b72230967de01f640b7e4729b49fce".into(),
            file: "shop.model.yaml".into(),
            lifecycles: 3,
            constraints: 11,
            activities: (14, 12),
        }),
        measures: Some(MeasureSummary {
            traces: 81_377,
            fitting_traces: 79_860,
            undecided_traces: 12,
            uncertain_lives: 3,
            variants: 214,
            alignment_moves: 3_044,
            alignment_denominator: 812_400,
            log_fitness: Some(1.0 - 3_044.0 / 812_400.0),
            average_trace_fitness: Some(0.995),
            trace_fitness: (80_958_175_000, 81_365),
            transitions: (19, 14),
            coverage: (364_001, 387_694),
            identified: (360_112, 361_900),
            approximate: false,
        }),
        rules: vec![
            rule("AP-MISSING", "Approval is missing", 3, &[("pcapng", (1_844, 3, 0))], None),
            rule(
                "SEQ-SKIP",
                "Skipped step",
                41,
                &[("pcapng", (310_221, 41, 1_203)), ("combined", (60_114, 0, 812))],
                None,
            ),
            rule(
                "ST-DIVERGE",
                "Declared state differs",
                20,
                &[("pcapng", (101_422, 20, 0)), ("combined", (0, 0, 60_926))],
                None,
            ),
            rule("TX-CONSERVE", "Sum leaves its bound", 0, &[("pcapng", (1_844, 0, 0))], None),
            rule(
                "HITL-MISSING",
                "Agent acts without a person",
                0,
                &[],
                Some("the model names no step that needs a person"),
            ),
        ],
        findings: BTreeMap::new(),
        groups: Vec::new(),
        groups_left_out: 0,
        suppressions: vec![SuppressionSummary {
            covers: "rule: SEQ-*, actor: service:load".into(),
            reason: "load test CHG-1182".into(),
            by: "a.reviewer".into(),
            until: "2026-12-01".into(),
            line: 2,
            findings: 5,
            ..SuppressionSummary::default()
        }],
        baseline: None,
        maps: vec![map()],
        variants: variants
            .iter()
            .map(|(steps, count, fits)| VariantSummary {
                object_type: "order".into(),
                activities: steps.iter().map(|step| (*step).to_owned()).collect(),
                count: *count,
                fits: *fits,
            })
            .collect(),
        options: BTreeMap::from([("redact".into(), "mask".into()), ("fail_on".into(), "high".into())]),
        limits: vec![],
    }
}

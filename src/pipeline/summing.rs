//! The run's record: everything that was read, compared and found, in numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use offpath_capture::{Aside, AsideReason, SourceReport, TlsConnections};

use super::gaps::share;
use super::judging::Judged;
use super::naming::shown_call;
use super::reading::Reports;
use super::views::Clock;
use super::{Job, Run, alpn, rules, triage, warnings};
use crate::compare::{Blindness, Check};
use crate::correlate::{Catalogue, Inspection, Pseudonyms, Redaction, RedactionRule};
use crate::event::rfc3339;
use crate::mine::{Evidence, ProcessMap};
use crate::model::Model;
use crate::report::{
    ActorSummary, AsideSummary, ClockSummary, HopsSummary, InputSummary, MapEdgeSummary, MapNodeSummary, MapSummary,
    MeasureSummary, ModelSummary, NotReadSummary, ObjectSummary, OperationSummary, PremiseSummary, RedactionSummary,
    RunSummary, TlsSummary, TwiceSummary, UnmatchedSummary, UnmodelledOperation, UnmodelledSummary, VariantSummary,
};
use crate::rule;
use crate::rule::need::Need;

/// Version of `run.json`'s schema: the minor grows with additions, the major with anything else.
const SCHEMA_VERSION: &str = "1.0";
/// Variants kept in the record.
const VARIANTS: usize = 100;
/// Paths that nothing knows, kept in the record.
const UNMATCHED: usize = 100;
/// Names of what is no activity of the model, kept in the record.
const UNMODELLED: usize = 1_000;
/// What became of TLS connections that were read.
const DECRYPTED: &str = "decrypted";
/// Why a run is incomplete whose inputs say of no error.
const LOST: &str = "more than 1 % of the input's bytes could not be read";
/// Names written out in one sentence.
const NAMES: usize = 5;

/// Puts the parts together.
pub(super) fn sum(
    job: &Job,
    reports: Reports,
    inspection: &Inspection,
    mut judged: Judged,
    (blindness, catalogue): (&Blindness, &Catalogue),
) -> Run {
    let mut summary = RunSummary {
        schema_version: SCHEMA_VERSION.to_owned(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        command: job.command.to_owned(),
        blind_spots: blindness.spots.len() as u64,
        window: judged.window.map(|(from, to)| (rfc3339(from), rfc3339(to))),
        events: judged.events,
        cases: judged.cases,
        model: job.model.as_deref().map(model_summary),
        redaction_rules: redaction_rules(job, inspection),
        options: options(job),
        ..RunSummary::default()
    };
    let incomplete = add_sources(&mut summary, &reports, job.pseudonyms.as_ref());
    add_inspection(&mut summary, inspection, job.model.is_none());
    add_operations(&mut summary, inspection, job, catalogue);
    summary.rules = rules::summaries(job, &judged, blindness);
    let maps = match &job.model {
        Some(model) => judged.mining.lifecycle_maps(model, &judged.moves),
        None => judged.mining.activity_maps(),
    };
    summary.maps = maps.into_iter().map(map_summary).collect();
    summary.measures = job.model.as_deref().map(|model| measures(model, &judged));
    summary.unmodelled = (job.model.is_some() && job.selection.events.is_none())
        .then(|| unmodelled(inspection, judged.events.saturating_sub(judged.modelled), job.pseudonyms.as_ref()));
    summary.variants = variants(&judged);
    summary.limits.extend(job.model.as_deref().and_then(|model| out_of_force(model, judged.out_of_force)));
    summary.limits.extend(too_large(&judged.too_large));
    summary.limits.extend(left_out(inspection));
    if let Some(model) = job.model.as_deref().filter(|_| judged.events > 0) {
        summary.warnings = warnings::warnings(model, inspection, &judged, job.pseudonyms.as_ref());
        let before = job.rules.before_judging();
        summary.warnings.extend(before.map(|rule| {
            format!("{rule} hides values before they are judged: literals of the model that look so equal none of them")
        }));
        summary.warnings.extend(warnings::of_one_client(blindness));
        let (judging, seen) = warnings::judging(model, inspection);
        summary.model.iter_mut().for_each(|summary| summary.activities = (judging, seen));
    }
    summary.warnings.extend(warnings::of_identity(inspection, job.redaction));
    summary.warnings.extend(reports.warnings);
    let absent = triage::apply(job, &mut judged.findings, &mut summary);
    let unread = incomplete.then(|| summary.errors.first().cloned().unwrap_or_else(|| LOST.to_owned()));
    let incomplete = unread.or_else(|| too_large(&judged.too_large)).or_else(|| left_out(inspection));
    Run {
        summary,
        findings: judged.findings,
        absent,
        gaps: Vec::new(),
        access: Vec::new(),
        mining: judged.mining,
        habits: judged.habits.record(),
        evidence: Evidence::default(),
        laps: judged.laps,
        incomplete,
    }
}

fn redaction_rules(job: &Job, inspection: &Inspection) -> Vec<RedactionSummary> {
    // Where no exchange was read, none caught anything.
    let caught = inspection.caught().iter().copied().chain(std::iter::repeat(0));
    let summary = |(rule, values): (&RedactionRule, u64)| RedactionSummary { rule: rule.to_string(), values };
    job.rules.iter().zip(caught).map(summary).collect()
}

fn add_sources(summary: &mut RunSummary, reports: &Reports, pseudonyms: Option<&Pseudonyms>) -> bool {
    // Of the bytes that were not read, those of packets apart: shares are of these.
    let mut not_read: BTreeMap<&str, (u64, u64, u64)> = BTreeMap::new();
    let mut missing: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    let (mut bytes, mut lost) = (0, 0);
    summary.errors.clone_from(&reports.errors);
    summary.aside = reports.aside.iter().map(aside_summary).collect();
    for source in &reports.sources {
        summary.exchanges += source.exchanges;
        summary.filtered += source.filtered;
        summary.websocket.connections += source.websocket.connections;
        summary.websocket.messages += source.websocket.messages;
        summary.websocket.frames += source.websocket.frames;
        summary.websocket.bytes += source.websocket.bytes;
        summary.websocket.calls += source.websocket.calls;
        summary.websocket.without_call += source.websocket.without_call;
        summary.seen_again += source.seen_again;
        for (tunnel, count) in &source.tunnels {
            *summary.tunnels.entry((*tunnel).to_owned()).or_default() += count;
        }
        summary.connections.0 += source.connections;
        summary.connections.1 += source.connections_with_gaps;
        for (reason, count) in &source.incomplete {
            *summary.incomplete.entry((*reason).to_owned()).or_default() += count;
        }
        for entry in &source.not_read {
            let sum = not_read.entry(entry.reason).or_default();
            let captured = if source.captured.packets > 0 { entry.bytes } else { 0 };
            *sum = (sum.0 + entry.count, sum.1 + entry.bytes, sum.2 + captured);
        }
        for entry in &source.missing {
            let sum = missing.entry(entry.reason).or_default();
            *sum = (sum.0 + entry.count, sum.1 + entry.bytes);
        }
        for foreign in &source.foreign {
            let sum = summary.foreign.entry(foreign.protocol.to_owned()).or_default();
            sum.connections += foreign.connections;
            sum.bytes += foreign.bytes;
        }
        summary.captured.packets += source.captured.packets;
        summary.captured.bytes += source.captured.bytes;
        source.tls.iter().for_each(|kind| add_tls(&mut summary.tls, kind, pseudonyms));
        for irregularity in &source.irregularities {
            *summary.irregularities.entry(irregularity.name.to_owned()).or_default() += irregularity.count;
        }
        summary.errors.extend(source.errors.iter().map(ToString::to_string));
        add_inputs(summary, source);
        bytes += source.inputs.iter().map(|input| input.bytes).sum::<u64>();
        lost += source.inputs.iter().map(|input| input.bytes_lost).sum::<u64>();
    }
    for twice in &reports.twice {
        summary.exchanges = summary.exchanges.saturating_sub(twice.exchanges);
        let (input, of) = (twice.input.clone(), twice.of.clone());
        summary.twice.push(TwiceSummary { input, of, exchanges: twice.exchanges });
    }
    for (input, exchanges) in &reports.hops {
        summary.exchanges = summary.exchanges.saturating_sub(*exchanges);
        summary.hops.push(HopsSummary { input: input.clone(), exchanges: *exchanges });
    }
    summary.clocks = reports.clocks.iter().map(clock_summary).collect();
    summary.inputs.sort_by(|a, b| a.name.cmp(&b.name));
    summary.errors.sort();
    summary.not_read = not_read
        .into_iter()
        .map(|(reason, (count, bytes, captured))| {
            let share = share(captured, summary.captured.bytes).filter(|_| captured > 0);
            NotReadSummary { reason: reason.to_owned(), count, bytes, share }
        })
        .collect();
    let gone = missing.values().fold(0_u64, |sum, (_, bytes)| sum.saturating_add(*bytes));
    summary.missing = missing
        .into_iter()
        .map(|(reason, (count, bytes))| {
            // Of all bytes that there were, captured or not.
            let share = share(bytes, summary.captured.bytes.saturating_add(gone));
            NotReadSummary { reason: reason.to_owned(), count, bytes, share }
        })
        .collect();
    !summary.errors.is_empty() || lost.saturating_mul(100) > bytes
}

fn clock_summary(clock: &Clock) -> ClockSummary {
    let (input, of) = (clock.input.clone(), clock.of.clone());
    ClockSummary { input, of, moved_us: clock.moved, shown_by: clock.shown_by }
}

fn aside_summary(aside: &Aside) -> AsideSummary {
    let (reason, of) = match &aside.reason {
        AsideReason::Copy(of) => ("copy", Some(of.clone())),
        AsideReason::SameFile(of) => ("same_file", Some(of.clone())),
        AsideReason::RunFolder => ("run_folder", None),
    };
    AsideSummary { input: aside.input.clone(), reason: reason.to_owned(), of }
}

fn add_tls(summary: &mut TlsSummary, kind: &TlsConnections, pseudonyms: Option<&Pseudonyms>) {
    let add = |counts: &mut BTreeMap<String, u64>, name: Option<String>| {
        if let Some(name) = name {
            *counts.entry(name).or_default() += kind.connections;
        }
    };
    let outcome = kind.unread.unwrap_or(DECRYPTED).to_owned();
    let server = pseudonyms.map_or_else(|| kind.server.clone(), |p| p.host(&kind.server).to_string());
    add(summary.servers.entry(server).or_default(), Some(outcome));
    add(&mut summary.versions, kind.version.map(str::to_owned));
    add(&mut summary.suites, kind.suite.map(|suite| format!("{suite:#06x}")));
    let hidden = |text: &str| pseudonyms.map_or_else(|| text.to_owned(), |p| p.name(text).to_string());
    add(&mut summary.protocols, kind.alpn.clone().map(|alpn| alpn::shown(alpn, hidden)));
    add(&mut summary.fingerprints, kind.fingerprint.clone());
}

fn add_inputs(summary: &mut RunSummary, source: &SourceReport) {
    summary.inputs.extend(source.inputs.iter().map(|input| InputSummary {
        name: input.name.clone(),
        format: input.format.as_str().to_owned(),
        bytes: input.bytes,
        sha256: input.sha256.clone(),
        records: input.records,
    }));
}

fn model_summary(model: &Model) -> ModelSummary {
    ModelSummary {
        id: model.id.to_string(),
        version: model.version.to_string(),
        hash: model.hash.clone(),
        file: model.file.clone(),
        lifecycles: model.lifecycles.len() as u64,
        constraints: model.constraints.len() as u64,
        activities: (0, 0),
    }
}

fn options(job: &Job) -> BTreeMap<String, String> {
    let mut options: BTreeMap<_, _> =
        job.told.iter().map(|(name, value)| (name.clone(), job.recorded(value))).collect();
    if let Some(from) = job.period.0 {
        options.insert("from".to_owned(), rfc3339(from));
    }
    if let Some(to) = job.period.1 {
        options.insert("to".to_owned(), rfc3339(to));
    }
    #[cfg(feature = "live")]
    if let Some(bpf) = &job.capture.bpf {
        options.insert("bpf".to_owned(), job.recorded(bpf));
    }
    if job.redaction != Redaction::default() || !job.rules.is_empty() {
        let rules = job.rules.iter().map(ToString::to_string);
        let given: Vec<String> = std::iter::once(job.redaction.as_str().to_owned()).chain(rules).collect();
        options.insert("redact".to_owned(), given.join(", "));
    }
    if let Some(filter) = &job.selection.filter {
        options.insert("filter".to_owned(), filter.clone());
    }
    let globs = |patterns: &[globset::GlobMatcher]| {
        patterns.iter().map(|p| p.glob().glob().to_owned()).collect::<Vec<_>>().join(",")
    };
    let set = job.thresholds.all_told();
    if !set.is_empty() {
        let told = |(check, set): (Check, String)| format!("{}: {set}", rule::of_check(check).id);
        options.insert("rules".to_owned(), set.into_iter().map(told).collect::<Vec<_>>().join("; "));
    }
    if !job.selection.select.is_empty() {
        options.insert("select".to_owned(), globs(&job.selection.select));
    }
    if !job.selection.ignore.is_empty() {
        options.insert("ignore".to_owned(), globs(&job.selection.ignore));
    }
    options
}

fn add_inspection(summary: &mut RunSummary, inspection: &Inspection, guessed: bool) {
    summary.unmatched = inspection.unmatched();
    summary.not_asked = inspection.not_asked();
    summary.protocols = inspection.protocols().iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
    summary.calls = inspection.calls().iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
    let actors = inspection.actors().into_iter().map(|actor| ActorSummary {
        evidence: actor.evidence.as_str().to_owned(),
        principals: actor.principals,
        events: actor.events,
    });
    summary.actors = actors.collect();
    summary.cookies = inspection.cookies().into_iter().map(|(name, count)| (name.to_string(), count)).collect();
    let premises = inspection.premises().into_iter().map(|premise| PremiseSummary {
        place: premise.place,
        tenants: premise.tenants as u64,
        actors: premise.people.0 as u64,
        staying: premise.people.1 as u64,
        objects: premise.things.0 as u64,
        alone: premise.things.1 as u64,
    });
    summary.premises = premises.collect();
    (summary.sessions, summary.runs) = (inspection.sessions(), inspection.runs());
    let objects = inspection.objects().into_iter().map(|object| ObjectSummary {
        object_type: object.object_type.to_string(),
        objects: object.objects,
        events: object.events,
        key_sources: object.key_sources.iter().map(|(source, count)| (source.as_str().to_owned(), *count)).collect(),
        guessed,
    });
    summary.objects = objects.collect();
}

/// Operations by the names that their documents give them, and the paths that nothing knows.
fn add_operations(summary: &mut RunSummary, inspection: &Inspection, job: &Job, catalogue: &Catalogue) {
    let guess = if job.model.is_some() { "model" } else { "guess" };
    let mut called = BTreeSet::new();
    let operations = inspection.operations().into_iter().map(|operation| {
        let listed = catalogue.find(&operation.name);
        let own = listed.filter(|(_, own)| *own).map(|(listed, _)| listed);
        called.extend(own.map(|listed| (Arc::clone(&listed.method), Arc::clone(&listed.path))));
        let method = operation.name.split(' ').next().unwrap_or_default();
        OperationSummary {
            name: listed.map_or_else(|| operation.name.to_string(), |(listed, _)| format!("{method} {}", listed.path)),
            activity: operation.activity.as_deref().map(str::to_owned),
            operation_id: own.and_then(|listed| listed.id.as_deref()).map(str::to_owned),
            template_from: if listed.is_some() { "openapi" } else { guess }.to_owned(),
            exchanges: operation.exchanges,
            accepted: operation.accepted,
        }
    });
    summary.operations = operations.collect();
    summary.described = (!catalogue.is_empty()).then(|| (catalogue.len(), called.len() as u64));
    let unmatched = inspection.unmatched_paths().into_iter().take(UNMATCHED).map(|path| UnmatchedSummary {
        name: shown_call(&path.name, None, job.pseudonyms.as_ref()),
        exchanges: path.exchanges,
        unrefused: path.unrefused,
    });
    summary.unmatched_paths = unmatched.collect();
}

/// What `events` are that are no activity.
fn unmodelled(inspection: &Inspection, events: u64, pseudonyms: Option<&Pseudonyms>) -> UnmodelledSummary {
    let counts = inspection.unmodelled().into_iter().take(UNMODELLED).map(|count| UnmodelledOperation {
        name: shown_call(&count.name, None, pseudonyms),
        why: count.why.as_str().to_owned(),
        calls: count.calls,
        refused: count.refused,
        events: count.events,
        first: count.first.to_string(),
    });
    let mut operations: Vec<UnmodelledOperation> = counts.collect();
    // The order of the names themselves would say something about them.
    operations.sort_by(|a, b| b.calls.cmp(&a.calls).then_with(|| (&a.name, &a.why).cmp(&(&b.name, &b.why))));
    let listed: u64 = operations.iter().map(|operation| operation.events).sum();
    UnmodelledSummary { events, operations, left_out: events.saturating_sub(listed) }
}

/// Events that another version of the workflow governs.
fn out_of_force(model: &Model, events: u64) -> Option<String> {
    let (from, to) = (model.in_force.0.map(rfc3339), model.in_force.1.map(rfc3339));
    let period = match (from, to) {
        (Some(from), Some(to)) => format!("from {from} to {to}"),
        (Some(from), None) => format!("from {from}"),
        (None, Some(to)) => format!("until {to}"),
        (None, None) => return None,
    };
    let version = format!("version {} of {}", model.version, model.id);
    (events > 0).then(|| format!("{events} events not judged: {version} is in force {period}"))
}

/// What could not be judged whole.
fn too_large(names: &BTreeSet<String>) -> Option<String> {
    let were = if names.len() == 1 { "case was" } else { "cases were" };
    let listed: Vec<&str> = names.iter().take(NAMES).map(String::as_str).collect();
    let more = if names.len() > NAMES { ", ..." } else { "" };
    let sentence = format!("{} {were} too large to be judged whole: {}{more}", names.len(), listed.join(", "));
    (!names.is_empty()).then_some(sentence)
}

/// What single exchanges ask for beyond what is read of one.
fn left_out(inspection: &Inspection) -> Option<String> {
    let number = inspection.left_out();
    let ask = if number == 1 { "exchange asks" } else { "exchanges ask" };
    let sentence = || {
        format!("{number} {ask} for more calls or elements than become steps: what is beyond may be any of its kind")
    };
    (number > 0).then(sentence)
}

fn measures(model: &Model, judged: &Judged) -> MeasureSummary {
    let declared = declared_moves(model);
    let happened: BTreeSet<_> =
        judged.moves.keys().filter(|m| !m.perhaps).map(|m| (&m.object_type, &m.from, &m.activity, &m.to)).collect();
    let figures = &judged.measures;
    MeasureSummary {
        traces: figures.traces,
        fitting_traces: figures.fitting_traces,
        undecided_traces: figures.undecided_traces,
        uncertain_lives: figures.uncertain_lives,
        variants: judged.mining.variant_count(),
        alignment_moves: figures.alignment_moves,
        alignment_denominator: figures.alignment_denominator,
        log_fitness: figures.log_fitness(),
        average_trace_fitness: figures.average_trace_fitness(),
        trace_fitness: (figures.trace_fitness, figures.traces.saturating_sub(figures.undecided_traces)),
        transitions: (declared.len() as u64, declared.intersection(&happened).count() as u64),
        coverage: (judged.modelled, judged.events),
        identified: judged
            .shown
            .values()
            .map(|shown| shown.of(Need::Identity))
            .fold((0, 0), |sum, (known, all)| (sum.0 + known, sum.1 + all)),
        approximate: figures.approximate,
    }
}

/// A step as a model declares it: object type, state before, activity, state after.
type Move<'m> = (&'m Arc<str>, &'m Arc<str>, &'m Arc<str>, &'m Arc<str>);

fn declared_moves(model: &Model) -> BTreeSet<Move<'_>> {
    let mut declared = BTreeSet::new();
    for lifecycle in &model.lifecycles {
        let Some(object_type) = model.object_types.get(usize::from(lifecycle.object_type.0)) else { continue };
        let state = |index: usize| lifecycle.states.get(index).map(|state| &state.name);
        for transition in &lifecycle.transitions {
            // What nobody can see cannot be missed.
            let activity = model.activities.get(usize::from(transition.activity.0)).filter(|activity| !activity.unseen);
            let activity = activity.map(|activity| &activity.name);
            for from in &transition.from {
                if let (Some(from), Some(activity), Some(to)) = (state(*from), activity, state(transition.to)) {
                    declared.insert((&object_type.name, from, activity, to));
                }
            }
        }
    }
    declared
}

fn variants(judged: &Judged) -> Vec<VariantSummary> {
    let top = judged.mining.variants();
    top.into_iter()
        .take(VARIANTS)
        .map(|variant| VariantSummary {
            object_type: variant.object_type.to_string(),
            activities: variant.activities.iter().map(ToString::to_string).collect(),
            count: variant.count,
            fits: variant.fits,
        })
        .collect()
}

fn map_summary(map: ProcessMap) -> MapSummary {
    let nodes = map.nodes.into_iter().map(|node| MapNodeSummary {
        name: node.name.to_string(),
        initial: node.initial,
        end: node.end,
        restricted: node.restricted,
        count: node.count,
    });
    let edges = map.edges.into_iter().map(|edge| MapEdgeSummary {
        from: edge.from,
        to: edge.to,
        label: edge.label.to_string(),
        count: edge.count,
        allowed: edge.allowed,
        perhaps: edge.perhaps,
    });
    MapSummary {
        object_type: map.object_type.to_string(),
        objects: map.objects,
        nodes: nodes.collect(),
        edges: edges.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_too_large_is_named() {
        let names = |count: u8| -> BTreeSet<String> { (1..=count).map(|n| format!("order:{n}")).collect() };
        assert_eq!(too_large(&names(0)), None);
        let one = too_large(&names(1)).unwrap();
        assert_eq!(one, "1 case was too large to be judged whole: order:1");
        let two = too_large(&names(2)).unwrap();
        assert_eq!(two, "2 cases were too large to be judged whole: order:1, order:2");
        assert!(too_large(&names(9)).unwrap().ends_with("order:5, ..."));
    }
}

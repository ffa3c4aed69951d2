//! A draft of a model: what was seen, written as a model file that a person reads, corrects and keeps.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use super::Mining;
use super::amount::AmountSketch;
use super::evidence::TenantPlace;
use super::guard;
use super::invariant;
use super::life::Lives;
use super::lifecycle::{Lifecycle, Use};
use super::ownership::{self, Ownership};
use super::page::Page;
use super::proposal;
use super::sketch::{ActivitySketch, Sketch, TypeSketch};
use super::written;

/// Support below which a line is marked for a check.
pub(super) const THIN: u64 = 5;
/// Calls without an object that are listed.
const UNPLACED: usize = 20;

/// Where a draft comes from, for its head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// offpath's version.
    pub tool_version: String,
    /// Inputs: name and SHA-256.
    pub inputs: Vec<(String, String)>,
    /// First and last event's time.
    pub window: Option<(String, String)>,
    /// Exchanges read.
    pub exchanges: u64,
}

/// The model that events are read with before lives are known: object types and activities, no lifecycles.
pub fn outline(sketch: &Sketch) -> String {
    let mut page = Page::default();
    head(&mut page, sketch);
    if !sketch.roles.is_empty() {
        page.line(&format!("actors: {{roles: {{from: {}}}}}", list(&sketch.roles)), "");
    }
    objects(
        &mut page,
        sketch,
        &|_| None,
        &|object| {
            // In force, so that the reading that uses the outline sees who acts on whose objects.
            object.owner.as_ref().map(|place| (format!("owner: {place}"), String::new()))
        },
        &BTreeMap::new(),
    );
    // All of them, so that the reading that uses the outline sees what they are.
    activities(&mut page, sketch, &|_, _| true);
    page.text()
}

/// The beginning of a model: actors, objects and activities with their support, and no lifecycles, so that nothing is
/// judged by it until somebody writes them.
pub fn beginning(sketch: &Sketch, provenance: &Provenance) -> String {
    let mut page = Page::default();
    page.note(&format!(
        "The beginning of a model by offpath {}: who, on what, and which calls.",
        provenance.tool_version
    ));
    page.note(
        "It says nothing yet of what may follow what: add lifecycles and constraints (docs/model.md), or have them",
    );
    page.note("drafted from what happened by `offpath mine`. Settle every `check:` before you rely on it.");
    sources(&mut page, provenance);
    head(&mut page, sketch);
    if !sketch.roles.is_empty() {
        page.gap();
        page.line("actors:", "what is not given is recognised the built-in way (docs/correlation.md)");
        page.line(&format!("  roles: {{from: {}}}", list(&sketch.roles)), "where roles were shown");
    }
    objects(
        &mut page,
        sketch,
        &|_| None,
        &|object| {
            let place = object.owner.as_ref()?;
            Some((
                format!("# owner: {place}"),
                "check: answers name who acts there; uncomment it if it is the owner".to_owned(),
            ))
        },
        &BTreeMap::new(),
    );
    activities(&mut page, sketch, &|_, _| false);
    page.text()
}

/// How far the states that answers declare are used for an object type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trust {
    /// As the evidence allows.
    #[default]
    Full,
    /// They name the states of the lifecycle, and are not compared with what answers declare.
    Names,
    /// Not at all: states are named after the last step.
    Nothing,
}

/// An object type whose declared states a replay did not bear out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Doubted {
    /// How far they are used all the same.
    pub trust: Trust,
    /// A condition on its parent's state was not borne out.
    pub unguarded: bool,
    /// An exchange that contradicts them: what, and where it is.
    pub seen: String,
}

/// The draft. `mining` is that of a run compared with the [`outline`] of the same sketch; `doubted` holds the object types
/// whose declared states are not to be used in full.
pub fn draft(sketch: &Sketch, mining: &Mining, provenance: &Provenance, doubted: &BTreeMap<String, Doubted>) -> String {
    let mut lifecycles: Vec<(&TypeSketch, Use, Lifecycle)> = sketch
        .types
        .iter()
        .filter_map(|object| {
            let lives = mining.lives.get(&object.name).filter(|lives| lives.objects > 0)?;
            let has_parent = object.parent.is_some();
            let values = Use::of(lives, has_parent).at_most(doubted.get(&*object.name));
            let named = !object.states.is_empty() && !matches!(values, Use::Nothing(_));
            let creates = |activity: &str| sketch.creates(activity, &object.name);
            Some((object, values, Lifecycle::of(lives, named, has_parent, &creates)))
        })
        .collect();
    guard::add(&mut lifecycles, sketch, mining, doubted);
    let mut page = Page::default();
    preamble(&mut page, provenance);
    head(&mut page, sketch);
    let owners: BTreeMap<&str, Ownership> = sketch
        .types
        .iter()
        .filter_map(|object| Some((&*object.name, ownership::of(object, sketch, mining.lives.get(&object.name)?)?)))
        .collect();
    let shows_roles = |lives: &Lives| lives.steps.values().any(|step| step.by.keys().any(|(_, role)| role.is_some()));
    if mining.lives.values().any(shows_roles) {
        page.gap();
        page.line("actors:", "");
        let from = list(&sketch.roles);
        match ownership::default_role(owners.values(), &mining.lives) {
            None => page.line(&format!("  roles: {{from: {from}}}"), ""),
            Some((name, seen)) => page.line(&format!("  roles: {{from: {from}, default: {name}}}"), &seen),
        }
    }
    let of = |object: &TypeSketch| lifecycles.iter().find(|(known, ..)| known.name == object.name);
    let stated = |object: &TypeSketch| {
        Some(match of(object) {
            Some((_, Use::States, _)) => Stated::Yes,
            Some((_, Use::Names(why) | Use::Nothing(why), _)) => Stated::No(why.clone()),
            None => Stated::No("no step was seen".to_owned()),
        })
    };
    let owned = |object: &TypeSketch| {
        let known = owners.get(&*object.name)?;
        Some((format!("# owner: {}", known.place), format!("check: {}", known.seen)))
    };
    let invariants = invariant::of(sketch, &mining.lives);
    objects(&mut page, sketch, &stated, &owned, &invariants.of_objects);
    activities(&mut page, sketch, &|activity, amount| {
        invariants.of_activities.contains(&(Arc::clone(&activity.name), Arc::clone(&amount.name)))
    });
    if !lifecycles.is_empty() {
        page.gap();
        page.line("lifecycles:", "what followed what; a step that no line allows is a deviation");
        for (object, _, lifecycle) in &lifecycles {
            let objects = mining.lives.get(&object.name).map_or(0, |lives| lives.objects);
            written::lifecycle(&mut page, &object.name, objects, lifecycle);
        }
    }
    let lives = lifecycles.iter().filter_map(|(object, _, lifecycle)| {
        mining.lives.get(&object.name).map(|lives| proposal::of(&object.name, lives, lifecycle))
    });
    let mut proposals: Vec<(String, String)> = lives.flatten().collect();
    proposals.extend(invariants.constraints);
    proposals.extend(owners.into_values().filter_map(|known| known.constraint));
    proposals.extend(sketch.types.iter().filter_map(proposal::wall));
    if !proposals.is_empty() {
        page.gap();
        page.note("Proposals, not in force: uncomment what is meant. Nine of ten objects or actors or more, or all but one, kept each.");
        page.note("constraints:");
        for (constraint, support) in &proposals {
            page.note(&format!("  - {constraint}  # {support}"));
        }
    }
    page.text()
}

fn preamble(page: &mut Page, from: &Provenance) {
    page.note(&format!("A draft by offpath {} of what happened, not of what is meant to happen.", from.tool_version));
    page.note("It allows all that was seen, abuse included, and promotes nothing to intended: read each line, strike");
    page.note("what must not happen, rename what reads badly, and settle every `check:` before you rely on it.");
    sources(page, from);
}

/// What was read.
fn sources(page: &mut Page, from: &Provenance) {
    page.note("");
    for (name, hash) in &from.inputs {
        page.note(&format!("input    {name} sha256:{hash}"));
    }
    if let Some((first, last)) = &from.window {
        page.note(&format!("window   {first} to {last}"));
    }
    page.note(&format!("read     {}", times(from.exchanges, "exchange")));
    page.gap();
}

fn head(page: &mut Page, sketch: &Sketch) {
    page.line("offpath: 1", "");
    page.line(
        "workflow: {id: draft, version: 0, draft: true}",
        "check: name it, count versions from the first that is reviewed, and remove `draft` then: until then findings are suspected",
    );
    if sketch.a2a > 0 {
        page.line(
            "imports: {builtin: a2a}",
            &format!("A2A, {}: tasks live as the protocol says", times(sketch.a2a, "accepted call")),
        );
    }
}

/// Whether the place of a type's state is used.
enum Stated {
    Yes,
    No(String),
}

/// A line of an object type, and its comment.
type Remark = (String, String);

fn objects(
    page: &mut Page,
    sketch: &Sketch,
    stated: &dyn Fn(&TypeSketch) -> Option<Stated>,
    owned: &dyn Fn(&TypeSketch) -> Option<Remark>,
    attributes: &BTreeMap<(Arc<str>, Arc<str>), Arc<str>>,
) {
    page.gap();
    if sketch.types.is_empty() {
        page.line("objects: {}", "check: nothing that was seen looks like a business object");
        return;
    }
    page.line("objects:", "");
    for object in &sketch.types {
        page.line(&format!("  {}:", object.name), &format!("in {}", times(object.calls, "accepted call")));
        page.line(&format!("    key: {}", list(&object.keys)), "");
        if let Some(within) = &object.within {
            let off = if within.certain { "" } else { "# " };
            page.line(&format!("    {off}within: tenant"), &format!("check: {}", within.seen));
            within.tenant.iter().for_each(|tenant| page.line(&format!("    {off}tenant: {tenant}"), ""));
        }
        let said = object.within.as_ref().is_some_and(|within| within.tenant.is_some());
        if let Some(TenantPlace { place, seen, told }) = object.tenant.as_ref().filter(|_| !said) {
            let what = if *told { "the host says whose it is" } else { "these are tenants" };
            page.line(&format!("    # tenant: {place}"), &format!("check: {seen}; uncomment it if {what}"));
        }
        if let Some((line, seen)) = owned(object) {
            page.line(&format!("    {line}"), &seen);
        }
        let own = attributes.iter().filter(|((of, _), _)| *of == object.name);
        let own: Vec<_> = own.map(|((_, name), expression)| (name, expression)).collect();
        if !own.is_empty() {
            page.line(&format!("    {}", attrs(own)), "what proposals below speak of");
        }
        if let Some((parent, keys)) = &object.parent {
            let seen = object.tied.as_ref().map_or_else(|| "the same case".to_owned(), |seen| format!("check: {seen}"));
            page.line(&format!("    parent: {{{parent}: {}}}", list(keys)), &seen);
        }
        if let Some((parent, keys, seen)) = &object.loose {
            page.line(
                &format!("    # parent: {{{parent}: {}}}", list(keys)),
                &format!("check: {seen}, but many share one; uncomment it if each is a part of it"),
            );
        }
        if object.states.is_empty() {
            continue;
        }
        let place = format!("state: {}", list(&object.states));
        match stated(object) {
            None | Some(Stated::Yes) => page.line(&format!("    {place}"), "declared by the server"),
            Some(Stated::No(why)) => page.line(&format!("    # {place}"), &format!("check: {why}")),
        }
    }
}

/// Whether an amount of an activity is written.
type Wanted<'a> = &'a dyn Fn(&ActivitySketch, &AmountSketch) -> bool;

fn activities(page: &mut Page, sketch: &Sketch, wanted: Wanted<'_>) {
    page.gap();
    if sketch.activities.is_empty() && sketch.a2a > 0 {
        page.line("activities: {}", "those of A2A alone");
    } else if sketch.activities.is_empty() {
        page.line("activities: {}", "check: no accepted call shows the object that it is about");
    } else {
        page.line("activities:", "");
    }
    let mut object: Option<&Arc<str>> = None;
    for activity in &sketch.activities {
        if object.is_some_and(|object| *object != activity.object) {
            page.gap();
        }
        object = Some(&activity.object);
        page.line(&format!("  {}: {}", activity.name, matcher(activity, wanted)), &support(activity));
    }
    for fixed in &sketch.fixed {
        let note = format!("{} accepted; a word of the API, no key", times(fixed.accepted, "call"));
        page.line(&format!("  {}: {{{}{}}}", fixed.name, fixed.matcher, read_flag(fixed.read)), &note);
    }
    for (call, count) in sketch.unplaced.iter().take(UNPLACED) {
        page.note(&format!("  no activity: {call}, accepted {}: no object is seen in it", times(*count, "time")));
    }
    let more = sketch.unplaced.len().saturating_sub(UNPLACED);
    if more > 0 {
        page.note(&format!("  no activity: {more} other operations, for the same reason"));
    }
    for edge in sketch.flows.iter().take(UNPLACED) {
        let ((from, given), (to, taken)) = (&edge.from, &edge.to);
        page.note(&format!("  value flow: {given} of {from} is {taken} of {to}, {}", times(edge.values, "value")));
    }
    let more = sketch.flows.len().saturating_sub(UNPLACED);
    if more > 0 {
        page.note(&format!("  value flow: {more} other pairs of places"));
    }
    for (call, count) in sketch.aside.iter().take(UNPLACED) {
        page.note(&format!(
            "  left aside: {call}, {} answered with a redirect to a login, an error or where nobody sees; `ok:` accepts it",
            times(*count, "call")
        ));
    }
    let more = sketch.aside.len().saturating_sub(UNPLACED);
    if more > 0 {
        page.note(&format!("  left aside: {more} other operations, for the same reason"));
    }
    if sketch.left_out > 0 {
        page.note(&format!("  left out: {} operations seen less often than these", sketch.left_out));
    }
}

fn read_flag(read: bool) -> &'static str {
    if read { ", read: true" } else { "" }
}

fn attrs<'a>(attributes: impl IntoIterator<Item = (&'a Arc<str>, &'a Arc<str>)>) -> String {
    let each = attributes.into_iter().map(|(name, expression)| format!("{name}: {}", scalar(expression)));
    format!("attrs: {{{}}}", each.collect::<Vec<_>>().join(", "))
}

fn matcher(activity: &ActivitySketch, wanted: Wanted<'_>) -> String {
    let mut out = format!("{{{}, object: ", activity.matcher);
    let own = match activity.keys.as_slice() {
        [] => activity.object.to_string(),
        keys => format!("{{{}: {}}}", activity.object, list(keys)),
    };
    // Writing to a String cannot fail.
    let _ = match &activity.also {
        None => write!(out, "{own}"),
        Some((parent, keys)) => write!(out, "[{own}, {{{parent}: {}}}]", list(keys)),
    };
    out.push_str(read_flag(activity.read));
    if let Some(each) = &activity.each {
        let _ = write!(out, ", each: {}", scalar(each));
    }
    if let Some(ok) = &activity.redirected.ok {
        let _ = write!(out, ", ok: \"{ok}\"");
    }
    let amounts = activity.amounts.iter().filter(|amount| wanted(activity, amount));
    let amounts: Vec<_> = amounts.map(|amount| (&amount.name, &amount.expression)).collect();
    if !amounts.is_empty() {
        let _ = write!(out, ", {}", attrs(amounts));
    }
    out.push('}');
    out
}

fn support(activity: &ActivitySketch) -> String {
    if activity.accepted == 1 {
        return format!("check: accepted once of {}", times(activity.calls, "call"));
    }
    let doubt = activity.redirected.doubt.as_ref();
    let check = if activity.accepted < THIN || doubt.is_some() { "check: " } else { "" };
    let doubt = doubt.map(|doubt| format!("; {doubt}")).unwrap_or_default();
    if let Some(said) = &activity.said {
        return format!("{check}{} accepted with this {}{doubt}", grouped(activity.accepted), said.member);
    }
    format!("{check}{} of {} accepted{doubt}", grouped(activity.accepted), times(activity.calls, "call"))
}

/// One item bare, several as a list.
pub(super) fn list(items: &[String]) -> String {
    joined(&items.iter().map(|item| scalar(item)).collect::<Vec<_>>())
}

pub(super) fn joined(items: &[String]) -> String {
    match items {
        [one] => one.clone(),
        several => bracketed(several),
    }
}

pub(super) fn bracketed(items: &[String]) -> String {
    format!("[{}]", items.join(", "))
}

/// A scalar that every YAML reader takes for the same text.
pub(super) fn scalar(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-$".contains(&b))
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&text.to_ascii_lowercase().as_str());
    if plain {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push('?'),
            c => out.push(c),
        }
    }
    out + "\""
}

/// `1 time`, `1,204 times`.
pub(super) fn times(count: u64, word: &str) -> String {
    format!("{} {word}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// A number with its thousands apart.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

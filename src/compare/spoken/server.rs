//! What one server tells all who use it: tools whose description or schema changes, and by whom its users answer.

use std::collections::{BTreeMap, BTreeSet};

use super::is_persons_answer;
use crate::compare::deviation::{Check, Doubt, Tallies};
use crate::compare::effect::Found;
use crate::compare::history::History;
use crate::event::{Event, Evidence, ListedTool};

/// Confidence at most: whoever runs a server changes its tools for good reasons as well.
const MAINTAINED: f32 = 0.6;
/// The reason for it.
const WITHOUT_A_VERSION: &str = "servers are also mended without a new version";
/// Confidence at most where the server says that it is another version.
const ROLLED_OUT: f32 = 0.4;
/// The reason for it.
const ANOTHER_VERSION: &str = "the server says that it is another version, as it may say of itself whatever it does";
/// The reason for it where nobody is named.
const TO_WHOM: &str = "it is not known to whom the server speaks, and it may describe a tool to each in other words";
/// The reason for it where a tool is described ever anew.
const EVER_ANEW: &str = "the tool is described ever anew, as one with a date in its text is";
/// Most descriptions of one tool that are changes: beyond, it is described ever anew.
const MOST_CHANGES: usize = 3;
/// Confidence at most: clients hand on what a person says as they hand on what they say.
const ONE_CLIENT: f32 = 0.4;
/// The reason for it.
const HANDED_ON: &str = "a client may hand a person's answer on with the agent's credential";

/// Judges what one server listed, and the answers that it got.
pub(in crate::compare) fn judge(history: &History<'_>, tallies: &mut Tallies) -> Vec<Found> {
    let mut found = changes(history, tallies);
    found.extend(answers(history, tallies));
    found
}

/// A tool as somebody was last told of it.
struct Told<'e> {
    /// More than one where a list has several of the name.
    tools: Vec<&'e ListedTool>,
    at: usize,
    version: Option<u64>,
}

/// A tool that changed: its deviation, and how often it was described anew.
struct Changed {
    place: usize,
    seen: BTreeSet<(u64, u64)>,
}

/// Tools that are not what the same person was told before.
fn changes<'e>(history: &History<'e>, tallies: &mut Tallies) -> Vec<Found> {
    let mut versions: BTreeMap<Option<u64>, u64> = BTreeMap::new();
    let mut told: BTreeMap<(&str, &str), Told<'e>> = BTreeMap::new();
    let mut changed: BTreeMap<&str, Changed> = BTreeMap::new();
    let mut found: Vec<Found> = Vec::new();
    for (at, event) in history.events.iter().enumerate() {
        let Some(spoken) = &event.spoken else { continue };
        if let Some(version) = spoken.version {
            versions.insert(spoken.listener, version);
        }
        let Some(listing) = &spoken.listing else { continue };
        let version = versions.get(&spoken.listener).copied();
        let (mut known, mut other) = (false, false);
        let mut named: BTreeMap<&str, Vec<&ListedTool>> = BTreeMap::new();
        for tool in &listing.tools {
            named.entry(&tool.name).or_default().push(tool);
        }
        for (name, tools) in named {
            let now = Told { tools: tools.clone(), at, version };
            let Some(before) = told.insert((listener(event), name), now) else { continue };
            known = true;
            for tool in tools.into_iter().filter(|tool| !before.tools.contains(tool)) {
                let Some(was) = before.tools.first() else { continue };
                other = true;
                let one = changed.entry(name).or_insert_with(|| {
                    found.push(change(history, (&before, was), (tool, at, version)));
                    Changed { place: found.len() - 1, seen: BTreeSet::from([of(was)]) }
                });
                one.seen.insert(of(tool));
            }
        }
        if known {
            tallies.count(Check::ToolChanged, event.source, Some(other));
        }
    }
    for Changed { place, seen } in changed.into_values().filter(|one| one.seen.len() > MOST_CHANGES) {
        let Some(one) = found.get_mut(place) else { continue };
        one.doubt = Some(Doubt::new(ROLLED_OUT, EVER_ANEW));
        one.observed.push(format!("{} descriptions in all", seen.len()).into());
    }
    found
}

fn of(tool: &ListedTool) -> (u64, u64) {
    (tool.description, tool.schema)
}

/// Who was told: a list may differ from person to person, in language and in what they may do.
fn listener(event: &Event) -> &str {
    let actor = &event.actor;
    let principal = actor.principal.as_deref().filter(|_| !actor.is_disputed());
    principal.or(actor.credential.as_deref()).unwrap_or_default()
}

fn change(
    history: &History<'_>,
    (before, was): (&Told<'_>, &ListedTool),
    (tool, at, version): (&ListedTool, usize, Option<u64>),
) -> Found {
    let mut one = Found::new(Check::ToolChanged, at, None);
    one.evidence.push(before.at);
    let parts = [(was.description != tool.description, "description"), (was.schema != tool.schema, "schema")];
    let parts: Vec<&str> = parts.into_iter().filter(|(differs, _)| *differs).map(|(_, name)| name).collect();
    one.expected = vec![format!("tool {}", tool.name).into()];
    one.observed = vec![parts.join(" and ").into()];
    let updated = before.version.zip(version).is_some_and(|(before, now)| before != now);
    let sure =
        history.event(at).is_some_and(|event| event.actor.principal.is_some() || event.actor.credential.is_some());
    one.doubt = Some(match (updated, sure) {
        (true, _) => Doubt::new(ROLLED_OUT, ANOTHER_VERSION),
        (false, false) => Doubt::new(ROLLED_OUT, TO_WHOM),
        (false, true) => Doubt::new(MAINTAINED, WITHOUT_A_VERSION),
    });
    one
}

/// Answers with an agent's own credential, where other persons answer this server with theirs.
fn answers(history: &History<'_>, tallies: &mut Tallies) -> Vec<Found> {
    let answers = || history.events.iter().enumerate().filter(|(_, event)| is_persons_answer(event));
    let by_person = |event: &Event| {
        let actor = &event.actor;
        let alone = actor.agent.is_none() && !actor.agent_is_open();
        alone && event.shows.headers && actor.evidence > Evidence::Asserted
    };
    let person = answers().find(|(_, event)| by_person(event)).map(|(at, _)| at);
    let mut found = Vec::new();
    let mut told = BTreeSet::new();
    for (at, event) in answers() {
        let by_agent = event.actor.agent.is_some();
        let known = by_agent || by_person(event);
        // Where all answer alike it is how this client works, and says nothing.
        tallies.count(Check::HumanAgent, event.source, person.filter(|_| known).map(|_| by_agent));
        let Some(person) = person.filter(|_| by_agent) else { continue };
        if told.insert((&event.actor.principal, &event.actor.agent)) {
            let mut one = Found::new(Check::HumanAgent, at, None);
            one.evidence.push(person);
            one.expected = vec!["a person's own credential".into()];
            one.observed =
                vec![format!("the credential of {}", event.actor.agent.as_deref().unwrap_or("an agent")).into()];
            one.doubt = Some(Doubt::new(ONE_CLIENT, HANDED_ON));
            found.push(one);
        }
    }
    found
}

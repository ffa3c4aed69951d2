//! Machines of XState 4 and 5, as their JSON.

use std::collections::BTreeMap;

use super::chart::{self, Chart, DEPTH, Kind, STATES, State, TARGETS, Trigger, WAYS, Way};
use super::draft::Draft;
use super::{ImportError, Source};
use crate::model::openapi::tree::At;

/// Longest target in bytes.
const TARGET: usize = 4_096;

/// Reads a machine.
pub(super) fn read(source: &Source<'_>) -> Result<Draft, ImportError> {
    let Some(root) = source.root else { return Err(ImportError::new(1, "the document is no mapping")) };
    let id = source.text(root, "id").or_else(|| source.text(root, "key")).unwrap_or("machine").to_owned();
    let version = source.text(root, "version").unwrap_or("1").to_owned();
    let mut draft = Draft { format: "XState machine".to_owned(), id: id.clone(), version, ..Draft::default() };
    draft.head.push(
        "Each event of the machine is a step. Guards and actions are code: they stand in comments, and a guarded way is \
         allowed whether its guard holds or not, until a `when` says more."
            .to_owned(),
    );
    for key in ["context", "schema", "tsTypes"] {
        if let Some(at) = source.get(root, key) {
            draft.leave(source.line(at), format!("`{key}`: data of the machine"));
        }
    }
    let mut reading = Reading { source, chart: Chart::default(), ids: BTreeMap::new(), draft };
    let ways = reading.states(root, id)?;
    source.whole()?;
    for (state, at) in ways {
        reading.ways(state, at)?;
    }
    source.whole()?;
    chart::lower(&reading.chart, &mut reading.draft)?;
    Ok(reading.draft)
}

struct Reading<'s, 't> {
    source: &'s Source<'t>,
    chart: Chart,
    ids: BTreeMap<String, usize>,
    draft: Draft,
}

impl Reading<'_, '_> {
    /// Reads all states, the outer ones first; returns each with its place.
    fn states(&mut self, root: At, id: String) -> Result<Vec<(usize, At)>, ImportError> {
        let source = self.source;
        let mut all = Vec::new();
        let mut stack = vec![(root, None, id, 0)];
        while let Some((at, parent, name, depth)) = stack.pop() {
            let line = source.line(at);
            let number = self.chart.states.len();
            if number >= STATES || depth > DEPTH {
                return Err(ImportError::new(
                    line,
                    format!("more than {STATES} states, or more than {DEPTH} within each other"),
                ));
            }
            let kind = match source.text(at, "type") {
                Some("parallel") => Kind::Parallel,
                Some("final") => Kind::Final,
                Some("history") => {
                    let why =
                        "what it stands for depends on the past; write the states that it may return to as targets";
                    return Err(ImportError::new(line, format!("state {name:?} is a history state: {why}")));
                }
                _ if source.items(at, "tags").iter().any(|tag| source.tree.text(*tag) == Some("final")) => Kind::MayEnd,
                _ => Kind::Plain,
            };
            let path = self.path(parent, &name);
            self.ids.entry(path).or_insert(number);
            if let Some(own) = source.text(at, "id") {
                self.ids.insert(own.to_owned(), number);
            }
            let mut notes = Vec::new();
            notes.extend(source.text(at, "description").map(str::to_owned));
            for key in ["entry", "exit", "activities"] {
                let names = source.get(at, key).map(|at| self.named(at)).unwrap_or_default();
                notes.extend((!names.is_empty()).then(|| format!("{key} {}", names.join(", "))));
            }
            if let Some(up) = parent.and_then(|parent: usize| self.chart.states.get_mut(parent)) {
                up.children.push(number);
            }
            let note = notes.join("; ");
            self.chart.states.push(State { name, parent, kind, line, note, ..State::default() });
            if let Some(states) = source.get(at, "states") {
                let children: Vec<(At, At)> = source.tree.entries(states).collect();
                for (key, child) in children.into_iter().rev() {
                    let name = source.tree.text(key).unwrap_or_default().to_owned();
                    stack.push((child, Some(number), name, depth + 1));
                }
            }
            all.push((number, at));
        }
        Ok(all)
    }

    /// `machine.paid.sent`: the id that a state has where it is given none.
    fn path(&self, parent: Option<usize>, name: &str) -> String {
        let mut parts = vec![name];
        let mut at = parent;
        while let Some(state) = at.and_then(|at| self.chart.states.get(at)) {
            parts.push(&state.name);
            at = state.parent;
        }
        parts.reverse();
        parts.join(".")
    }

    /// Reads where a state begins and the ways from it.
    fn ways(&mut self, state: usize, at: At) -> Result<(), ImportError> {
        let source = self.source;
        if let Some(initial) = source.get(at, "initial") {
            let text = source.tree.text(initial).or_else(|| source.text(initial, "target"));
            let text = text.ok_or_else(|| ImportError::new(source.line(initial), "`initial` names no state"))?;
            let text = if text.starts_with('#') { text.to_owned() } else { format!(".{text}") };
            let target = self.target(state, &text, source.line(initial))?;
            if let Some(own) = self.chart.states.get_mut(state) {
                own.initial = vec![target];
            }
        }
        if let Some(on) = source.get(at, "on") {
            let mut entries: Vec<(At, At)> = source.tree.entries(on).collect();
            // The most exact name is tried first, wherever it stands.
            entries.sort_by_key(|(key, _)| {
                let name = source.tree.text(*key).unwrap_or_default();
                (name.ends_with('*'), std::cmp::Reverse(name.len()))
            });
            for (key, value) in entries {
                let event = source.tree.text(key).unwrap_or_default().to_owned();
                let trigger = if event.is_empty() { Trigger::Always } else { Trigger::Event(event) };
                self.listed(state, &trigger, value)?;
            }
        }
        if let Some(always) = source.get(at, "always") {
            self.listed(state, &Trigger::Always, always)?;
        }
        if let Some(done) = source.get(at, "onDone") {
            self.listed(state, &Trigger::Done(state), done)?;
        }
        if let Some(after) = source.get(at, "after") {
            let entries: Vec<(At, At)> = source.tree.entries(after).collect();
            for (key, value) in entries {
                let delay = source.tree.text(key).unwrap_or_default();
                let name = self.chart.states.get(state).map_or("", |state| &state.name);
                let event = format!("after {delay} in {name}");
                self.chart.own_events.insert(event.clone());
                self.listed(state, &Trigger::Event(event), value)?;
            }
        }
        self.invoked(state, at)
    }

    /// What a state has done for it: its success is a step, its failure is told by nobody.
    fn invoked(&mut self, state: usize, at: At) -> Result<(), ImportError> {
        let source = self.source;
        let Some(invoke) = source.get(at, "invoke") else { return Ok(()) };
        let list: Vec<At> =
            if source.tree.is_list(invoke) { source.tree.items(invoke).collect() } else { vec![invoke] };
        for one in list {
            let of_type = source.get(one, "src").and_then(|src| source.text(src, "type"));
            let name = source.text(one, "src").or(of_type).or_else(|| source.text(one, "id")).unwrap_or("invoked");
            let name = name.to_owned();
            if let Some(done) = source.get(one, "onDone") {
                self.listed(state, &Trigger::Event(name.clone()), done)?;
            }
            if let Some(failed) = source.get(one, "onError") {
                let event = format!("{name} failed");
                self.chart.own_events.insert(event.clone());
                self.listed(state, &Trigger::Event(event), failed)?;
            }
        }
        Ok(())
    }

    /// Ways of one trigger: a target, a way, or a list of them.
    fn listed(&mut self, state: usize, trigger: &Trigger, at: At) -> Result<(), ImportError> {
        let source = self.source;
        let list: Vec<At> = if source.tree.is_list(at) { source.tree.items(at).collect() } else { vec![at] };
        for one in list {
            let way = self.way(state, trigger, one)?;
            self.chart.ways.push(way);
            if self.chart.ways.len() > WAYS {
                return Err(ImportError::new(source.line(one), format!("more than {} transitions", WAYS)));
            }
        }
        Ok(())
    }

    fn way(&mut self, state: usize, trigger: &Trigger, at: At) -> Result<Way, ImportError> {
        let source = self.source;
        let line = source.line(at);
        let mut texts: Vec<String> = Vec::new();
        match (source.tree.text(at), source.get(at, "target")) {
            (Some(text), _) => texts.push(text.to_owned()),
            (None, Some(target)) if source.tree.is_list(target) => {
                texts.extend(source.tree.items(target).filter_map(|item| source.tree.text(item)).map(str::to_owned));
            }
            (None, target) => texts.extend(target.and_then(|target| source.tree.text(target)).map(str::to_owned)),
        }
        texts.retain(|text| !text.is_empty() && text != "null");
        if texts.len() > TARGETS || texts.iter().any(|text| text.len() > TARGET) {
            return Err(ImportError::new(
                line,
                format!("more than {TARGETS} targets, or a target of more than {TARGET} bytes"),
            ));
        }
        let targets = texts.iter().map(|text| self.target(state, text, line)).collect::<Result<Vec<_>, _>>()?;
        let mut way = Way {
            source: state,
            trigger: trigger.clone(),
            targets,
            guarded: false,
            internal: source.text(at, "reenter") != Some("true") && source.text(at, "internal") != Some("false"),
            by: Vec::new(),
            kind: None,
            note: String::new(),
            line,
        };
        let mut notes = Vec::new();
        for key in ["guard", "cond", "in"] {
            let Some(guard) = source.get(at, key) else { continue };
            way.guarded = true;
            let own = source.text(guard, "type") == Some("allowed");
            match source.get(guard, "params").filter(|_| own) {
                // What `model show --format xstate` writes.
                Some(params) => {
                    // Kinds other than these two must be declared, which a machine cannot do.
                    let all = source.items(params, "by");
                    let all = all.iter().filter_map(|by| source.tree.text(*by)).map(str::to_owned);
                    let (kinds, roles): (Vec<String>, Vec<String>) = all.partition(|by| by.contains(':'));
                    notes.extend((!kinds.is_empty()).then(|| format!("by {}", kinds.join(", "))));
                    way.by = if kinds.is_empty() { roles } else { Vec::new() };
                    let kind = source.text(params, "kind").filter(|kind| *kind != "null");
                    way.kind = kind.filter(|kind| matches!(*kind, "human" | "service")).map(str::to_owned);
                    notes.extend(kind.filter(|_| way.kind.is_none()).map(|kind| format!("kind {kind}")));
                    let when = source.text(params, "when").filter(|when| *when != "null");
                    notes.extend(when.map(|when| format!("when {when}")));
                    notes.extend((source.text(params, "once") == Some("true")).then(|| "once".to_owned()));
                }
                None => notes.push(format!("{key} {}", self.named(guard).join(", "))),
            }
        }
        let actions = source.get(at, "actions").map(|actions| self.named(actions)).unwrap_or_default();
        notes.extend((!actions.is_empty()).then(|| format!("actions {}", actions.join(", "))));
        way.note = notes.join("; ");
        Ok(way)
    }

    /// Names of guards or actions: texts, or objects with a `type`.
    fn named(&self, at: At) -> Vec<String> {
        let source = self.source;
        let list: Vec<At> = if source.tree.is_list(at) { source.tree.items(at).take(20).collect() } else { vec![at] };
        let name = |at: At| source.tree.text(at).or_else(|| source.text(at, "type")).unwrap_or("(code)").to_owned();
        list.into_iter().map(name).collect()
    }

    /// The state that a target names: `#id`, `#id.child`, `.child`, or a sibling and its children.
    fn target(&self, state: usize, text: &str, line: usize) -> Result<usize, ImportError> {
        let found = if let Some(id) = text.strip_prefix('#') {
            let whole = self.ids.get(id).copied();
            // The longest id that it begins with, and the states below.
            let cuts = id.match_indices('.').map(|(at, _)| at).collect::<Vec<_>>();
            let mut split = cuts.into_iter().rev().filter_map(|at| id.split_at_checked(at));
            whole.or_else(|| split.find_map(|(id, rest)| self.below(*self.ids.get(id)?, rest.strip_prefix('.')?)))
        } else if let Some(child) = text.strip_prefix('.') {
            self.below(state, child)
        } else {
            let parent = self.chart.states.get(state).and_then(|state| state.parent).unwrap_or(state);
            self.below(parent, text)
        };
        found.ok_or_else(|| ImportError::new(line, format!("target {text:?} is no state of the machine")))
    }

    fn below(&self, from: usize, path: &str) -> Option<usize> {
        let child = |at: usize, name: &str| {
            let children = &self.chart.states.get(at)?.children;
            children.iter().copied().find(|child| self.chart.states.get(*child).is_some_and(|child| child.name == name))
        };
        path.split('.').try_fold(from, child)
    }
}

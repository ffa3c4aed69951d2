//! State Chart XML (W3C SCXML).

use std::collections::BTreeMap;

use offpath_process::Element;

use super::ImportError;
use super::chart::{self, Chart, DEPTH, Kind, STATES, State, TARGETS, Trigger, WAYS, Way};
use super::draft::Draft;

/// Reads a chart; its root element is `scxml`.
pub(super) fn read(elements: &[Element]) -> Result<Draft, ImportError> {
    let root = elements.first();
    let id = root.and_then(|root| root.attribute("name")).unwrap_or("machine").to_owned();
    let mut draft = Draft { format: "SCXML".to_owned(), id, version: "1".to_owned(), ..Draft::default() };
    draft.head.push(
        "Each event of the chart is a step. Conditions and actions are code: they stand in comments, and a way with a \
         condition is allowed whether it holds or not, until a `when` says more."
            .to_owned(),
    );
    let mut reading = Reading {
        elements,
        children: vec![Vec::new(); elements.len()],
        chart: Chart { by_prefix: true, ..Chart::default() },
        numbers: BTreeMap::new(),
        ids: BTreeMap::new(),
        draft,
    };
    for (number, element) in elements.iter().enumerate() {
        let list = element.parent.and_then(|parent| reading.children.get_mut(parent));
        list.into_iter().for_each(|list| list.push(number));
    }
    reading.states()?;
    for number in 0..elements.len() {
        reading.element(number)?;
    }
    chart::lower(&reading.chart, &mut reading.draft)?;
    Ok(reading.draft)
}

struct Reading<'e> {
    elements: &'e [Element],
    children: Vec<Vec<usize>>,
    chart: Chart,
    /// States by the number of their element.
    numbers: BTreeMap<usize, usize>,
    ids: BTreeMap<&'e str, usize>,
    draft: Draft,
}

impl<'e> Reading<'e> {
    fn states(&mut self) -> Result<(), ImportError> {
        let elements = self.elements;
        let mut depths: Vec<usize> = Vec::new();
        for (at, element) in elements.iter().enumerate() {
            let line = line(element);
            let kind = match element.name.as_str() {
                "scxml" | "state" => Kind::Plain,
                "parallel" => Kind::Parallel,
                "final" => Kind::Final,
                "history" => {
                    let id = element.attribute("id").unwrap_or_default();
                    let why =
                        "what it stands for depends on the past; write the states that it may return to as targets";
                    return Err(ImportError::new(line, format!("history state {id:?}: {why}")));
                }
                _ => continue,
            };
            let parent = element.parent.and_then(|parent| self.numbers.get(&parent).copied());
            if parent.is_none() && at > 0 {
                continue;
            }
            let number = self.chart.states.len();
            let depth = parent.and_then(|parent| depths.get(parent)).map_or(0, |depth| depth + 1);
            if number >= STATES || depth > DEPTH {
                return Err(ImportError::new(
                    line,
                    format!("more than {STATES} states, or more than {DEPTH} within each other"),
                ));
            }
            depths.push(depth);
            if let Some(up) = parent.and_then(|parent| self.chart.states.get_mut(parent)) {
                up.children.push(number);
            }
            let id = element.attribute("id");
            let name = id.map_or_else(|| format!("state of line {line}"), str::to_owned);
            if let Some(id) = id
                && self.ids.insert(id, number).is_some()
            {
                return Err(ImportError::new(line, format!("two states have the id {id:?}")));
            }
            self.numbers.insert(at, number);
            self.chart.states.push(State { name, parent, kind, line, ..State::default() });
        }
        Ok(())
    }

    /// Reads what is no state: ways, beginnings, and what is left out.
    fn element(&mut self, at: usize) -> Result<(), ImportError> {
        let elements = self.elements;
        let Some(element) = elements.get(at) else { return Ok(()) };
        let line = line(element);
        let parent = element.parent.and_then(|parent| elements.get(parent));
        let state = element.parent.and_then(|parent| self.numbers.get(&parent).copied());
        let within = parent.map_or("", |parent| &parent.name);
        if let Some(number) = self.numbers.get(&at).copied()
            && let Some(initial) = element.attribute("initial")
        {
            let targets = self.targets(initial, line)?;
            self.chart.states.get_mut(number).into_iter().for_each(|state| state.initial.clone_from(&targets));
        }
        match (element.name.as_str(), state) {
            ("transition", Some(source)) => self.transition(at, element, source)?,
            ("transition", None) if within == "initial" => {
                let outer = parent.and_then(|parent| parent.parent).and_then(|outer| self.numbers.get(&outer).copied());
                let targets = self.targets(element.attribute("target").unwrap_or_default(), line)?;
                if let Some(state) = outer.and_then(|outer| self.chart.states.get_mut(outer)) {
                    state.initial = targets;
                }
            }
            ("onentry" | "onexit", Some(state)) => {
                let does = self.actions(at).join(", ");
                if let Some(state) = self.chart.states.get_mut(state) {
                    let separator = if state.note.is_empty() { "" } else { "; " };
                    state.note = format!("{}{separator}{} {does}", state.note, element.name);
                }
            }
            ("send" | "raise", _) => {
                let delayed = element.name == "raise"
                    || element.attribute("delay").is_some()
                    || element.attribute("delayexpr").is_some();
                let event = element.attribute("event").filter(|_| delayed);
                self.chart.own_events.extend(event.map(str::to_owned));
            }
            ("datamodel" | "script", _) => {
                self.draft.leave(line, format!("<{}>: data and code of the chart", element.name))
            }
            ("invoke", _) => {
                let src = element.attribute("src").or(element.attribute("type")).unwrap_or("?");
                self.draft.leave(line, format!("<invoke> of {src}: what it does is not in this file"));
            }
            _ => {}
        }
        Ok(())
    }

    fn transition(&mut self, at: usize, element: &Element, source: usize) -> Result<(), ImportError> {
        let line = line(element);
        let targets = self.targets(element.attribute("target").unwrap_or_default(), line)?;
        let mut notes = Vec::new();
        notes.extend(element.attribute("cond").map(|cond| format!("cond {cond}")));
        let actions = self.actions(at);
        notes.extend((!actions.is_empty()).then(|| format!("actions {}", actions.join(", "))));
        let way = Way {
            source,
            trigger: Trigger::Always,
            targets,
            guarded: element.attribute("cond").is_some(),
            internal: element.attribute("type") == Some("internal"),
            by: Vec::new(),
            kind: None,
            note: notes.join("; "),
            line,
        };
        let Some(events) = element.attribute("event") else {
            self.chart.ways.push(way);
            return Ok(());
        };
        for event in events.split_whitespace() {
            let done = event.strip_prefix("done.state.").and_then(|id| self.ids.get(id).copied());
            let trigger = done.map_or_else(|| Trigger::Event(event.to_owned()), Trigger::Done);
            // What was invoked ends, and what fails, without a call of anybody.
            if event.starts_with("error.") || event == "done.invoke" || event.starts_with("done.invoke.") {
                self.chart.own_events.insert(event.to_owned());
            }
            self.chart.ways.push(Way { trigger, ..way.clone() });
            if self.chart.ways.len() > WAYS {
                return Err(ImportError::new(line, format!("more than {} transitions", WAYS)));
            }
        }
        Ok(())
    }

    fn targets(&self, text: &str, line: usize) -> Result<Vec<usize>, ImportError> {
        let one = |id: &str| {
            self.ids
                .get(id)
                .copied()
                .ok_or_else(|| ImportError::new(line, format!("target {id:?} is no state of the chart")))
        };
        if text.split_whitespace().nth(TARGETS).is_some() {
            return Err(ImportError::new(line, format!("more than {TARGETS} targets")));
        }
        text.split_whitespace().map(one).collect()
    }

    /// What is done, by the names of its elements.
    fn actions(&self, at: usize) -> Vec<String> {
        let of = |child: &usize| {
            let element = self.elements.get(*child)?;
            let what = ["event", "eventexpr", "location", "label"].iter().find_map(|key| element.attribute(key));
            Some(what.map_or_else(|| element.name.clone(), |what| format!("{} {what}", element.name)))
        };
        self.children.get(at).into_iter().flatten().take(20).filter_map(of).collect()
    }
}

fn line(element: &Element) -> usize {
    usize::try_from(element.line).unwrap_or(usize::MAX)
}

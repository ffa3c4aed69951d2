//! From a diagram to a net: flows are places, nodes are transitions.

use std::collections::BTreeMap;

use super::diagram::{Diagram, Event, Kind, Node};
use super::{BpmnError, Process, Step, inclusive};
use crate::net::{Net, Place, Transition};

/// Most ways that one inclusive gateway may split into.
const WAYS: usize = 6;
/// Most places that all interruptions together may empty.
const EMPTIED: usize = 1 << 20;

/// The net of a process.
pub(super) fn process(diagram: Diagram) -> Result<Process, BpmnError> {
    let joins = inclusive::joins(&diagram)?;
    let mut lowering = Lowering {
        diagram: &diagram,
        joins,
        places: Vec::new(),
        transitions: Vec::new(),
        inside: vec![Vec::new(); diagram.scopes.len()],
        begins: Vec::new(),
        runs: Vec::new(),
        armed: BTreeMap::new(),
        flows: Vec::new(),
        entries: Vec::new(),
        interrupted: Vec::new(),
        left_out: Vec::new(),
    };
    lowering.places();
    for number in 0..diagram.nodes.len() {
        lowering.node(number)?;
    }
    // What leads on from an inner scope has places in the outer one.
    for scope in (0..diagram.scopes.len()).rev() {
        lowering.scope(scope)?;
    }
    lowering.interrupt()?;
    let Lowering { places, transitions, left_out: more, .. } = lowering;
    let nothing = vec![0; places.len()];
    let net = Net::new(places, transitions, vec![nothing])?;
    let steps = diagram.nodes.iter().filter(|node| node.takes_part());
    let steps = steps.filter_map(|node| {
        let (element, lane) = (node.element.clone(), node.lane.clone());
        Some(Step { label: node.label.clone()?, element, lane, line: node.line })
    });
    let steps = steps.collect();
    let mut left_out = diagram.left_out;
    left_out.extend(more);
    left_out.sort();
    Ok(Process { name: diagram.name, line: diagram.line, net, steps, left_out })
}

impl Node {
    /// Whether it is in the net; what undoes other steps is not.
    pub(super) fn takes_part(&self) -> bool {
        self.event != Event::Compensation || matches!(self.kind, Kind::End | Kind::Intermediate)
    }
}

struct Lowering<'d> {
    diagram: &'d Diagram,
    joins: inclusive::Joins,
    places: Vec<Place>,
    transitions: Vec<Transition>,
    /// Places directly in a scope that hold something as long as it is not over.
    inside: Vec<Vec<u32>>,
    /// Where a scope's token begins.
    begins: Vec<u32>,
    /// Holds a token while a scope goes on.
    runs: Vec<u32>,
    /// What may happen once while something goes on: events at borders that do not interrupt, subprocesses by events.
    armed: BTreeMap<usize, u32>,
    /// Places of flows.
    flows: Vec<u32>,
    /// Where the token of a node waits.
    entries: Vec<u32>,
    /// Transitions that end all that stands in a scope.
    interrupted: Vec<(usize, usize)>,
    left_out: Vec<(u64, String)>,
}

impl Lowering<'_> {
    fn place(&mut self, scope: Option<usize>, name: String) -> u32 {
        let number = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        self.places.push(Place { id: format!("p{number}"), name, initial: 0 });
        scope.and_then(|scope| self.inside.get_mut(scope)).into_iter().for_each(|inside| inside.push(number));
        number
    }

    fn places(&mut self) {
        let diagram = self.diagram;
        for (number, scope) in diagram.scopes.iter().enumerate() {
            let node = scope.node.and_then(|node| diagram.nodes.get(node));
            let name = node.map_or(diagram.name.as_str(), |node| node.name.as_str());
            let run = self.place(node.map(|node| node.scope), format!("{name} goes on"));
            let begin = self.place(Some(number), format!("start of {name}"));
            if number == 0 {
                for place in [run, begin] {
                    self.places.get_mut(place as usize).into_iter().for_each(|place| place.initial = 1);
                }
            }
            self.runs.push(run);
            self.begins.push(begin);
        }
        for flow in &diagram.flows {
            let (from, to) = (diagram.nodes.get(flow.source), diagram.nodes.get(flow.target));
            let (Some(from), Some(to)) = (from, to) else { continue };
            let place = self.place(Some(from.scope), format!("from {} to {}", from.name, to.name));
            self.flows.push(place);
        }
        for (number, node) in diagram.nodes.iter().enumerate() {
            let entry = match node.incoming.as_slice() {
                [only] => self.flows.get(*only).copied().unwrap_or_default(),
                _ => self.place(Some(node.scope), format!("before {}", node.name)),
            };
            self.entries.push(entry);
            let by_event = matches!(node.kind, Kind::Subprocess { by_event: true, .. });
            if by_event || node.kind == Kind::Border && !node.interrupts {
                let armed = self.place(None, format!("{} may happen", node.name));
                self.armed.insert(number, armed);
                // A process goes on from the beginning.
                if by_event && node.scope == 0 {
                    self.places.get_mut(armed as usize).into_iter().for_each(|place| place.initial = 1);
                }
            }
        }
    }

    /// Adds a transition; returns its number.
    fn add(&mut self, label: Option<&String>, inputs: &[u32], outputs: &[u32]) -> usize {
        let once = |places: &[u32]| places.iter().map(|place| (*place, 1)).collect();
        let at = self.transitions.len();
        self.transitions.push(Transition {
            id: format!("t{at}"),
            label: label.cloned(),
            inputs: once(inputs),
            outputs: once(outputs),
            ..Transition::default()
        });
        at
    }

    fn empty(&mut self, transition: usize, places: &[u32]) {
        self.transitions.get_mut(transition).into_iter().for_each(|one| one.resets.extend(places));
    }

    fn entry(&self, node: usize) -> u32 {
        self.entries.get(node).copied().unwrap_or_default()
    }

    fn run(&self, scope: usize) -> u32 {
        self.runs.get(scope).copied().unwrap_or_default()
    }

    fn places_of(&self, flows: &[usize]) -> Vec<u32> {
        flows.iter().filter_map(|flow| self.flows.get(*flow).copied()).collect()
    }

    /// Where a node's token may go: one of these sets of places.
    fn ways(&self, node: &Node) -> Result<Vec<Vec<u32>>, BpmnError> {
        let all = self.places_of(&node.outgoing);
        let is =
            |flow: &usize, wanted: fn(&super::diagram::Flow) -> bool| self.diagram.flows.get(*flow).is_some_and(wanted);
        let (open, conditional): (Vec<usize>, Vec<usize>) = match node.kind {
            Kind::Choice if all.is_empty() => return Ok(vec![Vec::new()]),
            Kind::Choice => return Ok(all.into_iter().map(|place| vec![place]).collect()),
            Kind::Parallel => return Ok(vec![all]),
            Kind::Inclusive if all.len() > 1 => {
                (Vec::new(), node.outgoing.iter().copied().filter(|flow| !is(flow, |flow| flow.default)).collect())
            }
            _ => {
                let (conditional, open) = node
                    .outgoing
                    .iter()
                    .copied()
                    .filter(|flow| !is(flow, |flow| flow.default))
                    .partition(|flow| is(flow, |flow| flow.conditional));
                (open, conditional)
            }
        };
        let default: Vec<usize> = node.outgoing.iter().copied().filter(|flow| is(flow, |flow| flow.default)).collect();
        if conditional.len() > WAYS {
            let cause = format!(
                "{:?} splits into more than {WAYS} ways by conditions; write exclusive or parallel gateways",
                node.name
            );
            return Err(BpmnError::part(node.line, cause));
        }
        let mut ways = Vec::new();
        for chosen in 0..1_usize << conditional.len() {
            let mut flows = open.clone();
            flows.extend(
                conditional.iter().enumerate().filter(|(bit, _)| chosen >> bit & 1 == 1).map(|(_, flow)| *flow),
            );
            if chosen == 0 {
                flows.extend(&default);
            }
            if chosen > 0 || !flows.is_empty() || node.outgoing.is_empty() {
                ways.push(self.joins.completed(&flows, &node.outgoing, |flow| self.flows.get(flow).copied()));
            }
        }
        Ok(ways)
    }

    /// Adds what takes `inputs`, does the node and goes one of its ways.
    fn go(&mut self, node: usize, label: Option<&String>, inputs: &[u32]) -> Result<Vec<usize>, BpmnError> {
        let Some(of) = self.diagram.nodes.get(node) else { return Ok(Vec::new()) };
        let ways = self.ways(of)?;
        let first = self.transitions.len();
        match ways.as_slice() {
            [only] => {
                self.add(label, inputs, only);
            }
            several if label.is_none() => several.iter().for_each(|way| {
                self.add(None, inputs, way);
            }),
            several => {
                let after = self.place(Some(of.scope), format!("after {}", of.name));
                self.add(label, inputs, &[after]);
                several.iter().for_each(|way| {
                    self.add(None, &[after], way);
                });
                return Ok(vec![first]);
            }
        }
        Ok((first..self.transitions.len()).collect())
    }

    fn node(&mut self, number: usize) -> Result<(), BpmnError> {
        let diagram = self.diagram;
        let Some(node) = diagram.nodes.get(number).filter(|node| node.takes_part()) else { return Ok(()) };
        let entry = self.entry(number);
        let joins = node.kind == Kind::Parallel || self.joins.is_join(number);
        if node.incoming.len() > 1 {
            let flows = self.places_of(&node.incoming);
            if joins {
                self.add(None, &flows, &[entry]);
            } else {
                flows.iter().for_each(|flow| {
                    self.add(None, &[*flow], &[entry]);
                });
            }
        }
        match node.kind {
            // Those of subprocesses by events are taken with the event; events at borders with what they stand at.
            Kind::Border => {}
            Kind::Start => {
                let scope = diagram
                    .scopes
                    .get(node.scope)
                    .and_then(|scope| scope.node)
                    .and_then(|node| diagram.nodes.get(node));
                if !scope.is_some_and(|node| matches!(node.kind, Kind::Subprocess { by_event: true, .. })) {
                    let begin = self.begins.get(node.scope).copied().unwrap_or_default();
                    self.go(number, node.label.as_ref(), &[begin])?;
                }
            }
            Kind::End => self.end(node, entry),
            Kind::Intermediate | Kind::Choice | Kind::Parallel | Kind::Inclusive => {
                self.go(number, node.label.as_ref(), &[entry])?;
            }
            Kind::Task => self.task(number, node, entry)?,
            Kind::Subprocess { by_event: true, scope } => self.by_event(number, node, scope)?,
            Kind::Subprocess { scope, .. } => self.subprocess(node, scope, entry)?,
        }
        Ok(())
    }

    fn end(&mut self, node: &Node, entry: u32) {
        let over = match node.event {
            Event::Terminate => Some(node.scope),
            // It waits for what catches it.
            Event::Error if self.is_caught(node.scope) => return,
            Event::Error => Some(0),
            _ => None,
        };
        let end = self.add(None, &[entry], &[]);
        self.interrupted.extend(over.map(|scope| (end, scope)));
    }

    /// Whether anything around a scope catches errors.
    fn is_caught(&self, scope: usize) -> bool {
        let diagram = self.diagram;
        let mut at = Some(scope);
        while let Some(scope) = at.and_then(|scope| diagram.scopes.get(scope)) {
            let errs = |node: &usize| diagram.nodes.get(*node).is_some_and(|node| node.event == Event::Error);
            let starts = scope.nodes.iter().filter_map(|node| match diagram.nodes.get(*node)?.kind {
                Kind::Subprocess { by_event: true, scope } => diagram.scopes.get(scope),
                _ => None,
            });
            let is_start = |node: &&usize| diagram.nodes.get(**node).is_some_and(|node| node.kind == Kind::Start);
            if starts.flat_map(|inner| inner.nodes.iter().filter(is_start)).any(errs) {
                return true;
            }
            let node = scope.node.and_then(|node| diagram.nodes.get(node));
            if node.is_some_and(|node| node.border.iter().any(errs)) {
                return true;
            }
            at = node.map(|node| node.scope);
        }
        false
    }

    /// Lets what interrupts a scope empty all its places, which are known now.
    fn interrupt(&mut self) -> Result<(), BpmnError> {
        let mut emptied = 0;
        for (transition, scope) in std::mem::take(&mut self.interrupted) {
            let places = self.all_inside(scope);
            emptied += places.len();
            if emptied > EMPTIED {
                let cause = "too many parts that are interrupted, in too large subprocesses";
                return Err(BpmnError::part(self.diagram.line, cause));
            }
            self.empty(transition, &places);
        }
        Ok(())
    }

    /// All places in a scope and in what stands in it; scopes come after those that they stand in.
    fn all_inside(&self, scope: usize) -> Vec<u32> {
        let diagram = self.diagram;
        let mut within = vec![false; diagram.scopes.len()];
        let mut places = Vec::new();
        for (number, one) in diagram.scopes.iter().enumerate().skip(scope) {
            let outer = one.node.and_then(|node| diagram.nodes.get(node)).and_then(|node| within.get(node.scope));
            if number == scope || outer.copied().unwrap_or(false) {
                within.get_mut(number).into_iter().for_each(|within| *within = true);
                places.extend(self.inside.get(number).into_iter().flatten());
                places.extend(one.nodes.iter().filter_map(|node| self.armed.get(node)));
            }
        }
        places
    }

    /// Places of a node's events at its border that do not interrupt.
    fn armed_of<'n>(&self, nodes: impl IntoIterator<Item = &'n usize>) -> Vec<u32> {
        nodes.into_iter().filter_map(|node| self.armed.get(node).copied()).collect()
    }

    fn task(&mut self, number: usize, node: &Node, entry: u32) -> Result<(), BpmnError> {
        let armed = self.armed_of(&node.border);
        let active = if armed.is_empty() {
            entry
        } else {
            let active = self.place(Some(node.scope), format!("at {}", node.name));
            self.add(None, &[entry], &[&[active][..], &armed].concat());
            active
        };
        let done = if node.again {
            let done = self.place(Some(node.scope), format!("after {}", node.name));
            let once = self.add(node.label.as_ref(), &[active], &[done]);
            self.add(None, &[done], &[entry]);
            self.go(number, None, &[done])?;
            vec![once]
        } else {
            self.go(number, node.label.as_ref(), &[active])?
        };
        done.into_iter().for_each(|at| self.empty(at, &armed));
        self.border(node, active, &armed, None)
    }

    /// What happens at the border of something while `active` holds a token; interrupting it empties `armed`, and the scope
    /// of a subprocess.
    fn border(&mut self, node: &Node, active: u32, armed: &[u32], scope: Option<usize>) -> Result<(), BpmnError> {
        for event in &node.border {
            let Some(of) = self.diagram.nodes.get(*event) else { continue };
            if let Some(own) = self.armed.get(event).copied() {
                let place = self.entry(*event);
                self.add(of.label.as_ref(), &[active, own], &[active, place]);
                self.go(*event, None, &[place])?;
                continue;
            }
            for at in self.go(*event, of.label.as_ref(), &[active])? {
                self.empty(at, armed);
                self.interrupted.extend(scope.map(|scope| (at, scope)));
            }
        }
        Ok(())
    }

    /// Places of the subprocesses by events that stand in a scope.
    fn by_events(&self, scope: usize) -> Vec<u32> {
        let diagram = self.diagram;
        let is_one = |at: &&usize| {
            diagram.nodes.get(**at).is_some_and(|node| matches!(node.kind, Kind::Subprocess { by_event: true, .. }))
        };
        let nodes = diagram.scopes.get(scope).into_iter().flat_map(|scope| &scope.nodes);
        self.armed_of(nodes.filter(is_one))
    }

    /// How a subprocess begins and is interrupted; how it ends is its scope's.
    fn subprocess(&mut self, node: &Node, scope: usize, entry: u32) -> Result<(), BpmnError> {
        let (run, begin) = (self.run(scope), self.begins.get(scope).copied().unwrap_or_default());
        let (armed, inner) = (self.armed_of(&node.border), self.by_events(scope));
        self.add(None, &[entry], &[&[run, begin][..], &armed, &inner].concat());
        self.border(node, run, &armed, Some(scope))
    }

    /// A subprocess that an event begins, while what it stands in goes on.
    fn by_event(&mut self, number: usize, node: &Node, scope: usize) -> Result<(), BpmnError> {
        let diagram = self.diagram;
        let (outer, run, inner) = (self.run(node.scope), self.run(scope), self.by_events(scope));
        let Some(armed) = self.armed.get(&number).copied() else { return Ok(()) };
        for start in diagram.scopes.get(scope).into_iter().flat_map(|scope| &scope.nodes) {
            let Some(of) = diagram.nodes.get(*start).filter(|node| node.kind == Kind::Start) else { continue };
            let place = self.entry(*start);
            let begins = self.add(of.label.as_ref(), &[outer, armed], &[&[outer, run, place][..], &inner].concat());
            self.interrupted.extend(of.interrupts.then_some((begins, node.scope)));
            self.go(*start, None, &[place])?;
        }
        Ok(())
    }

    /// How a scope begins without a start event, and how it ends.
    fn scope(&mut self, number: usize) -> Result<(), BpmnError> {
        let diagram = self.diagram;
        let Some(scope) = diagram.scopes.get(number) else { return Ok(()) };
        let begin = self.begins.get(number).copied().unwrap_or_default();
        let node = scope.node.and_then(|node| Some((node, diagram.nodes.get(node)?)));
        let by_event = node.is_some_and(|(_, node)| matches!(node.kind, Kind::Subprocess { by_event: true, .. }));
        let of = |at: &usize| diagram.nodes.get(*at).filter(|node| node.takes_part());
        let starts = scope.nodes.iter().filter_map(of).any(|node| node.kind == Kind::Start);
        let is_first = |at: &&usize| {
            let plain = |node: &Node| {
                !matches!(node.kind, Kind::Start | Kind::Border | Kind::Subprocess { by_event: true, .. })
            };
            of(at).is_some_and(|node| node.incoming.is_empty() && plain(node))
        };
        let first: Vec<usize> = scope.nodes.iter().filter(is_first).copied().collect();
        let instantiates = |at: &usize| of(at).is_some_and(|node| node.instantiates);
        if !starts && !by_event && !first.iter().any(instantiates) {
            let entries: Vec<u32> = first.iter().map(|at| self.entry(*at)).collect();
            self.add(None, &[begin], &entries);
        } else {
            for at in &first {
                if instantiates(at) {
                    let entry = self.entry(*at);
                    self.add(None, &[begin], &[entry]);
                } else if let Some(node) = of(at) {
                    self.left_out.push((node.line, format!("{:?}: nothing leads to it", node.name)));
                }
            }
        }
        let run = self.run(number);
        let without = self.inside.get(number).cloned().unwrap_or_default();
        let mut resets = self.armed_of(&scope.nodes);
        let done = match node {
            Some((at, node)) if !by_event => {
                resets.extend(self.armed_of(&node.border));
                let done = self.place(Some(node.scope), format!("after {}", node.name));
                self.go(at, None, &[done])?;
                if node.again {
                    let entry = self.entry(at);
                    self.add(None, &[done], &[entry]);
                }
                vec![done]
            }
            _ => Vec::new(),
        };
        let end = self.add(None, &[run], &done);
        self.empty(end, &resets);
        if let Some(end) = self.transitions.get_mut(end) {
            end.without = without;
        }
        Ok(())
    }
}

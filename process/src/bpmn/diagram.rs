//! Nodes, flows and what they stand in, as the file has them.

use std::collections::BTreeMap;

use super::{BpmnError, Labels};
use crate::elements::Element;

/// Most nodes, and most flows, of a file.
const NODES: usize = 4_096;

/// A process or a subprocess, and what stands directly in it.
#[derive(Debug, Default)]
pub(super) struct Scope {
    /// The subprocess's node; `None` for the process.
    pub(super) node: Option<usize>,
    pub(super) nodes: Vec<usize>,
}

#[derive(Debug)]
pub(super) struct Node {
    pub(super) scope: usize,
    pub(super) element: String,
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) label: Option<String>,
    pub(super) line: u64,
    pub(super) lane: Option<String>,
    pub(super) incoming: Vec<usize>,
    pub(super) outgoing: Vec<usize>,
    /// Events at its border.
    pub(super) border: Vec<usize>,
    /// What its event is about.
    pub(super) event: Event,
    /// Whether it may be done several times over.
    pub(super) again: bool,
    /// Whether it interrupts what it stands at or in.
    pub(super) interrupts: bool,
    /// Whether a process may begin with it though it is no start event.
    pub(super) instantiates: bool,
    default: Option<String>,
    attached: Option<String>,
    link: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Task,
    Subprocess {
        scope: usize,
        /// Whether an event in what it stands in begins it.
        by_event: bool,
    },
    Start,
    End,
    /// Catches or throws on the way.
    Intermediate,
    Border,
    /// Exclusive, or by events: one of the ways.
    Choice,
    Parallel,
    Inclusive,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Event {
    #[default]
    Plain,
    Message,
    Terminate,
    Error,
    Compensation,
}

#[derive(Debug)]
pub(super) struct Flow {
    pub(super) source: usize,
    pub(super) target: usize,
    pub(super) conditional: bool,
    /// Taken where no other is.
    pub(super) default: bool,
}

/// One process.
#[derive(Debug, Default)]
pub(super) struct Diagram {
    pub(super) name: String,
    pub(super) line: u64,
    /// Scope 0 is the process; outer ones come first.
    pub(super) scopes: Vec<Scope>,
    pub(super) nodes: Vec<Node>,
    pub(super) flows: Vec<Flow>,
    pub(super) left_out: Vec<(u64, String)>,
}

/// Which diagram, and which of its scopes or nodes, an element is.
#[derive(Clone, Copy)]
enum Is {
    Scope(usize, usize, Option<usize>),
    Node(usize, usize),
    Flow(usize),
}

/// Reads all processes that have a node.
pub(super) fn read(elements: &[Element], labels: Labels) -> Result<Vec<Diagram>, BpmnError> {
    let mut reading = Reading {
        elements,
        labels,
        diagrams: Vec::new(),
        known: BTreeMap::new(),
        ids: BTreeMap::new(),
        flows: Vec::new(),
        lanes: BTreeMap::new(),
        messages: None,
        nodes: 0,
    };
    for at in 0..elements.len() {
        reading.element(at)?;
    }
    reading.join()?;
    let Reading { mut diagrams, messages, .. } = reading;
    diagrams.retain(|diagram| !diagram.nodes.is_empty());
    if let (Some((line, count)), Some(first)) = (messages, diagrams.first_mut()) {
        let what = format!("{count} message flows: what is sent from process to process; each one is read by itself");
        first.left_out.push((line, what));
    }
    Ok(diagrams)
}

struct Reading<'e> {
    elements: &'e [Element],
    labels: Labels,
    diagrams: Vec<Diagram>,
    /// What elements are, by their number.
    known: BTreeMap<usize, Is>,
    /// Nodes by id: diagram and node.
    ids: BTreeMap<&'e str, (usize, usize)>,
    /// Elements of sequence flows, and whether a condition stands in each.
    flows: Vec<(usize, bool)>,
    /// Lanes by the node's id: how deep the lane is, and its name.
    lanes: BTreeMap<&'e str, (usize, &'e str)>,
    messages: Option<(u64, usize)>,
    nodes: usize,
}

impl<'e> Reading<'e> {
    fn element(&mut self, at: usize) -> Result<(), BpmnError> {
        let elements = self.elements;
        let Some(element) = elements.get(at) else { return Ok(()) };
        let parent = element.parent.and_then(|parent| self.known.get(&parent).copied());
        match (element.name.as_str(), parent) {
            ("process", None) => {
                let name = named(element).or_else(|| element.attribute("id")).unwrap_or("process").to_owned();
                self.known.insert(at, Is::Scope(self.diagrams.len(), 0, None));
                let scopes = vec![Scope::default()];
                self.diagrams.push(Diagram { name, line: element.line, scopes, ..Diagram::default() });
            }
            ("messageFlow", _) => {
                let (_, count) = self.messages.get_or_insert((element.line, 0));
                *count += 1;
            }
            ("lane", _) => self.lane(at, element),
            ("sequenceFlow", Some(Is::Scope(..))) => {
                self.known.insert(at, Is::Flow(self.flows.len()));
                self.flows.push((at, false));
                if self.flows.len() > NODES {
                    return Err(BpmnError::part(element.line, format!("more than {NODES} sequence flows")));
                }
            }
            ("conditionExpression", Some(Is::Flow(flow))) => {
                self.flows.get_mut(flow).into_iter().for_each(|(_, conditional)| *conditional = true);
            }
            (_, Some(Is::Scope(diagram, scope, node))) => match kind(element)? {
                Some(kind) => self.node(at, element, diagram, scope, kind)?,
                None => self.detail(element, diagram, node),
            },
            (_, Some(Is::Node(diagram, node))) => self.detail(element, diagram, Some(node)),
            _ => {}
        }
        Ok(())
    }

    /// Notes whose lane nodes stand in.
    fn lane(&mut self, at: usize, lane: &'e Element) {
        let Some(name) = named(lane) else { return };
        let up = |at: &usize| self.elements.get(*at).and_then(|element| element.parent);
        let depth = std::iter::successors(Some(at), up).count();
        // What stands in a lane comes right after it, up to the next element that is not deeper.
        for inner in self.elements.iter().skip(at + 1).take_while(|inner| inner.parent.is_some_and(|up| up >= at)) {
            if inner.name == "flowNodeRef" && inner.parent == Some(at) {
                let known = self.lanes.entry(&inner.text).or_insert((depth, name));
                if known.0 < depth {
                    *known = (depth, name);
                }
            }
        }
    }

    fn node(
        &mut self,
        at: usize,
        element: &'e Element,
        diagram: usize,
        scope: usize,
        kind: Kind,
    ) -> Result<(), BpmnError> {
        let Some(of) = self.diagrams.get_mut(diagram) else { return Ok(()) };
        self.nodes += 1;
        if self.nodes > NODES {
            return Err(BpmnError::part(element.line, format!("more than {NODES} nodes")));
        }
        let number = of.nodes.len();
        let kind = match kind {
            Kind::Subprocess { by_event, .. } => {
                let scope = of.scopes.len();
                of.scopes.push(Scope { node: Some(number), nodes: Vec::new() });
                self.known.insert(at, Is::Scope(diagram, scope, Some(number)));
                Kind::Subprocess { scope, by_event }
            }
            kind => {
                self.known.insert(at, Is::Node(diagram, number));
                kind
            }
        };
        let id = element.attribute("id").unwrap_or_default();
        if !id.is_empty() && self.ids.insert(id, (diagram, number)).is_some() {
            return Err(BpmnError::part(element.line, format!("two nodes have the id {id:?}")));
        }
        let is = |key: &str, value: &str| element.attribute(key) == Some(value);
        // Diagrams break long names into lines.
        let name = named(element).unwrap_or(id).split_whitespace().collect::<Vec<_>>().join(" ");
        let label =
            (kind == Kind::Task && (self.labels == Labels::Calls || named(element).is_some())).then(|| name.clone());
        of.scopes.get_mut(scope).into_iter().for_each(|scope| scope.nodes.push(number));
        if is("isForCompensation", "true") {
            of.left_out.push((element.line, format!("{name:?} undoes other steps (compensation)")));
        }
        of.nodes.push(Node {
            scope,
            element: element.name.clone(),
            kind,
            name,
            label,
            line: element.line,
            lane: None,
            incoming: Vec::new(),
            outgoing: Vec::new(),
            border: Vec::new(),
            event: if is("isForCompensation", "true") { Event::Compensation } else { Event::Plain },
            again: false,
            interrupts: !is("cancelActivity", "false") && !is("isInterrupting", "false"),
            instantiates: is("instantiate", "true"),
            default: element.attribute("default").map(str::to_owned),
            attached: element.attribute("attachedToRef").map(str::to_owned),
            link: None,
        });
        Ok(())
    }

    /// What stands in a node and says what it is.
    fn detail(&mut self, element: &Element, diagram: usize, node: Option<usize>) {
        let labels = self.labels;
        let Some(of) = self.diagrams.get_mut(diagram) else { return };
        let Some(node) = node.and_then(|node| of.nodes.get_mut(node)) else { return };
        match element.name.as_str() {
            "messageEventDefinition" => {
                node.event = Event::Message;
                let comes_in =
                    matches!(node.kind, Kind::Start | Kind::Border) || node.element == "intermediateCatchEvent";
                node.label = (labels == Labels::Calls && comes_in).then(|| node.name.clone());
            }
            "terminateEventDefinition" => node.event = Event::Terminate,
            "errorEventDefinition" | "cancelEventDefinition" => node.event = Event::Error,
            "compensateEventDefinition" => {
                node.event = Event::Compensation;
                of.left_out.push((element.line, format!("{:?} undoes other steps (compensation)", node.name)));
            }
            "linkEventDefinition" => node.link = named(element).map(str::to_owned).or_else(|| Some(node.name.clone())),
            "standardLoopCharacteristics" | "multiInstanceLoopCharacteristics" => {
                node.again = true;
                let what = format!("how often {:?} is done: once or more, one after another", node.name);
                of.left_out.push((element.line, what));
            }
            _ => {}
        }
    }

    /// Joins flows, borders, links and lanes to their nodes.
    fn join(&mut self) -> Result<(), BpmnError> {
        for (at, conditional) in &self.flows {
            let Some(element) = self.elements.get(*at) else { continue };
            let end = |key: &str| {
                let id = element.attribute(key).unwrap_or_default();
                let found = self.ids.get(id).copied();
                found
                    .ok_or_else(|| BpmnError::part(element.line, format!("{key} {id:?} of a sequence flow is no node")))
            };
            let ((diagram, source), (other, target)) = (end("sourceRef")?, end("targetRef")?);
            let Some(of) = self.diagrams.get_mut(diagram) else { continue };
            let scope = |node: usize| of.nodes.get(node).map(|node| node.scope);
            if diagram != other || scope(source) != scope(target) {
                let cause = "a sequence flow leads out of what it stands in; only message flows may";
                return Err(BpmnError::part(element.line, cause));
            }
            let id = element.attribute("id");
            let default = id.is_some() && of.nodes.get(source).is_some_and(|node| node.default.as_deref() == id);
            of.flow(Flow { source, target, conditional: *conditional && !default, default });
        }
        for of in &mut self.diagrams {
            let mut caught: BTreeMap<(usize, &str), usize> = BTreeMap::new();
            let mut links = Vec::new();
            for (number, node) in of.nodes.iter().enumerate() {
                let Some(link) = &node.link else { continue };
                if node.element == "intermediateCatchEvent" {
                    caught.insert((node.scope, link), number);
                } else {
                    links.push((number, node.scope, link.as_str()));
                }
            }
            let links =
                links.into_iter().filter_map(|(source, scope, link)| Some((source, *caught.get(&(scope, link))?)));
            for (source, target) in links.collect::<Vec<_>>() {
                of.flow(Flow { source, target, conditional: false, default: false });
            }
            for number in 0..of.nodes.len() {
                let Some(node) = of.nodes.get(number) else { continue };
                let Some(attached) = node.attached.as_deref().filter(|_| node.event != Event::Compensation) else {
                    continue;
                };
                let Some((_, at)) = self.ids.get(attached) else {
                    let cause = format!("attachedToRef {attached:?} is no node");
                    return Err(BpmnError::part(node.line, cause));
                };
                of.nodes.get_mut(*at).into_iter().for_each(|node| node.border.push(number));
            }
        }
        for (id, (_, lane)) in &self.lanes {
            let node =
                self.ids.get(id).and_then(|(diagram, node)| self.diagrams.get_mut(*diagram)?.nodes.get_mut(*node));
            node.into_iter().for_each(|node| node.lane = Some((*lane).to_owned()));
        }
        self.diagrams.iter_mut().for_each(Diagram::inherit);
        Ok(())
    }
}

impl Diagram {
    fn flow(&mut self, flow: Flow) {
        let number = self.flows.len();
        self.nodes.get_mut(flow.source).into_iter().for_each(|node| node.outgoing.push(number));
        self.nodes.get_mut(flow.target).into_iter().for_each(|node| node.incoming.push(number));
        self.flows.push(flow);
    }

    /// What stands in a subprocess stands in its lane; outer scopes come first.
    fn inherit(&mut self) {
        for scope in self.scopes.iter().skip(1) {
            let lane = scope.node.and_then(|node| self.nodes.get(node)).and_then(|node| node.lane.clone());
            for number in &scope.nodes {
                if let Some(node) = self.nodes.get_mut(*number)
                    && node.lane.is_none()
                {
                    node.lane.clone_from(&lane);
                }
            }
        }
    }
}

/// A name that says something, its line breaks as blanks.
fn named(element: &Element) -> Option<&str> {
    element.attribute("name").map(str::trim).filter(|name| !name.is_empty())
}

/// What an element of a scope is; `None` for what takes no part in the flow.
fn kind(element: &Element) -> Result<Option<Kind>, BpmnError> {
    let refused = |what: &str, how: &str| {
        let name = named(element).or_else(|| element.attribute("id")).unwrap_or_default();
        Err(BpmnError::part(element.line, format!("{what} {name:?} is not read: {how}")))
    };
    Ok(Some(match element.name.as_str() {
        "task" | "userTask" | "serviceTask" | "sendTask" | "receiveTask" | "manualTask" | "scriptTask"
        | "businessRuleTask" | "callActivity" => Kind::Task,
        "subProcess" | "transaction" => {
            Kind::Subprocess { scope: 0, by_event: element.attribute("triggeredByEvent") == Some("true") }
        }
        "startEvent" => Kind::Start,
        "endEvent" => Kind::End,
        "intermediateCatchEvent" | "intermediateThrowEvent" => Kind::Intermediate,
        "boundaryEvent" => Kind::Border,
        "exclusiveGateway" | "eventBasedGateway" => Kind::Choice,
        "parallelGateway" => Kind::Parallel,
        "inclusiveGateway" => Kind::Inclusive,
        "complexGateway" => {
            return refused("the complex gateway", "what it waits for is code; write exclusive or parallel gateways");
        }
        "adHocSubProcess" => {
            return refused("the ad-hoc subprocess", "its steps have no order; write those that have one");
        }
        _ => return Ok(None),
    }))
}

//! From walks to a lifecycle that every walk fits.
//!
//! Each node is a state and each move a transition, so what happened is allowed by construction. Two things are left
//! out, both without loss: a state that is only ever left (nothing says how it is reached), and, where creations are
//! seen, beginnings in mid-life (an object first seen in mid-life may be in any state).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::doubt::{self, Doubt};
use super::draft::{Doubted, Trust};
use super::life::{Lives, Met, Node, StepCounts, Walks, Way};
use super::name::{self, Names};

/// Objects from which on a step that none repeated is taken to happen once.
const ONCE: u64 = 20;
/// Objects that reached a state from which on it says something that nearly none left it.
const ENDED: u64 = 5;
/// Steps from which on their actors are named.
const NAMED: u64 = 5;
/// Most names of actors on one transition.
const MOST_NAMES: usize = 8;
/// Most transitions that can be marked `once`.
const MOST_ONCE: usize = 60;

/// A lifecycle with its support.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lifecycle {
    /// The first one is the initial state.
    pub(super) states: Vec<State>,
    pub(super) transitions: Vec<Transition>,
    /// Whether the states have the names that the server declares.
    pub(super) named: bool,
    /// Objects first seen in mid-life.
    pub(super) midlife: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) name: Arc<str>,
    /// Nothing that was seen leaves it.
    pub(super) end: bool,
    pub(super) reached: u64,
    /// How often it was left.
    pub(super) left: u64,
    /// What was met of children there.
    pub(super) met: Met,
}

impl State {
    /// How many of those that reached it stayed, where that is nearly all: it may be an end that was not kept.
    pub(super) fn stayed(&self) -> Option<u64> {
        let nearly = self.left > 0 && self.reached >= ENDED && self.left.saturating_mul(5) <= self.reached;
        nearly.then(|| self.reached - self.left)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Transition {
    pub(super) activity: Arc<str>,
    pub(super) from: Vec<usize>,
    pub(super) to: usize,
    pub(super) by: Vec<Arc<str>>,
    /// Only people do it, whichever roles they have.
    pub(super) human: bool,
    /// What its parent must be in, as a condition with its support.
    pub(super) when: Option<(String, String)>,
    pub(super) once: bool,
    pub(super) count: u64,
    /// Seldom, measured by how often the activity happens.
    pub(super) rare: bool,
    /// It begins a life although the activity seems to need an object: perhaps it began before the traffic.
    pub(super) perhaps_midlife: bool,
    /// What a person should look at.
    pub(super) doubts: Vec<Doubt>,
}

/// Moves from a node, or from before all nodes.
type Edges = BTreeMap<(Option<Node>, Arc<str>, Node), Edge>;

/// Edges that become one transition: the state it starts from where it stands alone, its target, activity, whether it
/// begins in mid-life, and whether it is seldom.
type Group = (Option<usize>, usize, Arc<str>, bool, bool);

#[derive(Clone, Copy, Debug, Default)]
struct Edge {
    count: u64,
    midlife: bool,
}

/// What the declared values of a type are good for.
pub(super) enum Use {
    /// They are its states, and every one that was declared fits.
    States,
    /// They name its states, but some were declared at another time than steps explain.
    Names(String),
    /// They are no states.
    Nothing(String),
}

impl Use {
    /// No more use of declared states than they are trusted.
    pub(super) fn at_most(self, doubted: Option<&Doubted>) -> Use {
        let Some(doubted) = doubted else { return self };
        let why = || format!("replaying the draft over its own traffic did not bear it out: {}", doubted.seen);
        match (doubted.trust, self) {
            (Trust::Full, own) | (Trust::Names, own @ (Use::Names(_) | Use::Nothing(_))) => own,
            (Trust::Names, Use::States) => Use::Names(why()),
            (Trust::Nothing, own @ Use::Nothing(_)) => own,
            (Trust::Nothing, Use::States | Use::Names(_)) => Use::Nothing(why()),
        }
    }

    /// Judges the values declared in the lives of a type.
    pub(super) fn of(lives: &Lives, has_parent: bool) -> Use {
        let steps: u64 = lives.steps.values().map(|s| s.count).sum();
        let unexplained = lives.unexplained + if has_parent { lives.shown_first } else { 0 };
        if lives.too_many_values() {
            Use::Nothing("it has too many values to be a state".to_owned())
        } else if lives.odd > 0 {
            Use::Nothing("some of its values are no words".to_owned())
        } else if lives.values.len() < 2 {
            Use::Nothing("it was never seen to change".to_owned())
        } else if lives.declaring * 2 < steps {
            Use::Nothing("most answers do not show it".to_owned())
        } else if unexplained > 0 {
            let times = if unexplained == 1 { "once".to_owned() } else { format!("{unexplained} times") };
            Use::Names(format!("it changed {times} without a step that was seen"))
        } else {
            Use::States
        }
    }
}

impl Lifecycle {
    /// Whether no way through the lifecycle takes the later step without the earlier one before it.
    pub(super) fn demands(&self, earlier: &str, later: &str) -> bool {
        let mut reached: BTreeSet<usize> = [0].into();
        let others = || self.transitions.iter().filter(|t| *t.activity != *earlier);
        loop {
            let from_reached = others().filter(|t| t.from.iter().any(|from| reached.contains(from)));
            let next: Vec<usize> = from_reached.map(|t| t.to).filter(|to| !reached.contains(to)).collect();
            if next.is_empty() {
                break;
            }
            reached.extend(next);
        }
        !others().any(|t| *t.activity == *later && t.from.iter().any(|from| reached.contains(from)))
    }

    /// The lifecycle of a type with at least one step.
    pub(super) fn of(lives: &Lives, named: bool, has_parent: bool, creates: &dyn Fn(&str) -> bool) -> Lifecycle {
        let walks = if named { settled(&lives.declared) } else { lives.plain.clone() };
        let (edges, midlife) = edges(&walks, has_parent, creates);
        let nodes = in_order(&edges);
        let mut names = Names::default();
        let states = state_names(&nodes, &mut names);
        let index: BTreeMap<&Node, usize> = nodes.iter().zip(1..).collect();
        let mut transitions = transitions(&edges, &index, lives, &walks);
        limit_once(&mut transitions, creates);
        let leaves: BTreeSet<usize> = transitions.iter().flat_map(|t| t.from.iter().copied()).collect();
        let reached = |state: usize| transitions.iter().filter(|t| t.to == state).map(|t| t.count).sum();
        let moves = || edges.iter().filter_map(|((from, _, to), edge)| Some((from.as_ref()?, to, edge.count)));
        let left = |state: usize| {
            let from = state.checked_sub(1).and_then(|at| nodes.get(at));
            moves().filter(|(own, to, _)| Some(*own) == from && own != to).map(|(.., count)| count).sum()
        };
        let states = states.into_iter().enumerate().map(|(at, name)| {
            let end = at > 0 && !leaves.contains(&at);
            let node = at.checked_sub(1).and_then(|at| nodes.get(at));
            let met = node.and_then(|node| walks.met.get(node)).cloned().unwrap_or_default();
            State { name, end, reached: reached(at), left: left(at), met }
        });
        Lifecycle { states: states.collect(), transitions, named, midlife }
    }
}

/// Joins the state behind a step with the one that the server most often declares for it. Joining states of an
/// automaton keeps every walk.
fn settled(walks: &Walks) -> Walks {
    let mut declared: BTreeMap<&Arc<str>, BTreeMap<&Node, u64>> = BTreeMap::new();
    let ends = walks.starts.iter().map(|((activity, to), count)| (activity, to, count));
    let moves = walks.moves.iter().map(|((_, activity, to), count)| (activity, to, count));
    for (activity, to, count) in ends.chain(moves) {
        if matches!(to, Node::Declared(_)) {
            *declared.entry(activity).or_default().entry(to).or_default() += count;
        }
    }
    let settle = |node: &Node| match node {
        Node::After(activity) => {
            let targets = declared.get(activity).into_iter().flatten();
            let most = targets.max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
            most.map_or_else(|| node.clone(), |(target, _)| (*target).clone())
        }
        Node::Declared(_) => node.clone(),
    };
    let mut settled = Walks::default();
    for ((activity, to), count) in &walks.starts {
        *settled.starts.entry((Arc::clone(activity), settle(to))).or_default() += count;
    }
    for ((from, activity, to), count) in &walks.moves {
        *settled.moves.entry((settle(from), Arc::clone(activity), settle(to))).or_default() += count;
    }
    for ((activity, to), count) in &walks.shown {
        *settled.shown.entry((Arc::clone(activity), settle(to))).or_default() += count;
    }
    for (node, met) in &walks.met {
        settled.met.entry(settle(node)).or_default().merge(met.clone());
    }
    for ((from, activity, to), way) in &walks.ways {
        let key = (from.as_ref().map(settle), Arc::clone(activity), settle(to));
        settled.ways.entry(key).or_default().merge(way.clone());
    }
    settled
}

/// All transitions that the walks need, and how many objects began in mid-life.
fn edges(walks: &Walks, has_parent: bool, creates: &dyn Fn(&str) -> bool) -> (Edges, u64) {
    let reached: BTreeSet<&Node> =
        walks.moves.keys().map(|(_, _, to)| to).chain(walks.starts.keys().map(|(_, to)| to)).collect();
    let mut edges = Edges::new();
    let mut starts = walks.starts.clone();
    for ((from, activity, to), count) in &walks.moves {
        if reached.contains(from) {
            edges.entry((Some(from.clone()), Arc::clone(activity), to.clone())).or_default().count += count;
        } else {
            // Nothing leads to the state that it left: whatever came before was not seen.
            *starts.entry((Arc::clone(activity), to.clone())).or_default() += count;
        }
    }
    // With a parent's creation in view, a child is known to begin at the beginning, whatever was shown of it.
    for (key, count) in walks.shown.iter().filter(|_| has_parent) {
        *starts.entry(key.clone()).or_default() += count;
    }
    let created = !has_parent && starts.keys().any(|(activity, _)| creates(activity));
    let mut midlife = 0;
    let mut spare: Vec<((Arc<str>, Node), u64)> = Vec::new();
    for ((activity, to), count) in starts {
        let birth = creates(&activity);
        let elsewhere = || edges.keys().any(|(_, a, t)| *a == activity && *t == to);
        if created && !birth && elsewhere() {
            midlife += count;
            spare.push(((activity, to), count));
        } else {
            edges.insert((None, activity, to), Edge { count, midlife: created && !birth });
        }
    }
    while let Some(node) = unreached(&edges) {
        let found = spare.iter().filter(|((_, to), _)| *to == node).max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(&a.0)));
        let known = edges.iter().filter(|((_, _, to), _)| *to == node).map(|((_, a, _), e)| (e.count, a.clone()));
        let (count, activity) = match found {
            Some(((activity, _), count)) => (*count, activity.clone()),
            None => match known.max() {
                Some((_, activity)) => (0, activity),
                None => break,
            },
        };
        midlife = midlife.saturating_sub(count);
        edges.insert((None, activity, node), Edge { count, midlife: true });
    }
    (edges, midlife)
}

/// The least node that no sequence of transitions leads to.
fn unreached(edges: &Edges) -> Option<Node> {
    let mut seen: BTreeSet<&Node> = BTreeSet::new();
    loop {
        let next: Vec<&Node> = edges
            .keys()
            .filter(|(from, _, to)| !seen.contains(to) && from.as_ref().is_none_or(|from| seen.contains(from)))
            .map(|(_, _, to)| to)
            .collect();
        if next.is_empty() {
            break;
        }
        seen.extend(next);
    }
    edges.keys().map(|(_, _, to)| to).find(|to| !seen.contains(to)).cloned()
}

/// Nodes from the beginning on, the most travelled way first.
fn in_order(edges: &Edges) -> Vec<Node> {
    let mut order: Vec<Node> = Vec::new();
    let mut next = 0;
    let mut from: Option<Node> = None;
    loop {
        let mut out: BTreeMap<&Node, u64> = BTreeMap::new();
        for ((_, _, to), edge) in edges.iter().filter(|((f, _, to), _)| *f == from && !order.contains(to)) {
            *out.entry(to).or_default() += edge.count;
        }
        let mut out: Vec<(&Node, u64)> = out.into_iter().collect();
        out.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        order.extend(out.into_iter().map(|(node, _)| node.clone()));
        match order.get(next) {
            Some(node) => from = Some(node.clone()),
            None => return order,
        }
        next += 1;
    }
}

/// Names of the initial state and of the nodes. Declared ones keep theirs: they must be found again.
fn state_names(nodes: &[Node], names: &mut Names) -> Vec<Arc<str>> {
    let mut declared: BTreeMap<&Node, Arc<str>> = BTreeMap::new();
    for node in nodes {
        if let Node::Declared(value) = node {
            declared.insert(node, names.choose(&[value.to_string()]));
        }
    }
    let initial = names.choose(&["none".to_owned(), "not_yet".to_owned()]);
    let rest = nodes.iter().map(|node| match node {
        Node::Declared(_) => declared.get(node).cloned().unwrap_or_default(),
        Node::After(activity) => names.choose(&name::state_after(activity)),
    });
    let rest: Vec<Arc<str>> = rest.collect();
    std::iter::once(initial).chain(rest).collect()
}

fn transitions(edges: &Edges, index: &BTreeMap<&Node, usize>, lives: &Lives, walks: &Walks) -> Vec<Transition> {
    let mut grouped: BTreeMap<Group, (BTreeSet<usize>, u64, Vec<Doubt>)> = BTreeMap::new();
    for ((before, activity, to), edge) in edges {
        let Some(target) = index.get(to).copied() else { continue };
        let from = before.as_ref().map_or(Some(0), |from| index.get(from).copied());
        let Some(from) = from else { continue };
        let all = lives.steps.get(activity).map_or(0, |s| s.count);
        let rare = edge.count <= 2 || edge.count.saturating_mul(20) < all;
        let way: Option<&Way> = walks.ways.get(&(before.clone(), Arc::clone(activity), to.clone()));
        let doubts = way.filter(|_| !edge.midlife).map(|way| doubt::of_move(activity, way, lives)).unwrap_or_default();
        // What is seldom or doubtful stands alone, so that it can be struck alone.
        let alone = (rare || edge.midlife || !doubts.is_empty()).then_some(from);
        let group = grouped.entry((alone, target, Arc::clone(activity), edge.midlife, rare)).or_default();
        group.0.insert(from);
        group.1 += edge.count;
        group.2.extend(doubts);
    }
    let mut transitions: Vec<Transition> = grouped
        .into_iter()
        .map(|((_, to, activity, perhaps_midlife, rare), (from, count, mut doubts))| {
            let rare = rare || perhaps_midlife;
            let counts = lives.steps.get(&activity);
            let once = counts.is_some_and(|c| c.objects >= ONCE && c.repeated == 0);
            let choice = counts.map(|counts| counts.role_choice(lives)).unwrap_or_default();
            let by = counts.map(|counts| actors(counts, &choice.spare)).unwrap_or_default();
            let by = if counts.is_some_and(|counts| counts.may_be_of_agents(lives)) { Vec::new() } else { by };
            if !by.is_empty() {
                doubts.extend(counts.map(|counts| doubt::of_actors(counts, &choice)).unwrap_or_default());
            }
            // A kind in the list says so already.
            let kinds = |counts: &StepCounts| counts.by.keys().any(|(kind, _)| counts.names_kind(kind));
            let human = counts.is_some_and(|c| !by.is_empty() && !kinds(c) && c.is_of_people(lives));
            let from = from.into_iter().collect();
            Transition { activity, from, to, by, human, when: None, once, count, rare, perhaps_midlife, doubts }
        })
        .collect();
    transitions.sort_by(|a, b| (a.rare, &a.from, a.to, &a.activity).cmp(&(b.rare, &b.from, b.to, &b.activity)));
    transitions
}

/// Who took a step, where all that took it are known: `agent`, kinds, and the roles of kinds that always showed one, but
/// for `spare` ones.
fn actors(counts: &StepCounts, spare: &BTreeMap<Arc<str>, u64>) -> Vec<Arc<str>> {
    if counts.unnamed > 0 || counts.count < NAMED {
        return Vec::new();
    }
    let names = counts.by.keys().filter_map(|(kind, role)| match role {
        Some(role) if !counts.names_kind(kind) => Some(role).filter(|role| !spare.contains_key(*role)).cloned(),
        None if !counts.names_kind(kind) => None,
        _ => Some(Arc::clone(kind)),
    });
    let names: BTreeSet<Arc<str>> = names.collect();
    if names.len() > MOST_NAMES { Vec::new() } else { names.into_iter().collect() }
}

fn limit_once(transitions: &mut [Transition], creates: &dyn Fn(&str) -> bool) {
    let mut left = MOST_ONCE;
    for transition in transitions {
        transition.once &= left > 0 && !creates(&transition.activity);
        left -= usize::from(transition.once);
    }
}

//! Reading Petri nets in PNML (ISO/IEC 15909-2), in the dialects of pm4py, ProM and others.

use std::collections::BTreeMap;
use std::io::{BufReader, Read};

use crate::net::{Marking, Net, NetError, Place, Transition};
use crate::xml::{Document, Tag, Token};

/// Longest tag or text.
const TOKEN: usize = 1 << 20;
/// Most places, transitions and arcs together.
const NODES: usize = 1 << 20;
/// Most final markings.
const FINALS: usize = 1_000;
/// Longest chain of references that is followed.
const REFERENCES: usize = 16;
/// How tools say that a transition is silent.
const INVISIBLE: &str = "$invisible$";

/// A file that is no net, or a net that cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PnmlError {
    /// The file cannot be read.
    #[error("line {line}: {cause}")]
    File {
        /// Line that was read up to, from 1.
        line: u64,
        /// What is wrong.
        cause: String,
    },
    /// The net is whole and makes no sense.
    #[error("the net: {0}")]
    Net(#[from] NetError),
}

/// Reads a net. A transition is silent when a tool-specific element says `$invisible$`, or when it has no name. Of
/// several nets in a file the first one with a transition is read. Pages are one net, and references stand for what
/// they refer to.
///
/// # Errors
/// When the file is damaged, holds no net, has arcs that are no plain ones, or does not say where the net begins and
/// ends (see [`Net::new`]).
pub fn read_pnml(input: impl Read) -> Result<Net, PnmlError> {
    let mut document = Document::new(BufReader::new(input), TOKEN);
    let mut draft = Draft::default();
    loop {
        let line = document.line();
        let file = |cause: String| PnmlError::File { line, cause };
        match document.next() {
            Ok(Token::Open(tag)) => draft.open(&tag, true).map_err(file)?,
            Ok(Token::Empty(tag)) => draft.open(&tag, false).map_err(file)?,
            Ok(Token::Text(text)) => draft.text(&text),
            Ok(Token::Unknown(reference)) => draft.unknown(&reference).map_err(file)?,
            Ok(Token::Close) => {
                draft.close().map_err(file)?;
                if draft.whole {
                    break;
                }
            }
            Ok(Token::Other) => {}
            Ok(Token::End) => break,
            Err(cause) => return Err(file(cause)),
        }
    }
    if !draft.seen_net {
        let cause = "there is no <net> element; is it PNML?".to_owned();
        return Err(PnmlError::File { line: document.line(), cause });
    }
    draft.net(document.line())
}

/// What an element on the way to the present one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Net,
    Page,
    Place,
    Transition,
    Arc,
    Name,
    InitialMarking,
    Inscription,
    Finals,
    Marking,
    FinalPlace,
    Text,
    Other,
}

#[derive(Default)]
struct Node {
    id: String,
    name: Option<String>,
    initial: u32,
    invisible: bool,
}

#[derive(Default)]
struct Arc {
    source: String,
    target: String,
    weight: u32,
}

/// A net as it is read.
#[derive(Default)]
struct Draft {
    parts: Vec<Part>,
    seen_net: bool,
    /// A net with a transition has ended.
    whole: bool,
    places: Vec<Node>,
    transitions: Vec<Node>,
    arcs: Vec<Arc>,
    /// What a reference node stands for.
    references: BTreeMap<String, String>,
    finals: Vec<Vec<(String, u32)>>,
    text: String,
}

impl Draft {
    fn open(&mut self, tag: &Tag<'_>, has_content: bool) -> Result<(), String> {
        let part = self.part(tag)?;
        if part == Part::Text {
            self.text.clear();
        }
        self.parts.push(part);
        if has_content { Ok(()) } else { self.close() }
    }

    /// What an element is where it stands, noted down.
    fn part(&mut self, tag: &Tag<'_>) -> Result<Part, String> {
        let id = || tag.attribute("id").ok_or_else(|| "a node has no id".to_owned());
        Ok(match (self.parts.last().copied(), tag.name()) {
            (_, b"net") if !self.parts.contains(&Part::Net) => {
                *self = Draft { parts: std::mem::take(&mut self.parts), seen_net: true, ..Draft::default() };
                Part::Net
            }
            (Some(Part::Net | Part::Page), b"page") => Part::Page,
            (Some(Part::Net | Part::Page), b"place") => {
                self.places.push(Node { id: id()?, ..Node::default() });
                self.counted(Part::Place)?
            }
            (Some(Part::Net | Part::Page), b"transition") => {
                self.transitions.push(Node { id: id()?, ..Node::default() });
                self.counted(Part::Transition)?
            }
            (Some(Part::Net | Part::Page), b"arc") => {
                let end = |name: &str| tag.attribute(name).ok_or_else(|| format!("an arc has no {name}"));
                self.arcs.push(Arc { source: end("source")?, target: end("target")?, weight: 1 });
                self.counted(Part::Arc)?
            }
            (Some(Part::Net | Part::Page), b"referencePlace" | b"referenceTransition") => {
                let stands_for = tag.attribute("ref").ok_or("a reference has no ref")?;
                self.references.insert(id()?, stands_for);
                self.counted(Part::Other)?
            }
            (Some(Part::Net | Part::Page), b"finalmarkings") => Part::Finals,
            (Some(Part::Finals), b"marking") => {
                if self.finals.len() >= FINALS {
                    return Err(format!("more than {FINALS} final markings"));
                }
                self.finals.push(Vec::new());
                Part::Marking
            }
            (Some(Part::Marking), b"place") => {
                let place = tag.attribute("idref").ok_or("a final marking names no place (idref)")?;
                self.finals.last_mut().into_iter().for_each(|marking| marking.push((place.clone(), 1)));
                Part::FinalPlace
            }
            (Some(Part::Place | Part::Transition), b"name") => Part::Name,
            (Some(Part::Place), b"initialMarking") => Part::InitialMarking,
            (Some(Part::Transition), b"toolspecific") => {
                let silent = tag.attribute("activity").is_some_and(|activity| activity.contains(INVISIBLE));
                self.transitions.last_mut().into_iter().for_each(|node| node.invisible |= silent);
                Part::Other
            }
            (Some(Part::Arc), b"inscription") => Part::Inscription,
            (Some(Part::Arc), b"type" | b"arctype") => {
                let plain = tag.attribute("value").is_none_or(|kind| kind == "normal");
                if !plain {
                    return Err("an arc is an inhibitor, reset or read arc; only plain arcs are read".to_owned());
                }
                Part::Other
            }
            (Some(Part::Name | Part::InitialMarking | Part::Inscription | Part::FinalPlace), b"text" | b"value") => {
                Part::Text
            }
            _ => Part::Other,
        })
    }

    fn counted(&self, part: Part) -> Result<Part, String> {
        let count = self.places.len() + self.transitions.len() + self.arcs.len() + self.references.len();
        if count > NODES { Err(format!("more than {NODES} nodes and arcs")) } else { Ok(part) }
    }

    fn text(&mut self, text: &str) {
        if self.parts.last() == Some(&Part::Text) && self.text.len() < TOKEN {
            self.text.push_str(text);
        }
    }

    /// A label of which a part is not known would be another one.
    fn unknown(&self, reference: &str) -> Result<(), String> {
        match self.parts.last() {
            Some(Part::Text) => {
                Err(format!("the reference {reference} is not known; entities of a DTD are not read, write their text"))
            }
            _ => Ok(()),
        }
    }

    fn close(&mut self) -> Result<(), String> {
        match self.parts.pop() {
            Some(Part::Text) => self.take_text(),
            Some(Part::Net) => {
                self.whole = !self.transitions.is_empty();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Puts a text where it belongs.
    fn take_text(&mut self) -> Result<(), String> {
        let text = self.text.trim();
        let parent = self.parts.len().checked_sub(2).and_then(|at| self.parts.get(at));
        match (self.parts.last(), parent) {
            (Some(Part::Name), Some(Part::Place)) => {
                self.places.last_mut().into_iter().for_each(|node| node.name = Some(text.to_owned()));
            }
            (Some(Part::Name), Some(Part::Transition)) => {
                self.transitions.last_mut().into_iter().for_each(|node| node.name = Some(text.to_owned()));
            }
            (Some(Part::InitialMarking), _) => {
                let tokens = number(text).ok_or_else(|| format!("initial marking {text:?} is no number of tokens"))?;
                self.places.last_mut().into_iter().for_each(|node| node.initial = tokens);
            }
            (Some(Part::Inscription), _) => {
                let weight = number(text).ok_or_else(|| format!("arc weight {text:?} is no number"))?;
                self.arcs.last_mut().into_iter().for_each(|arc| arc.weight = weight);
            }
            (Some(Part::FinalPlace), _) => {
                let tokens = number(text).ok_or_else(|| format!("final marking {text:?} is no number of tokens"))?;
                let last = self.finals.last_mut().and_then(|marking| marking.last_mut());
                last.into_iter().for_each(|(_, known)| *known = tokens);
            }
            _ => {}
        }
        Ok(())
    }

    /// Joins what was read.
    fn net(mut self, line: u64) -> Result<Net, PnmlError> {
        let file = |cause: String| PnmlError::File { line, cause };
        let places = numbers(&self.places).map_err(file)?;
        let transitions = numbers(&self.transitions).map_err(file)?;
        let mut net: Vec<Transition> = self
            .transitions
            .drain(..)
            .map(|node| {
                let label = node.name.filter(|name| !name.is_empty() && !node.invisible);
                Transition { id: node.id, label, ..Transition::default() }
            })
            .collect();
        for arc in &self.arcs {
            let (source, target) = (self.resolved(&arc.source), self.resolved(&arc.target));
            let (list, place) =
                match (places.get(source), transitions.get(target), transitions.get(source), places.get(target)) {
                    (Some(place), Some(transition), _, _) => {
                        (net.get_mut(*transition as usize).map(|t| &mut t.inputs), place)
                    }
                    (_, _, Some(transition), Some(place)) => {
                        (net.get_mut(*transition as usize).map(|t| &mut t.outputs), place)
                    }
                    _ => {
                        let (source, target) = (&arc.source, &arc.target);
                        return Err(file(format!(
                            "the arc from {source:?} to {target:?} does not join a place and a transition"
                        )));
                    }
                };
            list.into_iter().for_each(|list| list.push((*place, arc.weight)));
        }
        let mut finals = Vec::new();
        for marking in &self.finals {
            let mut tokens: Marking = vec![0; self.places.len()];
            for (place, count) in marking {
                let Some(slot) = places.get(self.resolved(place)).and_then(|at| tokens.get_mut(*at as usize)) else {
                    return Err(file(format!("the final marking names place {place:?}, which is not there")));
                };
                *slot = *count;
            }
            finals.push(tokens);
        }
        // Some tools write a marking without a place where none is known; it is meant where there is no better guess.
        let unsaid = self.finals.iter().all(Vec::is_empty) && sinks(self.places.len(), &net) == 1;
        if unsaid {
            finals.clear();
        }
        let places = self.places.into_iter().map(|node| Place {
            name: node.name.filter(|name| !name.is_empty()).unwrap_or_else(|| node.id.clone()),
            id: node.id,
            initial: node.initial,
        });
        Ok(Net::new(places.collect(), net, finals)?)
    }

    /// The node that an id stands for; references may refer to references, a few times over.
    fn resolved<'a>(&'a self, id: &'a str) -> &'a str {
        let mut id = id;
        for _ in 0..REFERENCES {
            match self.references.get(id) {
                Some(next) => id = next,
                None => break,
            }
        }
        id
    }
}

/// How many places no transition takes from.
fn sinks(places: usize, net: &[Transition]) -> usize {
    let mut taken = vec![false; places];
    for (place, _) in net.iter().flat_map(|transition| &transition.inputs) {
        taken.get_mut(*place as usize).into_iter().for_each(|taken| *taken = true);
    }
    taken.iter().filter(|taken| !**taken).count()
}

/// Nodes by id.
fn numbers(nodes: &[Node]) -> Result<BTreeMap<String, u32>, String> {
    let mut numbers = BTreeMap::new();
    for (number, node) in (0_u32..).zip(nodes) {
        if numbers.insert(node.id.clone(), number).is_some() {
            return Err(format!("two nodes have the id {:?}", node.id));
        }
    }
    Ok(numbers)
}

/// `2`, or `Default,2` as some tools write it for nets of one colour; nothing is 1.
fn number(text: &str) -> Option<u32> {
    let digits = text.rsplit(',').next().unwrap_or(text).trim();
    if digits.is_empty() {
        return Some(1);
    }
    digits.parse().ok()
}

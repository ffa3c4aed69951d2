//! Petri nets with labels, silent transitions and arc weights.

use std::collections::BTreeMap;

/// Tokens on each place, by the place's number.
pub type Marking = Vec<u32>;

/// A place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its id in the file.
    pub id: String,
    /// Its name for people; the id where it has none.
    pub name: String,
    /// Tokens at the beginning.
    pub initial: u32,
}

/// A transition, with the places that it takes tokens from and gives tokens to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transition {
    /// Its id in the file.
    pub id: String,
    /// What it does; `None` for a silent one.
    pub label: Option<String>,
    /// Places and weights taken.
    pub inputs: Vec<(u32, u32)>,
    /// Places and weights given.
    pub outputs: Vec<(u32, u32)>,
    /// Places that it empties after it took and before it gives (reset arcs).
    pub resets: Vec<u32>,
    /// Places that must hold nothing for it to happen (inhibitor arcs).
    pub without: Vec<u32>,
}

/// A labelled net with an initial marking and the markings that it may end in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Net {
    places: Vec<Place>,
    transitions: Vec<Transition>,
    finals: Vec<Marking>,
    labels: Vec<String>,
}

/// A net that cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// An arc names a place that the net does not have.
    #[error("transition {transition:?} has an arc to place number {place}, and there are {places} places")]
    NoSuchPlace {
        /// Id of the transition.
        transition: String,
        /// The number.
        place: u32,
        /// How many places there are.
        places: usize,
    },
    /// No place holds a token at the beginning, and not exactly one place has no arc to it.
    #[error(
        "it has no initial marking, and {0} places without an arc to them; write initialMarking at the first place"
    )]
    NoStart(usize),
    /// No final marking is written, and not exactly one place has no arc from it.
    #[error(
        "it has no final marking, and {0} places without an arc from them; write finalmarkings, or end in one place"
    )]
    NoEnd(usize),
    /// There is no transition.
    #[error("it has no transition; is it a Petri net?")]
    Empty,
}

impl Net {
    /// Builds a net. Arcs between the same two nodes add up. Without a token the net begins in its only place that no
    /// arc leads to; without final markings it ends in its only place that no arc leads from.
    ///
    /// # Errors
    /// When an arc leads nowhere, or where it begins or ends is not written and not clear.
    pub fn new(places: Vec<Place>, transitions: Vec<Transition>, finals: Vec<Marking>) -> Result<Net, NetError> {
        let mut net = Net { places, transitions, finals, labels: Vec::new() };
        if net.transitions.is_empty() {
            return Err(NetError::Empty);
        }
        for transition in &mut net.transitions {
            transition.inputs = summed(&transition.inputs);
            transition.outputs = summed(&transition.outputs);
            let known = |place: u32| (place as usize) < net.places.len();
            let plain = transition.inputs.iter().chain(&transition.outputs).map(|(place, _)| *place);
            let others = transition.resets.iter().chain(&transition.without).copied();
            if let Some(place) = plain.chain(others).find(|place| !known(*place)) {
                let (transition, places) = (transition.id.clone(), net.places.len());
                return Err(NetError::NoSuchPlace { transition, place, places });
            }
        }
        net.begin()?;
        net.end()?;
        net.labels = net.transitions.iter().filter_map(|transition| transition.label.clone()).collect();
        net.labels.sort_unstable();
        net.labels.dedup();
        Ok(net)
    }

    fn begin(&mut self) -> Result<(), NetError> {
        if self.places.iter().any(|place| place.initial > 0) {
            return Ok(());
        }
        let sources = self.places_without(|transition| &transition.outputs);
        match sources.as_slice() {
            [only] => {
                self.places.get_mut(*only).into_iter().for_each(|place| place.initial = 1);
                Ok(())
            }
            _ => Err(NetError::NoStart(sources.len())),
        }
    }

    fn end(&mut self) -> Result<(), NetError> {
        self.finals.iter_mut().for_each(|marking| marking.resize(self.places.len(), 0));
        if !self.finals.is_empty() {
            return Ok(());
        }
        let sinks = self.places_without(|transition| &transition.inputs);
        match sinks.as_slice() {
            [only] => {
                self.finals.push((0..self.places.len()).map(|place| u32::from(place == *only)).collect());
                Ok(())
            }
            _ => Err(NetError::NoEnd(sinks.len())),
        }
    }

    /// Places that no arc of a kind touches.
    fn places_without(&self, arcs: impl Fn(&Transition) -> &Vec<(u32, u32)>) -> Vec<usize> {
        let mut touched = vec![false; self.places.len()];
        for (place, _) in self.transitions.iter().flat_map(arcs) {
            touched.get_mut(*place as usize).into_iter().for_each(|touched| *touched = true);
        }
        touched.iter().enumerate().filter(|(_, touched)| !**touched).map(|(place, _)| place).collect()
    }

    /// Places.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// Transitions.
    pub fn transitions(&self) -> &[Transition] {
        &self.transitions
    }

    /// Markings that it may end in.
    pub fn finals(&self) -> &[Marking] {
        &self.finals
    }

    /// Distinct labels, sorted: a label's number is its place here.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The number of a label.
    pub fn label(&self, name: &str) -> Option<u32> {
        let at = self.labels.binary_search_by(|label| label.as_str().cmp(name)).ok()?;
        u32::try_from(at).ok()
    }
}

/// Arcs by place, equal ones added up, without those of weight 0.
fn summed(arcs: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let mut sums: BTreeMap<u32, u32> = BTreeMap::new();
    for (place, weight) in arcs {
        let sum = sums.entry(*place).or_default();
        *sum = sum.saturating_add(*weight);
    }
    sums.into_iter().filter(|(_, weight)| *weight > 0).collect()
}

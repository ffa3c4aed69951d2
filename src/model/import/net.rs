//! Nets, as the automaton of what may come after what.
//!
//! What leaves no trace is closed over and what never ends is cut off, so that a state is nothing but what may still happen.

use std::collections::{BTreeMap, BTreeSet};

use offpath_process::{Automaton as _, Compiled, Dfa, Model, ModelError, ModelLimits, Net};

use super::ImportError;
use super::draft::{self, Activity, Call, Draft, Life, Object, State, Taken, Transition};

/// Most states, and most transitions, of a life.
const STATES: usize = 4_096;
/// Most transitions of a net.
const TRANSITIONS: usize = 16_384;
/// What is explored before a net is given up.
const LIMITS: ModelLimits = ModelLimits {
    markings: 50_000,
    edges: 500_000,
    states: 2 * STATES,
    members: 1_000_000,
    lazy_markings: 1,
    lazy_edges: 1,
};

/// What a source says of all that has one label.
pub(super) struct Labelled {
    pub(super) call: Call,
    /// Roles that may do it; none where everybody may.
    pub(super) by: Vec<String>,
    pub(super) why: String,
}

/// Names that are given out in one model.
#[derive(Default)]
pub(super) struct Names {
    pub(super) activities: Taken,
    pub(super) objects: Taken,
}

/// Puts a net into a draft as the life of one object. `name` is the object's, `line` where the net begins.
pub(super) fn lower(
    (name, line): (&str, usize),
    net: &Net,
    of: impl Fn(&str) -> Labelled,
    names: &mut Names,
    draft: &mut Draft,
) -> Result<(), ImportError> {
    let refused = |why: String| ImportError::new(line, format!("{name:?}: {why}"));
    if net.transitions().len() > TRANSITIONS {
        return Err(refused(format!("its net has more than {TRANSITIONS} transitions")));
    }
    let model = Model::new(net, LIMITS).map_err(|error| match error {
        ModelError::NoEnd => refused("no run of it comes to an end, so that nothing is allowed".to_owned()),
        error => refused(error.to_string()),
    })?;
    let too_many =
        |place: &str| refused(format!("its steps make more than {STATES} states{place}; import its parts one by one"));
    let dfa = match &model.compiled {
        Compiled::Automaton(dfa) => dfa,
        Compiled::Markings { fullest, .. } => {
            let place = fullest.as_deref().map(|place| format!(", and of its places {place} holds most tokens"));
            return Err(too_many(&place.unwrap_or_default()));
        }
    };
    let edges = (0..dfa.len()).map(|state| dfa.edges(number(state)).len()).sum::<usize>();
    if dfa.len() > STATES {
        return Err(too_many(""));
    }
    if edges == 0 {
        return Err(refused("it has no step that leads to its end".to_owned()));
    }
    let object = names.objects.name(&draft::type_name(name), "item");
    let labels: Vec<Labelled> = model.labels.iter().map(|label| of(label)).collect();
    let happens: BTreeSet<u32> =
        (0..dfa.len()).flat_map(|state| dfa.edges(number(state)).iter().map(|edge| edge.label)).collect();
    let mut activities = BTreeMap::new();
    for (at, (label, said)) in (0_u32..).zip(model.labels.iter().zip(&labels)) {
        if !happens.contains(&at) {
            draft.leave(line, format!("{label:?}: it can never happen, or never leads to an end"));
            continue;
        }
        let activity = names.activities.name(label, "step");
        draft.activities.push(Activity {
            name: activity.clone(),
            call: said.call.clone(),
            objects: vec![(object.clone(), Vec::new())],
            read: false,
            why: said.why.clone(),
        });
        activities.insert(at, activity);
    }
    let mut transitions = Vec::new();
    for from in 0..dfa.len() {
        for edge in dfa.edges(number(from)) {
            let by = labels.get(edge.label as usize).map(|said| said.by.clone()).unwrap_or_default();
            let activity = activities.get(&edge.label).cloned().unwrap_or_default();
            let (from, to, kind, why) = (vec![from], vec![edge.target as usize], None, String::new());
            transitions.push(Transition { activity, from, to, by, kind, why });
        }
    }
    let transitions = draft::joined(transitions);
    if transitions.len() > STATES {
        return Err(too_many(""));
    }
    let states = states(dfa, &model.labels);
    draft.lives.push(Life { object: object.clone(), states, transitions });
    let why = "the source does not say where its key is: a guess, as in the calls below".to_owned();
    draft.objects.push(Object { key: vec![format!("path.{object}Id")], name: object, why });
    Ok(())
}

/// States named by what came last where that is one step, else by what may come.
fn states(dfa: &Dfa, labels: &[String]) -> Vec<State> {
    let label = |label: u32| labels.get(label as usize).map_or("", String::as_str);
    let mut into: Vec<BTreeSet<u32>> = vec![BTreeSet::new(); dfa.len()];
    for edge in (0..dfa.len()).flat_map(|state| dfa.edges(number(state))) {
        into.get_mut(edge.target as usize).into_iter().for_each(|into| {
            into.insert(edge.label);
        });
    }
    let mut taken = BTreeSet::new();
    let mut states = Vec::new();
    for (state, into) in into.iter().enumerate() {
        let (out, last) = (dfa.edges(number(state)), dfa.is_final(number(state)));
        let came: Vec<u32> = into.iter().copied().collect();
        let plain = match (state, came.as_slice(), out) {
            (0, _, _) => "start".to_owned(),
            (_, _, []) => "end".to_owned(),
            (_, [only], _) => format!("after {}", label(*only)),
            (_, _, [only]) => format!("before {}", label(only.label)),
            _ => "between".to_owned(),
        };
        let numbered = (2_usize..).map(|number| format!("{plain} ({number})"));
        let mut all = std::iter::once(plain.clone()).chain(numbered);
        let name = all.find(|name| taken.insert(name.clone())).unwrap_or(plain);
        states.push(State { name, initial: state == 0, last, why: String::new() });
    }
    states
}

/// Automata have no more states than fit.
fn number(state: usize) -> u32 {
    u32::try_from(state).unwrap_or(u32::MAX)
}

//! A sketch: the object types and activities of a draft, before anything is known of lives.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Mining;
use super::amount::{self, AmountSketch};
use super::evidence::{Evidence, KeyedByTenant, OperationEvidence, TenantPlace};
use super::flows::{Edge, Flows};
use super::name::{self, Names, Part, Template};
use super::operations::operations;
use super::redirected::Redirected;
use super::roles;
use super::said::{self, Said};
use super::subject::Subject;
use super::templates::Templates;
use super::ties::Parents;

/// Most digits of a member's name: more are somebody's number.
const MOST_DIGITS: usize = 4;
/// Most activities of a draft.
const ACTIVITIES: usize = 400;
/// Most calls named only so that their words are not taken for keys.
const FIXED: usize = 100;
/// Most places of one key.
const PLACES: usize = 3;
/// Changes of a parent's state from which on a step on a child is taken to make them.
const CHANGES: u64 = 2;
/// Reads of a type that no step is about are worth an activity from this many on.
const READS: u64 = 3;

/// Object types and activities, with their support.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sketch {
    pub(super) types: Vec<TypeSketch>,
    pub(super) activities: Vec<ActivitySketch>,
    /// Accepted calls about no object whose word stands where keys of another activity do.
    pub(super) fixed: Vec<FixedSketch>,
    /// Accepted calls that are no read and no activity: nothing shows which object they are about.
    pub(super) unplaced: Vec<(Arc<str>, u64)>,
    /// Accepted reads that show no object.
    reads: Vec<(Arc<str>, u64)>,
    /// From where values come to places whose names do not say that they are ids, or go from them.
    pub(super) flows: Vec<Edge>,
    /// Activities left out because there are too many.
    pub(super) left_out: u64,
    /// Paths to the roles of actors.
    pub(super) roles: Vec<String>,
    /// Accepted calls that a life which A2A prescribes is about.
    pub(super) a2a: u64,
    /// Writes that nothing is drafted of, because their answers redirect to a login, an error or where nobody sees.
    pub(super) aside: Vec<(Arc<str>, u64)>,
}

/// A call that a model must name so that its word is not taken for a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FixedSketch {
    pub(super) name: Arc<str>,
    /// As a model names the call.
    pub(super) matcher: String,
    pub(super) read: bool,
    pub(super) accepted: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TypeSketch {
    pub(super) name: Arc<str>,
    /// Accepted calls about it.
    pub(super) calls: u64,
    pub(super) keys: Vec<String>,
    pub(super) within: Option<KeyedByTenant>,
    /// Where its tenant is, and what was seen of it.
    pub(super) tenant: Option<TenantPlace>,
    pub(super) states: Vec<String>,
    /// Where answers say whose it is.
    pub(super) owner: Option<String>,
    pub(super) parent: Option<(Arc<str>, Vec<String>)>,
    /// What was seen of its parent, where bodies tell it and not the path.
    pub(super) tied: Option<String>,
    /// What many of it name, which it may be a part of, and what was seen of that.
    pub(super) loose: Option<(Arc<str>, Vec<String>, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ActivitySketch {
    pub(super) name: Arc<str>,
    /// As a model names the call.
    pub(super) matcher: String,
    /// The word of the request that tells it from other steps of the same calls.
    pub(super) said: Option<Said>,
    pub(super) object: Arc<str>,
    /// Places of the key where the type's own do not hold it.
    pub(super) keys: Vec<String>,
    /// The list of keys of a bulk call.
    pub(super) each: Option<String>,
    /// The parent that it moves too, and the places of the parent's key.
    pub(super) also: Option<(Arc<str>, Vec<String>)>,
    pub(super) read: bool,
    /// It brings the object into being.
    pub(super) creates: bool,
    pub(super) accepted: u64,
    pub(super) calls: u64,
    /// What its redirects mean.
    pub(super) redirected: Redirected,
    /// Amounts that its bodies hold.
    pub(super) amounts: Vec<AmountSketch>,
}

/// An operation with what it is about.
#[derive(Clone)]
struct Placed {
    template: Template,
    evidence: OperationEvidence,
    object: Arc<str>,
    /// The object's own variable in the written template.
    variable: Option<String>,
    keys: Vec<String>,
    /// The list of keys of a bulk call.
    each: Option<String>,
    read: bool,
    redirected: Redirected,
    /// Amounts that the bodies of the whole operation hold.
    amounts: Vec<AmountSketch>,
    /// The word of the request that tells it from other steps of the operation.
    said: Option<Said>,
}

impl Placed {
    /// The steps that words of its requests tell apart, and what is left.
    fn steps(self) -> Vec<Placed> {
        let words = said::steps(&self.template, &self.evidence.said, self.evidence.accepted);
        let mut rest = self;
        let seen = &mut rest.evidence;
        rest.amounts = amount::of(&seen.amounts, seen.accepted);
        // Whether something is made is told by all calls together.
        seen.put = if seen.put * 2 > seen.accepted { seen.put } else { 0 };
        let mut steps: Vec<Placed> = Vec::new();
        for word in words {
            let mut step = rest.clone();
            step.evidence.accepted = word.accepted;
            // Which of the refused calls had it is not kept.
            step.evidence.calls = word.accepted;
            rest.evidence.accepted = rest.evidence.accepted.saturating_sub(word.accepted);
            rest.evidence.calls = rest.evidence.calls.saturating_sub(word.accepted);
            step.said = Some(word);
            steps.push(step);
        }
        steps.extend(Some(rest).filter(|rest| rest.evidence.accepted > 0));
        steps
    }
}

impl Sketch {
    /// Sketches what was seen without a model; `mining` of the same run tells which objects belong to which.
    pub fn new(evidence: &Evidence, mining: &Mining) -> Sketch {
        let learnt = Templates::of(evidence);
        let flows = Flows::of(evidence, &learnt);
        let (operations, foreign) = operations(evidence, &learnt, &flows);
        let unsaid = |(operation, place): &(Arc<str>, Arc<str>)| flows.places(operation).any(|(own, _)| own == place);
        let told = |edge: &&Edge| {
            (unsaid(&edge.from) || unsaid(&edge.to)) && [&edge.from, &edge.to].iter().all(|(_, place)| is_path(place))
        };
        let mut edges: Vec<Edge> = flows.edges().iter().filter(told).cloned().collect();
        edges.sort_by(|a, b| b.values.cmp(&a.values).then_with(|| a.cmp(b)));
        let mut sketch = Sketch { roles: roles::places(evidence), flows: edges, ..Sketch::default() };
        let mut placed = Vec::new();
        let mut others = Vec::new();
        let mut aside = Vec::new();
        for (template, mut evidence) in operations {
            let redirected = Redirected::settle(&mut evidence);
            if redirected.aside > 0 {
                aside.push((template.clone(), false, redirected.aside));
            }
            let read = template.is_read();
            if template.is_of_a2a_tasks() {
                sketch.a2a += evidence.accepted;
                continue;
            }
            if evidence.accepted == 0 || matches!(template.method.as_str(), "HEAD" | "OPTIONS" | "CONNECT" | "TRACE") {
                continue;
            }
            let (copy, accepted) = (template.clone(), evidence.accepted);
            match place(template, evidence, read, &foreign) {
                Some(operation) => placed.extend(Placed { redirected, ..operation }.steps()),
                None => others.push((copy, read, accepted)),
            }
        }
        sketch.aside = by_support(aside);
        keep(&mut placed, &mut sketch.left_out);
        let shadowed = |template: &Template| placed.iter().any(|p| p.template.shadows(template));
        let (fixed, others): (Vec<_>, Vec<_>) = others.into_iter().partition(|(template, ..)| shadowed(template));
        let (reads, unplaced) = others.into_iter().partition(|(_, read, _)| *read);
        (sketch.unplaced, sketch.reads) = (by_support(unplaced), by_support(reads));
        for (name, accepted) in evidence.made_up_calls(&learnt) {
            let read = name.split_once(' ').is_some_and(|(method, _)| matches!(method, "GET" | "HEAD" | "OPTIONS"));
            if read { &mut sketch.reads } else { &mut sketch.unplaced }.push((name, accepted));
        }
        let mut names = Names::default();
        let raw: BTreeSet<Arc<str>> = placed.iter().map(|p| Arc::clone(&p.object)).collect();
        let named: BTreeMap<Arc<str>, Arc<str>> =
            raw.into_iter().map(|raw| (Arc::clone(&raw), names.choose(&[name::object_type(&raw)]))).collect();
        let mut roots = roots(&named, mining);
        // Cases also follow what bodies tell; that is told apart from what paths tell.
        roots.retain(|raw, root| is_above(&placed, raw, root));
        let writes = |raw: &Arc<str>| placed.iter().any(|p| p.object == *raw && !p.read);
        let told = evidence.ties.parents(&flows, |raw| writes(raw) && learnt.knows(raw));
        sketch.types = types(&placed, &named, evidence, (&roots, &told));
        let mut names = Names::default();
        sketch.activities = activities(placed, &named, &mut names);
        let fixed = fixed.into_iter().take(FIXED).map(|(template, read, accepted)| {
            let name = names.choose(&template.activity("", false));
            FixedSketch { name, matcher: template.matcher(), read, accepted }
        });
        sketch.fixed = fixed.collect();
        sketch
    }

    /// Whether nothing was seen that a model could speak of.
    pub fn is_empty(&self) -> bool {
        self.activities.is_empty() && self.a2a == 0
    }

    /// Accepted calls that show no object, the most frequent first, reads last.
    pub fn without_object(&self) -> impl Iterator<Item = &(Arc<str>, u64)> {
        self.unplaced.iter().chain(&self.reads)
    }

    /// Writes that nothing is drafted of because of the redirects that answer them, the most frequent first.
    pub fn left_aside(&self) -> &[(Arc<str>, u64)] {
        &self.aside
    }

    /// Whether an activity brings objects of a type into being.
    pub(super) fn creates(&self, activity: &str, object: &str) -> bool {
        self.activities.iter().any(|a| a.creates && *a.name == *activity && *a.object == *object)
    }

    /// Lets steps on children move the parent too, where its state was seen to change with them; `mining` is that of a
    /// run compared with the [`outline`](super::outline). Whether there is any such step.
    pub fn concern_parents(&mut self, mining: &Mining) -> bool {
        let mut found = false;
        for activity in self.activities.iter_mut().filter(|activity| activity.also.is_none()) {
            let own = self.types.iter().find(|object| object.name == activity.object);
            let Some((parent, keys)) = own.and_then(|object| object.parent.as_ref()) else { continue };
            let counts = mining.lives.get(parent).and_then(|lives| lives.beside.get(&activity.name));
            if counts.is_some_and(|(changed, same)| *changed >= CHANGES && changed > same) {
                activity.also = Some((Arc::clone(parent), keys.clone()));
                found = true;
            }
        }
        found
    }
}

/// Calls with how often they were accepted, the most frequent first, then by template.
fn by_support(calls: Vec<(Template, bool, u64)>) -> Vec<(Arc<str>, u64)> {
    let mut calls: Vec<(Arc<str>, u64)> =
        calls.into_iter().map(|(t, _, accepted)| (t.text().into(), accepted)).collect();
    calls.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    calls
}

/// What an operation is about; `None` where nothing shows it. `foreign` types are never what anything is about.
fn place(template: Template, evidence: OperationEvidence, read: bool, foreign: &BTreeSet<Arc<str>>) -> Option<Placed> {
    let usable = |name: &str| name != "id" && !foreign.contains(name) && !name::word(name).is_empty();
    let variables = written_variables(&template);
    let in_path = || variables.iter().rev().find(|(name, _)| usable(name)).map(|(name, _)| Arc::from(name.as_str()));
    // The object that most calls are about; of equals, the first by name.
    let most = evidence.subjects.iter().max_by(|a, b| a.1.calls.cmp(&b.1.calls).then(b.0.cmp(a.0)));
    let object: Arc<str> = match most {
        Some((name, _)) if usable(name) => Arc::clone(name),
        _ => in_path()?,
    };
    let variable = variables.iter().rev().find(|(name, _)| **name == *object).map(|(_, written)| written.clone());
    let subject = evidence.subjects.get(&object);
    let keys = match &variable {
        Some(written) => {
            let again = subject.and_then(|subject| subject.repeated(&object)).filter(|place| is_path(place));
            match again {
                // A request that names two is about none of them for sure.
                Some(again) => vec![format!("path.{written}"), again.to_string()],
                // Its type's own place names the first variable of this name.
                None if **written != *object => vec![format!("path.{written}")],
                None => Vec::new(),
            }
        }
        None => subject.map(key_places).unwrap_or_default(),
    };
    let each = subject.filter(|_| variable.is_none() && keys.is_empty()).and_then(each_place);
    let by_location = subject.is_some_and(|s| s.keys.contains_key(&None));
    // A read of a collection shows objects that it is not about; a call names what it is about among its arguments.
    let asks = template.is_call() && keys.iter().any(|place| place.starts_with("args."));
    if variable.is_none() && keys.is_empty() && each.is_none() && !by_location || read && variable.is_none() && !asks {
        return None;
    }
    Some(Placed {
        template,
        evidence,
        object,
        variable,
        keys,
        each,
        read,
        redirected: Redirected::default(),
        amounts: Vec::new(),
        said: None,
    })
}

/// Variables of a template by name, and as they are written.
fn written_variables(template: &Template) -> Vec<(String, String)> {
    let mut seen = Names::default();
    let names = template.parts.iter().filter_map(Part::variable).map(str::to_owned);
    names.map(|name| (name.clone(), seen.choose(&[name]).to_string())).collect()
}

fn key_places(subject: &Subject) -> Vec<String> {
    places(subject.keys.iter().filter_map(|(place, count)| Some((place.as_deref()?, *count))))
}

/// The most frequent list of keys, as `each` names it: `req.orderIds`, `req.orders.*.orderId`.
fn each_place(subject: &Subject) -> Option<String> {
    let lists = subject.keys.iter().filter_map(|(place, count)| Some((place.as_deref()?, *count)));
    let lists = lists.filter(|(place, _)| place.contains(".*") && is_path(&place.replace(".*", "")));
    let (place, _) = lists.max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(a.0)))?;
    Some(place.strip_suffix(".*").unwrap_or(place).to_owned())
}

/// The most frequent usable places.
fn places<'a>(seen: impl Iterator<Item = (&'a str, u64)>) -> Vec<String> {
    let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
    for (place, count) in seen.filter(|(place, _)| is_path(place)) {
        *sums.entry(place).or_default() += count;
    }
    let mut all: Vec<(&str, u64)> = sums.into_iter().collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    all.into_iter().take(PLACES).map(|(place, _)| place.to_owned()).collect()
}

/// Whether the model language can say it, and no part of it looks like a value: members may be called after numbers of
/// cards and customers.
fn is_path(place: &str) -> bool {
    let digits = |f: &str| f.bytes().filter(u8::is_ascii_digit).count();
    let is_name = |f: &str| !f.is_empty() && f.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-$".contains(&b));
    place.split('.').all(|f| is_name(f) && digits(f) <= MOST_DIGITS)
}

/// Keeps the operations worth an activity: steps first, then reads, each by support.
fn keep(placed: &mut Vec<Placed>, left_out: &mut u64) {
    let parameters: BTreeSet<Arc<str>> =
        placed.iter().filter(|p| p.variable.is_some()).map(|p| Arc::clone(&p.object)).collect();
    // A key that only `Location` shows is read by the template of its path.
    let keyed: BTreeSet<Arc<str>> =
        placed.iter().filter(|p| !p.keys.is_empty()).map(|p| Arc::clone(&p.object)).collect();
    let listed = |p: &Placed| p.each.is_some() && keyed.contains(&p.object);
    placed.retain(|p| p.variable.is_some() || !p.keys.is_empty() || parameters.contains(&p.object) || listed(p));
    let moved: BTreeSet<Arc<str>> = placed.iter().filter(|p| !p.read).map(|p| Arc::clone(&p.object)).collect();
    let mut reads: BTreeMap<Arc<str>, u64> = BTreeMap::new();
    for operation in placed.iter().filter(|p| p.read) {
        *reads.entry(Arc::clone(&operation.object)).or_default() += operation.evidence.accepted;
    }
    placed.retain(|p| moved.contains(&p.object) || reads.get(&p.object).is_some_and(|reads| *reads >= READS));
    placed.sort_by(|a, b| {
        (a.read, b.evidence.accepted).cmp(&(b.read, a.evidence.accepted)).then_with(|| a.template.cmp(&b.template))
    });
    *left_out = placed.len().saturating_sub(ACTIVITIES) as u64;
    placed.truncate(ACTIVITIES);
}

/// The type that things of a type are part of, as their paths tell.
fn roots<'n>(named: &'n BTreeMap<Arc<str>, Arc<str>>, mining: &'n Mining) -> BTreeMap<&'n Arc<str>, &'n Arc<str>> {
    let root = |raw: &'n Arc<str>| {
        let roots = mining.roots.iter().filter(|((own, root), _)| own == raw && named.contains_key(root));
        let ((_, root), _) = roots.max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)))?;
        Some((raw, root))
    };
    named.keys().filter_map(root).collect()
}

/// Whether paths of calls about a type hold the keys of another.
fn is_above(placed: &[Placed], raw: &Arc<str>, root: &Arc<str>) -> bool {
    let subjects = placed.iter().filter(|p| p.object == *raw).filter_map(|p| p.evidence.subjects.get(raw));
    subjects.into_iter().any(|subject| subject.others.contains_key(&(Arc::clone(root), None)))
}

fn types(
    placed: &[Placed],
    named: &BTreeMap<Arc<str>, Arc<str>>,
    evidence: &Evidence,
    (roots, told): (&BTreeMap<&Arc<str>, &Arc<str>>, &Parents),
) -> Vec<TypeSketch> {
    let sketches = named.iter().map(|(raw, name)| {
        let belongs = |parent: &Arc<str>| {
            let keys = parent_places(placed, raw, parent);
            Some((Arc::clone(named.get(parent)?), keys)).filter(|(_, keys)| !keys.is_empty())
        };
        // What paths tell of the type itself, or of those that are to belong to it, comes first.
        let free = !roots.contains_key(raw) && !roots.values().any(|root| *root == raw);
        let told = told.get(raw).filter(|_| free).and_then(|(parent, seen)| Some((belongs(parent)?, seen)));
        let by_path = roots.get(raw).filter(|parent| !roots.contains_key(**parent)).and_then(|parent| belongs(parent));
        let (own, loose): (Option<_>, Option<_>) =
            told.map_or((None, None), |told| if told.1.own { (Some(told), None) } else { (None, Some(told)) });
        let loose = loose.filter(|_| by_path.is_none()).map(|((parent, keys), seen)| (parent, keys, seen.told.clone()));
        let tied = own.as_ref().map(|(_, seen)| seen.told.clone());
        let parent = by_path.or_else(|| own.map(|(parent, _)| parent));
        let states = evidence.types.get(raw).map(|t| places(t.states.iter().map(|(p, n)| (&**p, *n))));
        let (keys, states) = (own_places(placed, raw), states.unwrap_or_default());
        let calls = placed.iter().filter(|p| p.object == *raw).map(|p| p.evidence.accepted).sum();
        let within = evidence.keyed_by_tenant.get(raw).cloned();
        let tenant = evidence.tenants.get(raw).cloned();
        let owner = evidence.types.get(raw).and_then(|t| t.owner()).filter(|place| is_path(place));
        let owner = owner.map(ToString::to_string);
        TypeSketch { name: Arc::clone(name), calls, keys, within, tenant, states, owner, parent, tied, loose }
    });
    without_parents_states(sketches.collect())
}

/// A state beside a child, in an answer that also shows its parent's, is the parent's: `{payout: {id}, status}`.
fn without_parents_states(mut types: Vec<TypeSketch>) -> Vec<TypeSketch> {
    let container = |place: &str| place.rsplit_once('.').map_or("", |(container, _)| container).to_owned();
    let states: BTreeMap<Arc<str>, Vec<String>> =
        types.iter().map(|object| (Arc::clone(&object.name), object.states.clone())).collect();
    for object in &mut types {
        let Some(of_parent) = object.parent.as_ref().and_then(|(parent, _)| states.get(parent)) else { continue };
        let answered = object.keys.iter().filter(|key| key.starts_with("res."));
        let own: BTreeSet<String> = answered.map(|key| container(key)).collect();
        if !own.is_empty() {
            object.states.retain(|state| own.contains(&container(state)) || !of_parent.contains(state));
        }
    }
    types
}

/// Where a type's keys are: in the path where any template names it, else wherever its activities find them.
fn own_places(placed: &[Placed], object: &Arc<str>) -> Vec<String> {
    let own = || placed.iter().filter(|p| p.object == *object);
    let mut keys: BTreeMap<String, u64> = BTreeMap::new();
    for operation in own() {
        if let Some(variable) = &operation.variable {
            *keys.entry(format!("path.{variable}")).or_default() += operation.evidence.accepted;
        }
    }
    if keys.is_empty() {
        for operation in own() {
            operation.keys.iter().for_each(|k| *keys.entry(k.clone()).or_default() += operation.evidence.accepted);
        }
    }
    places(keys.iter().map(|(place, count)| (place.as_str(), *count)))
}

/// Where calls about a child show its parent's key.
fn parent_places(placed: &[Placed], child: &Arc<str>, parent: &Arc<str>) -> Vec<String> {
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    for operation in placed.iter().filter(|p| p.object == *child) {
        let Some(subject) = operation.evidence.subjects.get(child) else { continue };
        let variables = written_variables(&operation.template);
        let variable = variables.iter().rev().find(|(name, _)| **name == **parent).map(|(_, written)| written);
        for ((_, place), count) in subject.others.iter().filter(|((other, _), _)| other == parent) {
            let path = variable.map(|written| format!("path.{written}"));
            if let Some(place) = place.as_deref().map(str::to_owned).or(path) {
                *seen.entry(place).or_default() += count;
            }
        }
        for ((_, place), count) in subject.worded.iter().filter(|((word, _), _)| word == parent) {
            *seen.entry(place.to_string()).or_default() += count;
        }
    }
    places(seen.iter().map(|(place, count)| (place.as_str(), *count)))
}

fn activities(placed: Vec<Placed>, named: &BTreeMap<Arc<str>, Arc<str>>, names: &mut Names) -> Vec<ActivitySketch> {
    let mut activities: Vec<ActivitySketch> = Vec::new();
    for operation in placed {
        let Some(object) = named.get(&operation.object) else { continue };
        let by_answer = operation.keys.iter().all(|place| place.starts_with("res."));
        let writes = operation.template.method == "POST" || operation.template.is_call() && !operation.read;
        let put = operation.evidence.put * 2 > operation.evidence.accepted && operation.variable.is_some();
        let creates = put || operation.variable.is_none() && operation.each.is_none() && by_answer && writes;
        let mut wishes = operation.template.activity(object, creates);
        if let Some(said) = &operation.said {
            wishes.iter_mut().for_each(|wish| *wish = name::word(&format!("{wish}_{}", said.word.trim_matches('\''))));
        }
        let condition = operation.said.as_ref().map(|said| format!(", where: \"{}\"", said.condition()));
        activities.push(ActivitySketch {
            name: names.choose(&wishes),
            matcher: operation.template.matcher() + &condition.unwrap_or_default(),
            said: operation.said,
            object: Arc::clone(object),
            keys: operation.keys,
            each: operation.each,
            also: None,
            read: operation.read,
            creates,
            accepted: operation.evidence.accepted,
            calls: operation.evidence.calls,
            redirected: operation.redirected,
            amounts: operation.amounts,
        });
    }
    activities.sort_by(|a, b| (&a.object, a.read, !a.creates).cmp(&(&b.object, b.read, !b.creates)));
    activities
}

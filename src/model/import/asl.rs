//! Amazon States Language: machines of AWS Step Functions, as JSON or YAML.

use std::collections::BTreeMap;

use offpath_process::{Net, Place, Transition};

use super::draft::{Call, Draft};
use super::net::{self, Labelled, Names};
use super::{ImportError, Source};
use crate::model::openapi::tree::At;

/// Most states, in all branches together.
const STATES: usize = 2_000;
/// Deepest nesting of branches.
const DEPTH: usize = 32;
/// Most ways of one state.
const WAYS: usize = 256;
/// Most places that all that is caught may empty.
const EMPTIED: usize = 1 << 20;
/// Longest path of a call that is taken over.
const PATH: usize = 500;

/// Reads a machine of a file that is called `name`.
pub(super) fn read(name: &str, source: &Source<'_>) -> Result<Draft, ImportError> {
    let Some(root) = source.root else { return Err(ImportError::new(1, "the document is no mapping")) };
    let id = name.split('.').next().filter(|stem| !stem.is_empty()).unwrap_or("machine").to_owned();
    let version = source.text(root, "Version").unwrap_or("1").to_owned();
    let format = "Amazon States Language".to_owned();
    let mut draft = Draft { format, id: id.clone(), version, ..Draft::default() };
    draft.head.push(
        "Each `Task` is a step. Choices are code: any of their ways may be taken, until a `when` says more. Waits and passes \
         are taken at once, a retry is the same step, and what is caught may be caught wherever it can be."
            .to_owned(),
    );
    let mut lowering = Lowering {
        source,
        scopes: Vec::new(),
        places: Vec::new(),
        transitions: Vec::new(),
        tasks: BTreeMap::new(),
        interrupted: Vec::new(),
        states: 0,
        draft,
    };
    let end = lowering.place("the end");
    lowering.scope(root, None, end)?;
    let mut next = 0;
    while next < lowering.scopes.len() {
        lowering.ways(next)?;
        next += 1;
    }
    source.whole()?;
    lowering.interrupt()?;
    let Lowering { mut places, transitions, tasks, mut draft, .. } = lowering;
    if let Some(first) = places.get_mut(1) {
        first.initial = 1;
    }
    let ends = places.iter().enumerate().map(|(at, _)| u32::from(at == 0)).collect();
    let net = Net::new(places, transitions, vec![ends]).map_err(|error| ImportError::new(1, error.to_string()))?;
    let said = |label: &str| {
        let (line, does) = tasks.get(label).cloned().unwrap_or((1, String::new()));
        // Even a call that it names does not say where the object's key is.
        Labelled { call: Call::Guessed, by: Vec::new(), why: format!("{label} (line {line}): {does}") }
    };
    net::lower((&id, 1), &net, said, &mut Names::default(), &mut draft)?;
    Ok(draft)
}

/// A machine, a branch of a `Parallel`, or what a `Map` does for each item.
struct Scope {
    of: At,
    /// Entries of its states by name.
    entries: BTreeMap<String, u32>,
    /// Where it is done.
    done: u32,
    /// All places directly in it.
    inside: Vec<u32>,
    outer: Option<usize>,
    /// Whether a failure in it is caught around it.
    caught: bool,
    depth: usize,
}

struct Lowering<'s, 't> {
    source: &'s Source<'t>,
    scopes: Vec<Scope>,
    places: Vec<Place>,
    transitions: Vec<Transition>,
    /// Line of a task, and what it does.
    tasks: BTreeMap<String, (usize, String)>,
    /// Transitions that end scopes, and all that stands in these.
    interrupted: Vec<(usize, usize)>,
    states: usize,
    draft: Draft,
}

impl Lowering<'_, '_> {
    fn place(&mut self, name: &str) -> u32 {
        let number = self.places.len();
        self.places.push(Place { id: format!("p{number}"), name: name.to_owned(), initial: 0 });
        u32::try_from(number).unwrap_or(u32::MAX)
    }

    fn add(&mut self, label: Option<&str>, inputs: &[u32], outputs: &[u32]) -> usize {
        let once = |places: &[u32]| places.iter().map(|place| (*place, 1)).collect();
        let at = self.transitions.len();
        let label = label.map(str::to_owned);
        let (inputs, outputs) = (once(inputs), once(outputs));
        self.transitions.push(Transition { id: format!("t{at}"), label, inputs, outputs, ..Transition::default() });
        at
    }

    /// Notes a machine's states; returns where it begins. Its ways are read later.
    fn scope(&mut self, of: At, outer: Option<(usize, bool)>, done: u32) -> Result<u32, ImportError> {
        let source = self.source;
        let line = source.line(of);
        let begin = self.place("the start");
        let (outer, catches) = outer.map_or((None, false), |(outer, catches)| (Some(outer), catches));
        let around = outer.and_then(|outer| self.scopes.get(outer));
        let caught = catches || around.is_some_and(|outer| outer.caught);
        let depth = around.map_or(0, |outer| outer.depth + 1);
        let states: Vec<(At, At)> =
            source.get(of, "States").map(|states| source.tree.entries(states).collect()).unwrap_or_default();
        self.states += states.len();
        if self.states > STATES || depth > DEPTH {
            let why = format!("more than {STATES} states, or more than {DEPTH} branches within each other");
            return Err(ImportError::new(line, why));
        }
        let mut entries = BTreeMap::new();
        for (key, _) in &states {
            let name = source.tree.text(*key).unwrap_or_default();
            let place = self.place(&format!("before {name}"));
            entries.insert(name.to_owned(), place);
        }
        let mut inside: Vec<u32> = entries.values().copied().collect();
        inside.push(begin);
        inside.extend(outer.map(|_| done));
        let start = source.text(of, "StartAt").and_then(|start| entries.get(start).copied());
        let start = start.ok_or_else(|| ImportError::new(line, "`StartAt` names no state beside it"))?;
        self.add(None, &[begin], &[start]);
        self.scopes.push(Scope { of, entries, done, inside, outer, caught, depth });
        Ok(begin)
    }

    fn ways(&mut self, scope: usize) -> Result<(), ImportError> {
        let source = self.source;
        let Some(of) = self.scopes.get(scope).map(|scope| scope.of) else { return Ok(()) };
        let states: Vec<(At, At)> =
            source.get(of, "States").map(|states| source.tree.entries(states).collect()).unwrap_or_default();
        for (key, at) in states {
            let name = source.tree.text(key).unwrap_or_default();
            self.state(scope, name, at)?;
        }
        Ok(())
    }

    /// Where a way leads.
    fn target(&self, scope: usize, at: At, key: &str) -> Result<Option<u32>, ImportError> {
        let Some(name) = self.source.text(at, key) else { return Ok(None) };
        let found = self.scopes.get(scope).and_then(|scope| scope.entries.get(name).copied());
        let why =
            || ImportError::new(self.source.line(at), format!("`{key}` names {name:?}, which is no state beside it"));
        found.ok_or_else(why).map(Some)
    }

    /// Targets of a list of ways.
    fn targets(&self, scope: usize, at: At, key: &str) -> Result<Vec<u32>, ImportError> {
        let list = self.source.items(at, key);
        if list.len() > WAYS {
            return Err(ImportError::new(self.source.line(at), format!("more than {WAYS} ways in `{key}`")));
        }
        let found = list.into_iter().filter_map(|way| self.target(scope, way, "Next").transpose());
        found.collect()
    }

    fn state(&mut self, scope: usize, name: &str, at: At) -> Result<(), ImportError> {
        let source = self.source;
        let line = source.line(at);
        let Some((entry, done, caught)) =
            self.scopes.get(scope).and_then(|own| Some((*own.entries.get(name)?, own.done, own.caught)))
        else {
            return Ok(());
        };
        let kind = source.text(at, "Type").unwrap_or_default().to_owned();
        let catches = self.targets(scope, at, "Catch")?;
        let next = self.target(scope, at, "Next")?;
        match kind.as_str() {
            "Succeed" => {
                self.add(None, &[entry], &[done]);
                return Ok(());
            }
            // What is caught waits for that.
            "Fail" if caught => return Ok(()),
            "Fail" => {
                let end = self.add(None, &[entry], &[0]);
                self.interrupted.push((end, 0));
                return Ok(());
            }
            "Choice" => {
                let mut ways = self.targets(scope, at, "Choices")?;
                ways.extend(self.target(scope, at, "Default")?);
                ways.into_iter().for_each(|way| {
                    self.add(None, &[entry], &[way]);
                });
                return Ok(());
            }
            _ => {}
        }
        let ends = source.text(at, "End").is_some_and(|end| end.eq_ignore_ascii_case("true"));
        let after = next.or(ends.then_some(done));
        let after =
            after.ok_or_else(|| ImportError::new(line, format!("state {name:?} has neither `Next` nor `End`")))?;
        match kind.as_str() {
            "Task" => {
                self.add(Some(name), &[entry], &[after]);
                let resource = source.text(at, "Resource").unwrap_or("no resource");
                let call = self.call(at, resource).map(|call| format!(", which calls {call}")).unwrap_or_default();
                self.tasks.entry(name.to_owned()).or_insert((line, format!("{resource}{call}")));
                catches.iter().for_each(|to| {
                    self.add(None, &[entry], &[*to]);
                });
                Ok(())
            }
            "Pass" | "Wait" => {
                self.add(None, &[entry], &[after]);
                Ok(())
            }
            "Parallel" | "Map" => self.branches(scope, (name, &kind), at, (entry, after), &catches),
            _ => Err(ImportError::new(line, format!("state {name:?} is of no type of the language: {kind:?}"))),
        }
    }

    /// Branches side by side, or what is done for each item, one after another.
    fn branches(
        &mut self,
        scope: usize,
        (name, kind): (&str, &str),
        at: At,
        (entry, after): (u32, u32),
        catches: &[u32],
    ) -> Result<(), ImportError> {
        let source = self.source;
        let run = self.place(&format!("{name} goes on"));
        if let Some(own) = self.scopes.get_mut(scope) {
            own.inside.push(run);
        }
        let is_map = kind == "Map";
        let list: Vec<At> = if is_map {
            source.get(at, "ItemProcessor").or_else(|| source.get(at, "Iterator")).into_iter().collect()
        } else {
            source.items(at, "Branches")
        };
        if list.is_empty() || list.len() > WAYS {
            let why = format!("{kind} {name:?} has no branch, or more than {WAYS}");
            return Err(ImportError::new(source.line(at), why));
        }
        let first = self.scopes.len();
        let (mut begins, mut ends) = (Vec::new(), Vec::new());
        for branch in list {
            let done = self.place(&format!("{name} is done"));
            begins.push(self.scope(branch, Some((scope, !catches.is_empty())), done)?);
            ends.push(done);
        }
        if is_map {
            let what = format!("how often {name:?} is done: none, once or more, one after another");
            self.draft.leave(source.line(at), what);
            self.add(None, &[entry], &[run]);
            self.add(None, &[run], &begins);
            self.add(None, &ends, &[run]);
            self.add(None, &[run], &[after]);
        } else {
            self.add(None, &[entry], &[&[run][..], &begins].concat());
            self.add(None, &[&[run][..], &ends].concat(), &[after]);
        }
        for to in catches {
            // The token of what goes on is in `run`, or for an item in the branch itself.
            let sources = if is_map {
                self.scopes.get(first).map(|own| own.inside.clone()).unwrap_or_default()
            } else {
                vec![run]
            };
            if self.interrupted.len() > EMPTIED {
                return Err(ImportError::new(source.line(at), "too many ways are caught around too many states"));
            }
            for place in sources {
                let caught = self.add(None, &[place], &[*to]);
                let scopes = first..first + ends.len();
                self.interrupted.extend(scopes.map(|inner| (caught, inner)));
            }
        }
        Ok(())
    }

    /// Lets what ends a scope empty all places in it and in what stands in it.
    fn interrupt(&mut self) -> Result<(), ImportError> {
        let mut emptied = 0_usize;
        for (transition, scope) in std::mem::take(&mut self.interrupted) {
            let mut within = vec![false; self.scopes.len()];
            for (number, one) in self.scopes.iter().enumerate().skip(scope) {
                let inner = one.outer.and_then(|outer| within.get(outer)).copied().unwrap_or(false);
                if number == scope || inner {
                    within.get_mut(number).into_iter().for_each(|within| *within = true);
                    let resets = self.transitions.get_mut(transition).map(|one| &mut one.resets);
                    resets.into_iter().for_each(|resets| resets.extend(&one.inside));
                    emptied += one.inside.len();
                }
            }
            if emptied > EMPTIED {
                return Err(ImportError::new(1, "too many ways are caught around too many states"));
            }
        }
        Ok(())
    }

    /// Method and path of a task that calls over HTTP, for a comment.
    fn call(&self, at: At, resource: &str) -> Option<String> {
        let source = self.source;
        let arguments = source.get(at, "Arguments").or_else(|| source.get(at, "Parameters"))?;
        let method = source.text(arguments, "Method")?;
        let endpoint = source.text(arguments, "ApiEndpoint")?;
        let path = if resource.contains(":apigateway:") {
            source.text(arguments, "Path").unwrap_or("/")
        } else if resource.contains(":http:invoke") {
            let (_, rest) = endpoint.split_once("://")?;
            rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
        } else {
            return None;
        };
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "/-_.~".contains(c);
        let fits = path.starts_with('/') && path.len() <= PATH && path.chars().all(is_plain) && !path.contains("//");
        let known = matches!(method, "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" | "OPTIONS");
        (fits && known).then(|| format!("{method} {path}"))
    }
}

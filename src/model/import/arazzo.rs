//! Arazzo 1.0 and 1.1: workflows over the operations of OpenAPI documents.
//!
//! A workflow is a way that is meant to work, not the only one that is allowed: no life is made of it, but demands of
//! order. What comes before a step on every way to it (by `onSuccess`, `onFailure`, `dependsOn`) is required before it, on
//! the object whose key goes from the one to the other.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::{Activity, Call, Draft, Object, Order, Taken};
use super::must::{self, Set};
use super::values::{Use, Values, singular};
use super::{ImportError, Source};
use crate::model::openapi::tree::At;
use crate::model::read::{Open, is_template};
use crate::model::{DescribedOperation, Description, Segment};

/// Most steps of all workflows, and most workflows.
const STEPS: usize = 400;
/// Most ways from step to step.
const WAYS: usize = 10_000;
/// Most documents that are opened.
const DOCUMENTS: usize = 64;
/// Most values of one request body that are looked at, and how deep.
const BODY: usize = 10_000;

/// Reads a document.
pub(super) fn read(source: &Source<'_>, open: Open<'_>) -> Result<Draft, ImportError> {
    let Some(root) = source.root else { return Err(ImportError::new(1, "the document is no mapping")) };
    let version = source.text(root, "arazzo").unwrap_or_default();
    if !version.starts_with("1.") {
        return Err(ImportError::new(1, format!("Arazzo {version} is not read; 1.0 and 1.1 are")));
    }
    let mut draft = Draft { format: format!("Arazzo {version}"), version: "1".to_owned(), ..Draft::default() };
    draft.id = "workflow".to_owned();
    if let Some(info) = source.get(root, "info") {
        draft.id = source.text(info, "title").unwrap_or("workflow").to_owned();
        draft.version = source.text(info, "version").unwrap_or("1").to_owned();
    }
    draft.head.push(
        "A workflow of Arazzo is a way that is meant to work, not the only one: what is demanded is the order of its steps, \
         nothing is forbidden beside it."
            .to_owned(),
    );
    draft.head.push(
        "That a step is missing is told of objects whose beginning was seen. Where all of them begin in the traffic, write \
         `check: {first_seen_state: initial}`: it then is told of those too that were first seen in mid-life."
            .to_owned(),
    );
    let documents = documents(source, root, open, &mut draft);
    let mut reading = Reading {
        source,
        root,
        documents,
        draft,
        known: BTreeMap::new(),
        values: Values::default(),
        taken: Taken::default(),
    };
    let workflows = reading.workflows()?;
    source.whole()?;
    reading.objects();
    reading.orders(&workflows);
    Ok(reading.draft)
}

/// A document that operations are named in.
struct Described {
    /// Its name in the workflows' document.
    name: String,
    /// Its file; `None` where it could not be read.
    description: Option<Description>,
}

fn documents(source: &Source<'_>, root: At, open: Open<'_>, draft: &mut Draft) -> Vec<Described> {
    let mut documents = Vec::new();
    for at in source.items(root, "sourceDescriptions").into_iter().take(DOCUMENTS) {
        let line = source.line(at);
        let name = source.text(at, "name").unwrap_or_default().to_owned();
        let url = source.text(at, "url").unwrap_or_default();
        let kind = source.text(at, "type").unwrap_or("openapi");
        let mut description = None;
        if kind != "openapi" {
            draft.leave(line, format!("source description {name}: its type is {kind}, and only openapi is read"));
        } else if url.contains("://") || url.starts_with('/') {
            let why = "save it beside the model, and name it under imports.openapi";
            draft.leave(line, format!("source description {name}: {url} is not a file beside this one; {why}"));
        } else {
            let file = url.strip_prefix("./").unwrap_or(url);
            match open(file).map(|text| Description::read(file, &text)) {
                Ok(Ok((read, _))) => {
                    draft.openapi.push(file.to_owned());
                    description = Some(read);
                }
                Ok(Err(found)) => {
                    draft.leave(
                        line,
                        format!("source description {name}: {file} cannot be used: {}", found.brief().trim_end()),
                    );
                }
                Err(why) => draft.leave(line, format!("source description {name}: {file} cannot be read: {why}")),
            }
        }
        documents.push(Described { name, description });
    }
    documents
}

/// A workflow as its order is judged.
struct Workflow<'s> {
    id: &'s str,
    line: usize,
    depends: Vec<&'s str>,
    steps: Vec<Step<'s>>,
}

struct Step<'s> {
    id: &'s str,
    line: usize,
    what: What<'s>,
    after: Vec<Next<'s>>,
    failed: Vec<Next<'s>>,
}

#[derive(Clone, Copy)]
enum What<'s> {
    Activity(usize),
    Workflow(&'s str),
    Unknown,
}

/// Where a way goes on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Next<'s> {
    Following,
    Step(&'s str),
    End,
}

struct Reading<'s, 't> {
    source: &'s Source<'t>,
    root: At,
    documents: Vec<Described>,
    draft: Draft,
    /// Activities by what they call.
    known: BTreeMap<String, usize>,
    values: Values,
    taken: Taken,
}

impl<'s> Reading<'s, '_> {
    fn workflows(&mut self) -> Result<Vec<Workflow<'s>>, ImportError> {
        let source = self.source;
        let mut workflows = Vec::new();
        let mut steps = 0;
        for at in source.items(self.root, "workflows") {
            let line = source.line(at);
            let Some(id) = source.text(at, "workflowId") else {
                self.draft.leave(line, "a workflow without a workflowId");
                continue;
            };
            let depends = source.items(at, "dependsOn");
            let depends = depends.into_iter().filter_map(|item| source.tree.text(item)).collect();
            let items = source.items(at, "steps");
            steps += items.len() + 1;
            if steps > STEPS {
                return Err(ImportError::new(
                    line,
                    format!("more than {STEPS} workflows and steps; import fewer at a time"),
                ));
            }
            let mut workflow = Workflow { id, line, depends, steps: Vec::new() };
            for item in items {
                let step = self.step(at, id, item);
                workflow.steps.push(step);
            }
            workflows.push(workflow);
        }
        Ok(workflows)
    }

    fn step(&mut self, workflow: At, workflow_id: &str, at: At) -> Step<'s> {
        let source = self.source;
        let line = source.line(at);
        let id = source.text(at, "stepId").unwrap_or("?");
        let what = if let Some(called) = source.text(at, "workflowId") {
            What::Workflow(called)
        } else if let Some(operation) = source.text(at, "operationId") {
            What::Activity(self.operation(operation, line, workflow_id, id))
        } else if let Some(pointer) = source.text(at, "operationPath") {
            What::Activity(self.pointed(pointer, line, workflow_id, id))
        } else {
            let key = ["channelPath", "x-operation"].into_iter().find(|key| source.get(at, key).is_some());
            let what = key.map_or("it names no operation".to_owned(), |key| format!("`{key}` is no call of HTTP"));
            self.draft.leave(line, format!("workflow {workflow_id}, step {id}: {what}"));
            What::Unknown
        };
        let failed = self.actions(at, workflow, (workflow_id, id), "onFailure", "failureActions");
        let after = self.actions(at, workflow, (workflow_id, id), "onSuccess", "successActions");
        if let What::Activity(activity) = what {
            self.parameters(workflow, workflow_id, at, activity);
            self.body(workflow_id, at, activity);
            self.outputs(workflow_id, id, at, activity);
        }
        if let What::Workflow(called) = what
            && let Some(outputs) = source.get(at, "outputs")
        {
            for (name, value) in source.tree.entries(outputs) {
                if let (Some(name), Some(value)) = (source.tree.text(name), source.tree.text(value)) {
                    let of = value.strip_prefix("$outputs.").map(|output| format!("{called}/outputs.{output}"));
                    let of = of.or_else(|| self.value(workflow_id, value));
                    of.into_iter().for_each(|of| self.values.alias(format!("{workflow_id}/{id}.{name}"), of));
                }
            }
        }
        Step { id, line, what, after, failed }
    }

    /// Where ways go on: by a step's own actions, else by those of its workflow.
    fn actions(&mut self, step: At, workflow: At, of: (&str, &str), own: &str, common: &str) -> Vec<Next<'s>> {
        let source = self.source;
        let fails = own == "onFailure";
        let mut listed = source.items(step, own);
        listed.extend(source.items(workflow, common));
        let mut nexts = BTreeSet::new();
        let mut decided = false;
        for at in listed {
            let at = self.referred(at);
            let bound = source.get(at, "criteria").is_none();
            let line = source.line(at);
            match (source.text(at, "type"), source.text(at, "stepId"), source.text(at, "workflowId")) {
                (Some("goto"), Some(target), _) => {
                    nexts.insert(Next::Step(target));
                }
                (Some("goto"), None, Some(target)) => {
                    let (workflow, step) = of;
                    self.draft.leave(line, format!("workflow {workflow}, step {step}: the order across `goto` workflow {target} is not demanded"));
                    nexts.insert(Next::End);
                }
                // A step that is tried again is the same step.
                (Some("retry"), ..) => {}
                (Some("end"), ..) => {
                    nexts.extend((!fails).then_some(Next::End));
                }
                _ => {
                    let (workflow, step) = of;
                    self.draft.leave(
                        line,
                        format!("workflow {workflow}, step {step}: an action of {own} that is no goto, retry or end"),
                    );
                    continue;
                }
            }
            if bound {
                decided = true;
                break;
            }
        }
        // Without an action that takes all, a success goes on to the next step; a failure ends the workflow.
        nexts.extend((!fails && !decided).then_some(Next::Following));
        nexts.into_iter().collect()
    }

    /// What a reference into `components` stands for.
    fn referred(&self, at: At) -> At {
        let pointed = self.source.text(at, "reference").and_then(|text| text.strip_prefix("$components."));
        let found = pointed.and_then(|path| {
            let components = self.source.get(self.root, "components")?;
            path.split('.').try_fold(components, |at, key| self.source.get(at, key))
        });
        found.unwrap_or(at)
    }

    fn operation(&mut self, text: &str, line: usize, workflow: &str, step: &str) -> usize {
        let qualified = text.strip_prefix("$sourceDescriptions.").and_then(|rest| rest.split_once('.'));
        let (asked, id) = qualified.map_or((None, text), |(document, id)| (Some(document), id));
        let found = self.named(asked, |operation| operation.id.as_deref() == Some(id));
        if found.is_none() {
            let known = self.documents.iter().any(|document| document.description.is_some());
            let why = if known { "no document that could be read has it" } else { "no OpenAPI document could be read" };
            self.draft.leave(line, format!("workflow {workflow}, step {step}: the call of operation {id}: {why}"));
        }
        let read = found.as_ref().is_some_and(|(_, read)| *read);
        let call = found.map_or(Call::Guessed, |(name, _)| Call::Operation(name));
        self.activity(text, id, call, read, (workflow, step, line))
    }

    /// `{$sourceDescriptions.shop.url}#/paths/~1orders~1{id}/get`
    fn pointed(&mut self, text: &str, line: usize, workflow: &str, step: &str) -> usize {
        let (document, pointer) = text.split_once('#').unwrap_or(("", text));
        let document = document.trim_matches(['{', '}']);
        let asked = document.strip_prefix("$sourceDescriptions.").map(|name| name.strip_suffix(".url").unwrap_or(name));
        let mut tokens = pointer.rsplit('/');
        let method = tokens.next().unwrap_or_default().to_uppercase();
        let path = tokens.next().map(|token| offpath_capture::percent_decoded(token, false)).unwrap_or_default();
        let path = path.replace("~1", "/").replace("~0", "~");
        let found = self.named(asked, |operation| *operation.method == *method && *operation.path == *path);
        let read = matches!(method.as_str(), "GET" | "HEAD");
        let called = format!("{method} {path}");
        let call = match found {
            Some((name, _)) => Call::Operation(name),
            None if is_template(&called) && !called.contains('*') => Call::Http(called.clone()),
            None => {
                self.draft.leave(line, format!("workflow {workflow}, step {step}: {text} is no operation's path"));
                Call::Guessed
            }
        };
        self.activity(&called, step, call, read, (workflow, step, line))
    }

    /// An operation's name as `op:` takes it, and whether it only reads.
    fn named(&self, asked: Option<&str>, is: impl Fn(&DescribedOperation) -> bool) -> Option<(String, bool)> {
        let documents = self.documents.iter().filter(|document| asked.is_none_or(|name| document.name == name));
        let described = documents.filter_map(|document| document.description.as_ref());
        let (description, operation) =
            described.flat_map(|all| all.operations.iter().map(move |own| (all, own))).find(|(_, own)| is(own))?;
        let name = operation.name();
        let all = self.documents.iter().filter_map(|document| document.description.as_ref());
        let several = all.filter(|other| other.named(&name).next().is_some()).count() > 1;
        let name = if several { format!("{}#{name}", description.file) } else { name };
        Some((name, matches!(&*operation.method, "GET" | "HEAD")))
    }

    fn activity(&mut self, key: &str, name: &str, call: Call, read: bool, of: (&str, &str, usize)) -> usize {
        let (workflow, step, line) = of;
        // One operation may be named in several ways.
        let key = if let Call::Operation(operation) = &call { operation.clone() } else { key.to_owned() };
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let name = self.taken.name(name, "step");
        let why = format!("workflow {workflow}, step {step} (line {line})");
        let number = self.draft.activities.len();
        self.draft.activities.push(Activity { name, call, objects: Vec::new(), read, why });
        self.known.insert(key, number);
        number
    }

    /// What an expression of a step stands for: `$inputs.x`, `$steps.create.outputs.id`, `$workflows.w.outputs.x`.
    fn value(&self, workflow: &str, text: &str) -> Option<String> {
        let text = text.trim().trim_start_matches('{').trim_end_matches('}');
        if let Some(input) = text.strip_prefix("$inputs.") {
            return Some(format!("{workflow}/inputs.{input}"));
        }
        if let Some(rest) = text.strip_prefix("$steps.") {
            let (step, output) = rest.split_once(".outputs.")?;
            return Some(format!("{workflow}/{step}.{output}"));
        }
        let (other, value) = text.strip_prefix("$workflows.")?.split_once('.')?;
        Some(format!("{other}/{value}"))
    }

    fn parameters(&mut self, workflow: At, id: &str, step: At, activity: usize) {
        let source = self.source;
        let mut listed = source.items(step, "parameters");
        listed.extend(source.items(workflow, "parameters"));
        for at in listed {
            let given = source.text(at, "value");
            let at = self.referred(at);
            let (Some(name), Some(value)) = (source.text(at, "name"), given.or_else(|| source.text(at, "value")))
            else {
                continue;
            };
            let Some(value) = self.value(id, value) else { continue };
            let place = match source.text(at, "in") {
                Some(place @ ("path" | "query" | "header")) => place,
                _ => continue,
            };
            if !name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c)) {
                self.draft.leave(source.line(at), format!("parameter {name}: the language has no path for this name"));
                continue;
            }
            let called = if name.eq_ignore_ascii_case("id") { self.before(activity, name) } else { None };
            let used =
                Use { activity, path: format!("{place}.{name}"), name: called.unwrap_or_else(|| name.to_owned()) };
            self.values.used(value, used);
        }
    }

    /// What a path says before a parameter: `order` of `/orders/{id}`.
    fn before(&self, activity: usize, parameter: &str) -> Option<String> {
        let Call::Operation(name) = &self.draft.activities.get(activity)?.call else { return None };
        let own = name.rsplit('#').next().unwrap_or(name);
        let mut described = self.documents.iter().filter_map(|document| document.description.as_ref());
        let operation = described.find_map(|description| description.named(own).next())?;
        let at = operation.template.iter().position(|part| part.parameters().any(|name| **name == *parameter))?;
        match operation.template.get(at.checked_sub(1)?)? {
            Segment::Literal(text) => Some(singular(text)),
            _ => None,
        }
    }

    /// Values within a request body, at paths of names.
    fn body(&mut self, workflow: &str, step: At, activity: usize) {
        let source = self.source;
        let Some(body) = source.get(step, "requestBody") else { return };
        let mut stack: Vec<(At, String)> = Vec::new();
        stack.extend(source.get(body, "payload").map(|payload| (payload, "req".to_owned())));
        let mut looked = 0;
        while let Some((at, path)) = stack.pop() {
            looked += 1;
            if looked > BODY || path.len() > 200 {
                break;
            }
            if let Some(value) = source.tree.text(at).and_then(|text| self.value(workflow, text)) {
                let name = path.rsplit('.').next().unwrap_or_default().to_owned();
                self.values.used(value, Use { activity, path: path.clone(), name });
            }
            for (key, value) in source.tree.entries(at) {
                if let Some(key) = source.tree.text(key).filter(|key| is_field(key)) {
                    stack.push((value, format!("{path}.{key}")));
                }
            }
        }
        for at in source.items(body, "replacements") {
            let (target, value) = (source.text(at, "target"), source.text(at, "value"));
            let path = target.and_then(|pointer| pointed("req", pointer));
            if let (Some(path), Some(value)) = (path, value.and_then(|value| self.value(workflow, value))) {
                let name = path.rsplit('.').next().unwrap_or_default().to_owned();
                self.values.used(value, Use { activity, path, name });
            }
        }
    }

    fn outputs(&mut self, workflow: &str, step: &str, at: At, activity: usize) {
        let source = self.source;
        let Some(outputs) = source.get(at, "outputs") else { return };
        for (name, value) in source.tree.entries(outputs) {
            let (Some(name), Some(text)) = (source.tree.text(name), source.tree.text(value)) else { continue };
            let own = format!("{workflow}/{step}.{name}");
            if let Some(of) = self.value(workflow, text) {
                self.values.alias(own, of);
            } else if let Some(path) = text.strip_prefix("$response.body#").and_then(|pointer| pointed("res", pointer))
            {
                self.values.made(own, activity, path);
            } else if let Some(name) = text.strip_prefix("$request.path.").filter(|name| is_field(name)) {
                self.values.made(own, activity, format!("path.{name}"));
            }
        }
    }

    /// Types of objects, and the steps that touch them.
    fn objects(&mut self) {
        for (name, found) in self.values.objects() {
            let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
            found.keys.values().flatten().for_each(|path| *counts.entry(path).or_default() += 1);
            let of_path = |path: &String| path.starts_with("path.");
            let Some(key) = counts.keys().copied().max_by_key(|path| (of_path(path), counts.get(path))) else {
                continue;
            };
            let mut because: Vec<&str> = found.because.iter().take(3).map(String::as_str).collect();
            because.extend((found.because.len() > 3).then_some("..."));
            let why = format!("key: the value that goes from step to step as {}", because.join(", "));
            for (activity, keys) in &found.keys {
                let own: Vec<String> =
                    if keys.len() == 1 && keys.contains(key) { Vec::new() } else { keys.iter().cloned().collect() };
                if let Some(activity) = self.draft.activities.get_mut(*activity) {
                    activity.objects.push((name.clone(), own));
                }
            }
            self.draft.objects.push(Object { name, key: vec![key.clone()], why });
        }
        for activity in &mut self.draft.activities {
            // What a step makes is what it is about.
            activity.objects.sort_by_key(|(_, key)| !key.iter().any(|path| path.starts_with("res.")));
        }
    }

    /// Demands what comes before each step on every way to it.
    fn orders(&mut self, workflows: &[Workflow<'s>]) {
        let count = self.draft.activities.len();
        let mut done: BTreeMap<&str, Set> = BTreeMap::new();
        let mut always: Vec<Option<Set>> = vec![None; count];
        let mut waiting: Vec<&Workflow<'s>> = workflows.iter().collect();
        let known: BTreeSet<&str> = workflows.iter().map(|workflow| workflow.id).collect();
        while !waiting.is_empty() {
            let unmet =
                |workflow: &Workflow<'s>| needs(workflow).find(|id| known.contains(id) && !done.contains_key(id));
            let ready = waiting.iter().position(|workflow| unmet(workflow).is_none());
            // Where all wait, going on to what each waits for ends within a ring.
            let at = ready.unwrap_or_else(|| {
                let next = |at: usize| {
                    let id = waiting.get(at).and_then(|workflow| unmet(workflow));
                    waiting.iter().position(|workflow| Some(workflow.id) == id).unwrap_or(at)
                };
                (0..waiting.len()).fold(0, |at, _| next(at))
            });
            let workflow = waiting.remove(at);
            if ready.is_none() {
                let what =
                    format!("workflow {}: it waits for itself, so that what comes before it is not known", workflow.id);
                self.draft.leave(workflow.line, what);
            }
            let sum = self.order(workflow, &done, &mut always);
            done.insert(workflow.id, sum);
        }
        self.demand(&always);
    }

    /// What one workflow has surely done at its end; narrows what is always done before each activity.
    fn order(&mut self, workflow: &Workflow<'s>, done: &BTreeMap<&str, Set>, always: &mut [Option<Set>]) -> Set {
        let count = always.len();
        let mut start = Set::empty(count);
        workflow.depends.iter().filter_map(|id| done.get(id)).for_each(|sum| start.add(sum));
        let places: BTreeMap<&str, usize> = workflow.steps.iter().enumerate().map(|(at, step)| (step.id, at)).collect();
        let end = workflow.steps.len();
        let mut nodes = Vec::new();
        let mut ways = 0;
        for (number, step) in workflow.steps.iter().enumerate() {
            let mut adds = Set::empty(count);
            match step.what {
                What::Activity(activity) => adds.insert(activity),
                What::Workflow(id) => done.get(id).into_iter().for_each(|sum| adds.add(sum)),
                What::Unknown => {}
            }
            let mut to = |next: &Next<'s>| match next {
                Next::Following => Some(number + 1),
                Next::End => Some(end),
                Next::Step(id) => {
                    let target = places.get(id).copied();
                    if target.is_none() {
                        let what =
                            format!("workflow {}, step {}: goto {id}, which is no step of it", workflow.id, step.id);
                        self.draft.leave(step.line, what);
                    }
                    target
                }
            };
            let after: Vec<usize> = step.after.iter().filter_map(&mut to).collect();
            let failed: Vec<usize> = step.failed.iter().filter_map(&mut to).collect();
            ways += after.len() + failed.len();
            if ways > WAYS {
                self.draft
                    .leave(step.line, format!("workflow {}: more than {WAYS} ways from step to step", workflow.id));
                return start;
            }
            nodes.push(must::Node { adds, after, failed });
        }
        nodes.push(must::Node { adds: Set::empty(count), after: Vec::new(), failed: Vec::new() });
        let before = must::before(&nodes, &start, count);
        for (step, before) in workflow.steps.iter().zip(&before) {
            match (step.what, before) {
                (What::Activity(activity), Some(before)) => {
                    let slot = always.get_mut(activity);
                    slot.into_iter().for_each(|slot| {
                        slot.get_or_insert_with(|| before.clone()).keep(before);
                    });
                }
                (_, None) => {
                    self.draft
                        .leave(step.line, format!("workflow {}, step {}: no way leads to it", workflow.id, step.id));
                }
                _ => {}
            }
        }
        before.into_iter().nth(end).flatten().unwrap_or(start)
    }

    fn demand(&mut self, always: &[Option<Set>]) {
        let names = |at: usize| -> Vec<&str> {
            let objects = self.draft.activities.get(at).map(|activity| activity.objects.as_slice()).unwrap_or_default();
            objects.iter().map(|(name, _)| name.as_str()).collect()
        };
        let moves = |at: usize| self.draft.activities.get(at).is_some_and(|activity| !activity.read);
        let before =
            |one: usize, other: usize| always.get(other).and_then(Option::as_ref).is_some_and(|set| set.contains(one));
        let mut orders = Vec::new();
        for late in (0..always.len()).filter(|late| moves(*late)) {
            let early: Vec<usize> =
                (0..always.len()).filter(|early| *early != late && moves(*early) && before(*early, late)).collect();
            for one in &early {
                let shared = |other: usize| names(*one).into_iter().find(|name| names(other).contains(name));
                let Some(per) = shared(late) else { continue };
                // What is said of a step between them need not be said again.
                let between =
                    |other: &&usize| before(*one, **other) && !before(**other, *one) && names(**other).contains(&per);
                if early.iter().any(|other| other != one && between(&other)) {
                    continue;
                }
                let name = |at: usize| self.draft.activities.get(at).map(|own| own.name.clone()).unwrap_or_default();
                let why = "every way through the workflows takes the one before the other";
                orders.push(Order {
                    require: name(*one),
                    before: name(late),
                    per: per.to_owned(),
                    why: why.to_owned(),
                });
            }
        }
        self.draft.orders = orders;
    }
}

/// Workflows that must be summed up before one.
fn needs<'w, 's>(workflow: &'w Workflow<'s>) -> impl Iterator<Item = &'s str> + use<'w, 's> {
    let called = workflow.steps.iter().filter_map(|step| match step.what {
        What::Workflow(id) => Some(id),
        _ => None,
    });
    workflow.depends.iter().copied().chain(called)
}

/// Whether a name may stand in a path.
fn is_field(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
}

/// `res.order.id` of `/order/id`; `None` where it holds what no path can.
fn pointed(root: &str, pointer: &str) -> Option<String> {
    let mut path = root.to_owned();
    for token in pointer.strip_prefix('/')?.split('/') {
        if path.len() > 200 {
            return None;
        }
        if token.chars().all(|c| c.is_ascii_digit()) {
            path.push_str(&format!("[{token}]"));
        } else if is_field(token) {
            path.push('.');
            path.push_str(token);
        } else {
            return None;
        }
    }
    Some(path)
}

//! Operations: which named endpoint a request calls, and which activities that may be.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use offpath_capture::{Call, CallKind, CallOutcome};
use serde_json::{Map, Value as Json};

use super::described::Described;
use super::target::Target;
use super::template::Template;
use crate::model::{ActivityId, CallMatcher, Description, Expression, Matcher, Model, Segment};

/// Compiled matchers of a model and operations of documents, most specific first.
#[derive(Clone, Debug, Default)]
pub(super) struct Operations {
    /// Routes without `**`, by number of segments.
    by_length: Vec<Vec<Route>>,
    /// Routes with `**`.
    open: Vec<Route>,
    /// Calls inside bodies.
    calls: Vec<Route>,
    /// Words with the parameter, and the words, that templates have behind them.
    behind: BTreeMap<Arc<str>, Behind>,
}

/// What templates have behind a word of a path.
#[derive(Clone, Debug, Default)]
struct Behind {
    parameters: BTreeSet<Arc<str>>,
    words: BTreeSet<Arc<str>>,
}

/// One matcher of one activity, or one operation of a document.
#[derive(Clone, Debug)]
pub(super) struct Route {
    pub(super) aim: Aim,
    pub(super) condition: Option<Expression>,
    method: Option<Arc<str>>,
    segments: Vec<Segment>,
    /// How literal each segment is: the less the more.
    shape: Vec<Rank>,
    host: Option<Arc<str>>,
    template: Arc<str>,
    call: Option<CallMatcher>,
    order: usize,
}

/// What a route leads to.
#[derive(Clone, Debug)]
pub(super) enum Aim {
    /// A step of the model.
    Activity(ActivityId),
    /// An operation that a document describes.
    Described(Described),
}

/// Literals before patterns, of these the longer text first, before parameters before the rest.
type Rank = (u8, usize);

/// Parameters of a template, by name.
pub(super) type Parameters<'a> = Vec<(Arc<str>, Cow<'a, str>)>;

/// The endpoint that a path belongs to.
pub(super) struct Matched<'m, 't> {
    /// Path template as in the document that describes it, else as in the model.
    pub(super) template: &'m Arc<str>,
    /// Its parameters, by the model's names and then by the document's.
    pub(super) parameters: Parameters<'t>,
    /// Routes of this very template to steps of the model for the request's method and host, in order of preference.
    pub(super) routes: Vec<&'m Route>,
    /// The model has this template, for this method or another.
    pub(super) modelled: bool,
    /// Where a document describes it: its template with the values, named as guesses are.
    pub(super) described: Option<Template>,
}

impl Operations {
    /// Compiles all matchers of a model.
    pub(super) fn compile(model: &Model) -> Operations {
        let mut operations = Operations::default();
        for (index, activity) in model.activities.iter().enumerate() {
            let Ok(id) = u16::try_from(index) else { break };
            for matcher in &activity.matchers {
                operations.add(Aim::Activity(ActivityId(id)), matcher, index);
            }
        }
        operations.describe(&model.documents);
        operations
    }

    /// Adds the operations of documents.
    pub(super) fn describe(&mut self, documents: &[Arc<Description>]) {
        let described = documents.iter().flat_map(|document| &document.operations);
        for (order, operation) in described.enumerate() {
            // What takes whatever follows describes nothing; the model may name it all the same.
            if let Some(described) = Described::of(operation) {
                self.add(Aim::Described(described), &operation.matcher(), order);
            }
        }
        self.sort();
    }

    fn sort(&mut self) {
        self.by_length.iter_mut().for_each(|routes| routes.sort_by(specificity));
        self.open.sort_by(specificity);
        self.calls.sort_by(specificity);
    }

    fn add(&mut self, aim: Aim, matcher: &Matcher, order: usize) {
        let mut segments = matcher.template.clone();
        segments.retain(|s| !matches!(s, Segment::Literal(text) if text.is_empty()));
        let route = Route {
            aim,
            condition: matcher.condition.clone(),
            method: matcher.method.clone(),
            template: text(&segments).into(),
            shape: segments.iter().map(rank).collect(),
            host: matcher.host.as_ref().map(|h| h.to_ascii_lowercase().into()),
            call: matcher.call.clone(),
            order,
            segments,
        };
        if route.call.is_some() {
            self.calls.push(route);
            return;
        }
        for pair in route.segments.windows(2) {
            let [Segment::Literal(word), next] = pair else { continue };
            let behind = self.behind.entry(Arc::clone(word)).or_default();
            match next {
                Segment::Parameter(name) => _ = behind.parameters.insert(Arc::clone(name)),
                Segment::Literal(next) => _ = behind.words.insert(Arc::clone(next)),
                Segment::Pattern(_) | Segment::Rest => {}
            }
        }
        if route.segments.contains(&Segment::Rest) {
            self.open.push(route);
            return;
        }
        let length = route.segments.len();
        if self.by_length.len() <= length {
            self.by_length.resize_with(length + 1, Vec::new);
        }
        if let Some(routes) = self.by_length.get_mut(length) {
            routes.push(route);
        }
    }

    /// Finds the endpoint of a path. Routes of the request's own method come first; a template that is known for
    /// another method still names the path. Of equal templates the document's gives the name.
    pub(super) fn find<'m, 't>(
        &'m self,
        method: &str,
        host: Option<&str>,
        target: &Target<'t>,
    ) -> Option<Matched<'m, 't>> {
        let fits = |r: &&'m Route| r.fits_host(host) && r.fits_path(&target.segments);
        let candidates = || {
            let exact = self.by_length.get(target.segments.len()).map(Vec::as_slice).unwrap_or_default();
            exact.iter().chain(&self.open).filter(fits)
        };
        let best = candidates().find(|r| r.fits_method(method)).or_else(|| candidates().next())?;
        // Two templates of one shape that fit one path are the same but for the names of parameters.
        let same: Vec<&Route> = candidates().filter(|r| r.shape == best.shape).collect();
        let steps = || same.iter().copied().filter(|r| r.activity().is_some());
        let own = steps().find(|r| r.fits_method(method)).or_else(|| steps().next());
        let routes = steps().filter(|r| r.fits_method(method) && own.is_some_and(|own| own.segments == r.segments));
        let described = same.iter().copied().filter(|r| r.activity().is_none());
        let described = described.min_by_key(|r| (!r.fits_method(method), !r.is_at(host)));
        let mut parameters = own.map(|own| own.parameters(target)).unwrap_or_default();
        let mut values = Parameters::new();
        if let Some(described) = described {
            values = described.parameters(target);
            let more = values.iter().filter(|(name, _)| !parameters.iter().any(|(known, _)| known == name));
            let more: Parameters<'t> = more.cloned().collect();
            parameters.extend(more);
        }
        let named = described.and_then(|route| match &route.aim {
            Aim::Described(described) => Some(described),
            Aim::Activity(_) => None,
        });
        Some(Matched {
            template: described.map_or(&best.template, |described| &described.template),
            parameters,
            routes: routes.collect(),
            modelled: own.is_some(),
            described: named.map(|described| described.with(values.iter().map(|(_, value)| &**value))),
        })
    }

    /// Whether some step of the model is a call inside a body.
    pub(super) fn has_calls(&self) -> bool {
        !self.calls.is_empty()
    }

    /// Routes of a call inside a body, in order of preference.
    pub(super) fn of_call<'m>(&'m self, call: &Call, host: Option<&str>) -> Vec<&'m Route> {
        self.calls.iter().filter(|route| route.fits_host(host) && route.fits_call(call)).collect()
    }

    /// Whether a call goes by a hash alone that the model does not know, and may be any of the fields that it does know,
    /// whatever the answer calls them: names there are the client's aliases. An answer without data is that of no field,
    /// and by `GET` nothing is changed.
    pub(super) fn is_unnamed(&self, call: &Call, host: Option<&str>, method: &str, answered: bool) -> bool {
        let done = !matches!(call.outcome, CallOutcome::Failed(_) | CallOutcome::Waiting);
        let data = call.result.as_deref().and_then(|text| serde_json::from_str::<Map<String, Json>>(text).ok());
        let mut wanted =
            self.calls.iter().filter(|route| route.fits_host(host)).filter_map(|route| route.call.as_ref());
        let nothing = |value: &Json| match value {
            Json::Null => true,
            Json::Array(items) => items.is_empty(),
            Json::Object(members) => members.is_empty(),
            _ => false,
        };
        let told = data.map_or(!answered, |data| !data.values().all(nothing));
        let may_be = |wanted: &CallMatcher| told && (method != "GET" || wanted.kind != "mutation");
        call.kind == CallKind::Persisted
            && done
            && wanted.any(|wanted| wanted.protocol == "graphql" && wanted.kind != "persisted" && may_be(wanted))
            && self.of_call(call, host).is_empty()
    }

    /// Parameters that a path of no template names all the same: of `/v0/orders/7/ship`, what stands behind `orders`
    /// where templates have `orders/{order}`.
    pub(super) fn named_elsewhere<'t>(&self, target: &Target<'t>) -> Parameters<'t> {
        let pairs = target.segments.iter().zip(target.segments.iter().skip(1));
        let named = pairs.filter_map(|(word, value)| {
            let behind = self.behind.get(&**word)?;
            (!behind.words.contains(&**value)).then_some((&behind.parameters, value))
        });
        named.flat_map(|(names, value)| names.iter().map(move |name| (Arc::clone(name), value.clone()))).collect()
    }

    /// Parameters of a path that a response names, e.g. in `Location`, whatever the method: those of the templates that
    /// are this path or go on from it, so that what was made is known where nobody ever calls it by itself. Of different
    /// templates the most literal ones count; where they name one segment differently, each name holds.
    pub(super) fn parameters<'t>(&self, target: &Target<'t>) -> Parameters<'t> {
        let length = target.segments.len();
        let fits = |r: &&Route| r.begins_with(&target.segments);
        let routes: Vec<&Route> = self.by_length.iter().skip(length).flatten().chain(&self.open).filter(fits).collect();
        let begin = |r: &Route| r.shape.iter().take(length).copied().collect::<Vec<Rank>>();
        let Some(best) = routes.iter().map(|r| begin(r)).min() else { return Vec::new() };
        let mut named: Parameters<'t> = Vec::new();
        for (name, value) in routes.iter().filter(|r| begin(r) == best).flat_map(|r| r.parameters(target)) {
            if !named.iter().any(|(known, _)| *known == name) {
                named.push((name, value));
            }
        }
        named
    }
}

impl Route {
    /// The step that it leads to.
    pub(super) fn activity(&self) -> Option<ActivityId> {
        match self.aim {
            Aim::Activity(activity) => Some(activity),
            Aim::Described(_) => None,
        }
    }

    /// Whether it is described for this very host. What a gateway hides of the host keeps no template from its paths.
    fn is_at(&self, host: Option<&str>) -> bool {
        match (&self.aim, host) {
            (Aim::Described(described), Some(host)) => {
                described.host.as_ref().is_some_and(|pattern| wildcard(pattern, host))
            }
            _ => false,
        }
    }

    fn fits_method(&self, method: &str) -> bool {
        self.method.as_ref().is_none_or(|m| m.eq_ignore_ascii_case(method))
    }

    /// A host that the input does not show fits any pattern.
    fn fits_host(&self, host: Option<&str>) -> bool {
        match (&self.host, host) {
            (Some(pattern), Some(host)) => wildcard(pattern, host),
            _ => true,
        }
    }

    fn fits_call(&self, call: &Call) -> bool {
        let Some(wanted) = &self.call else { return false };
        let sort = match (wanted.kind, call.kind) {
            // Whether anybody answers a method is the client's affair.
            ("method", CallKind::Method | CallKind::Notification) => true,
            // By GET only a query can be asked for.
            ("persisted", CallKind::Persisted | CallKind::Query) => true,
            (kind, sort) => kind == sort.as_str(),
        };
        wanted.protocol == call.protocol.as_str() && sort && call.is_named(&wanted.name)
    }

    fn fits_path<S: AsRef<str>>(&self, path: &[S]) -> bool {
        let mut rest = path.iter();
        for segment in &self.segments {
            match (segment, rest.next()) {
                (Segment::Rest, _) => return true,
                (Segment::Literal(text), Some(actual)) if **text == *actual.as_ref() => {}
                (Segment::Parameter(_), Some(_)) => {}
                (Segment::Pattern(pattern), Some(actual)) if pattern.values(actual.as_ref()).is_some() => {}
                _ => return false,
            }
        }
        rest.next().is_none()
    }

    /// Whether the route is this path, or goes on from it.
    fn begins_with<S: AsRef<str>>(&self, path: &[S]) -> bool {
        let fits = |(segment, actual): (&Segment, &S)| match segment {
            Segment::Rest => false,
            Segment::Literal(text) => **text == *actual.as_ref(),
            Segment::Parameter(_) => true,
            Segment::Pattern(pattern) => pattern.values(actual.as_ref()).is_some(),
        };
        self.segments.len() >= path.len() && self.segments.iter().zip(path).all(fits)
    }

    fn parameters<'t>(&self, target: &Target<'t>) -> Parameters<'t> {
        let mut named: Parameters<'t> = Vec::new();
        for (segment, actual) in self.segments.iter().zip(&target.segments) {
            match (segment, actual) {
                (Segment::Parameter(name), actual) => named.push((name.clone(), actual.clone())),
                (Segment::Pattern(pattern), Cow::Borrowed(text)) => {
                    let values = pattern.values(text).unwrap_or_default().into_iter();
                    named.extend(values.map(|(name, value)| (name.clone(), Cow::Borrowed(value))));
                }
                (Segment::Pattern(pattern), Cow::Owned(text)) => {
                    let values = pattern.values(text).unwrap_or_default().into_iter();
                    named.extend(values.map(|(name, value)| (name.clone(), Cow::Owned(value.to_owned()))));
                }
                (Segment::Literal(_) | Segment::Rest, _) => {}
            }
        }
        named
    }
}

fn rank(segment: &Segment) -> Rank {
    match segment {
        Segment::Literal(_) => (0, 0),
        Segment::Pattern(pattern) => (1, usize::MAX - pattern.literal_len()),
        Segment::Parameter(_) => (2, 0),
        Segment::Rest => (3, 0),
    }
}

/// `/orders/{orderId}/**`.
fn text(segments: &[Segment]) -> String {
    if segments.is_empty() {
        return "/".to_owned();
    }
    segments.iter().map(|segment| format!("/{segment}")).collect()
}

/// By the ranks of segments, one after the other; then named hosts and methods, conditions, and the order in the model.
fn specificity(a: &Route, b: &Route) -> Ordering {
    let extras =
        |r: &Route| (r.host.is_none(), r.method.is_none(), r.condition.is_none(), r.activity().is_none(), r.order);
    a.shape.cmp(&b.shape).then_with(|| extras(a).cmp(&extras(b)))
}

/// Matches a pattern in which `*` stands for any text, in linear space and without backtracking blow-up.
fn wildcard(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(first) = parts.next() else { return text.is_empty() };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn segments(path: &str) -> Vec<Segment> {
        let segments = path.split('/').filter(|s| !s.is_empty());
        let segment = |s: &str| match s.strip_prefix('{').and_then(|s| s.strip_suffix('}')) {
            Some(name) => Segment::Parameter(name.into()),
            None if s == "**" => Segment::Rest,
            None => Segment::Literal(s.into()),
        };
        segments.map(segment).collect()
    }

    fn operations(routes: &[(&str, &str)]) -> Operations {
        let mut operations = Operations::default();
        for (i, (method, path)) in routes.iter().enumerate() {
            let (method, template) = (Some((*method).into()), segments(path));
            let matcher = Matcher { method, template, host: None, call: None, condition: None };
            operations.add(Aim::Activity(ActivityId(i as u16)), &matcher, i);
        }
        operations.sort();
        operations
    }

    #[test]
    fn literals_win_over_parameters() {
        let ops = operations(&[
            ("GET", "/orders/{id}"),
            ("GET", "/orders/search"),
            ("POST", "/orders/{id}"),
            ("GET", "/files/**"),
        ]);
        let found = |method: &str, path: &'static str| {
            let target = Target::parse(path);
            let matched = ops.find(method, None, &target)?;
            Some((matched.template.to_string(), matched.routes.first().and_then(|r| r.activity()).map(|a| a.0)))
        };
        assert_eq!(found("GET", "/orders/search"), Some(("/orders/search".into(), Some(1))));
        assert_eq!(found("GET", "/orders/7"), Some(("/orders/{id}".into(), Some(0))));
        assert_eq!(found("POST", "/orders/search"), Some(("/orders/{id}".into(), Some(2))));
        assert_eq!(found("DELETE", "/orders/7"), Some(("/orders/{id}".into(), None)));
        assert_eq!(found("GET", "/files/a/b/c"), Some(("/files/**".into(), Some(3))));
        assert_eq!(found("GET", "/other"), None);
    }

    #[test]
    fn what_a_response_names_needs_no_call_of_its_own() {
        let ops = operations(&[
            ("POST", "/orders/{order}/pay"),
            ("POST", "/orders/{id}/cancel"),
            ("POST", "/{kind}/{id}/notes"),
            ("GET", "/orders/latest"),
            ("GET", "/files/{file}/**"),
        ]);
        let named = |path: &'static str| -> Vec<(String, String)> {
            let target = Target::parse(path);
            let pairs = ops.parameters(&target).into_iter();
            pairs.map(|(name, value)| (name.to_string(), value.into_owned())).collect()
        };
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(named("/orders/7"), [pair("order", "7"), pair("id", "7")]);
        assert_eq!(named("https://shop.example/orders/7?new=1"), [pair("order", "7"), pair("id", "7")]);
        assert_eq!(named("/carts/7"), [pair("kind", "carts"), pair("id", "7")]);
        assert_eq!(named("/orders/latest"), [], "a word of the API, not an order");
        assert_eq!(named("/files/f1"), [pair("file", "f1")]);
        assert_eq!(named("/files/f1/more"), [], "`**` names nothing");
        assert_eq!(named("/orders/7/pay/now"), []);
    }

    fn described(paths: &[&str]) -> Arc<Description> {
        let paths: String = paths.iter().map(|path| format!("  '{path}': {{get: {{}}}}\n")).collect();
        Arc::new(Description::read("d", &format!("openapi: 3.1.0\npaths:\n{paths}")).unwrap().0)
    }

    #[test]
    fn documents_name_paths_and_models_keep_their_steps() {
        let mut ops = operations(&[("GET", "/orders/{order}"), ("GET", "/orders/latest/{part}")]);
        ops.describe(&[described(&["/orders/{id}", "/orders/search", "/files/{name}.json", "/{kind}/{x}/{y}"])]);
        let found = |path: &'static str| {
            let target = Target::parse(path);
            let matched = ops.find("GET", None, &target).unwrap();
            let names = matched.parameters.iter().map(|(name, value)| format!("{name}={value}"));
            let steps = matched.routes.iter().filter_map(|route| route.activity()).map(|step| step.0);
            (matched.template.to_string(), names.collect::<Vec<_>>().join(" "), steps.collect::<Vec<_>>())
        };
        let is = |template: &str, names: &str, steps: &[u16]| (template.to_owned(), names.to_owned(), steps.to_vec());
        assert_eq!(found("/orders/7"), is("/orders/{id}", "order=7 id=7", &[0]));
        assert_eq!(found("/orders/search"), is("/orders/search", "", &[]), "the document's word is no order");
        assert_eq!(found("/orders/latest/x"), is("/orders/latest/{part}", "part=x", &[1]));
        assert_eq!(found("/files/a.json"), is("/files/{name}.json", "name=a", &[]));
        assert_eq!(found("/files/%61.json"), is("/files/{name}.json", "name=a", &[]));
    }

    /// Whether a template takes a path, segment by segment, and how specific it is: plainly right.
    fn naive(template: &str, path: &str) -> Option<Vec<u8>> {
        let (template, path): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
        let ranks = template.iter().zip(&path).map(|(part, segment)| match part.starts_with('{') {
            true => Some(1),
            false => (part == segment).then_some(0),
        });
        (template.len() == path.len()).then(|| ranks.collect()).flatten()
    }

    fn template() -> impl Strategy<Value = String> {
        let segment = prop_oneof![3 => "[ab]", 2 => Just("{p}".to_owned())];
        proptest::collection::vec(segment, 1..4).prop_map(|segments| {
            let named =
                segments.iter().enumerate().map(|(at, s)| format!("/{}", s.replace("{p}", &format!("{{p{at}}}"))));
            named.collect()
        })
    }

    proptest! {
        #[test]
        fn the_most_specific_template_wins(templates in proptest::collection::btree_set(template(), 1..8), path in "(/[abc]){1,4}") {
            let templates: Vec<&str> = templates.iter().map(String::as_str).collect();
            let mut ops = Operations::default();
            ops.describe(&[described(&templates)]);
            let expected = templates.iter().filter_map(|template| Some((naive(template, &path)?, *template))).min();
            let target = Target::parse(&path);
            let found = ops.find("GET", None, &target).map(|matched| matched.template.to_string());
            prop_assert_eq!(found.as_deref(), expected.map(|(_, template)| template));
        }

        #[test]
        fn a_template_matches_what_is_made_of_it(template in template(), value in "[^/%?#;.\\s]{1,6}") {
            let path: String = template.split('/').skip(1).map(|s| format!("/{}", if s.starts_with('{') { &value } else { s })).collect();
            let mut ops = Operations::default();
            ops.describe(&[described(&[&template])]);
            let target = Target::parse(&path);
            let matched = ops.find("GET", None, &target).unwrap();
            prop_assert_eq!(&**matched.template, template.as_str());
            prop_assert!(matched.parameters.iter().all(|(_, read)| **read == *value));
        }
    }

    #[test]
    fn another_path_to_a_known_object_still_names_it() {
        let ops = operations(&[("POST", "/orders/{order}/pay"), ("GET", "/orders/search")]);
        let named = |path: &'static str| -> Vec<(String, String)> {
            let pairs = ops.named_elsewhere(&Target::parse(path)).into_iter();
            pairs.map(|(name, value)| (name.to_string(), value.into_owned())).collect()
        };
        let order = [("order".to_owned(), "o7".to_owned())];
        assert_eq!(named("/v0/orders/o7/ship"), order);
        assert_eq!(named("/admin/orders/o7"), order);
        assert_eq!(named("/orders/search/o7"), []);
        assert_eq!(named("/carts/o7"), []);
    }

    #[test]
    fn hosts_match_with_stars() {
        for (pattern, host, expected) in [
            ("api.*.example", "api.acme.example", true),
            ("*.example", "api.acme.example", true),
            ("api.example", "api.example", true),
            ("api.example", "xapi.example", false),
            ("a*b*c", "abbc", true),
            ("a*b", "a", false),
        ] {
            assert_eq!(wildcard(pattern, host), expected, "{pattern} {host}");
        }
    }
}

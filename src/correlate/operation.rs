//! Operations: which named endpoint a request calls, and which activities that may be.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use offpath_capture::{Call, CallKind, CallOutcome};

use super::target::Target;
use crate::model::{ActivityId, CallMatcher, Expression, Matcher, Model, Segment};

/// Compiled matchers of a model, most specific first.
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

/// One matcher of one activity.
#[derive(Clone, Debug)]
pub(super) struct Route {
    pub(super) activity: ActivityId,
    pub(super) condition: Option<Expression>,
    method: Option<Arc<str>>,
    segments: Vec<Segment>,
    host: Option<Arc<str>>,
    template: Arc<str>,
    call: Option<CallMatcher>,
    order: usize,
}

/// Parameters of a template, by name.
pub(super) type Parameters<'a> = Vec<(Arc<str>, Cow<'a, str>)>;

/// The endpoint that a path belongs to.
pub(super) struct Matched<'m, 't> {
    /// Path template as in the model.
    pub(super) template: &'m Arc<str>,
    /// Its parameters.
    pub(super) parameters: Parameters<'t>,
    /// Routes of this very template for the request's method and host, in order of preference.
    pub(super) routes: Vec<&'m Route>,
}

impl Operations {
    /// Compiles all matchers of a model.
    pub(super) fn compile(model: &Model) -> Operations {
        let mut operations = Operations::default();
        for (index, activity) in model.activities.iter().enumerate() {
            let Ok(id) = u16::try_from(index) else { break };
            for matcher in &activity.matchers {
                operations.add(ActivityId(id), matcher, index);
            }
        }
        operations.by_length.iter_mut().for_each(|routes| routes.sort_by(specificity));
        operations.open.sort_by(specificity);
        operations.calls.sort_by(specificity);
        operations
    }

    fn add(&mut self, activity: ActivityId, matcher: &Matcher, order: usize) {
        let mut segments = matcher.template.clone();
        segments.retain(|s| !matches!(s, Segment::Literal(text) if text.is_empty()));
        let route = Route {
            activity,
            condition: matcher.condition.clone(),
            method: matcher.method.clone(),
            template: text(&segments).into(),
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
                Segment::Rest => {}
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
    /// another method still names the path.
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
        let routes = candidates().filter(|r| r.fits_method(method) && r.segments == best.segments).collect();
        Some(Matched { template: &best.template, parameters: best.parameters(target), routes })
    }

    /// Routes of a call inside a body, in order of preference.
    pub(super) fn of_call<'m>(&'m self, call: &Call, host: Option<&str>) -> Vec<&'m Route> {
        self.calls.iter().filter(|route| route.fits_host(host) && route.fits_call(call)).collect()
    }

    /// Whether a call goes by a hash alone that the model does not know, and may be any of the fields that it does know.
    pub(super) fn is_unnamed(&self, call: &Call, host: Option<&str>) -> bool {
        let done = !matches!(call.outcome, CallOutcome::Failed(_) | CallOutcome::Waiting);
        let mut wanted = self.calls.iter().filter_map(|route| route.call.as_ref());
        call.kind == CallKind::Persisted
            && done
            && wanted.any(|wanted| wanted.protocol == "graphql" && wanted.kind != "persisted")
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
        let Some(best) = routes.iter().map(|r| r.shape(length)).min() else { return Vec::new() };
        let mut named: Parameters<'t> = Vec::new();
        for (name, value) in routes.iter().filter(|r| r.shape(length) == best).flat_map(|r| r.parameters(target)) {
            if !named.iter().any(|(known, _)| *known == name) {
                named.push((name, value));
            }
        }
        named
    }
}

impl Route {
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
        };
        self.segments.len() >= path.len() && self.segments.iter().zip(path).all(fits)
    }

    /// How literal its first segments are, segment by segment: the less the more.
    fn shape(&self, length: usize) -> Vec<u8> {
        let rank = |segment: &Segment| match segment {
            Segment::Literal(_) => 0,
            Segment::Parameter(_) => 1,
            Segment::Rest => 2,
        };
        self.segments.iter().take(length).map(rank).collect()
    }

    fn parameters<'t>(&self, target: &Target<'t>) -> Parameters<'t> {
        let pairs = self.segments.iter().zip(&target.segments);
        let named = pairs.filter_map(|(segment, actual)| match segment {
            Segment::Parameter(name) => Some((name.clone(), actual.clone())),
            _ => None,
        });
        named.collect()
    }
}

/// `/orders/{orderId}/**`.
fn text(segments: &[Segment]) -> String {
    if segments.is_empty() {
        return "/".to_owned();
    }
    let mut out = String::new();
    for segment in segments {
        match segment {
            Segment::Literal(text) => out.extend(["/", text]),
            Segment::Parameter(name) => out.extend(["/{", name, "}"]),
            Segment::Rest => out.push_str("/**"),
        }
    }
    out
}

/// Literals before parameters before the rest, segment by segment; then named hosts and methods, conditions, and the
/// order in the model.
fn specificity(a: &Route, b: &Route) -> Ordering {
    let shape = |r: &Route| r.shape(usize::MAX);
    let extras = |r: &Route| (r.host.is_none(), r.method.is_none(), r.condition.is_none(), r.order);
    shape(a).cmp(&shape(b)).then_with(|| extras(a).cmp(&extras(b)))
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
    use super::*;

    fn route(index: usize, method: &str, path: &str) -> Route {
        let segments: Vec<Segment> = path
            .split('/')
            .filter(|s| !s.is_empty())
            .map(|s| match s.strip_prefix('{').and_then(|s| s.strip_suffix('}')) {
                Some(name) => Segment::Parameter(name.into()),
                None if s == "**" => Segment::Rest,
                None => Segment::Literal(s.into()),
            })
            .collect();
        Route {
            activity: ActivityId(index as u16),
            condition: None,
            method: Some(method.into()),
            template: text(&segments).into(),
            segments,
            host: None,
            call: None,
            order: index,
        }
    }

    fn operations(routes: &[(&str, &str)]) -> Operations {
        let mut operations = Operations::default();
        for (i, (method, path)) in routes.iter().enumerate() {
            let route = route(i, method, path);
            let matcher =
                Matcher { method: route.method, template: route.segments, host: None, call: None, condition: None };
            operations.add(ActivityId(i as u16), &matcher, i);
        }
        operations.by_length.iter_mut().for_each(|routes| routes.sort_by(specificity));
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
            Some((matched.template.to_string(), matched.routes.first().map(|r| r.activity.0)))
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

//! What a route leads to, whatever its host, its version and the words before them: two routes to one task are two doors
//! to one room.

use crate::event::{Event, is_call};

/// Words that stand before what a route is about, and say nothing of it.
const BEFORE: [&str; 16] = [
    "api", "apis", "app", "beta", "alpha", "external", "gateway", "internal", "legacy", "mobile", "old", "private",
    "public", "rest", "services", "web",
];
/// Most words that stand before.
const MOST: usize = 4;

/// What a route leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::compare::course) struct Task {
    /// Its name: by the model's activity, else by method and path without what stands before; with the site.
    pub(in crate::compare::course) name: String,
    /// The version that the route names, as a number that is greater for a newer one; 0 for none.
    pub(super) version: u32,
}

impl Task {
    /// The task of an event with a named operation.
    pub(in crate::compare::course) fn of(event: &Event, operation: &str) -> Task {
        let site = site(event.host.as_deref().unwrap_or_default());
        let (bare, version) = if is_call(operation) { (operation.to_owned(), 0) } else { bare(operation) };
        let name =
            event.activity.as_deref().map_or_else(|| format!("{site} {bare}"), |name| format!("{site} = {name}"));
        Task { name, version }
    }
}

impl Task {
    /// What an operation is about, whatever it does with it: `/orders` for `POST /v2/orders` and `GET /orders/{id}`. A call
    /// inside a body does not say.
    pub(in crate::compare::course) fn resource(event: &Event, operation: &str) -> Option<String> {
        let path = (!is_call(operation)).then(|| bare(operation).0)?;
        let path = path.split_once('/').map_or("", |(_, path)| path).trim_end_matches("/{}").to_owned();
        Some(format!("{} {path}", site(event.host.as_deref().unwrap_or_default())))
    }
}

/// The last two labels of a host's name; an address is its own.
fn site(host: &str) -> &str {
    if host.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b':')) {
        return host;
    }
    let mut dots = host.rmatch_indices('.').skip(1);
    dots.next().map_or(host, |(at, _)| host.get(at + 1..).unwrap_or(host))
}

/// An operation without what stands before, and the version that stands there. Names of parameters say nothing.
fn bare(operation: &str) -> (String, u32) {
    let (method, path) = operation.split_once(' ').unwrap_or(("", operation));
    let mut version = 0;
    let mut segments = path.split('/').filter(|segment| !segment.is_empty()).peekable();
    for _ in 0..MOST {
        let Some(segment) = segments.peek() else { break };
        match version_of(segment) {
            Some(found) => version = found,
            None if BEFORE.contains(&segment.to_ascii_lowercase().as_str()) => {}
            None => break,
        }
        segments.next();
    }
    let mut name = method.to_owned();
    for segment in segments {
        name.push('/');
        name.push_str(if segment.starts_with('{') && segment.ends_with('}') { "{}" } else { segment });
    }
    (name, version)
}

/// The version that a segment is: `v2`, `v1.1` or `2024-05-01`.
fn version_of(segment: &str) -> Option<u32> {
    let number =
        |text: &str| (text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten();
    if let Some(rest) = segment.strip_prefix(['v', 'V']) {
        let (major, minor): (&str, &str) = rest.split_once('.').unwrap_or((rest, "0"));
        let (major, minor): (u32, u32) = (number(major)?, number(minor)?);
        return major.checked_mul(10_000)?.checked_add(minor);
    }
    let parts: Vec<u32> = segment.split('-').map(number).collect::<Option<_>>()?;
    match parts[..] {
        [year @ 2000..2100, month @ 1..=12, day @ 1..=31] => Some(year * 10_000 + month * 100 + day),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_to_one_task_have_one_name() {
        let refund = "POST/orders/{}/refund".to_owned();
        for (operation, version) in [
            ("POST /orders/{orderId}/refund", 0),
            ("POST /api/v2/orders/{id}/refund", 20_000),
            ("POST /internal/v1.1/orders/{order}/refund", 10_001),
            ("POST /2024-05-01/orders/{order}/refund", 20_240_501),
        ] {
            assert_eq!(bare(operation), (refund.clone(), version), "{operation}");
        }
        assert_ne!(bare("GET /orders/{orderId}/refund").0, refund);
        assert_ne!(bare("POST /admin/orders/{orderId}/refund").0, refund, "what is for others is another task");
        assert_eq!(bare("GET /api/v1"), ("GET".to_owned(), 10_000));
        assert_eq!(bare("GET /version/vast"), ("GET/version/vast".to_owned(), 0));
    }

    #[test]
    fn a_site_is_what_a_name_ends_with() {
        assert_eq!(site("api.shop.example"), "shop.example");
        assert_eq!(site("shop.example"), "shop.example");
        assert_eq!(site("10.0.0.7"), "10.0.0.7");
        assert_eq!(site("localhost"), "localhost");
    }
}

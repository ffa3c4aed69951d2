//! Where a description's paths begin: base paths and hosts of its servers.

use std::sync::Arc;

use super::template;
use super::tree::{At, Tree};
use crate::model::Segment;

/// Most servers of one list.
const SERVERS: usize = 64;
/// Most base paths of one list, once variables have their values.
const BASES: usize = 32;
/// Most values of one variable.
const VALUES: usize = 16;

/// What comes before the paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Base {
    /// Pattern of the host, where the server names one.
    pub(super) host: Option<Arc<str>>,
    /// Segments of the base path.
    pub(super) segments: Vec<Segment>,
}

/// Bases of a list of servers (OpenAPI 3), each once; where none is given, paths begin at the root.
pub(super) fn of_list(tree: &Tree<'_>, servers: At) -> Vec<Base> {
    let mut bases = Vec::new();
    for server in tree.items(servers).take(SERVERS) {
        let Some(url) = tree.get(server, "url").and_then(|url| tree.text(url)) else { continue };
        let (host, path) = split(url);
        let variables = tree.get(server, "variables");
        for path in with_values(tree, variables, path) {
            // A base path that cannot be matched is as good as none.
            let segments = template::segments(&path).unwrap_or_default();
            add(&mut bases, Base { host: host.clone(), segments });
        }
    }
    or_root(bases)
}

/// The base of `host` and `basePath` (Swagger 2.0).
pub(super) fn of_swagger(tree: &Tree<'_>, root: At) -> Vec<Base> {
    let text = |key: &str| tree.get(root, key).and_then(|at| tree.text(at)).unwrap_or_default();
    let segments = template::segments(text("basePath")).unwrap_or_default();
    vec![Base { host: host(text("host")), segments }]
}

fn add(bases: &mut Vec<Base>, base: Base) {
    if bases.len() < BASES && !bases.contains(&base) {
        bases.push(base);
    }
}

fn or_root(bases: Vec<Base>) -> Vec<Base> {
    if bases.is_empty() { vec![Base::default()] } else { bases }
}

/// Host and path of `https://api.example.com:8443/v1?x`, `//api.example.com/v1`, `/v1` or `v1`.
fn split(url: &str) -> (Option<Arc<str>>, &str) {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let authority = url.split_once("://").map(|(_, rest)| rest).or_else(|| url.strip_prefix("//"));
    let Some(rest) = authority else { return (None, url) };
    let (authority, path) = rest.split_at_checked(rest.find('/').unwrap_or(rest.len())).unwrap_or((rest, ""));
    (host(authority), path)
}

/// The pattern of a host: without user, port and case, with a star for each variable.
fn host(authority: &str) -> Option<Arc<str>> {
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let mut pattern = String::new();
    let mut rest = authority;
    while let Some((before, inner)) = rest.split_once('{') {
        pattern.push_str(before);
        pattern.push('*');
        rest = inner.split_once('}').map_or("", |(_, after)| after);
    }
    pattern.push_str(rest);
    let name = match pattern.rsplit_once(':') {
        Some((name, port)) if port == "*" || port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => &pattern,
    };
    let says = name.bytes().any(|b| b.is_ascii_alphanumeric());
    says.then(|| name.to_ascii_lowercase().into())
}

/// A base path with its variables replaced: by each of their values where these are listed, else by the default and by
/// whatever stands there.
fn with_values(tree: &Tree<'_>, variables: Option<At>, path: &str) -> Vec<String> {
    let mut paths = vec![String::new()];
    let mut rest = path;
    while let Some((before, inner)) = rest.split_once('{') {
        let Some((name, after)) = inner.split_once('}') else { break };
        let values = values(tree, variables.and_then(|all| tree.get(all, name)), name);
        let longer = paths.iter().flat_map(|path| values.iter().map(move |value| format!("{path}{before}{value}")));
        paths = longer.take(BASES).collect();
        rest = after;
    }
    paths.into_iter().map(|path| path + rest).collect()
}

fn values(tree: &Tree<'_>, variable: Option<At>, name: &str) -> Vec<String> {
    let one = |key: &str| variable.and_then(|variable| tree.get(variable, key));
    let listed = one("enum").map(|list| tree.items(list).take(VALUES).filter_map(|at| tree.text(at)).collect());
    let listed: Vec<&str> = listed.unwrap_or_default();
    if !listed.is_empty() {
        return listed.into_iter().map(str::to_owned).collect();
    }
    let default = one("default").and_then(|at| tree.text(at)).map(str::to_owned);
    default.into_iter().chain([format!("{{{name}}}")]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bases(servers: &str) -> Vec<String> {
        let tree = Tree::read(servers).unwrap();
        let bases = of_list(&tree, tree.root().unwrap());
        let path = |base: &Base| base.segments.iter().map(|s| format!("/{s}")).collect::<String>();
        bases.iter().map(|base| format!("{}{}", base.host.as_deref().unwrap_or_default(), path(base))).collect()
    }

    #[test]
    fn servers_give_hosts_and_base_paths() {
        assert_eq!(bases("[{url: 'https://API.example.com:8443/v1/'}, {url: /v1}]"), ["api.example.com/v1", "/v1"]);
        assert_eq!(bases("[{url: //u@h.example/a}, {url: v2}]"), ["h.example/a", "/v2"]);
        assert_eq!(bases("[{url: 'https://{region}.api.example:{port}'}]"), ["*.api.example"]);
        assert_eq!(bases("[{url: 'https://{anywhere}/x'}]"), ["/x"]);
        assert_eq!(bases("[]"), [""]);
        assert_eq!(bases("[{}]"), [""]);
    }

    #[test]
    fn variables_of_base_paths_have_their_values() {
        let listed = "[{url: '/{stage}/v1', variables: {stage: {default: prod, enum: [prod, test]}}}]";
        assert_eq!(bases(listed), ["/prod/v1", "/test/v1"]);
        let open = "[{url: '/{base}', variables: {base: {default: api/v1}}}]";
        assert_eq!(bases(open), ["/api/v1", "/{base}"]);
        assert_eq!(bases("[{url: '/{base}/x'}]"), ["/{base}/x"]);
        let many = format!("[{{url: '/{}'}}]", "{a}/".repeat(9));
        assert_eq!(bases(&many).len(), 1);
        let product = "[{url: '/{a}/{b}', variables: {a: &v {enum: [0,1,2,3,4,5,6,7,8,9]}, b: *v}}]";
        assert_eq!(bases(product).len(), BASES);
    }
}

//! Templates of traffic that others recorded, held against what a reader makes of its paths. Skipped without `OFFPATH_CORPUS`.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::seen::{Seen, events};
use crate::support::{code, offpath};
use crate::templates::share;

/// Beginnings of file names, and the templates of their paths that hold values. `**` is any more of the path. Every other
/// path, of these files and of the others, is a name of its own: a page, a script, an image, a form, an endpoint.
const READ: [(&str, &[&str]); 8] = [
    ("harviewer__selenium__tests__hars__issue-23", &["/selenium/tests/hars/{}/**"]),
    ("harviewer__selenium__tests__hars__issue-61", &["/harviewer/{}/**"]),
    ("harviewer__selenium__tests__hars__issue-78__json", &["/posts/{}"]),
    (
        "harviewer__selenium__tests__hars__",
        &[
            "/firebug/tests/content/net/{}/**",
            "/firebug/tests/content/branches/1.9/net/{}/**",
            "/softwareishard.com/firebug/tests/{}/**",
        ],
    ),
    ("harviewer__selenium__tests__hars__www-cnn-com", &["/primary/{}", "/{}/idimage.aspx"]),
    ("harviewer__webapp__examples__softwareishard", &["/blog/firebug/{}"]),
    ("mitmproxy__test__mitmproxy__data__", &["/meval/{}", "/packages/{}/{}/{}/**"]),
    ("pcap2har__tests__sajal", &["/newsportal/business/{}.html"]),
];

/// The template of a path, as somebody reads it.
fn read(file: &str, path: &str) -> String {
    // What follows `;` in a segment names no resource.
    let names = path.split('/').map(|segment| segment.split(';').next().unwrap_or_default());
    let segments: Vec<&str> = names.filter(|segment| !segment.is_empty()).collect();
    let of_file = READ.iter().filter(|(begin, _)| file.starts_with(begin)).flat_map(|(_, templates)| *templates);
    let found = of_file.filter_map(|template| {
        let (own, more) = template.strip_suffix("/**").map_or((*template, false), |own| (own, true));
        let parts: Vec<&str> = own.split('/').skip(1).collect();
        let fits = segments.len() >= parts.len()
            && (more || segments.len() == parts.len())
            && parts.iter().zip(&segments).all(|(part, segment)| fits(part, segment));
        fits.then(|| parts.iter().chain(segments.iter().skip(parts.len())).map(|part| format!("/{part}")).collect())
    });
    found.into_iter().next().unwrap_or_else(|| format!("/{}", segments.join("/")))
}

/// Whether a segment is a part of a template, with its value in braces.
fn fits(part: &str, segment: &str) -> bool {
    match part.split_once("{}") {
        Some((begin, end)) => segment.len() > part.len() - 2 && segment.starts_with(begin) && segment.ends_with(end),
        None => part == segment,
    }
}

/// Archives that hold exchanges; files that nobody could read are not among them.
fn archives(corpus: &Path) -> Vec<(String, PathBuf)> {
    let files = std::fs::read_dir(corpus).unwrap().map(|file| file.unwrap());
    let named = files.map(|file| (file.file_name().into_string().unwrap(), file.path()));
    let mut archives: Vec<_> = named.filter(|(name, _)| name.ends_with(".har")).collect();
    archives.retain(|(_, path)| {
        let output = offpath(&["inspect", "-q", "--format", "json", path.to_str().unwrap()]);
        let run: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        code(&output) == 0 && run["exchanges"].as_u64().unwrap_or(0) > 0
    });
    archives.sort();
    archives
}

#[test]
fn paths_that_others_recorded_have_the_templates_that_a_reader_gives_them() {
    let Some(corpus) = std::env::var_os("OFFPATH_CORPUS") else {
        eprintln!("skipped: OFFPATH_CORPUS is not set");
        return;
    };
    let mut all: Vec<(Seen, String)> = Vec::new();
    for (name, path) in archives(&PathBuf::from(corpus).join("har")) {
        // Of what was refused or not answered nothing is learnt, and its path may be anything.
        let known = events(&path, None).into_iter().filter(|event| !event.operation.is_empty());
        all.extend(known.map(|event| {
            let expected = format!("{} {}", event.method, read(&name, &event.path));
            (event, expected)
        }));
    }
    let share = share("archives of others", all.iter().map(|(event, expected)| (event, expected.clone())));
    assert!(all.len() > 400 && share >= 0.98, "{share} of {}", all.len());
}

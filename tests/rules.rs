//! `docs/rules.md` is what the rule files say. `OFFPATH_REWRITE=1 cargo test --test rules` rewrites it.

use std::path::Path;

#[test]
fn the_rules_page_is_what_the_rule_files_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md");
    let book = offpath::rule::book();
    if std::env::var_os("OFFPATH_REWRITE").is_some() {
        std::fs::write(&path, &book).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == book, "docs/rules.md is out of date: run OFFPATH_REWRITE=1 cargo test --test rules");
}

#[test]
fn every_link_of_the_rules_page_has_its_heading() {
    let book = offpath::rule::book();
    let anchors: Vec<String> = book
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .map(|heading| heading.to_lowercase().replace(['(', ')', '`'], "").replace(' ', "-"))
        .collect();
    let links: Vec<&str> = book.split("](#").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    assert_eq!(links.len(), offpath::rule::catalogue().len());
    for link in links {
        assert!(anchors.iter().any(|anchor| anchor == link), "{link} leads nowhere");
    }
}

//! Layouts of real and damaged models: the same meaning, the same comments, and nothing left to do.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::model::starter;

const COMPLETE: &str = include_str!("../../../tests/models/complete.yaml");

/// Every model of the tests and of the generator, and those to start from.
fn models() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![root.join("fixtures/order-to-cash/model.yaml"), root.join("tests/models/complete.yaml")];
    for folder in ["tests/models/good", "tests/models/bad"] {
        files.extend(std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()));
    }
    let page = std::fs::read_to_string(root.join("docs/model.md")).unwrap();
    let blocks = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut texts: Vec<String> = blocks.map(str::to_owned).collect();
    texts.extend(files.iter().map(|file| std::fs::read_to_string(file).unwrap()));
    texts.extend(starter::Kind::ALL.map(|kind| starter::text(kind).to_owned()));
    texts
}

fn comments(text: &str) -> Vec<String> {
    Source::read(text).unwrap().comments.iter().map(|comment| comment.text.to_owned()).collect()
}

/// The laws of a layout, for a text that is laid out.
fn holds(text: &str, laid: &str) {
    let (before, after) = (document::read(text).unwrap(), document::read(laid).unwrap());
    assert!(same(&before.shape, &after.shape), "{text}\n---\n{laid}");
    assert_eq!(comments(text), comments(laid));
    assert_eq!(layout(laid).as_deref(), Ok(laid), "{text}");
    assert!(laid.lines().all(|line| line == line.trim_end()), "{laid}");
}

#[test]
fn every_model_keeps_its_meaning_and_its_comments() {
    let mut laid_out = 0;
    for text in models() {
        match layout(&text) {
            Ok(laid) => {
                holds(&text, &laid);
                laid_out += 1;
            }
            Err(refusal) => {
                let yaml = document::read(&text).is_ok();
                assert!(
                    !yaml || refusal.why().contains("anchor") || refusal.why().contains("text"),
                    "{}\n{text}",
                    refusal.why()
                );
            }
        }
    }
    assert!(laid_out > 40, "{laid_out}");
}

#[test]
fn lines_are_laid_out_alike() {
    let text = "# head\noffpath:   1\nworkflow: {id: x,version: 1}  # who\nobjects:\n    order:   {key: [ path.a,  path.b ]}   # ours\n    \
                # a note\n    payment: {key: path.p}  # theirs\n    # - gone: {}\nactivities:\n    a:   {http: POST /a}\n    longer: { http: POST /b , object: order }\n\n\n    \
                b:\n       http: \"POST /c\"\n       ok: >-\n          res.a == 1\n          && res.b == 2\n# end\n";
    let laid = layout(text).unwrap();
    let wanted = "# head\noffpath: 1\nworkflow: {id: x, version: 1}  # who\n\nobjects:\n  order: {key: [path.a, path.b]}  # ours\n  # a note\n  \
                  payment: {key: path.p}  # theirs\n  # - gone: {}\n\nactivities:\n  a:      {http: POST /a}\n  longer: {http: POST /b, object: order}\n\n  \
                  b:\n    http: \"POST /c\"\n    ok: >-\n      res.a == 1\n      && res.b == 2\n# end\n";
    assert_eq!(laid, wanted);
    holds(text, &laid);
}

#[test]
fn what_is_too_wide_becomes_a_block() {
    let long = format!(
        "constraints:\n  - {{id: a, always: \"{}\", severity: low}}  # why\n",
        "x == 1 && ".repeat(18) + "x == 2"
    );
    let laid = layout(&long).unwrap();
    assert!(laid.contains("  - id: a\n    always: \"x == 1") && laid.contains("severity: low  # why\n"), "{laid}");
    holds(&long, &laid);
}

#[test]
fn comments_that_cannot_be_kept_are_told_with_their_place() {
    let text = "a: [x, # first\n  y, {b: 1, # third\n  c: 2}]  # last\n";
    let laid = layout(text).unwrap();
    assert_eq!(laid, "a:\n  - x     # first\n  - y\n  - b: 1  # third\n    c: 2  # last\n");
    holds(text, &laid);
    let text = "a: [[x, # first\n  y]]\n";
    let refusal = layout(text).unwrap_err();
    assert_eq!((refusal.place(text), refusal.why().contains("inside of brackets")), ((1, 9), true));
    for text in [
        "a: !t x\n",
        "- - x\n",
        "a: \"x\n\n  y\"\n",
        "a: |2\n    x\n",
        "- # c\n  a: 1\n",
        "a: {b: 1",
        "? a\n: b\n# x\n",
    ] {
        match layout(text) {
            Ok(laid) => holds(text, &laid),
            Err(refusal) => assert!(!refusal.why().is_empty()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn damaged_models_are_laid_out_rightly_or_refused(
        at in 0..6000usize,
        length in 0..30usize,
        patch in "[-{}\\[\\]:,&*!|>'\"@%#? \n\u{e9}a1]{0,6}",
    ) {
        let mut text: Vec<char> = COMPLETE.chars().collect();
        let at = at.min(text.len());
        let end = (at + length).min(text.len());
        text.splice(at..end, patch.chars());
        let text: String = text.into_iter().collect();
        if let Ok(laid) = layout(&text) {
            holds(&text, &laid);
        }
    }

    #[test]
    fn small_documents_are_laid_out_rightly_or_refused(text in "([ab]: |- |# c\n|\n| {1,4}|\\{a: b\\}|\\[a, b\\]|x|'y z'|# d){1,24}") {
        if let Ok(laid) = layout(&text) {
            holds(&text, &laid);
        }
    }
}

#[test]
fn line_ends_stay_what_they_are() {
    for text in starter::Kind::ALL.map(starter::text) {
        let laid = layout(text).unwrap();
        let other = laid.replace('\n', "\r\n");
        assert_eq!(layout(&other).as_deref(), Ok(other.as_str()));
        assert_eq!(layout(&text.replace('\n', "\r\n")).as_deref(), Ok(other.as_str()));
    }
}

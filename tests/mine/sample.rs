//! Drafts of the generator's scenario.

use std::fs;
use std::path::{Path, PathBuf};

use offpath_fixtures::{Abuse, Format, Options};
use serde_json::Value;

use crate::support::{code, counts, lines, offpath, sample, stderr, stdout};
use crate::{lawful, mined};

#[test]
fn a_mined_draft_fits_the_traffic_that_it_was_mined_from() {
    let folder = tempfile::tempdir().unwrap();
    let capture = sample().join("capture.pcapng.gz").display().to_string();
    let draft = folder.path().join("draft.model.yaml").display().to_string();
    let output = offpath(&["mine", &capture, "-o", &draft]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).contains("order"));
    let again = offpath(&["mine", &capture, "-o", &draft]);
    assert_eq!(code(&again), 2, "an existing model is never overwritten");
    for source in ["capture.pcapng.gz", "capture.har.gz", "access.jsonl", "access.log"] {
        let draft = lawful(&[&sample().join(source)]);
        assert!(draft.contains("lifecycles:") && draft.contains("check:"), "{source}:\n{draft}");
    }
}

#[test]
fn a_draft_finds_what_a_person_would_write() {
    let draft = lawful(&[&sample().join("capture.pcapng.gz")]);
    for part in [
        "create_order: {http: \"POST /orders\", object: ",
        "pay: {http: \"POST /orders/{order}/pay\", object: order}",
        "object: {order: req.metadata.orderId}",
        "parent: {order: [res.refund.orderId, path.order]}",
        "{activity: pack, from: paid, to: packed, by: [wh]",
        "# check: seen once",
        "sha256:",
    ] {
        assert!(draft.contains(part), "no `{part}` in\n{draft}");
    }
    // Ids that do not look like ids by themselves are recognised by the company they keep.
    assert!(!draft.contains("/orders/ord_"), "{draft}");
}

#[test]
fn the_untouched_draft_of_clean_traffic_finds_nothing_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("clean");
    let options = Options::whole(60, 3, Abuse::parse("none").unwrap(), out.clone());
    offpath_fixtures::write(&options).unwrap();
    for source in ["capture.pcapng", "capture.har", "access.jsonl", "access.log"] {
        let input = out.join(source);
        let draft = mined(&[&input], &[], folder.path()).unwrap();
        let run = folder.path().join("run");
        let (draft, run_name) = (draft.to_str().unwrap(), run.to_str().unwrap());
        let output =
            offpath(&["check", input.to_str().unwrap(), "--model", draft, "-o", run_name, "--exit-zero", "-q"]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let found: Vec<Value> = lines(&run.join("findings.jsonl")).into_iter().filter(counts).collect();
        assert!(found.is_empty(), "{source}: {found:#?}");
    }
}

#[test]
fn a_draft_depends_on_the_traffic_alone() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = |split: u32| {
        let out = folder.path().join(format!("split-{split}"));
        let options = Options {
            formats: [Format::Pcapng].into(),
            start_mid_case: 20_000,
            split,
            ..Options::whole(60, 11, Abuse::parse("all").unwrap(), out.clone())
        };
        offpath_fixtures::write(&options).unwrap();
        out
    };
    let whole = scenario(1).join("capture.pcapng");
    let body = |path: PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        text.lines().filter(|line| !line.starts_with("# input")).collect::<Vec<_>>().join("\n")
    };
    let reference = body(mined(&[&whole], &["--threads", "1"], folder.path()).unwrap());
    for extra in [&["--threads", "5"][..], &["--memory", "64K"]] {
        assert_eq!(body(mined(&[&whole], extra, folder.path()).unwrap()), reference, "{extra:?}");
    }
    let parts = scenario(3);
    let parts: Vec<PathBuf> = [2, 3, 1].map(|n| parts.join(format!("capture-{n:02}.pcapng"))).into();
    let parts: Vec<&Path> = parts.iter().map(PathBuf::as_path).collect();
    assert_eq!(body(mined(&parts, &[], folder.path()).unwrap()), reference);
}

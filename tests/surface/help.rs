//! Help: one screen, and three examples at the end of every page.

use crate::support::{code, offpath, stderr, stdout};

const PAGES: &[&[&str]] = &[
    &[],
    &["demo"],
    &["inspect"],
    &["exchanges"],
    &["mine"],
    &["model"],
    &["model", "lint"],
    &["model", "show"],
    &["model", "diff"],
    &["model", "fmt"],
    &["model", "new"],
    &["check"],
    &["show"],
    &["findings"],
    &["findings", "list"],
    &["findings", "suppress"],
    &["findings", "stale"],
    &["findings", "baseline"],
    &["drift"],
    &["verify"],
    #[cfg(feature = "live")]
    &["capture"],
    &["explain"],
    &["generate"],
    &["generate", "config"],
    &["generate", "completions"],
    &["generate", "man"],
    &["generate", "schema"],
];

#[test]
fn every_page_fits_one_screen_and_ends_with_three_examples() {
    for &page in PAGES {
        let short = offpath(&[page, &["-h"]].concat());
        assert_eq!(code(&short), 0, "{page:?}: {}", stderr(&short));
        assert!(stdout(&short).lines().count() <= 40, "{page:?} has {} lines", stdout(&short).lines().count());
        for text in [stdout(&short), stdout(&offpath(&[page, &["--help"]].concat()))] {
            let (_, examples) = text.split_once("\nExamples:\n").unwrap_or_else(|| panic!("{page:?}: {text}"));
            let examples: Vec<&str> = examples.lines().filter(|line| !line.trim().is_empty()).collect();
            assert_eq!(examples.len(), 3, "{page:?}: {examples:?}");
            assert!(examples.iter().all(|example| example.starts_with("  offpath ")), "{examples:?}");
        }
    }
}

#[test]
fn every_flag_of_an_example_exists() {
    for &page in PAGES {
        let text = stdout(&offpath(&[page, &["--help"]].concat()));
        let (_, examples) = text.split_once("\nExamples:\n").unwrap();
        for flag in examples.split_whitespace().filter(|word| word.starts_with("--")) {
            assert!(
                PAGES.iter().any(|&page| stdout(&offpath(&[page, &["--help"][..]].concat())).contains(flag)),
                "{page:?} shows {flag}"
            );
        }
    }
}

#[test]
fn a_mistake_shows_the_usage_and_not_the_flags_that_were_given() {
    let output = offpath(&["check", "x", "--model", "m.yaml", "--fail-onn", "high"]);
    assert_eq!(code(&output), 2);
    let text = stderr(&output);
    assert!(text.contains("Usage: offpath check [OPTIONS] <INPUT>...") && !text.contains("--model"), "{text}");
}

#[test]
fn completions_and_man_pages_know_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = stdout(&offpath(&["generate", "completions", shell]));
        assert!(script.contains("exchanges") && script.contains("redact"), "{shell}");
    }
    let folder = tempfile::tempdir().unwrap();
    let output = offpath(&["generate", "man", "-o", folder.path().to_str().unwrap()]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    for page in ["offpath.1", "offpath-check.1", "offpath-generate-config.1"] {
        let text = std::fs::read_to_string(folder.path().join(page)).unwrap();
        assert!(text.contains(".TH") && text.contains("offpath"), "{page}");
    }
    assert!(stdout(&offpath(&["generate", "man"])).contains(".SH"));
}

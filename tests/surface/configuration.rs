//! Configuration: where it comes from, what wins, what it says of itself.

use std::fs;

use crate::support::{code, stderr, stdout};
use crate::{offpath_in, shop};

#[test]
fn the_file_of_the_folder_is_used_and_announced_unless_isolated() {
    let folder = tempfile::tempdir().unwrap();
    shop(folder.path());
    fs::write(folder.path().join("offpath.yaml"), "model: shop.model.yaml\ncheck: {fail-on: medium}\n").unwrap();
    let used = offpath_in(folder.path(), &["check", "shop.log"], &[]);
    assert_eq!(code(&used), 1, "{}", stderr(&used));
    assert!(stderr(&used).contains("Configured by offpath.yaml"), "{}", stderr(&used));
    let won = offpath_in(folder.path(), &["check", "shop.log", "--fail-on", "critical"], &[]);
    assert_eq!(code(&won), 0, "{}", stderr(&won));
    let isolated = offpath_in(folder.path(), &["check", "shop.log", "--isolated"], &[]);
    assert_eq!(code(&isolated), 0, "{}", stderr(&isolated));
    assert!(!stderr(&isolated).contains("Configured"), "{}", stderr(&isolated));
    // Parents are not searched.
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).unwrap();
    let output = offpath_in(&inner, &["check", "../shop.log"], &[]);
    assert!(!stderr(&output).contains("Configured"), "{}", stderr(&output));
}

#[test]
fn a_named_file_wins_over_the_variable_and_the_variable_over_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let conf = folder.path().join("conf");
    fs::create_dir(&conf).unwrap();
    shop(&conf);
    fs::write(conf.join("a.yaml"), "threads: 1\nmodel: shop.model.yaml\n").unwrap();
    fs::write(conf.join("b.yaml"), "threads: 2\n").unwrap();
    fs::write(folder.path().join("offpath.yaml"), "threads: 3\n").unwrap();
    let threads = |args: &[&str], env: &[(&str, &str)]| {
        let output = offpath_in(folder.path(), &[&["generate", "config", "--origins"], args].concat(), env);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let line = stdout(&output).lines().find(|line| line.starts_with("threads:")).unwrap().to_owned();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let variable = [("OFFPATH_CONFIG", "conf/b.yaml")];
    assert_eq!(threads(&[], &[]), "threads: 3 # offpath.yaml:1:1");
    assert_eq!(threads(&[], &variable), "threads: 2 # conf/b.yaml:1:1");
    assert_eq!(threads(&["--config", "conf/a.yaml"], &variable), "threads: 1 # conf/a.yaml:1:1");
    assert_eq!(threads(&["--isolated"], &variable), "threads: # default");
    assert_eq!(threads(&["--threads", "7"], &[]), "threads: 7 # command line");
    let both = offpath_in(folder.path(), &["inspect", "x", "--isolated", "--config", "conf/a.yaml"], &[]);
    assert_eq!(code(&both), 2);
    // Files are found beside the file that names them.
    let output = offpath_in(folder.path(), &["check", "conf/shop.log", "--config", "conf/a.yaml", "-v"], &[]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).contains("from conf/shop.model.yaml"), "{}", stderr(&output));
}

#[test]
fn mistakes_have_spans_and_the_last_line_is_the_exit() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("offpath.yaml"), "threads: 2\ncheck:\n  fail_on: high\n").unwrap();
    let output = offpath_in(folder.path(), &["check", "x"], &[]);
    assert_eq!(code(&output), 2);
    let text = stderr(&output);
    assert!(text.contains("offpath.yaml:3:3") && text.contains("did you mean `fail-on`?"), "{text}");
    assert!(text.lines().last().unwrap().starts_with("exit 2: configuration offpath.yaml"), "{text}");
    let output = offpath_in(folder.path(), &["check", "x", "--config", "nope.yaml"], &[]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("nope.yaml"));
}

#[test]
fn the_generated_file_reads_back_whole() {
    let folder = tempfile::tempdir().unwrap();
    let file = stdout(&offpath_in(folder.path(), &["generate", "config"], &[]));
    // Everything that has a default, without its `#`.
    let placeholder = |line: &str| {
        line.split_once(": ").is_none_or(|(_, v)| v.chars().all(|c| !c.is_ascii_lowercase() && !c.is_ascii_digit()))
    };
    let lines = file.lines().filter_map(|line| {
        let bare = line.trim_start().strip_prefix("# ")?;
        let key = bare.split(':').next()?;
        let is_key = !key.contains(' ') && bare.contains(':');
        let indent = if line.starts_with("  ") { "  " } else { "" };
        (is_key && (bare.ends_with(':') || !placeholder(bare) || bare.contains("1G")))
            .then(|| format!("{indent}{bare}\n"))
    });
    let text: String = lines.collect();
    assert!(
        text.contains("memory: 1G\n")
            && text.contains("\nfail-on: high\n")
            && text.contains("check:\n  format: human\n"),
        "{text}"
    );
    fs::write(folder.path().join("offpath.yaml"), &text).unwrap();
    let output = offpath_in(folder.path(), &["explain", "exit-codes"], &[]);
    assert_eq!(code(&output), 0, "{text}\n{}", stderr(&output));
}

#[test]
fn verbose_tells_what_is_done_and_no_data() {
    let folder = tempfile::tempdir().unwrap();
    shop(folder.path());
    let output = offpath_in(folder.path(), &["check", "shop.log", "--model", "shop.model.yaml", "-v"], &[]);
    let text = stderr(&output);
    for part in ["threads", "model shop 1", "read shop.log as combined", "6 records", "reading 0."] {
        assert!(text.contains(part), "{part}: {text}");
    }
    for secret in ["anna", "ord_101", "10.0.0.7"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    fs::write(folder.path().join("offpath.yaml"), "filter: actor:anna\n").unwrap();
    let configured = stderr(&offpath_in(folder.path(), &["inspect", "shop.log", "-v"], &[]));
    assert!(configured.contains("filter is set (line 1)") && !configured.contains("anna"), "{configured}");
    assert_eq!(code(&offpath_in(folder.path(), &["inspect", "shop.log", "-v", "-q"], &[])), 2);
}

//! Which files are read, once, in an order that is nobody's choice.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use offpath_capture::{InputFormat, Options, plan};

use crate::reading::{Kept, read_content, read_names, read_path};

const LINE: &str = "10.0.0.1 - - [10/Oct/2000:13:55:36 -0700] \"GET /a HTTP/1.1\" 200 1\n";

fn name(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::create_dir_all(path.join("sub/.hidden")).unwrap();
    for file in ["b.log", "a.txt", "sub/c.log", ".d.log", "sub/.hidden/e.log"] {
        fs::write(path.join(file), line(&path.join(file))).unwrap();
    }
    folder
}

/// A line that no other file has, in whatever folder.
fn line(path: &Path) -> String {
    LINE.replace("/a ", &format!("/{} ", path.display()))
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// What is set aside, in words, without the folder.
fn aside(folder: &Path, names: &[String]) -> Vec<String> {
    let plan = plan(names, &Options::default());
    assert!(plan.errors.is_empty(), "{:?}", plan.errors);
    let folder = format!("{}/", folder.display());
    plan.aside.iter().map(|aside| aside.to_string().replace(&folder, "")).collect()
}

fn planned(names: &[String]) -> Vec<String> {
    let plan = plan(names, &Options::default());
    plan.sources.iter().flat_map(|source| source.inputs.iter().map(|input| input.name.clone())).collect()
}

#[test]
fn folders_are_read_below_sorted_and_without_hidden_files() {
    let folder = folder();
    let path = folder.path();
    assert_eq!(planned(&[name(path)]), ["a.txt", "b.log", "sub/c.log"].map(|file| name(&path.join(file))));
}

#[test]
fn globs_match_files_and_say_when_they_match_none() {
    let folder = folder();
    let path = folder.path();
    assert_eq!(planned(&[name(&path.join("*.log"))]), [name(&path.join("b.log"))]);
    assert_eq!(planned(&[name(&path.join("**/*.log"))]).len(), 2);
    read_path(&path.join("*.har")).says(&["*.har", "no file matches", "check the pattern"]);
    let empty = path.join("empty");
    fs::create_dir(&empty).unwrap();
    read_path(&empty).says(&["empty", "no file matches"]);
    read_path(&path.join("missing.log")).says(&["missing.log", "check the path"]);
}

#[cfg(unix)]
#[test]
fn links_to_folders_are_named_unless_they_lead_to_nothing_new() {
    use std::os::unix::fs::symlink;
    let (folder, other) = (folder(), folder());
    let path = folder.path();
    let link = name(&path.join("sub/link"));
    symlink(other.path(), &link).unwrap();
    symlink(path.join("sub"), path.join("inside")).unwrap();
    symlink(path, path.join("sub/round")).unwrap();
    symlink(path.join("b.log"), path.join("sub/file.log")).unwrap();
    for named in [name(path), name(&path.join("**/*.log"))] {
        let outcome = read_names(&[named], &Options::default());
        assert_eq!(outcome.errors.len(), 1, "{:?}", outcome.errors);
        outcome.says(&[&link, "a link to a folder", "not followed", "name it to read it"]);
    }
    let outcome = read_names(&[name(path), link], &Options::default());
    assert_eq!((outcome.errors, outcome.exchanges.len()), (vec![], 6));
}

#[cfg(unix)]
#[test]
fn a_pattern_is_looked_for_no_deeper_than_it_reaches() {
    let folder = folder();
    let path = folder.path();
    std::os::unix::fs::symlink("nowhere", path.join("sub/broken.log")).unwrap();
    let errors = |pattern: &str| plan(&[name(&path.join(pattern))], &Options::default()).errors.len();
    // Whoever comes to the broken link complains.
    assert_eq!(["*.log", "?.*", "*/*.log", "{sub/c,b}.log", "**/*.log"].map(errors), [0, 0, 1, 1, 1]);
    assert_eq!(planned(&[name(&path.join("{sub/c,b}.log"))]).len(), 2);
    assert_eq!(planned(&[name(&path.join("*/*.log"))]), [name(&path.join("sub/c.log"))]);
}

#[test]
fn a_file_with_pattern_letters_in_its_name_is_that_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a[1].log");
    fs::write(&path, LINE).unwrap();
    assert_eq!(read_path(&path).exchanges.len(), 1);
}

#[test]
fn a_file_named_twice_is_read_once() {
    let folder = folder();
    let path = folder.path();
    let names = [name(&path.join("b.log")), name(path), name(&path.join("sub/../b.log")), name(&path.join("b*"))];
    assert_eq!(read_names(&names, &Options::default()).exchanges.len(), 3);
}

#[test]
fn the_order_of_names_changes_nothing() {
    let folder = folder();
    let mut names = ["b.log", "a.txt", "sub/c.log", "none"].map(|file| name(&folder.path().join(file)));
    let first = read_names(&names, &Options::default());
    names.reverse();
    let second = read_names(&names, &Options::default());
    assert_eq!(format!("{:?}", first.exchanges), format!("{:?}", second.exchanges));
    assert_eq!(first.errors, second.errors);
}

#[test]
fn captures_are_one_source_and_come_first() {
    let folder = folder();
    let path = folder.path();
    fs::write(path.join("z1.pcap"), b"\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\xff\xff\0\0\x01\0\0\0").unwrap();
    fs::write(
        path.join("z2.cap"),
        b"\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a\x01\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\x1c\0\0\0",
    )
    .unwrap();
    let plan = plan(&[name(path)], &Options::default());
    let formats: Vec<Vec<InputFormat>> =
        plan.sources.iter().map(|source| source.inputs.iter().map(|input| input.format).collect()).collect();
    let log = InputFormat::CombinedLog;
    assert_eq!(formats, [vec![InputFormat::Pcap, InputFormat::Pcapng], vec![log], vec![log], vec![log]]);
}

#[test]
fn the_hash_is_of_the_whole_file_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let text = LINE.repeat(20_000);
    fs::write(&path, &text).unwrap();
    let options = Options::default();
    let whole = read_path(&path);
    let mut kept = Kept { stop_after: Some(3), ..Kept::default() };
    let source = plan(&[name(&path)], &options).sources.remove(0);
    assert_eq!(source.inputs[0].bytes, Some(text.len() as u64));
    let stopped = source.read(&options, &mut kept);
    assert_eq!(kept.exchanges.len(), 3);
    for (report, progress) in [(&whole.reports[0], whole.progress), (&stopped, kept.progress)] {
        assert_eq!((report.inputs[0].bytes, progress), (text.len() as u64, text.len() as u64));
        assert_eq!(report.inputs[0].sha256, "ebe2f17f9cf3b0bedea51d1f2832a8aebc10c84af127481c140fd4a368af6509");
    }
}

#[test]
fn keys_depend_on_the_content_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = [LINE, &LINE.replace(":36 ", ":37 ")].concat();
    fs::write(folder.path().join("a.log"), &text).unwrap();
    fs::write(folder.path().join("other"), gzip(text.as_bytes())).unwrap();
    // The log went on.
    fs::write(folder.path().join("longer.log"), text.repeat(300)).unwrap();
    let keys = |name: &str| {
        let exchanges = read_path(&folder.path().join(name)).exchanges;
        exchanges.iter().take(2).map(|exchange| exchange.key).collect::<Vec<_>>()
    };
    assert_eq!(keys("a.log"), keys("other"));
    assert_eq!(keys("a.log"), keys("longer.log"));
    assert_ne!(keys("a.log")[0], keys("a.log")[1]);
}

#[test]
fn keys_of_logs_with_a_heading_and_of_documents_depend_on_no_name() {
    let heading = "#Version: 1.0\n#Fields: date time cs-method cs-uri-stem sc-status\n";
    let day = |day: u32| format!("{heading}2026-05-{day:02} 08:05:32 GET /a 200\n");
    let document = r#"[{"time":"2026-05-17T08:05:32Z","method":"GET","path":"/a","status":200}]"#.to_owned();
    for text in [day(17), document] {
        let folder = tempfile::tempdir().unwrap();
        // Before and after it by name, a log under the same heading.
        for (file, content) in [("b", &text), ("c", &day(18))] {
            fs::write(folder.path().join(file), content).unwrap();
        }
        let keys = || read_path(folder.path()).exchanges.iter().map(|exchange| exchange.key).collect::<Vec<_>>();
        let mut before = keys();
        fs::rename(folder.path().join("b"), folder.path().join("d")).unwrap();
        let mut after = keys();
        before.sort_unstable();
        after.sort_unstable();
        assert_eq!(before.len(), 2);
        assert_eq!(before, after);
    }
}

#[test]
fn files_that_begin_alike_have_keys_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    for (file, end) in [("h1.log", "/x"), ("h2.log", "/y")] {
        fs::write(folder.path().join(file), [LINE, &LINE.replace("/a", end)].concat()).unwrap();
    }
    let keys: Vec<u64> = read_path(folder.path()).exchanges.iter().map(|exchange| exchange.key).collect();
    assert_eq!(keys.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
}

#[test]
fn equal_files_are_read_once_whatever_their_names_and_compressions() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let text = LINE.repeat(30_000).replacen("/a ", "/b ", 1);
    fs::write(path.join("a.log.gz"), gzip(text.as_bytes())).unwrap();
    fs::write(path.join("b.log"), &text).unwrap();
    fs::write(path.join("c.log"), &text).unwrap();
    let zstd = ruzstd::encoding::compress_to_vec(text.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest);
    fs::write(path.join("d.zst"), zstd).unwrap();
    // As long, and begins and ends alike.
    fs::write(path.join("e.log"), text.replace("/b ", "/c ")).unwrap();
    let expected = ["a.log.gz", "c.log", "d.zst"].map(|copy| format!("{copy} is a copy of b.log: read once"));
    assert_eq!(aside(path, &[name(path)]), expected);
    assert_eq!(planned(&[name(path)]), ["b.log", "e.log"].map(|file| name(&path.join(file))));
    let mut each: Vec<String> =
        ["a.log.gz", "b.log", "c.log", "d.zst", "e.log"].iter().map(|f| name(&path.join(f))).collect();
    each.reverse();
    assert_eq!(aside(path, &each), expected);
}

#[test]
fn a_damaged_copy_is_no_copy() {
    let folder = tempfile::tempdir().unwrap();
    let packed = gzip(LINE.repeat(30_000).as_bytes());
    let mut damaged = packed.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0x55;
    fs::write(folder.path().join("a.gz"), &packed).unwrap();
    fs::write(folder.path().join("b.gz"), damaged).unwrap();
    assert_eq!(planned(&[name(folder.path())]).len(), 2);
}

#[cfg(unix)]
#[test]
fn another_name_of_a_file_is_told() {
    let folder = folder();
    let path = folder.path();
    std::os::unix::fs::symlink(path.join("b.log"), path.join("sub/link.log")).unwrap();
    assert_eq!(aside(path, &[name(path)]), ["sub/link.log is the same file as b.log: read once"]);
    assert!(aside(path, &[name(&path.join("b.log")), name(&path.join("*.log"))]).is_empty(), "by the same name");
}

#[test]
fn a_run_folder_is_no_input() {
    let folder = folder();
    let path = folder.path();
    fs::create_dir_all(path.join("run/events")).unwrap();
    fs::create_dir_all(path.join("build")).unwrap();
    fs::write(path.join("run/run.json"), r#"{"schema_version": "1.0", "tool_version": "1", "command": "check"}"#)
        .unwrap();
    fs::write(path.join("run/events/x.log"), LINE).unwrap();
    // Another program's file of this name marks nothing.
    fs::write(path.join("build/run.json"), LINE.replace("/a", "/run")).unwrap();
    assert_eq!(aside(path, &[name(path)]), ["run is a run folder of offpath: not read as input"]);
    assert_eq!(planned(&[name(path)]).len(), 4);
    assert_eq!(planned(&[name(&path.join("**/*.log"))]).len(), 2);
    assert!(planned(&[name(&path.join("run"))]).is_empty());
}

#[test]
fn a_name_that_leads_nowhere_is_mistyped_when_nothing_else_is_read() {
    let folder = folder();
    let path = folder.path();
    let mistyped = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|file| name(&path.join(file))).collect();
        plan(&names, &Options::default()).mistyped().map(|error| error.input.clone())
    };
    assert_eq!(mistyped(&["nope.har"]), Some(name(&path.join("nope.har"))));
    assert_eq!(mistyped(&["no*.har"]), Some(name(&path.join("no*.har"))));
    assert_eq!(mistyped(&["nope.har", "b.log"]), None);
    fs::write(path.join("other.bin"), [1, 2, 3]).unwrap();
    assert_eq!(mistyped(&["other.bin"]), None);
    assert_eq!(mistyped(&["nope.har", "other.bin"]), Some(name(&path.join("nope.har"))));
}

#[test]
fn keys_of_files_that_begin_alike_depend_on_no_name() {
    let entry = |path: &str, at: u32| {
        serde_json::json!({
            "startedDateTime": "2026-05-01T10:00:00.000Z", "time": 5, "comment": "x".repeat(300),
            "request": {"method": "GET", "url": format!("http://a/{path}/{at}"), "headers": []},
            "response": {"status": 200, "headers": []},
        })
    };
    let har = |path: &str| {
        let entries: Vec<_> = (0..9).map(|at| entry(path, at)).collect();
        let creator = serde_json::json!({"name": "WebInspector", "version": "537.36"});
        serde_json::to_string_pretty(&serde_json::json!({"log": {"creator": creator, "entries": entries}})).unwrap()
    };
    let log = |last: &str| format!("{}{last}\n", LINE.repeat(2_000));
    for contents in [["a", "b", "c"].map(har), ["x", "y", "z"].map(log)] {
        let keys = |names: [&str; 3]| {
            let folder = tempfile::tempdir().unwrap();
            for (name, content) in names.iter().zip(&contents) {
                fs::write(folder.path().join(name), content).unwrap();
            }
            let outcome = read_path(folder.path());
            let of = |name: &&str| {
                let own = outcome.exchanges.iter().filter(|exchange| exchange.origin.input.ends_with(*name));
                own.map(|exchange| exchange.key).collect::<Vec<_>>()
            };
            names.iter().map(of).collect::<Vec<_>>()
        };
        let before = keys(["1", "2", "3"]);
        assert!(before.iter().all(|keys| keys.len() >= 9));
        assert_eq!(before.iter().flatten().collect::<std::collections::BTreeSet<_>>().len(), before.concat().len());
        for names in [["3", "2", "1"], ["2", "3", "1"]] {
            assert_eq!(keys(names), before, "{names:?}");
        }
    }
    // A HAR's keys do not even depend on what else is given.
    let alone = |content: &str| read_content(content).exchanges.iter().map(|e| e.key).collect::<Vec<_>>();
    assert_ne!(alone(&har("a")), alone(&har("b")));
}

#[test]
fn names_of_actors_that_nobody_bears_are_said() {
    let folder = folder();
    let path = folder.path();
    fs::copy(path.join("b.log"), path.join("copy.log")).unwrap();
    fs::write(path.join("empty.log"), "").unwrap();
    let file = |file: &str| name(&path.join(file));
    let idle = |actors: &[(&str, &str)]| {
        let actors = actors.iter().map(|(input, actor)| (file(input), (*actor).to_owned())).collect();
        let options = Options { actors, ..Options::default() };
        let said = plan(&[name(path)], &options).idle_actors(&options);
        said.join("\n").replace(&format!("{}/", path.display()), "")
    };
    assert_eq!(idle(&[("b.log", "anna"), ("sub/c.log", "bert")]), "");
    let copy = "--actor copy.log names nobody: its traffic is read from b.log, which is what --actor is to name";
    assert_eq!(idle(&[("copy.log", "anna")]), copy);
    assert_eq!(idle(&[("copy.log", "anna"), ("b.log", "bert")]), copy);
    assert_eq!(idle(&[("copy.log", "anna"), ("b.log", "anna")]), "", "anna is who it says");
    assert_eq!(idle(&[(".d.log", "anna")]), "--actor .d.log names nobody: no input of this name is read");
    assert_eq!(idle(&[("empty.log", "anna")]), "", "its error says more");
}

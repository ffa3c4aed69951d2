//! Filters and live interfaces, through the binary.
#![cfg(feature = "live")]

mod support;

use std::fs;
use std::io::Read as _;
use std::process::Command;

use serde_json::Value;
use support::traffic::{ask, flood, hash_key, interrupt, may_capture, signal, watching};
use support::{code, have, lines, offpath, sample, stderr, stdout};

fn capture() -> String {
    sample().join("capture.pcapng.gz").display().to_string()
}

#[test]
fn a_filter_that_libpcap_does_not_understand_exits_2_with_its_message() {
    for command in ["inspect", "exchanges", "mine", "check"] {
        let output = offpath(&[command, &capture(), "--bpf", "tcp prot 80"]);
        assert_eq!(code(&output), 2, "{}", stderr(&output));
        assert!(stderr(&output).contains("syntax error"), "{command}: {}", stderr(&output));
    }
}

#[test]
fn what_a_filter_holds_back_is_counted() {
    let read = |extra: &[&str]| -> Value {
        let capture = capture();
        let output = offpath(&[&["inspect", &capture, "--format", "json"], extra].concat());
        serde_json::from_str(&stdout(&output)).unwrap_or_else(|e| panic!("{e}: {}", stderr(&output)))
    };
    let all = read(&[]);
    let tcp = read(&["--bpf", "tcp"]);
    let none = read(&["--bpf", "udp port 9"]);
    assert_eq!(all["filtered"], 0);
    assert_eq!(tcp["exchanges"], all["exchanges"]);
    assert_eq!((&none["exchanges"], &none["filtered"]), (&Value::from(0), &all["inputs"][0]["records"]));
    assert_eq!(none["options"]["bpf"], "udp port 9");
    let output = offpath(&["inspect", &capture(), "--bpf", "udp port 9"]);
    assert!(stdout(&output).contains("packets held back by --bpf"), "{}", stdout(&output));
}

#[test]
fn a_filter_leaves_as_many_packets_as_tcpdump_with_it() {
    if !have("tcpdump") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("plain.pcapng");
    let packed = fs::read(capture()).unwrap();
    let mut bytes = Vec::new();
    flate2::read::MultiGzDecoder::new(&packed[..]).read_to_end(&mut bytes).unwrap();
    fs::write(&plain, bytes).unwrap();
    for filter in ["tcp[tcpflags] & tcp-syn != 0", "greater 400", "tcp dst port 8080 or ip6"] {
        let tcpdump = Command::new("tcpdump").args(["-n", "-t", "-q", "-r"]).arg(&plain).arg(filter).output().unwrap();
        let kept = stdout(&tcpdump).lines().count() as u64;
        let output = offpath(&["inspect", plain.to_str().unwrap(), "--format", "json", "--bpf", filter]);
        let run: Value = serde_json::from_str(&stdout(&output)).unwrap();
        let records = run["inputs"][0]["records"].as_u64().unwrap();
        assert_eq!(records - run["filtered"].as_u64().unwrap(), kept, "{filter}");
    }
}

#[test]
fn mistakes_about_interfaces_exit_2() {
    for (args, part) in [
        (&["inspect", "interface:lo", "interface:eth0"][..], "interface:any"),
        (&["check", "interface:lo", "a.pcap"][..], "is read alone"),
        (&["inspect", "a.pcap", "--duration", "3s"][..], "interface:eth0"),
        (&["inspect", "interface:lo", "--duration", "3"][..], "30s"),
        (&["inspect", "interface:lo", "--packets", "0"][..], "--packets"),
        (&["inspect", "interface:lo", "--bpf", "tcp prot 80"][..], "syntax error"),
    ] {
        let output = offpath(args);
        assert_eq!(code(&output), 2, "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(part), "{args:?}: {}", stderr(&output));
    }
}

#[test]
fn an_interface_that_is_not_there_exits_3_with_the_names_of_those_that_are() {
    if !may_capture() {
        return;
    }
    let output = offpath(&["exchanges", "interface:no-such0"]);
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    assert!(stderr(&output).contains("no-such0") && stderr(&output).contains("this machine has: "));
}

#[test]
fn without_the_right_to_capture_the_message_says_how_to_get_it() {
    if !may_capture() || !have("setpriv") {
        return;
    }
    let output = Command::new("setpriv")
        .args(["--bounding-set=-net_raw,-net_admin", "--inh-caps=-net_raw,-net_admin"])
        .args([env!("CARGO_BIN_EXE_offpath"), "exchanges", "interface:lo", "--packets", "1"])
        .env("OFFPATH_HASH_KEY", hash_key())
        .output()
        .unwrap();
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    assert!(stderr(&output).contains("setcap cap_net_raw"), "{}", stderr(&output));
}

#[test]
fn a_duration_ends_the_reading() {
    if !may_capture() {
        return;
    }
    let output = offpath(&["inspect", "interface:lo", "--duration", "200ms", "--bpf", "udp port 9"]);
    assert_eq!(code(&output), 4, "nothing was sent: {}", stderr(&output));
}

#[test]
fn live_exchanges_over_loopback_are_all_read_and_ctrl_c_finishes_the_output() {
    if !may_capture() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("exchanges.jsonl");
    let arguments = ["exchanges", "interface:lo", "-o", out.to_str().unwrap()];
    let (port, child) = watching(&arguments);
    for id in 0..50 {
        ask(port, id);
    }
    let (exit, said) = interrupt(child);
    assert_eq!(exit, 0, "{said}");
    assert!(said.contains("reading interface:lo") && said.contains("exit 0: 50 exchanges written"), "{said}");
    let targets: Vec<String> =
        lines(&out).iter().map(|line| line["target"].as_str().unwrap_or_default().to_owned()).collect();
    assert_eq!(targets, (0..50).map(|id| format!("/orders/{id}")).collect::<Vec<_>>());
}

#[test]
fn ctrl_c_ends_the_reading_and_the_run_folder_is_whole() {
    if !may_capture() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let (port, child) = watching(&["check", "interface:lo", "-o", run.to_str().unwrap(), "--exit-zero"]);
    for id in 0..20 {
        ask(port, id);
    }
    let (exit, said) = interrupt(child);
    assert_eq!(exit, 0, "{said}");
    let record: Value = serde_json::from_slice(&fs::read(run.join("run.json")).unwrap()).unwrap();
    assert_eq!(record["exchanges"], 20);
    assert_eq!(record["inputs"][0]["name"], "interface:lo");
    assert!(run.join("report.html").is_file() && run.join("findings.jsonl").is_file());
}

#[test]
fn a_number_of_packets_ends_the_reading() {
    if !may_capture() {
        return;
    }
    let (port, child) = watching(&["inspect", "interface:lo", "--packets", "30", "--format", "json"]);
    for id in 0..20 {
        ask(port, id);
    }
    let output = child.wait_with_output().unwrap();
    let run: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", stderr(&output)));
    assert_eq!(run["inputs"][0]["records"], 30);
    assert_eq!(run["inputs"][0]["sha256"].as_str().unwrap().len(), 64);
}

#[test]
fn what_the_kernel_drops_is_counted_and_is_a_blind_spot() {
    if !may_capture() {
        return;
    }
    let (port, child) = watching(&["inspect", "interface:lo", "--format", "json"]);
    flood(port, &child);
    signal(&child, "-INT");
    let output = child.wait_with_output().unwrap();
    let run: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", stderr(&output)));
    let not_read = run["not_read"].as_array().unwrap();
    let dropped = not_read.iter().find(|part| part["reason"] == "dropped_by_kernel");
    assert!(dropped.is_some_and(|part| part["count"].as_u64().unwrap() > 0), "{not_read:?}");
    assert!(run["blind_spots"].as_u64().unwrap() > 0);
}

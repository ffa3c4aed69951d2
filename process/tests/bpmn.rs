//! Alignments with processes in BPMN cost what pm4py says: those of the corpus, and such as pm4py mines and writes.

use std::fs::File;
use std::path::Path;
use std::process::Command;

use offpath_process::align::{Budget, Weights};
use offpath_process::{EventLog, Labels, Model, ModelLimits, XesReader, check, read_bpmn};

/// Reads a log, writes the process that it mines where there is none, and prints the cost of all alignments.
const PEER: &str = r#"
import os, sys, warnings
warnings.filterwarnings("ignore")
try:
    import pm4py
except ImportError:
    sys.exit(77)
log, process, noise = sys.argv[1:]
log = pm4py.read_xes(log)
if not os.path.exists(process):
    pm4py.write_bpmn(pm4py.discover_bpmn_inductive(log, noise_threshold=float(noise)), process, auto_layout=False)
net = pm4py.convert_to_petri_net(pm4py.read_bpmn(process))
found = pm4py.conformance_diagnostics_alignments(log, *net, multi_processing=False)
print("\n" + str(sum(int(one["cost"]) // 10000 for one in found)))
"#;

/// A log, and a process of the corpus or what share of the log is taken for noise.
const PAIRS: [(&str, Result<&str, &str>); 7] = [
    ("running-example.xes", Ok("running-example.bpmn")),
    ("receipt.xes.gz", Ok("receipt.bpmn")),
    ("running-example.xes", Err("0.0")),
    ("running-example.xes", Err("0.4")),
    ("repairExample.xes.gz", Err("0.0")),
    ("repairExample.xes.gz", Err("0.2")),
    ("roadtraffic100traces.xes", Err("0.3")),
];

#[test]
fn costs_equal_those_of_a_peer() {
    let folder = std::env::var_os("OFFPATH_CORPUS").map(|corpus| Path::new(&corpus).join("eventlogs"));
    let (Some(folder), Some(python)) = (folder.filter(|folder| folder.is_dir()), std::env::var_os("OFFPATH_PYTHON"))
    else {
        eprintln!("skipped: OFFPATH_CORPUS names no folder with eventlogs, or OFFPATH_PYTHON no Python with pm4py");
        return;
    };
    let mined = tempfile::tempdir().unwrap();
    for (at, (log, process)) in PAIRS.into_iter().enumerate() {
        let path = folder.join(log);
        let file =
            process.map_or_else(|_| mined.path().join(format!("{at}.bpmn")), |name| folder.join("models").join(name));
        let output = Command::new(&python)
            .args(["-c", PEER])
            .args([&path, &file])
            .arg(process.err().unwrap_or(""))
            .output()
            .unwrap();
        if output.status.code() == Some(77) {
            eprintln!("skipped: OFFPATH_PYTHON has no pm4py");
            return;
        }
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let peer: u64 = String::from_utf8(output.stdout).unwrap().lines().last().unwrap().parse().unwrap();
        let mut traces = EventLog::default();
        XesReader::default().read("log", File::open(&path).unwrap(), &mut traces).unwrap();
        let [process] = &read_bpmn(File::open(&file).unwrap(), Labels::Tasks).unwrap()[..] else {
            unreachable!("one process each")
        };
        let mut model = Model::new(&process.net, ModelLimits::default()).unwrap();
        let own = check(&traces, &mut model, Weights::default(), Budget::default()).measures;
        eprintln!(
            "{log} x {}: {} of {} traces fit, {} moves",
            file.display(),
            own.fitting_traces,
            own.traces,
            own.alignment_moves
        );
        assert_eq!((own.undecided_traces, own.alignment_moves), (0, peer), "{log} x {}", file.display());
    }
}

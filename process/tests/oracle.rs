//! Costs, totals and fitness equal those of pm4py and rust4pm on every log and model of the corpus.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on stops, and says what it skips"
)]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use offpath_process::align::{Budget, Verdict, Weights};
use offpath_process::{Conformance, EventLog, Model, ModelLimits, XesReader, check, read_pnml};

/// The corpus, where there is one.
fn corpus() -> Option<PathBuf> {
    let folder = std::env::var_os("OFFPATH_CORPUS").map(|corpus| Path::new(&corpus).join("eventlogs"));
    let folder = folder.filter(|folder| folder.is_dir());
    if folder.is_none() {
        eprintln!("skipped: OFFPATH_CORPUS names no folder with eventlogs");
    }
    folder
}

fn log(path: &Path) -> EventLog {
    let mut log = EventLog::default();
    let problems = XesReader::default().read("log", File::open(path).unwrap(), &mut log).unwrap();
    assert_eq!(problems, [], "{}", path.display());
    log
}

fn model(path: &Path) -> Model {
    let net = read_pnml(File::open(path).unwrap()).unwrap();
    Model::new(&net, ModelLimits::default()).unwrap()
}

fn names(log: &EventLog, activities: &[u32]) -> String {
    activities.iter().map(|activity| log.activities.name(*activity)).collect::<Vec<_>>().join("|")
}

/// Cost and traces of each variant as the oracle has them.
fn oracle_costs(path: &Path) -> BTreeMap<String, (u64, u64)> {
    let mut costs = BTreeMap::new();
    for line in fs::read_to_string(path).unwrap().lines() {
        let fields: Vec<&str> = line.splitn(4, '\t').collect();
        costs.insert(fields[3].to_owned(), (fields[1].parse().unwrap(), fields[0].parse().unwrap()));
    }
    costs
}

fn own_costs(log: &EventLog, found: &Conformance) -> BTreeMap<String, (u64, u64)> {
    let cost = |verdict: &Verdict| match verdict {
        Verdict::Optimal(cost) => *cost,
        Verdict::AtLeast(least) => panic!("undecided, at least {least}"),
    };
    let one = |(variant, verdict): &(offpath_process::Variant, Verdict)| {
        (names(log, &variant.activities), (cost(verdict), variant.traces.len() as u64))
    };
    found.variants.iter().map(one).collect()
}

#[test]
fn costs_totals_and_fitness_equal_the_oracle() {
    let Some(folder) = corpus() else { return };
    let oracle: serde_json::Value = serde_json::from_slice(&fs::read(folder.join("oracle.json")).unwrap()).unwrap();
    let mut pairs = 0;
    for (name, entry) in oracle.as_object().unwrap() {
        let Some(alignments) = entry["alignments"].as_object() else { continue };
        let log = log(&folder.join(entry["file"].as_str().unwrap()));
        for (model_name, expected) in alignments {
            let mut model = model(&folder.join(expected["pnml"].as_str().unwrap()));
            let found = check(&log, &mut model, Weights::default(), Budget::default());
            let measures = &found.measures;
            assert_eq!((measures.undecided_traces, found.unexplained_traces), (0, 0), "{name} x {model_name}");
            let Some(total) = expected["total_moves"].as_u64() else { continue };
            assert_eq!(measures.alignment_moves, total, "{name} x {model_name}");
            assert_eq!(measures.alignment_denominator, expected["denominator"].as_u64(), "{name} x {model_name}");
            let near = |own: Option<f64>, key: &str| (own.unwrap() - expected[key].as_f64().unwrap()).abs() < 1e-9;
            assert!(near(measures.log_fitness(), "log_fitness"), "{name} x {model_name}");
            assert!(near(measures.average_trace_fitness, "average_trace_fitness"), "{name} x {model_name}");
            let fitting = measures.fitting_traces as f64 * 100.0 / measures.traces as f64;
            assert!(near(Some(fitting), "percent_fitting"), "{name} x {model_name}");
            assert_eq!(expected["variants"].as_u64(), Some(measures.variants), "{name} x {model_name}");
            let costs = oracle_costs(&folder.join(expected["costs_per_variant"].as_str().unwrap()));
            assert_eq!(own_costs(&log, &found), costs, "{name} x {model_name}");
            pairs += 1;
        }
    }
    assert!(pairs >= 20, "only {pairs} pairs have costs");
}

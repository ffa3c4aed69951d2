//! Compiling nets and aligning, on the logs of `OFFPATH_CORPUS`; nothing is measured without it.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on stops")]

use std::path::{Path, PathBuf};

use divan::Bencher;
use divan::counter::ItemsCount;
use offpath_process::align::{Budget, Weights};
use offpath_process::{EventLog, Model, ModelLimits, Net, XesReader, check, read_pnml};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PAIRS: [&str; 7] = [
    "receipt__im",
    "receipt__imf02",
    "receipt__dfg",
    "helpdesk__imf02",
    "repairExample__dfg",
    "a22f0n50__given",
    "bpic2012__imf02",
];

fn main() {
    divan::main();
}

fn corpus() -> Option<PathBuf> {
    std::env::var_os("OFFPATH_CORPUS")
        .map(|corpus| Path::new(&corpus).join("eventlogs"))
        .filter(|folder| folder.is_dir())
}

fn log(folder: &Path, name: &str) -> EventLog {
    let mut log = EventLog::default();
    let bytes = std::fs::read(folder.join(format!("{name}.xes.gz"))).unwrap();
    XesReader::default().read(name, bytes.as_slice(), &mut log).unwrap();
    log
}

fn net(folder: &Path, pair: &str) -> Net {
    read_pnml(std::fs::File::open(folder.join(format!("models/{pair}.pnml"))).unwrap()).unwrap()
}

#[divan::bench(args = PAIRS)]
fn compile(bencher: Bencher<'_, '_>, pair: &str) {
    let Some(folder) = corpus() else { return };
    let net = net(&folder, pair);
    bencher.bench(|| Model::new(&net, ModelLimits::default()).unwrap());
}

#[divan::bench(args = PAIRS)]
fn align_and_explain(bencher: Bencher<'_, '_>, pair: &str) {
    let Some(folder) = corpus() else { return };
    let log = log(&folder, pair.split("__").next().unwrap());
    let model = Model::new(&net(&folder, pair), ModelLimits::default()).unwrap();
    let fresh = || model.clone();
    bencher
        .counter(ItemsCount::new(log.events().len()))
        .with_inputs(fresh)
        .bench_values(|mut model| check(&log, &mut model, Weights::default(), Budget::default()));
}

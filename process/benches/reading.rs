//! Reading event logs of each format: XES of `OFFPATH_CORPUS`, the others made here. Items are events.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on stops")]

use std::path::{Path, PathBuf};

use divan::Bencher;
use divan::counter::ItemsCount;
use offpath_process::{
    CsvReader, EventLog, ObjectLog, OcelLimits, Value, ValueKind, XesReader, read_ocel, read_ocel_sqlite,
    write_ocel_json, write_ocel_sqlite, write_ocel_xml, write_traces_csv, write_xes,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const LOGS: [&str; 5] = ["receipt", "helpdesk", "repairExample", "a22f0n50", "bpic2012"];
/// Orders of the log that is made; each has five events with an item.
const ORDERS: u32 = 10_000;

fn main() {
    divan::main();
}

/// Orders that are created, paid, packed, shipped and closed.
fn objects() -> ObjectLog {
    let mut log = ObjectLog::default();
    for order in 0..ORDERS {
        let own = log.add_object(&format!("order:{order}"), "order");
        let item = log.add_object(&format!("item:{order}"), "item");
        log.relate_object(own, item, "has");
        for (step, name) in ["create", "pay", "pack", "ship", "close"].iter().enumerate() {
            let time = i64::from(order) * 1_000_000 + step as i64 * 60_000_000;
            let event = log.add_event(&format!("e{order}-{step}"), name, Some(time));
            log.set_event(event, "by", Value::Text(format!("clerk {}", order % 50).into()), ValueKind::Text);
            log.set_event(event, "sum", Value::Float(f64::from(order)), ValueKind::Float);
            log.relate_event(event, own, "target");
            log.relate_event(event, item, "mentioned");
        }
    }
    log
}

fn xes(name: &str) -> Option<PathBuf> {
    let corpus = std::env::var_os("OFFPATH_CORPUS")?;
    Some(Path::new(&corpus).join(format!("eventlogs/{name}.xes.gz"))).filter(|path| path.is_file())
}

fn read_log(bytes: &[u8]) -> EventLog {
    let mut log = EventLog::default();
    XesReader::default().read("log", bytes, &mut log).unwrap();
    log
}

#[divan::bench(args = LOGS)]
fn xes_of_the_corpus(bencher: Bencher<'_, '_>, name: &str) {
    let Some(path) = xes(name) else { return };
    let bytes = std::fs::read(path).unwrap();
    let events = read_log(&bytes).events().len();
    bencher.counter(ItemsCount::new(events)).bench(|| read_log(&bytes));
}

#[divan::bench]
fn xes_plain(bencher: Bencher<'_, '_>) {
    let flat = objects().flatten("order").unwrap();
    let mut text = Vec::new();
    write_xes(&flat, &mut text).unwrap();
    bencher.counter(ItemsCount::new(flat.events().len())).bench(|| read_log(&text));
}

#[divan::bench]
fn csv(bencher: Bencher<'_, '_>) {
    let log = objects();
    let mut text = Vec::new();
    write_traces_csv(&log, &log.traces_of("order"), str::to_owned, &mut text).unwrap();
    bencher.counter(ItemsCount::new(log.events.len())).bench(|| {
        let mut log = EventLog::default();
        CsvReader::default().read("log", text.as_slice(), &mut log).unwrap();
        log
    });
}

#[divan::bench]
fn ocel_json(bencher: Bencher<'_, '_>) {
    let log = objects();
    let mut text = Vec::new();
    write_ocel_json(&log, &mut text).unwrap();
    let read = || read_ocel("log", text.as_slice(), &OcelLimits::default()).unwrap();
    bencher.counter(ItemsCount::new(log.events.len())).bench(read);
}

#[divan::bench]
fn ocel_xml(bencher: Bencher<'_, '_>) {
    let log = objects();
    let mut text = Vec::new();
    write_ocel_xml(&log, &mut text).unwrap();
    let read = || read_ocel("log", text.as_slice(), &OcelLimits::default()).unwrap();
    bencher.counter(ItemsCount::new(log.events.len())).bench(read);
}

#[divan::bench]
fn ocel_sqlite(bencher: Bencher<'_, '_>) {
    let log = objects();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.sqlite");
    write_ocel_sqlite(&log, &path).unwrap();
    let read = || read_ocel_sqlite(&path, &OcelLimits::default()).unwrap();
    bencher.counter(ItemsCount::new(log.events.len())).bench(read);
}

#[divan::bench]
fn flatten(bencher: Bencher<'_, '_>) {
    let log = objects();
    bencher.counter(ItemsCount::new(log.events.len())).bench(|| log.flatten("order").unwrap());
}

//! Events of a run as its table holds them.

use std::fs::File;
use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::support::{code, offpath, stderr};

/// What the table says of one event.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// Microseconds since the Unix epoch.
    pub(crate) time: i64,
    /// Place in the input, from 1: the entry of a HAR file, the line of a log.
    pub(crate) place: usize,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) operation: String,
    pub(crate) principal: Option<String>,
    /// How the principal was told.
    pub(crate) tier: String,
    pub(crate) agent: Option<String>,
    pub(crate) client: Option<String>,
    pub(crate) tenant: Option<String>,
    pub(crate) objects: Vec<String>,
    pub(crate) case: Option<String>,
}

impl Seen {
    /// Who acted, unless only an address tells.
    pub(crate) fn who(&self) -> Option<&str> {
        self.principal.as_deref().filter(|_| self.tier != "address")
    }

    /// The object that it is about.
    pub(crate) fn object(&self) -> Option<&str> {
        self.objects.first().map(String::as_str)
    }
}

/// Events of an input by time and place.
pub(crate) fn events(input: &Path, model: Option<&Path>) -> Vec<Seen> {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let mut args = vec!["check", input.to_str().unwrap(), "-o", run.to_str().unwrap(), "--exit-zero", "-q"];
    args.extend(model.iter().flat_map(|model| ["--model", model.to_str().unwrap()]));
    let output = offpath(&args);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let mut seen = Vec::new();
    for file in std::fs::read_dir(run.join("events")).unwrap() {
        let file = File::open(file.unwrap().path()).unwrap();
        for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
            read(&batch.unwrap(), &mut seen);
        }
    }
    seen.sort_by_key(|event| (event.time, event.place));
    seen
}

fn read(batch: &RecordBatch, seen: &mut Vec<Seen>) {
    let column = |name: &str| batch.column_by_name(name).unwrap();
    let text = |name: &str, row: usize| {
        let column = column(name).as_string::<i32>();
        column.is_valid(row).then(|| column.value(row).to_owned())
    };
    let told = |name: &str, row: usize| text(name, row).unwrap_or_default();
    for row in 0..batch.num_rows() {
        let objects = column("objects").as_list::<i32>().value(row);
        let objects = objects.as_string::<i32>().iter().flatten().map(str::to_owned).collect();
        let origin = told("origin", row);
        let place = origin.rsplit_once('=').and_then(|(_, place)| place.split('-').next()?.parse().ok());
        seen.push(Seen {
            time: column("time").as_primitive::<TimestampMicrosecondType>().value(row),
            place: place.unwrap_or(0),
            method: told("method", row),
            path: told("path", row),
            operation: told("operation", row),
            principal: text("principal", row),
            tier: told("tier", row),
            agent: text("agent", row),
            client: text("client", row),
            tenant: text("tenant", row),
            objects,
            case: text("case", row),
        });
    }
}

//! Events as Parquet tables of the run folder: `events/*.parquet` and `objects/*.parquet`.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanBuilder, ListBuilder, MapBuilder, RecordBatch, StringBuilder,
    TimestampMicrosecondBuilder, UInt16Builder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType, UInt16Type};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::Event;

/// Rows of one Parquet row group.
const ROW_GROUP: usize = 65_536;
/// Rows that are handed to the writer at once: as columns they take again what the events take.
const ROWS: usize = 1024;

/// Why a table could not be written or read.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {source}")]
pub struct TableError {
    path: PathBuf,
    source: TableErrorKind,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum TableErrorKind {
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Arrow(#[from] arrow::error::ArrowError),
    #[error(transparent)]
    Parquet(#[from] parquet::errors::ParquetError),
    #[error("has no column `{0}` of the expected type; it was written by another version of offpath")]
    Column(&'static str),
}

impl TableError {
    pub(super) fn new(path: PathBuf, source: TableErrorKind) -> Self {
        TableError { path, source }
    }
}

fn time_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

fn text_list() -> DataType {
    DataType::List(Arc::new(Field::new("item", DataType::Utf8, true)))
}

/// Columns of `events/*.parquet`, one row an event.
pub fn event_schema() -> SchemaRef {
    let text = |name: &str, nullable| Field::new(name, DataType::Utf8, nullable);
    let entries = Field::new(
        "entries",
        DataType::Struct(
            vec![Field::new("keys", DataType::Utf8, false), Field::new("values", DataType::Utf8, true)].into(),
        ),
        false,
    );
    Arc::new(Schema::new(vec![
        text("id", false),
        Field::new("time", time_type(), false),
        Field::new("end", time_type(), false),
        text("source", false),
        text("sensor", false),
        text("origin", false),
        text("operation", true),
        text("activity", true),
        Field::new("read", DataType::Boolean, false),
        text("principal", true),
        text("agent", true),
        text("client", true),
        text("kind", true),
        Field::new("roles", text_list(), false),
        text("tenant", true),
        text("tier", false),
        Field::new("other_principals", text_list(), false),
        Field::new("doubts", text_list(), false),
        Field::new("earlier_agents", text_list(), false),
        Field::new("scopes", text_list(), false),
        text("told_in", true),
        text("session", true),
        text("run", true),
        text("outcome", false),
        Field::new("status", DataType::UInt16, true),
        text("case", true),
        Field::new("state_before", text_list(), false),
        Field::new("state_after", text_list(), false),
        text("method", false),
        text("path", false),
        text("host", true),
        text("request_id", true),
        Field::new("objects", text_list(), false),
        Field::new("attributes", DataType::Map(Arc::new(entries), false), false),
    ]))
}

/// Columns of `objects/*.parquet`, one row an event-object relation.
pub fn object_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("event", DataType::Utf8, false),
        Field::new("type", DataType::Utf8, false),
        Field::new("key", DataType::Utf8, false),
        Field::new("qualifier", DataType::Utf8, false),
        Field::new("declared_state", DataType::Utf8, true),
    ]))
}

/// Writes events and their objects as two Parquet files of the same name.
pub struct TableWriter {
    paths: [PathBuf; 2],
    events: ArrowWriter<File>,
    objects: ArrowWriter<File>,
}

impl TableWriter {
    /// Creates `events/NAME.parquet` and `objects/NAME.parquet` under `folder`, with their folders.
    pub fn create(folder: &Path, name: &str) -> Result<Self, TableError> {
        let open = |table: &str, schema: SchemaRef| {
            let path = folder.join(table).join(format!("{name}.parquet"));
            let writer = open_writer(&path, schema).map_err(|source| TableError { path: path.clone(), source })?;
            Ok::<_, TableError>((path, writer))
        };
        let (event_path, events) = open("events", event_schema())?;
        let (object_path, objects) = open("objects", object_schema())?;
        Ok(TableWriter { paths: [event_path, object_path], events, objects })
    }

    /// Appends events in their order.
    pub fn write(&mut self, events: &[Event]) -> Result<(), TableError> {
        let [event_path, object_path] = &self.paths;
        for chunk in events.chunks(ROWS) {
            let rows = event_rows(chunk).map_err(TableErrorKind::from);
            rows.and_then(|rows| Ok(self.events.write(&rows)?))
                .map_err(|source| TableError { path: event_path.clone(), source })?;
            let rows = object_rows(chunk).map_err(TableErrorKind::from);
            rows.and_then(|rows| Ok(self.objects.write(&rows)?))
                .map_err(|source| TableError { path: object_path.clone(), source })?;
        }
        Ok(())
    }

    /// Writes the footers.
    pub fn finish(self) -> Result<(), TableError> {
        let [event_path, object_path] = self.paths;
        self.events.close().map_err(|e| TableError { path: event_path, source: e.into() })?;
        self.objects.close().map_err(|e| TableError { path: object_path, source: e.into() })?;
        Ok(())
    }
}

fn open_writer(path: &Path, schema: SchemaRef) -> Result<ArrowWriter<File>, TableErrorKind> {
    // Its own folder, not those above it: a run folder that a signal has removed must not come back.
    match path.parent().map_or(Ok(()), std::fs::create_dir) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error.into()),
        _ => {}
    }
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .build();
    Ok(ArrowWriter::try_new(File::create(path)?, schema, Some(properties))?)
}

fn texts<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    let mut builder = StringBuilder::new();
    values.for_each(|value| builder.append_option(value));
    Arc::new(builder.finish())
}

fn times(values: impl Iterator<Item = i64>) -> ArrayRef {
    let mut builder = TimestampMicrosecondBuilder::new().with_timezone("UTC");
    values.for_each(|value| builder.append_value(value));
    Arc::new(builder.finish())
}

fn text_lists<'a>(values: impl Iterator<Item = &'a [Arc<str>]>) -> ArrayRef {
    let mut builder = ListBuilder::new(StringBuilder::new());
    for list in values {
        list.iter().for_each(|item| builder.values().append_value(item));
        builder.append(true);
    }
    Arc::new(builder.finish())
}

fn doubts(events: &[Event]) -> ArrayRef {
    let mut builder = ListBuilder::new(StringBuilder::new());
    for event in events {
        event.actor.doubts.iter().for_each(|doubt| builder.values().append_value(doubt.as_str()));
        builder.append(true);
    }
    Arc::new(builder.finish())
}

fn object_lists(events: &[Event]) -> ArrayRef {
    let mut builder = ListBuilder::new(StringBuilder::new());
    for event in events {
        event.objects.iter().for_each(|object| builder.values().append_value(object.id.to_string()));
        builder.append(true);
    }
    Arc::new(builder.finish())
}

fn attribute_maps(events: &[Event]) -> Result<ArrayRef, arrow::error::ArrowError> {
    let mut builder = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    for event in events {
        for (name, value) in &event.attributes {
            builder.keys().append_value(name);
            builder.values().append_value(value.to_string());
        }
        builder.append(true)?;
    }
    Ok(Arc::new(builder.finish()))
}

fn event_rows(events: &[Event]) -> Result<RecordBatch, arrow::error::ArrowError> {
    let text = |field: fn(&Event) -> Option<&str>| texts(events.iter().map(field));
    let mut read = BooleanBuilder::new();
    let mut status = UInt16Builder::new();
    for event in events {
        read.append_value(event.read);
        status.append_option(event.status);
    }
    let ids: Vec<String> = events.iter().map(|e| e.id.to_string()).collect();
    let origins: Vec<String> = events.iter().map(|e| e.origin.to_string()).collect();
    let told = |e: &Event| e.actor.told_in.as_ref().map(|told| told.origin.to_string());
    let told: Vec<Option<String>> = events.iter().map(told).collect();
    let cases: Vec<Option<String>> = events.iter().map(|e| e.case.as_ref().map(ToString::to_string)).collect();
    let columns: Vec<ArrayRef> = vec![
        texts(ids.iter().map(|v| Some(v.as_str()))),
        times(events.iter().map(|e| e.time)),
        times(events.iter().map(|e| e.end)),
        text(|e| Some(e.source)),
        text(|e| Some(&e.sensor)),
        texts(origins.iter().map(|v| Some(v.as_str()))),
        text(|e| e.operation.as_deref()),
        text(|e| e.activity.as_deref()),
        Arc::new(read.finish()),
        text(|e| e.actor.principal.as_deref()),
        text(|e| e.actor.agent.as_deref()),
        text(|e| e.actor.client.as_deref()),
        text(|e| e.actor.told_kind()),
        text_lists(events.iter().map(|e| e.actor.roles.as_slice())),
        text(|e| e.actor.tenant.as_deref()),
        text(|e| Some(e.actor.evidence.as_str())),
        text_lists(events.iter().map(|e| e.actor.others.as_slice())),
        doubts(events),
        text_lists(events.iter().map(|e| e.actor.earlier_agents.as_slice())),
        text_lists(events.iter().map(|e| e.actor.scopes.as_slice())),
        texts(told.iter().map(Option::as_deref)),
        text(|e| e.session.as_deref()),
        text(|e| e.run.as_deref()),
        text(|e| Some(e.outcome.as_str())),
        Arc::new(status.finish()),
        texts(cases.iter().map(Option::as_deref)),
        text_lists(events.iter().map(|e| e.state_before.as_slice())),
        text_lists(events.iter().map(|e| e.state_after.as_slice())),
        text(|e| Some(&e.method)),
        text(|e| Some(&e.path)),
        text(|e| e.host.as_deref()),
        text(|e| e.request_id.as_deref()),
        object_lists(events),
        attribute_maps(events)?,
    ];
    RecordBatch::try_new(event_schema(), columns)
}

fn object_rows(events: &[Event]) -> Result<RecordBatch, arrow::error::ArrowError> {
    let pairs: Vec<_> = events.iter().flat_map(|e| e.objects.iter().map(move |o| (e, o))).collect();
    let ids: Vec<String> = pairs.iter().map(|(e, _)| e.id.to_string()).collect();
    let columns: Vec<ArrayRef> = vec![
        texts(ids.iter().map(|v| Some(v.as_str()))),
        texts(pairs.iter().map(|(_, o)| Some(&*o.id.object_type))),
        texts(pairs.iter().map(|(_, o)| Some(&*o.id.key))),
        texts(pairs.iter().map(|(_, o)| Some(&*o.qualifier))),
        texts(pairs.iter().map(|(_, o)| o.declared_state.as_deref())),
    ];
    RecordBatch::try_new(object_schema(), columns)
}

/// One event as the run folder's table holds it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the fields are the columns of `event_schema`, documented in docs/run-folder.md")]
pub struct EventRow {
    pub time: i64,
    pub id: String,
    pub end: i64,
    pub origin: String,
    pub operation: Option<String>,
    pub activity: Option<String>,
    pub principal: Option<String>,
    pub agent: Option<String>,
    pub outcome: String,
    pub status: Option<u16>,
    pub case: Option<String>,
    pub state_before: Vec<String>,
    pub state_after: Vec<String>,
    pub objects: Vec<String>,
    pub method: String,
    pub path: String,
}

impl EventRow {
    /// Number of its first frame, its entry or its line: what comes in one tick of a clock is in this order.
    fn place(&self) -> u64 {
        place_in(&self.origin)
    }
}

/// The first number of an origin as it is written: `a#b.log#line=118`, `a.pcap#frames=7-9`.
fn place_in(origin: &str) -> u64 {
    let place = origin.rsplit_once('#').and_then(|(_, place)| place.split_once('='));
    let digits = place.and_then(|(_, number)| number.split(|char: char| !char.is_ascii_digit()).next());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// The events that `wanted` picks, over all files of a run folder, sorted as events are: by time, place in the input, id.
pub fn rows(folder: &Path, mut wanted: impl FnMut(&EventRow) -> bool) -> Result<Vec<EventRow>, TableError> {
    let events = folder.join("events");
    let mut out = Vec::new();
    for path in parquet_files(&events)? {
        read_rows(&path, &mut wanted, &mut out).map_err(|source| TableError { path: path.clone(), source })?;
    }
    out.sort_by_cached_key(|row| (row.time, row.place(), row.id.clone()));
    Ok(out)
}

pub(super) fn parquet_files(folder: &Path) -> Result<BTreeSet<PathBuf>, TableError> {
    let fail = |source: std::io::Error| TableError { path: folder.to_owned(), source: source.into() };
    let mut files = BTreeSet::new();
    for entry in std::fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if path.extension().is_some_and(|e| e == "parquet") {
            files.insert(path);
        }
    }
    Ok(files)
}

fn read_rows(
    path: &Path,
    wanted: &mut impl FnMut(&EventRow) -> bool,
    out: &mut Vec<EventRow>,
) -> Result<(), TableErrorKind> {
    for batch in ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?.build()? {
        let batch = batch?;
        let row = Columns::of(&batch)?;
        for i in 0..batch.num_rows() {
            let row = row.row(i);
            if wanted(&row) {
                out.push(row);
            }
        }
    }
    Ok(())
}

type Texts<'a> = &'a arrow::array::StringArray;

/// The columns of an event table that views need.
struct Columns<'a> {
    id: Texts<'a>,
    time: &'a arrow::array::PrimitiveArray<TimestampMicrosecondType>,
    end: &'a arrow::array::PrimitiveArray<TimestampMicrosecondType>,
    origin: Texts<'a>,
    operation: Texts<'a>,
    activity: Texts<'a>,
    principal: Texts<'a>,
    agent: Texts<'a>,
    outcome: Texts<'a>,
    status: &'a arrow::array::PrimitiveArray<UInt16Type>,
    case: Texts<'a>,
    state_before: &'a arrow::array::ListArray,
    state_after: &'a arrow::array::ListArray,
    objects: &'a arrow::array::ListArray,
    method: Texts<'a>,
    path: Texts<'a>,
}

impl<'a> Columns<'a> {
    fn of(batch: &'a RecordBatch) -> Result<Self, TableErrorKind> {
        let column = |name| batch.column_by_name(name).ok_or(TableErrorKind::Column(name));
        let text = |name| column(name)?.as_string_opt::<i32>().ok_or(TableErrorKind::Column(name));
        let time =
            |name| column(name)?.as_primitive_opt::<TimestampMicrosecondType>().ok_or(TableErrorKind::Column(name));
        let list = |name| column(name)?.as_list_opt::<i32>().ok_or(TableErrorKind::Column(name));
        Ok(Columns {
            id: text("id")?,
            time: time("time")?,
            end: time("end")?,
            origin: text("origin")?,
            operation: text("operation")?,
            activity: text("activity")?,
            principal: text("principal")?,
            agent: text("agent")?,
            outcome: text("outcome")?,
            status: column("status")?.as_primitive_opt().ok_or(TableErrorKind::Column("status"))?,
            case: text("case")?,
            state_before: list("state_before")?,
            state_after: list("state_after")?,
            objects: list("objects")?,
            method: text("method")?,
            path: text("path")?,
        })
    }

    fn opt(&self, column: Texts<'a>, i: usize) -> Option<&'a str> {
        (!column.is_null(i)).then(|| column.value(i))
    }

    fn row(&self, i: usize) -> EventRow {
        let owned = |column: Texts<'a>| self.opt(column, i).map(str::to_owned);
        let text = |column: Texts<'a>| owned(column).unwrap_or_default();
        let items = |column: &arrow::array::ListArray| {
            let list = column.value(i);
            let items = list.as_string_opt::<i32>();
            items.map(|items| items.iter().flatten().map(str::to_owned).collect()).unwrap_or_default()
        };
        EventRow {
            time: self.time.value(i),
            id: text(self.id),
            end: self.end.value(i),
            origin: text(self.origin),
            operation: owned(self.operation),
            activity: owned(self.activity),
            principal: owned(self.principal),
            agent: owned(self.agent),
            outcome: text(self.outcome),
            status: (!self.status.is_null(i)).then(|| self.status.value(i)),
            case: owned(self.case),
            state_before: items(self.state_before),
            state_after: items(self.state_after),
            objects: items(self.objects),
            method: text(self.method),
            path: text(self.path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::sample;

    #[test]
    fn rows_come_back_by_case_and_in_time_order() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = TableWriter::create(folder.path(), "part-000").unwrap();
        writer.write(&[sample::rich_event(5), sample::event(2), sample::rich_event(3)]).unwrap();
        writer.finish().unwrap();

        let all = rows(folder.path(), |_| true).unwrap();
        assert_eq!(all.iter().map(|r| r.time).collect::<Vec<_>>(), [2_000_000, 3_000_000, 5_000_000]);

        let one = rows(folder.path(), |row| row.case.as_deref() == Some("order:ord_3")).unwrap();
        assert_eq!(one.len(), 1);
        assert_eq!(one[0].activity.as_deref(), Some("pay"));
        assert_eq!(one[0].state_after, ["paid"]);
        assert_eq!(one[0].objects, ["order:ord_3"]);
        assert_eq!(one[0].origin, "a.pcapng#frames=3-4");
        assert_eq!(one[0].status, Some(200));
    }

    #[test]
    fn the_place_of_a_row_is_the_first_number_of_its_origin() {
        let places = ["a.log#line=118", "a#b=2.pcap#frames=7-9", "a.har#entry=3", "gone"].map(place_in);
        assert_eq!(places, [118, 7, 3, 0]);
    }

    #[test]
    fn a_folder_without_events_names_itself() {
        let folder = tempfile::tempdir().unwrap();
        let error = rows(folder.path(), |_| true).unwrap_err().to_string();
        assert!(error.contains("events"), "{error}");
    }
}

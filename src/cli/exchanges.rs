//! `offpath exchanges`: one line an HTTP exchange, or a WebSocket message, as JSON lines, CSV or Parquet.

mod column;
mod message;
mod object;
mod record;
mod writer;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use offpath_capture::{self as capture, BlindSpot, Exchange, Message, Sink};

use super::args::{ExchangeFormat, Exchanges, Shared};
use super::filter::{EXCHANGE, Filter};
use super::pipe::Second;
use super::progress::Meter;
use super::{Console, Ended, Exit, documents, hash_key, job, redact, replace};
use crate::correlate::{Catalogue, Extractor, Redactor};
use crate::pipeline::Progress;
use column::Columns;
pub(super) use column::{Column, usual};
pub(super) use message::COLUMNS as MESSAGE_COLUMNS;
use message::MessageRecord;
use record::Asked;
pub(super) use record::COLUMNS;
pub(super) use record::Record;
use writer::Writer;

/// Runs the command.
pub(super) fn run(args: &Exchanges, shared: &Shared, console: &Console) -> Ended {
    let filter = Filter::of_flags(&args.inputs.filter, &EXCHANGE)?;
    let (level, rules) = redact::of(&args.inputs.redact);
    let key = hash_key::load(shared.hash_key.as_deref(), console)?;
    let filtered = |key: &str| filter.as_ref().is_some_and(|filter| filter.asks_for(key));
    let asked = Asked::of(|name| match args.messages {
        // Their listing shows where the WebSocket was opened.
        true => ["client", "server", "connection", "origin"].contains(&name),
        false => args.fields.is_empty() || args.fields.iter().any(|field| field == name),
    } || filtered(name) || (name == "calls" && filtered("call")));
    let wants_actors = filtered("actor") || args.fields.iter().any(|field| field == "actor");
    let extractor = wants_actors.then(|| Extractor::redacting(None, key.clone(), level).with_rules(Arc::clone(&rules)));
    let catalogue = Catalogue::of(&documents::read(&args.openapi, console)?);
    console.say_held();
    let redactor = Redactor::new(key, level).with_rules(rules);
    console.note(&format!("redaction {}", level.as_str()));
    // No line names the inputs' hashes.
    let options = capture::Options { unhashed: true, ..job::reading_options(&args.inputs, Second::AtOnce, console)? };
    for output in &args.output {
        super::output::spare_inputs(output, &args.inputs.inputs, &options)?;
    }
    let formats = formats(args)?;
    for output in &args.output {
        replace::spare_others(output, args.force, replace::is_exchanges)?;
    }
    let plan = capture::plan(&args.inputs.inputs, &options);
    if let Some(error) = plan.mistyped() {
        return Err(Exit::CannotStart(crate::finding::text::display(&error.to_string()).to_string()));
    }
    for aside in &plan.aside {
        console.say(&crate::finding::text::display(&aside.to_string()));
    }
    for idle in plan.idle_actors(&options) {
        console.say(&format!("warning: {}", crate::finding::text::display(&idle)));
    }
    let writers = match args.messages {
        true => Writers::Messages(open(formats, named(args, &MESSAGE_COLUMNS)?)?),
        false => Writers::Exchanges(open(formats, named(args, &COLUMNS)?)?),
    };
    let meter = Meter::for_console(shared);
    meter.total(plan.sources.iter().flat_map(|s| &s.inputs).filter_map(|i| i.bytes).sum());
    meter.stage("reading");
    let mut errors: Vec<String> = plan.errors.iter().map(ToString::to_string).collect();
    let period = (args.inputs.from, args.inputs.to);
    // What has no size is a pipe or an interface, or is far away.
    let live = plan.sources.iter().flat_map(|source| &source.inputs).any(|input| input.bytes.is_none());
    let mut sink = Lines {
        writers,
        live,
        redactor: &redactor,
        users: args.fields.iter().any(|field| field == "user"),
        asked,
        extractor,
        catalogue,
        filter,
        period,
        meter: &meter,
        count: 0,
        left_out: 0,
        failed: None,
    };
    for source in plan.sources {
        let report = source.read(&options, &mut sink);
        errors.extend(report.errors.iter().map(ToString::to_string));
        for input in &report.inputs {
            console.note(&format!("read {} as {}: {} bytes", input.name, input.format.as_str(), input.bytes));
        }
        if sink.failed.is_some() {
            break;
        }
    }
    let Lines { writers, count, left_out, failed, .. } = sink;
    let timings = meter.finish();
    console.note(&format!("{:.3} s", timings.get("total").copied().unwrap_or_default()));
    let finished = match writers {
        Writers::Exchanges(writers) => finish(writers),
        Writers::Messages(writers) => finish(writers),
    };
    let failed = failed.or(finished.err());
    if let Some(error) = failed {
        return if error.kind() == std::io::ErrorKind::BrokenPipe {
            Ok(Exit::Done("standard output was closed".to_owned()))
        } else {
            Err(Exit::Incomplete(format!("writing exchanges: {error}")))
        };
    }
    for error in &errors {
        console.say_always(&format!("error: {}", crate::finding::text::display(error)));
    }
    let (one, several, none) = match args.messages {
        true => ("message", "messages", "no message of a WebSocket was found in the input"),
        false => ("exchange", "exchanges", "no HTTP exchange was found in the input"),
    };
    Ok(match (errors.is_empty(), count) {
        (false, _) => Exit::Incomplete(format!("some input could not be read, see above; {count} {several} written")),
        (true, 0) if left_out > 0 => Exit::Nothing(format!("none of {left_out} {several} fits the filter")),
        (true, 0) => Exit::Nothing(none.to_owned()),
        (true, 1) => Exit::Done(format!("1 {one} written")),
        (true, _) => Exit::Done(format!("{count} {several} written")),
    })
}

/// The columns that `--fields` names.
fn named<R>(args: &Exchanges, columns: &'static [Column<R>]) -> Result<Columns<R>, Exit> {
    Columns::named(&args.fields, columns).map_err(Exit::CannotStart)
}

fn open<R: Clone + 'static>(
    formats: Vec<(ExchangeFormat, Option<&Path>)>,
    columns: Columns<R>,
) -> Result<Vec<Writer<R>>, Exit> {
    formats.into_iter().map(|(format, path)| Writer::open(format, path, columns.clone())).collect()
}

/// Finishes all of them, and says what the first one that failed says.
fn finish<R: Clone + 'static>(writers: Vec<Writer<R>>) -> std::io::Result<()> {
    let done: Vec<_> = writers.into_iter().map(Writer::finish).collect();
    done.into_iter().collect()
}

/// What is written.
enum Writers {
    Exchanges(Vec<Writer<Record>>),
    Messages(Vec<Writer<MessageRecord>>),
}

fn write<R: Clone + 'static>(writers: &mut [Writer<R>], row: &R, live: bool) -> std::io::Result<()> {
    for writer in writers {
        writer.write(row)?;
        if live {
            writer.flush()?;
        }
    }
    Ok(())
}

/// The outputs and their formats: each by its suffix unless the flag says one; standard output without any.
fn formats(args: &Exchanges) -> Result<Vec<(ExchangeFormat, Option<&Path>)>, Exit> {
    if args.output.is_empty() {
        return match args.format {
            Some(ExchangeFormat::Parquet) => {
                Err(Exit::CannotStart("--format parquet needs a file: -o exchanges.parquet".to_owned()))
            }
            format => Ok(vec![(format.unwrap_or(ExchangeFormat::Jsonl), None)]),
        };
    }
    let of = |path: &PathBuf| match (args.format, path.extension().and_then(|suffix| suffix.to_str())) {
        (Some(format), _) => Ok(format),
        (None, Some("csv")) => Ok(ExchangeFormat::Csv),
        (None, Some("parquet")) => Ok(ExchangeFormat::Parquet),
        (None, Some("jsonl" | "ndjson")) => Ok(ExchangeFormat::Jsonl),
        // Pipes and devices such as /dev/stdout have no suffix.
        (None, None) => Ok(ExchangeFormat::Jsonl),
        (None, Some(_)) => Err(Exit::CannotStart(format!(
            "-o {}: no format has this suffix; files are told by .jsonl, .csv or .parquet, or by --format",
            path.display()
        ))),
    };
    args.output.iter().map(|path| Ok((of(path)?, Some(path.as_path())))).collect()
}

/// Writes each exchange or message as it is read.
struct Lines<'a> {
    writers: Writers,
    /// Whether someone may be watching the lines come.
    live: bool,
    redactor: &'a Redactor,
    /// Whether the user that a log names is asked for.
    users: bool,
    /// What of a record is asked for.
    asked: Asked,
    /// Tells who acts, where the filter or a field asks.
    extractor: Option<Extractor>,
    /// Operations that documents describe.
    catalogue: Catalogue,
    filter: Option<Filter>,
    period: (Option<i64>, Option<i64>),
    meter: &'a Meter,
    count: u64,
    /// Exchanges or messages that do not fit the filter.
    left_out: u64,
    failed: Option<std::io::Error>,
}

impl Lines<'_> {
    fn in_period(&self, time: i64) -> bool {
        let (from, to) = self.period;
        from.is_none_or(|from| time >= from) && to.is_none_or(|to| time <= to)
    }

    /// The record of an exchange, with who acts if that is asked for.
    fn record(&self, exchange: &Exchange) -> Record {
        let mut record = Record::with(exchange, self.redactor, self.asked);
        if !self.catalogue.is_empty() {
            record.operation = self.catalogue.operation(exchange);
        }
        if let Some(extractor) = &self.extractor {
            let events = extractor.extract(exchange).events;
            let actors = events.iter().flat_map(|event| [&event.actor.principal, &event.actor.agent]).flatten();
            record.actors = actors.map(|name| self.redactor.person(name).into_owned()).collect();
        }
        let user = exchange.log.user.as_deref().filter(|_| self.users);
        record.user = user.map(|name| self.redactor.person(name).into_owned());
        record
    }

    /// Whether the filter lets an exchange, or what was said on the WebSocket that it opened, through; counts it.
    fn admits(&mut self, record: &Record) -> bool {
        let admitted = self.filter.as_ref().is_none_or(|filter| filter.admits(record));
        *(if admitted { &mut self.count } else { &mut self.left_out }) += 1;
        admitted
    }

    fn written(&mut self, done: std::io::Result<()>) -> ControlFlow<()> {
        match done {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failed = Some(error);
                ControlFlow::Break(())
            }
        }
    }
}

impl Sink for Lines<'_> {
    fn exchange(&mut self, exchange: Exchange) -> ControlFlow<()> {
        if matches!(self.writers, Writers::Messages(_)) || !self.in_period(exchange.time.0) {
            return ControlFlow::Continue(());
        }
        let record = self.record(&exchange);
        if !self.admits(&record) {
            return ControlFlow::Continue(());
        }
        let Writers::Exchanges(writers) = &mut self.writers else { return ControlFlow::Continue(()) };
        let done = write(writers, &record, self.live);
        self.written(done)
    }

    fn message(&mut self, message: Message) -> ControlFlow<()> {
        if matches!(self.writers, Writers::Exchanges(_)) || !self.in_period(message.time.0) {
            return ControlFlow::Continue(());
        }
        let opening = self.record(&message.exchange);
        if !self.admits(&opening) {
            return ControlFlow::Continue(());
        }
        let row = MessageRecord::new(&message, opening, self.redactor);
        let Writers::Messages(writers) = &mut self.writers else { return ControlFlow::Continue(()) };
        let done = write(writers, &row, self.live);
        self.written(done)
    }

    fn blind_spot(&mut self, _: BlindSpot) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn progress(&mut self, bytes: u64) {
        self.meter.read(bytes);
    }
}

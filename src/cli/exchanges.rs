//! `offpath exchanges`: one line an HTTP exchange, as JSON lines, CSV or Parquet.

mod record;
mod writer;

use std::ops::ControlFlow;

use offpath_capture::{self as capture, BlindSpot, Exchange, Sink};

use super::args::{ExchangeFormat, Exchanges, Shared};
use super::progress::Meter;
use super::{Console, Ended, Exit, hash_key, job};
use crate::correlate::Redactor;
use crate::pipeline::Progress;
use record::Record;
use writer::Writer;

/// Runs the command.
pub(super) fn run(args: &Exchanges, shared: &Shared, console: &Console) -> Ended {
    let redactor = Redactor::new(hash_key::load(shared.hash_key.as_deref(), console)?);
    let options = job::reading_options(&args.inputs, console)?;
    if let Some(output) = &args.output {
        super::output::spare_inputs(output, &args.inputs.inputs, &options)?;
    }
    let plan = capture::plan(&args.inputs.inputs, &options);
    if let Some(error) = plan.mistyped() {
        return Err(Exit::CannotStart(crate::finding::text::display(&error.to_string()).to_string()));
    }
    for aside in &plan.aside {
        console.say(&crate::finding::text::display(&aside.to_string()));
    }
    let writer = Writer::open(format(args)?, args.output.as_deref())?;
    let meter = Meter::for_console(shared);
    meter.total(plan.sources.iter().flat_map(|s| &s.inputs).filter_map(|i| i.bytes).sum());
    meter.stage("reading");
    let mut errors: Vec<String> = plan.errors.iter().map(ToString::to_string).collect();
    let period = (args.inputs.from, args.inputs.to);
    let live = args.inputs.inputs.iter().any(|input| job::is_interface(input));
    let mut sink = Lines { writer, live, redactor: &redactor, period, meter: &meter, count: 0, failed: None };
    for source in plan.sources {
        let report = source.read(&options, &mut sink);
        errors.extend(report.errors.iter().map(ToString::to_string));
        if sink.failed.is_some() {
            break;
        }
    }
    let Lines { writer, count, failed, .. } = sink;
    meter.finish();
    let failed = failed.or_else(|| writer.finish().err());
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
    Ok(match (errors.is_empty(), count) {
        (false, _) => Exit::Incomplete(format!("some input could not be read, see above; {count} exchanges written")),
        (true, 0) => Exit::Nothing("no HTTP exchange was found in the input".to_owned()),
        (true, _) => Exit::Done(format!("{count} exchanges written")),
    })
}

fn format(args: &Exchanges) -> Result<ExchangeFormat, Exit> {
    let suffix = args.output.as_deref().and_then(|path| path.extension()).and_then(|s| s.to_str());
    match (args.format, suffix) {
        (Some(ExchangeFormat::Parquet), None) if args.output.is_none() => {
            Err(Exit::CannotStart("--format parquet needs a file: -o exchanges.parquet".to_owned()))
        }
        (Some(format), _) => Ok(format),
        (None, Some("csv")) => Ok(ExchangeFormat::Csv),
        (None, Some("parquet")) => Ok(ExchangeFormat::Parquet),
        (None, _) => Ok(ExchangeFormat::Jsonl),
    }
}

/// Writes each exchange as it is read.
struct Lines<'a> {
    writer: Writer,
    /// Whether someone may be watching the lines come.
    live: bool,
    redactor: &'a Redactor,
    period: (Option<i64>, Option<i64>),
    meter: &'a Meter,
    count: u64,
    failed: Option<std::io::Error>,
}

impl Sink for Lines<'_> {
    fn exchange(&mut self, exchange: Exchange) -> ControlFlow<()> {
        let (from, to) = self.period;
        let time = exchange.time.0;
        if from.is_some_and(|from| time < from) || to.is_some_and(|to| time > to) {
            return ControlFlow::Continue(());
        }
        self.count += 1;
        let written = self.writer.write(Record::new(&exchange, self.redactor));
        let written = if self.live { written.and_then(|()| self.writer.flush()) } else { written };
        match written {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failed = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    fn blind_spot(&mut self, _: BlindSpot) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn progress(&mut self, bytes: u64) {
        self.meter.read(bytes);
    }
}

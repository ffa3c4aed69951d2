//! Reads inputs through the public API and keeps everything.

use std::ops::ControlFlow;
use std::path::Path;

use offpath_capture::{BlindSpot, Exchange, Message, Options, Sink, SourceReport, plan};

/// Everything that came out of some inputs.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) messages: Vec<Message>,
    pub(crate) blind_spots: Vec<BlindSpot>,
    pub(crate) reports: Vec<SourceReport>,
    /// All messages, of planning and reading.
    pub(crate) errors: Vec<String>,
}

impl Sink for Outcome {
    fn exchange(&mut self, exchange: Exchange) -> ControlFlow<()> {
        self.exchanges.push(exchange);
        ControlFlow::Continue(())
    }

    fn message(&mut self, message: Message) -> ControlFlow<()> {
        self.messages.push(message);
        ControlFlow::Continue(())
    }

    fn blind_spot(&mut self, spot: BlindSpot) -> ControlFlow<()> {
        self.blind_spots.push(spot);
        ControlFlow::Continue(())
    }

    fn progress(&mut self, _: u64) {}
}

impl Outcome {
    /// Asserts that all was read, and nothing was wrong with it.
    #[track_caller]
    pub(crate) fn is_clean(&self) {
        assert!(self.errors.is_empty(), "{:#?}", self.errors);
        assert!(self.blind_spots.is_empty(), "{:#?}", self.blind_spots);
        for report in &self.reports {
            assert!(report.not_read.is_empty(), "{:#?}", report.not_read);
            assert!(report.irregularities.is_empty(), "{:#?}", report.irregularities);
            assert!(report.incomplete.is_empty(), "{:#?}", report.incomplete);
            assert_eq!(report.connections_with_gaps, 0);
        }
    }
}

/// Reads one file.
pub(crate) fn read(path: &Path) -> Outcome {
    read_with_keys(path, None)
}

/// Reads one file, with a key log where it has one.
pub(crate) fn read_with_keys(path: &Path, key_log: Option<&Path>) -> Outcome {
    let key_logs = key_log.map(Path::to_owned).into_iter().collect();
    let options = Options { key_logs, ..Options::default() };
    let planned = plan(&[path.to_string_lossy().into_owned()], &options);
    let mut outcome = Outcome::default();
    outcome.errors.extend(planned.errors.iter().map(ToString::to_string));
    for source in planned.sources {
        let report = source.read(&options, &mut outcome);
        outcome.errors.extend(report.errors.iter().map(ToString::to_string));
        outcome.reports.push(report);
    }
    outcome
}

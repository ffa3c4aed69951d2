//! The stages of the analysis on machines that share nothing: what crosses between them crosses as Arrow.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod judged;
mod learnt;
#[path = "../support/mod.rs"]
mod support;

use std::ops::ControlFlow;
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use offpath::event::parcel::{self, Parcel};
use offpath::event::{self, Event};
use offpath_capture::{BlindSpot, Exchange, Options, Sink, Source};

/// Bytes on their way between machines.
struct Sent(Vec<u8>);

impl Sent {
    fn of(batch: &RecordBatch) -> Sent {
        let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
        writer.write(batch).unwrap();
        Sent(writer.into_inner().unwrap())
    }

    fn events(events: &[Event]) -> Sent {
        Sent::of(&event::batch::encode(events).unwrap())
    }

    fn batches(&self) -> impl Iterator<Item = RecordBatch> {
        StreamReader::try_new(self.0.as_slice(), None).unwrap().map(Result::unwrap)
    }

    fn into_events(self) -> Vec<Event> {
        self.batches()
            .flat_map(|batch| event::batch::decode(&batch).unwrap().map(Result::unwrap).collect::<Vec<_>>())
            .collect()
    }

    fn values<'p, P: Parcel + 'p>(values: impl IntoIterator<Item = &'p P>) -> Sent {
        Sent::of(&parcel::encode(values).unwrap())
    }

    fn taken<P: Parcel>(&self) -> Vec<P> {
        self.batches()
            .flat_map(|batch| parcel::decode(&batch).unwrap().map(Result::unwrap).collect::<Vec<_>>())
            .collect()
    }
}

#[derive(Default)]
struct Exchanges(Vec<Exchange>);

impl Sink for Exchanges {
    fn exchange(&mut self, exchange: Exchange) -> ControlFlow<()> {
        self.0.push(exchange);
        ControlFlow::Continue(())
    }

    fn blind_spot(&mut self, _: BlindSpot) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn progress(&mut self, _: u64) {}
}

/// The exchanges of a capture.
fn exchanges(capture: &Path) -> Vec<Exchange> {
    let mut read = Exchanges::default();
    let source = Source::in_memory(capture.to_str().unwrap(), std::fs::read(capture).unwrap()).unwrap();
    source.read(&Options::default(), &mut read);
    read.0
}

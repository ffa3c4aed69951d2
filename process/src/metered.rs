//! A stream of which one element may take only so many bytes.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// Bytes handed out since the last element began.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meter(Rc<Cell<usize>>);

impl Meter {
    /// A new element begins.
    pub(crate) fn begin(&self) {
        self.0.set(0);
    }
}

/// Refuses to hand out more than `limit` bytes, and what a buffer holds, for one element.
#[derive(Debug)]
pub(crate) struct Metered<R> {
    input: R,
    meter: Meter,
    limit: usize,
}

impl<R> Metered<R> {
    pub(crate) fn new(input: R, limit: usize) -> (Self, Meter) {
        let meter = Meter::default();
        (Metered { input, meter: meter.clone(), limit }, meter)
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let used = self.meter.0.get();
        if used > self.limit {
            let what = format!("an element is longer than {} bytes", self.limit);
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        let count = self.input.read(into)?;
        self.meter.0.set(used.saturating_add(count));
        Ok(count)
    }
}

//! Tells by the beginning of a text which log it is, if any.

use std::io::Cursor;

use super::document::{Elements, Kind, Most};
use super::envelope;
use super::fault::{self, Spot};
use super::formats::{Formats, Found};
use super::refusal::Refusal;
use crate::{InputFormat, Options};

/// Looks at lines, each of which may say what those after it are.
pub(crate) struct Sniffer<'o>(Formats<'o>);

impl<'o> Sniffer<'o> {
    pub(crate) fn new(options: &'o Options) -> Self {
        Sniffer(Formats::new(options))
    }

    /// The format that a line fits, if any.
    pub(crate) fn line(&mut self, line: &[u8]) -> Option<InputFormat> {
        let text = String::from_utf8_lossy(line);
        let layers = self.0.opened(&text);
        match self.0.line(&layers, Spot::Line(0)) {
            Found::Record(_, Err(Refusal::NotJson(_))) => None,
            Found::Record(InputFormat::Mapped, Err(Refusal::Missing(..) | Refusal::NoTime(..))) => None,
            Found::Record(format, _) => Some(format),
            Found::Heading => self.0.heading.format().filter(|_| self.0.heading.has_requests()),
            Found::Other | Found::Unknown(_) => None,
        }
    }

    /// The format of a JSON document, if the text is the beginning of one that has records.
    pub(crate) fn document(&self, text: &[u8], whole: bool) -> Option<InputFormat> {
        let mut elements = Elements::new(Cursor::new(text), Most { record: text.len(), span: 0 });
        let mut cut = false;
        while let Ok(Some(element)) = elements.next() {
            if element.kind != Kind::Record {
                return Some(InputFormat::Otlp);
            }
            let bytes = element.text.filter(|_| element.whole).unwrap_or_default();
            let record = std::str::from_utf8(bytes).ok().map(|text| self.0.json(text, None));
            let shipped =
                || std::str::from_utf8(bytes).is_ok_and(|text| self.0.shipped(&envelope::open(text)).is_some());
            if shipped()
                || matches!(record, Some(Ok(_) | Err(Refusal::NoRequest | Refusal::OpenRoute | Refusal::NoTime(..))))
            {
                return Some(InputFormat::JsonDocument);
            }
            cut = !element.whole && !whole && element.offset > 0;
        }
        // A list whose first record is longer than the beginning.
        cut.then_some(InputFormat::JsonDocument)
    }

    /// Why a first line does not fit a mapping of lines that the user gave.
    pub(crate) fn unfit(options: &Options, line: &[u8]) -> Option<String> {
        let mapping = options.mapping.as_ref().filter(|mapping| mapping.reads_text())?;
        let text = String::from_utf8_lossy(line);
        if let Some(why) = mapping.lacks_heading(text.trim_end_matches('\r')) {
            return Some(why);
        }
        let mut formats = Formats::new(options);
        let layers = formats.opened(text.trim_end_matches('\r'));
        match formats.line(&layers, Spot::Line(1)) {
            Found::Unknown(fault) => Some(fault.what),
            Found::Record(_, Err(refusal)) => fault::of_refusal(refusal, Spot::Line(1)).map(|fault| fault.what),
            Found::Record(_, Ok(_)) | Found::Heading | Found::Other => None,
        }
    }

    /// Whether a whole object is one around a list of records.
    pub(crate) fn is_list(object: &[u8]) -> bool {
        let mut elements = Elements::new(Cursor::new(object), Most { record: 0, span: 0 });
        matches!(elements.next(), Ok(Some(element)) if element.offset > 0)
    }

    /// Whether a whole line is a record by itself.
    pub(crate) fn is_record(&self, line: &[u8]) -> bool {
        std::str::from_utf8(line).is_ok_and(|line| self.0.json(line, None).is_ok())
    }
}

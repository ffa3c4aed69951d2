//! All that a line or record may be, with what the user says of it.

use std::borrow::Cow;

use super::combined::{self, Parsed, Stamp};
use super::envelope::{self, Opened};
use super::fault::{Fault, Spot};
use super::fields::Fields;
use super::gin;
use super::heading::Heading;
use super::json;
use super::json_escape;
use super::layout::{self, Layouts};
use super::log_format::Described;
use super::logfmt;
use super::mapping::Mapping;
use super::meaning::Table;
use super::record::Record;
use super::refusal::Refusal;
use super::{squid, uvicorn};
use crate::clock::Reading;
use crate::{InputFormat, Limits, Options};

/// The formats, and what the lines so far said of those to come.
pub(super) struct Formats<'o> {
    pub(super) table: Table,
    limits: &'o Limits,
    layouts: Layouts,
    described: Option<&'o Described>,
    /// What the time of a common or combined line is, where the user says so.
    stamp: Option<Stamp>,
    mapping: Option<(&'o Mapping, Table)>,
    pub(super) heading: Heading,
    /// Columns' names of a mapped file that names them itself.
    columns: Option<Vec<String>>,
}

/// A record, or why it is none.
type Outcome<'l> = Result<Box<Record<'l>>, Refusal>;

/// What a line is.
pub(super) enum Found<'l> {
    /// One record, of this format.
    Record(InputFormat, Outcome<'l>),
    /// It says something of the lines to come.
    Heading,
    /// A record of another log that has this name.
    Other,
    /// Nothing that is known.
    Unknown(Fault),
}

impl<'o> Formats<'o> {
    pub(super) fn new(options: &'o Options) -> Self {
        let mut table = Table::new(&options.log_fields);
        let members = options.log_format.iter().flat_map(|format| &format.members);
        table.alias(members);
        table.name_by_hand(&options.log_fields);
        Formats {
            table,
            limits: &options.limits,
            layouts: Layouts::new(),
            described: options.log_format.as_ref().and_then(|format| format.described.as_ref()),
            stamp: options.log_format.as_ref().and_then(|format| format.stamp),
            mapping: options
                .mapping
                .as_ref()
                .map(|mapping| (&**mapping, Table::of_mapping(mapping, &options.log_fields))),
            heading: Heading::default(),
            columns: None,
        }
    }

    /// Reads a JSON object, by the mapping if there is one for JSON; an object that has none of its fields for
    /// what was asked is another log's where it is one by its names, and read as without it.
    pub(super) fn json<'l>(&self, text: &'l str, written: Option<Reading>) -> Outcome<'l> {
        let by_names = || json::parse(text, written, &self.table, self.limits, |_| {}).map(Box::new);
        let Some((mapping, table)) = self.mapping.as_ref().filter(|(mapping, _)| !mapping.reads_text()) else {
            return by_names();
        };
        let mut asked = false;
        let mapped = json::parse(text, written, table, self.limits, |fields| {
            asked = fields.says_what_was_asked();
            mapping.complete(fields);
        });
        let refusal = match mapped.map(Box::new) {
            Err(refusal @ (Refusal::Missing(..) | Refusal::OfNoRequest(..))) => refusal,
            other => return other,
        };
        // Logs share names such as `status`; what was asked is what tells whose record it is.
        match (by_names().ok().filter(|_| !asked), refusal) {
            (Some(record), _) => Ok(record),
            (None, Refusal::Missing(what, names)) => Err(mapping.lacking(what, names.shown)),
            (None, refusal) => Err(refusal),
        }
    }

    /// Takes off what is around a line; where the user describes a format, with every step on the way.
    pub(super) fn opened<'l>(&self, line: &'l str) -> Vec<Opened<'l>> {
        let described =
            self.described.is_some() || self.mapping.as_ref().is_some_and(|(mapping, _)| mapping.reads_text());
        let mut layers = if described { envelope::layers(line) } else { vec![envelope::open(line)] };
        let inner = layers.last().and_then(|last| self.shipped(last));
        layers.extend(inner);
        for layer in layers.iter_mut().filter(|layer| layer.line.starts_with('{')) {
            if let Some(repaired) = json_escape::repaired(&layer.line) {
                layer.line = Cow::Owned(repaired);
            }
        }
        layers
    }

    /// Reads a line, as [`Formats::opened`] gives it. What the user describes goes before what it looks like.
    pub(super) fn line<'l>(&mut self, layers: &'l [Opened<'_>], spot: Spot) -> Found<'l> {
        match self.by_description(layers, spot) {
            Some(Found::Unknown(_)) if layers.last().is_some_and(|last| self.is_of_another(last)) => {}
            Some(found) => return found,
            None => {}
        }
        let Some(opened) = layers.last() else { return Found::Heading };
        let text = &*opened.line;
        match text.as_bytes().first() {
            Some(b'{') => return Found::Record(InputFormat::JsonLog, self.json(text, opened.time)),
            Some(b'#') => {
                self.heading.directive(text);
                return Found::Heading;
            }
            _ => {}
        }
        let columns = match self.heading.format() {
            Some(format) => match self.columns(format, text, opened.time) {
                Ok(found) => return found,
                Err(why) => Some(why),
            },
            None => None,
        };
        match combined::parse(text, self.stamp) {
            Parsed::Record(record) => Found::Record(InputFormat::CombinedLog, Ok(record)),
            Parsed::NoRequest => Found::Record(InputFormat::CombinedLog, Err(Refusal::NoRequest)),
            Parsed::NoLine(why) => match self.by_looks(text, opened.time) {
                Some((format, record)) => Found::Record(format, record),
                None => Found::Unknown(unknown(spot, columns.as_deref(), why)),
            },
        }
    }

    /// Reads a line that fits one of the formats that are told by their shape.
    fn by_looks<'l>(&self, text: &'l str, written: Option<Reading>) -> Option<(InputFormat, Outcome<'l>)> {
        let mut fields = Fields::new(&self.table);
        let format = if let Some((format, values)) = self.layouts.read(text) {
            layout::put(values, &mut fields);
            format
        } else if let Some(values) = squid::read(text) {
            layout::put(values, &mut fields);
            InputFormat::Squid
        } else if let Some(values) = uvicorn::read(text) {
            values.into_iter().for_each(|(name, value)| fields.put(name, value));
            InputFormat::Uvicorn
        } else if let Some(values) = gin::read(text) {
            values.into_iter().for_each(|(name, value)| fields.put(name, value));
            InputFormat::Gin
        } else if logfmt::read(text, &mut fields) {
            InputFormat::Logfmt
        } else {
            return None;
        };
        let record = fields.record(written, self.limits).map(Box::new);
        let untimed = matches!(format, InputFormat::Uvicorn | InputFormat::Logfmt);
        Some((format, record.map_err(|refusal| if untimed { refusal.untimed() } else { refusal })))
    }

    /// The line that a shipper or cloud put into a JSON object of its own, where the object itself is no request.
    pub(super) fn shipped<'l>(&self, object: &Opened<'l>) -> Option<Opened<'l>> {
        if self.mapping.as_ref().is_some_and(|(mapping, _)| !mapping.reads_text()) {
            return None;
        }
        let inner = envelope::shipped(object)?;
        (self.is_line(&inner) && self.json(&object.line, object.time).is_err()).then_some(inner)
    }

    /// Whether a line that does not fit the mapping is that of another log, of a shape that nothing else has.
    fn is_of_another(&self, opened: &Opened<'_>) -> bool {
        let text = &*opened.line;
        match text.starts_with('{') {
            true => self.json(text, opened.time).is_ok(),
            false => matches!(combined::parse(text, self.stamp), Parsed::Record(_)),
        }
    }

    fn is_line(&self, opened: &Opened<'_>) -> bool {
        let text = &*opened.line;
        if text.starts_with('{') {
            return self.json(text, opened.time).is_ok();
        }
        self.described.is_some_and(|format| format.read(text).is_some())
            || self.mapping.as_ref().is_some_and(|(mapping, _)| mapping.matches(text))
            || !matches!(combined::parse(text, self.stamp), Parsed::NoLine(_))
            || self.by_looks(text, opened.time).is_some()
    }

    /// Reads a line by the format or mapping that the user gave; none when another format may fit.
    fn by_description<'l>(&mut self, layers: &'l [Opened<'_>], spot: Spot) -> Option<Found<'l>> {
        // From the inside, because an envelope and what is in it may fit a loose format too. A line that lost its own
        // time to what looked like an envelope fits none.
        let mut first = None;
        for opened in layers.iter().rev() {
            match self.described_layer(&opened.line, opened.time, spot) {
                None => {}
                Some(
                    doubtful @ (Found::Unknown(_)
                    | Found::Record(
                        _,
                        Err(Refusal::NoTime(..) | Refusal::Missing(..) | Refusal::Unmapped { .. }),
                    )),
                ) => first = first.or(Some(doubtful)),
                found => return found,
            }
        }
        first
    }

    fn described_layer<'l>(&mut self, text: &'l str, written: Option<Reading>, spot: Spot) -> Option<Found<'l>> {
        if let Some((mapping, table)) = self.mapping.as_ref().filter(|(mapping, _)| mapping.reads_text()) {
            let mut fields = Fields::new(table);
            return Some(match mapping.line(text, &mut self.columns, &mut fields) {
                Ok(None) => Found::Heading,
                Ok(Some(())) => {
                    mapping.complete(&mut fields);
                    Found::Record(InputFormat::Mapped, fields.record(written, self.limits).map(Box::new))
                }
                Err(why) => Found::Unknown(Fault {
                    what: format!("{spot} does not fit the mapping: {why}"),
                    remedy: "the other lines were analysed; `offpath inspect --mapping` shows what fits".to_owned(),
                }),
            });
        }
        let (times, values) = self.described?.read(text)?;
        let mut fields = Fields::new(&self.table);
        times.into_iter().for_each(|(name, text)| fields.put(name, text));
        layout::put(values, &mut fields);
        Some(Found::Record(InputFormat::Described, fields.record(written, self.limits).map(Box::new)))
    }

    fn columns<'l>(&self, format: InputFormat, text: &'l str, written: Option<Reading>) -> Result<Found<'l>, String> {
        let mut fields = Fields::new(&self.table);
        self.heading.line(text, &mut fields)?;
        if !self.heading.has_requests() {
            return Ok(Found::Other);
        }
        Ok(Found::Record(format, fields.record(written, self.limits).map(Box::new)))
    }
}

fn unknown(spot: Spot, columns: Option<&str>, combined: &str) -> Fault {
    let what = match columns {
        Some(why) => format!("{spot} does not fit its heading: {why}"),
        None => {
            format!("{spot} is neither a combined log line ({combined}) nor a JSON object, nor of another known format")
        }
    };
    let remedy = "the other lines were analysed; give the server's format with `--log-format`, or describe the lines in a \
                  file for `--mapping`";
    Fault { what, remedy: remedy.to_owned() }
}

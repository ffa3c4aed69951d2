//! Server-sent events (`text/event-stream`), as the HTML standard reads them.
//!
//! Lines end with CR, LF or CRLF; an empty line ends an event; what the stream's end cuts is no event. An event without
//! data is none either, but its `id` and `retry` hold for those that follow.

use std::sync::Arc;

/// One event of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamEvent {
    /// Its type; `message` unless the stream says another.
    pub event: String,
    /// Its data lines, with a line feed between two.
    pub data: String,
    /// The last id that the stream gave, up to this event; empty when it gave none. All events that it holds for share it.
    pub id: Arc<str>,
    /// The wait before a new connection that the stream last asked for, in milliseconds.
    pub retry: Option<u64>,
}

/// Reads a stream piece by piece: however the bytes are cut, the events are the same.
#[derive(Clone, Debug)]
pub struct EventStream {
    /// The line that has not ended yet.
    line: Vec<u8>,
    /// The last byte was a CR: an LF that follows belongs to it.
    after_cr: bool,
    /// No line has ended yet, so that a byte order mark may stand before the first.
    first: bool,
    event: String,
    data: String,
    has_data: bool,
    id: Arc<str>,
    retry: Option<u64>,
    /// Most bytes of a line or of an event's data.
    limit: usize,
    /// The current line is longer than that: what it holds is its beginning.
    long: bool,
    /// The current event is.
    over: bool,
    dropped: u64,
}

impl EventStream {
    /// An empty stream; events of more than `limit` bytes of data are counted and left out.
    pub fn new(limit: usize) -> EventStream {
        EventStream {
            line: Vec::new(),
            after_cr: false,
            first: true,
            event: String::new(),
            data: String::new(),
            has_data: false,
            id: Arc::default(),
            retry: None,
            limit,
            long: false,
            over: false,
            dropped: 0,
        }
    }

    /// Takes the next bytes and hands each event that they end to `found`.
    pub fn push(&mut self, bytes: &[u8], found: &mut dyn FnMut(StreamEvent)) {
        let mut rest = bytes;
        if self.after_cr && !rest.is_empty() {
            self.after_cr = false;
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        while let Some(end) = memchr::memchr2(b'\r', b'\n', rest) {
            let (line, after) = rest.split_at_checked(end).unwrap_or((rest, &[]));
            self.grow(line);
            self.end_line(found);
            rest = match after {
                [b'\r', b'\n', rest @ ..] | [b'\n', rest @ ..] => rest,
                [b'\r'] => {
                    self.after_cr = true;
                    &[]
                }
                [_, rest @ ..] => rest,
                [] => &[],
            };
        }
        self.grow(rest);
    }

    /// Events that were too long, and left out.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    fn grow(&mut self, bytes: &[u8]) {
        let room = self.limit.saturating_add(LONGEST_NAME).saturating_sub(self.line.len());
        self.long |= bytes.len() > room;
        self.line.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    fn end_line(&mut self, found: &mut dyn FnMut(StreamEvent)) {
        let line = std::mem::take(&mut self.line);
        let mut line = line.as_slice();
        if std::mem::take(&mut self.first) {
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        if std::mem::take(&mut self.long) {
            // A comment says nothing, however long it is.
            self.over |= line.first() != Some(&b':');
            return;
        }
        let text = String::from_utf8_lossy(line);
        if text.is_empty() {
            return self.dispatch(found);
        }
        let (name, value) = text.split_once(':').unwrap_or((&text, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => value.clone_into(&mut self.event),
            "data" => self.add_data(value),
            "id" if !value.contains('\0') => self.id = value.into(),
            "retry" if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) => {
                self.retry = value.parse().ok().or(self.retry);
            }
            // An empty name begins a comment; names that are not known say nothing.
            _ => {}
        }
    }

    fn add_data(&mut self, value: &str) {
        if self.over || self.data.len().saturating_add(value.len()) >= self.limit {
            self.over = true;
            return;
        }
        if std::mem::replace(&mut self.has_data, true) {
            self.data.push('\n');
        }
        self.data.push_str(value);
    }

    fn dispatch(&mut self, found: &mut dyn FnMut(StreamEvent)) {
        let (event, data) = (std::mem::take(&mut self.event), std::mem::take(&mut self.data));
        let has_data = std::mem::take(&mut self.has_data);
        if std::mem::take(&mut self.over) {
            self.dropped += 1;
        } else if has_data {
            let event = if event.is_empty() { "message".to_owned() } else { event };
            found(StreamEvent { event, data, id: Arc::clone(&self.id), retry: self.retry });
        }
    }
}

/// Room for a field's name beside its value.
const LONGEST_NAME: usize = 64;

/// The events of a whole body.
pub fn stream_events(body: &[u8], limit: usize) -> Vec<StreamEvent> {
    let mut events = Vec::new();
    EventStream::new(limit).push(body, &mut |event| events.push(event));
    events
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The standard's steps on the whole text, without regard to cost.
    fn naive(bytes: &[u8]) -> Vec<StreamEvent> {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text).replace("\r\n", "\n").replace('\r', "\n");
        let mut lines: Vec<&str> = text.split('\n').collect();
        lines.pop();
        let (mut events, mut now, mut data) = (Vec::new(), StreamEvent::default(), Vec::new());
        for line in lines {
            if line.is_empty() {
                if !data.is_empty() {
                    let event = if now.event.is_empty() { "message".to_owned() } else { now.event.clone() };
                    events.push(StreamEvent { event, data: data.join("\n"), ..now.clone() });
                }
                data.clear();
                now.event.clear();
                continue;
            }
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value).to_owned();
            match name {
                "event" => now.event = value,
                "data" => data.push(value),
                "id" if !value.contains('\0') => now.id = value.into(),
                "retry" if !value.is_empty() && value.chars().all(|c| c.is_ascii_digit()) => {
                    now.retry = value.parse().ok().or(now.retry);
                }
                _ => {}
            }
        }
        events
    }

    #[test]
    fn fields_are_read_as_the_standard_says() {
        let body =
            b"\xef\xbb\xbf: note\r\nevent: add\rdata: 73857293\n\nid: 7\nretry: 50\n\ndata:a\ndata:  b\ndata\n\n\
            id\ndata: x\nretry: 5s\n\ndata: cut";
        let events = stream_events(body, 1 << 20);
        let told: Vec<_> = events.iter().map(|e| (e.event.as_str(), e.data.as_str(), &*e.id, e.retry)).collect();
        assert_eq!(
            told,
            [("add", "73857293", "", None), ("message", "a\n b\n", "7", Some(50)), ("message", "x", "", Some(50)),]
        );
    }

    #[test]
    fn one_id_is_kept_once_for_all_the_events_that_it_holds_for() {
        let body = format!("id: {}\n{}", "x".repeat(1000), "data: a\n\n".repeat(3));
        let events = stream_events(body.as_bytes(), 1 << 20);
        assert!(events.len() == 3 && events.windows(2).all(|two| Arc::ptr_eq(&two[0].id, &two[1].id)));
    }

    #[test]
    fn what_is_too_long_is_left_out_and_counted() {
        let mut stream = EventStream::new(10);
        let mut found = Vec::new();
        let body = format!("data: {}\n\ndata: ok\n\ndata: 12345\ndata: 67890\n\ndata: end\n\n", "x".repeat(100_000));
        body.as_bytes().chunks(7).for_each(|part| stream.push(part, &mut |e| found.push(e.data)));
        assert_eq!(found, ["ok", "end"]);
        assert_eq!(stream.dropped(), 2);
        assert!(stream.line.capacity() < 1000);
    }

    #[test]
    fn a_line_that_is_too_long_is_one_line_and_ends_no_event() {
        let long = "x".repeat(200);
        for (body, told) in [
            (format!("data: a\nevent: {long}\ndata: b\n\ndata: c\n\n"), vec!["c"]),
            (format!("data: a\n: {long}\ndata: b\n\n"), vec!["a\nb"]),
            (format!("{long}\ndata: 0\n\ndata: c\n\n"), vec!["c"]),
        ] {
            for width in [1, 7, 64, 75, 1000] {
                let (mut stream, mut found) = (EventStream::new(10), Vec::new());
                body.as_bytes().chunks(width).for_each(|part| stream.push(part, &mut |event| found.push(event.data)));
                assert_eq!(
                    (found, stream.dropped()),
                    (told.iter().map(|data| (*data).to_owned()).collect(), u64::from(told != ["a\nb"])),
                    "{body} {width}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_however_cut_give_what_the_naive_reading_gives(
            parts in proptest::collection::vec(
                prop_oneof![
                    Just(b"data: a".to_vec()), Just(b"data".to_vec()), Just(b"event: e".to_vec()),
                    Just(b"id: 1".to_vec()), Just(b"retry: 9".to_vec()), Just(b":".to_vec()), Just(b"\n".to_vec()),
                    Just(b"\r".to_vec()), Just(b"\r\n".to_vec()), Just(b"\xef\xbb\xbf".to_vec()),
                    proptest::collection::vec(any::<u8>(), 0..4),
                ],
                0..40,
            ),
            width in 1usize..9,
        ) {
            let bytes = parts.concat();
            let mut stream = EventStream::new(1 << 20);
            let mut found = Vec::new();
            bytes.chunks(width).for_each(|part| stream.push(part, &mut |event| found.push(event)));
            prop_assert_eq!(&found, &stream_events(&bytes, 1 << 20));
            prop_assert_eq!(found, naive(&bytes));
        }
    }
}

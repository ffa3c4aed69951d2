//! Records in JSON that is not one object a line: arrays, arrays under the names that exports give them
//! (`{"Records": [...]}`), and objects over several lines.
//!
//! Of OpenTelemetry's groups of spans each span is a record, and what the group's spans have in common stands before them.
//!
//! The text is cut by its brackets and quotes alone, one record at a time. Where it breaks off, as that of a writer that
//! was stopped, the next line that can only be a new beginning is one.

use std::io::{self, Read};

const CHUNK: usize = 64 << 10;

/// Members of a group of spans whose arrays hold the scopes, now and before.
const SCOPES: [&[u8]; 4] =
    [b"scopeSpans", b"scope_spans", b"instrumentationLibrarySpans", b"instrumentation_library_spans"];

/// Members whose arrays hold the records; the others of such an object are not kept.
pub(super) const LISTS: [&str; 7] =
    ["Records", "records", "resourceSpans", "resource_spans", "entries", "events", "logEvents"];

/// What an element is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    /// A record.
    #[default]
    Record,
    /// The beginning of one of OpenTelemetry's groups of spans, without bytes.
    Group,
    /// What the spans of a group have in common.
    Resource,
    /// A span of the group that began last.
    Span,
}

/// One record.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Element<'a> {
    /// Offset of its first byte in the plain content.
    pub(super) offset: u64,
    /// Line of its first byte, from 1.
    pub(super) line: u64,
    /// Its bytes; `None` when there were too many to hold.
    pub(super) text: Option<&'a [u8]>,
    /// How many there were.
    pub(super) length: u64,
    /// Whether its last bracket was there.
    pub(super) whole: bool,
    /// What it is.
    pub(super) kind: Kind,
}

/// Most bytes of an element that are held.
#[derive(Clone, Copy, Debug)]
pub(super) struct Most {
    /// Of a record.
    pub(super) record: usize,
    /// Of a span, or of what the spans of a group have in common.
    pub(super) span: usize,
}

impl Most {
    /// Most bytes of an element of this kind.
    pub(super) fn of(self, kind: Kind) -> usize {
        if kind == Kind::Record { self.record } else { self.span }
    }
}

/// Cuts a stream into records.
pub(super) struct Elements<R> {
    reader: R,
    chunk: Vec<u8>,
    at: usize,
    end: usize,
    over: bool,
    offset: u64,
    line: u64,
    held: Vec<u8>,
    most: Most,
    state: State,
}

/// Where in the structure the next byte is.
#[derive(Debug, Default)]
struct State {
    /// Open brackets.
    depth: usize,
    /// Depth within which each object is a record; 0 outside of lists.
    list: usize,
    in_text: bool,
    escaped: bool,
    /// Last byte that was no white space outside of texts.
    last: u8,
    /// Text that ended last, when it can be a list's name.
    name: Vec<u8>,
    /// Whether the list has OpenTelemetry's name.
    groups: bool,
    /// Whether the array of a group's scopes is open, and in it one of spans.
    scopes: bool,
    spans: bool,
    /// What the open element is.
    kind: Kind,
    /// A record is open, and where it began.
    open: Option<(u64, u64, u64)>,
    /// Byte before was a line's end.
    new_line: bool,
}

/// What a byte does to the record that is open.
enum Step {
    /// Nothing.
    Stay,
    /// It was the last byte of a record.
    Done,
    /// A group of spans began with it.
    Group,
    /// The record broke off before it.
    Broken,
}

impl<R: Read> Elements<R> {
    /// Records of more bytes than `most` are counted and not held.
    pub(super) fn new(reader: R, most: Most) -> Self {
        Elements {
            reader,
            chunk: vec![0; CHUNK],
            at: 0,
            end: 0,
            over: false,
            offset: 0,
            line: 1,
            held: Vec::new(),
            most,
            state: State::default(),
        }
    }

    /// Bytes that were looked at.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The next record, or the end of the file.
    pub(super) fn next(&mut self) -> io::Result<Option<Element<'_>>> {
        self.held.clear();
        loop {
            if self.at == self.end && !self.fill()? {
                return Ok(self.broken_off());
            }
            let Some(&byte) = self.chunk.get(self.at) else { return Ok(None) };
            match self.state.step(byte, self.offset, self.line) {
                Step::Broken => {
                    // The byte is the first of something new, and is looked at again.
                    if self.state.is_cut() {
                        return Ok(self.broken_off());
                    }
                    self.state = State::default();
                }
                Step::Group => {
                    let (offset, line) = (self.offset, self.line);
                    self.take(byte);
                    return Ok(Some(Element {
                        offset,
                        line,
                        text: Some(&[]),
                        length: 0,
                        whole: true,
                        kind: Kind::Group,
                    }));
                }
                step => {
                    self.take(byte);
                    if matches!(step, Step::Done)
                        && let Some(open) = self.state.open.take()
                    {
                        return Ok(Some(self.element(open, self.state.kind, true)));
                    }
                }
            }
        }
    }

    /// What was open when the text broke off, or where it did, within a group of spans.
    fn broken_off(&mut self) -> Option<Element<'_>> {
        let (state, here) = (std::mem::take(&mut self.state), (self.offset, self.line, 0));
        if !state.is_cut() {
            return None;
        }
        let kind = if state.open.is_some() { state.kind } else { Kind::Span };
        Some(self.element(state.open.unwrap_or(here), kind, false))
    }

    fn take(&mut self, byte: u8) {
        self.at += 1;
        self.offset += 1;
        self.line += u64::from(byte == b'\n');
        if self.state.open.is_none() {
            self.held.clear();
        } else if self.held.len() <= self.most.of(self.state.kind) {
            self.held.push(byte);
        }
    }

    fn element(&self, (offset, line, _): (u64, u64, u64), kind: Kind, whole: bool) -> Element<'_> {
        let length = self.offset - offset;
        let text = (length <= self.most.of(kind) as u64).then_some(self.held.as_slice());
        Element { offset, line, text, length, whole, kind }
    }

    fn fill(&mut self) -> io::Result<bool> {
        while !self.over {
            match self.reader.read(&mut self.chunk) {
                Ok(count) => {
                    (self.at, self.end, self.over) = (0, count, count == 0);
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }
}

impl State {
    /// Whether something is lost when the text ends here.
    fn is_cut(&self) -> bool {
        self.open.is_some() || self.groups
    }

    fn step(&mut self, byte: u8, offset: u64, line: u64) -> Step {
        let new_line = std::mem::replace(&mut self.new_line, byte == b'\n');
        if self.in_text {
            return self.text(byte);
        }
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => return Step::Stay,
            // After a value only a separator may come: what was open has broken off.
            b'{' if new_line && self.depth > 0 && !matches!(self.last, b'[' | b'{' | b',' | b':') => {
                return Step::Broken;
            }
            b'"' => {
                self.in_text = true;
                self.name.clear();
            }
            b'{' => {
                self.depth += 1;
                match self.begins().filter(|_| self.open.is_none()) {
                    Some(Kind::Group) => {
                        self.last = byte;
                        return Step::Group;
                    }
                    Some(kind) => {
                        self.open = Some((offset, line, self.depth as u64));
                        self.kind = kind;
                    }
                    None => {}
                }
            }
            b'[' => self.open_list(),
            b'}' | b']' => return self.close(byte),
            _ => {}
        }
        self.last = byte;
        Step::Stay
    }

    fn text(&mut self, byte: u8) -> Step {
        match byte {
            // No text goes over a line's end.
            b'\n' => return Step::Broken,
            _ if self.escaped => self.escaped = false,
            b'\\' => self.escaped = true,
            b'"' => {
                self.in_text = false;
                self.last = b'"';
            }
            _ if self.name.len() < 32 => self.name.push(byte),
            _ => {}
        }
        Step::Stay
    }

    /// What an object is that begins at this depth.
    fn begins(&self) -> Option<Kind> {
        match self.depth.saturating_sub(self.list) {
            1 if self.groups => Some(Kind::Group),
            2 if self.groups && self.last == b':' && self.name == b"resource" => Some(Kind::Resource),
            5 if self.spans => Some(Kind::Span),
            1 if !self.groups => Some(Kind::Record),
            _ => None,
        }
    }

    /// A list of records is an array outside of all, or one under a known name in the outermost object.
    fn open_list(&mut self) {
        let outermost = self.depth == 0;
        let named = self.depth == 1 && self.last == b':' && LISTS.iter().any(|name| name.as_bytes() == self.name);
        self.depth += 1;
        if self.list == 0 && (outermost || named) {
            self.list = self.depth;
            self.groups = named && self.name.starts_with(b"resource");
            self.open = None;
        } else if self.groups && self.open.is_none() && self.last == b':' {
            match self.depth - self.list {
                2 => self.scopes = SCOPES.contains(&self.name.as_slice()),
                4 => self.spans = self.scopes && self.name == b"spans",
                _ => {}
            }
        }
    }

    fn close(&mut self, byte: u8) -> Step {
        let closes = self.open.is_some_and(|(_, _, depth)| depth == self.depth as u64) && byte == b'}';
        self.depth = self.depth.saturating_sub(1);
        match self.depth.checked_sub(self.list) {
            None => (self.list, self.groups, self.scopes, self.spans) = (0, false, false, false),
            Some(0 | 1) => (self.scopes, self.spans) = (false, false),
            Some(2 | 3) => self.spans = false,
            Some(_) => {}
        }
        self.last = byte;
        if closes { Step::Done } else { Step::Stay }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<(u64, u64, String, bool)> {
        let mut elements = Elements::new(text.as_bytes(), Most { record: 64, span: 64 });
        let mut found = Vec::new();
        while let Some(element) = elements.next().unwrap() {
            let text = element.text.map_or("too long".to_owned(), |text| String::from_utf8_lossy(text).into_owned());
            found.push((element.offset, element.line, text, element.whole));
        }
        found
    }

    fn texts(text: &str) -> Vec<String> {
        cut(text).into_iter().map(|(_, _, text, whole)| if whole { text } else { format!("cut {text}") }).collect()
    }

    #[test]
    fn records_are_found_wherever_exports_put_them() {
        let records = [r#"{"a":1}"#, r#"{"b":{"c":[{"d":"]}"}]}}"#];
        let both = records.join(", ");
        for text in [
            format!("[{both}]"),
            format!("{{\"Records\":[{both}]}}"),
            format!("{{\"nextToken\": \"x\", \"n\": [1, {{}}], \"records\" : [\n{both}\n], \"more\": {{\"x\": 1}}}}"),
            format!("{}\n{}\n", records[0], records[1]),
            format!("[{}]\n[{}]\n", records[0], records[1]),
        ] {
            assert_eq!(texts(&text), records, "{text}");
        }
        assert_eq!(cut("\n[\n {\"a\":\n1}]"), [(4, 3, "{\"a\":\n1}".to_owned(), true)]);
        assert_eq!(texts("[1, \"{\", null]"), Vec::<String>::new());
    }

    #[test]
    fn what_breaks_off_costs_only_itself() {
        let whole = r#"{"records":[{"a":1}]}"#;
        for broken in [r#"{"records":[{"a":"x"#, r#"{"records":[{"a":1"#, r#"{"records":[{"a":1}"#] {
            let found = texts(&format!("{broken}\n{whole}\n"));
            assert_eq!(found.last().map(String::as_str), Some(r#"{"a":1}"#), "{broken}: {found:?}");
        }
        let long = format!("[{{\"a\":\"{}\"}},{{\"b\":2}}]", "x".repeat(100));
        assert_eq!(texts(&long), ["too long", r#"{"b":2}"#]);
        assert_eq!(texts(r#"[{"a":1},{"b":"#), [r#"{"a":1}"#, "cut {\"b\":"]);
    }

    fn kinds(text: &str) -> Vec<(Kind, String, bool)> {
        let mut elements = Elements::new(text.as_bytes(), Most { record: 0, span: 64 });
        let mut found = Vec::new();
        while let Some(element) = elements.next().unwrap() {
            let text = element.text.map_or("too long".to_owned(), |text| String::from_utf8_lossy(text).into_owned());
            found.push((element.kind, text, element.whole));
        }
        found
    }

    #[test]
    fn spans_are_cut_one_by_one() {
        let group = |scopes: &str, spans: &str| {
            format!(
                r#"{{"schemaUrl":"spans","resource":{{"attributes":[{{"key":"spans"}}]}},"{scopes}":[{{"scope":{{"name":"x"}},"spans":[{spans}]}},{{"links":[{{}}]}}]}}"#
            )
        };
        let spans = r#"{"a":[{"spans":[{}]}]},{"b":1}"#;
        let wanted = [
            (Kind::Group, ""),
            (Kind::Resource, r#"{"attributes":[{"key":"spans"}]}"#),
            (Kind::Span, r#"{"a":[{"spans":[{}]}]}"#),
            (Kind::Span, r#"{"b":1}"#),
        ];
        let wanted: Vec<_> = wanted.map(|(kind, text)| (kind, text.to_owned(), true)).into();
        for (list, scopes) in [("resourceSpans", "scopeSpans"), ("resource_spans", "instrumentationLibrarySpans")] {
            let group = group(scopes, spans);
            let text = format!("{{\"{list}\":[{group},{group}]}}");
            assert_eq!(kinds(&text), [wanted.clone(), wanted.clone()].concat());
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            let pretty = serde_json::to_string_pretty(&value).unwrap();
            let of_kind = |kind| kinds(&pretty).iter().filter(|(known, ..)| *known == kind).count();
            assert_eq!((of_kind(Kind::Group), of_kind(Kind::Resource), of_kind(Kind::Span)), (2, 2, 4), "{pretty}");
        }
        let long = kinds(&format!(
            "{{\"resourceSpans\":[{}]}}",
            group("scopeSpans", &format!("{{\"a\":\"{}\"}}", "x".repeat(99)))
        ));
        assert_eq!(long.last().unwrap().1, "too long");
        // What is between spans may break off too.
        let text = format!("{{\"resourceSpans\":[{}]}}", group("scopeSpans", spans));
        for cut in text.find("[").unwrap() + 1..text.len() - 1 {
            let broken = kinds(text.get(..cut).unwrap());
            assert_eq!(broken.iter().filter(|(_, _, whole)| !whole).count(), 1, "{}: {broken:?}", &text[..cut]);
            // After these, what a new line begins with may still belong to the broken text.
            if text[..cut].ends_with(['[', '{', ',', ':']) {
                continue;
            }
            let both = kinds(&format!("{}\n{text}\n", &text[..cut]));
            assert!(both.ends_with(&wanted), "{}: {both:?}", &text[..cut]);
        }
        assert!(kinds(&text).iter().all(|(_, _, whole)| *whole));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_cut(text in "[\\[\\]{}:,\"\\\\ a1n\n]{0,80}") {
            cut(&text);
        }

        #[test]
        fn every_object_of_an_array_is_found(values in proptest::collection::vec("[a\\]\\[}{\"\\\\,:é]{0,8}", 0..8), pretty: bool) {
            let objects: Vec<_> = values.iter().map(|value| serde_json::json!({"k": value})).collect();
            let list = serde_json::json!({"before": [{"x": 1}], "records": objects});
            let text = if pretty { serde_json::to_string_pretty(&list).unwrap() } else { list.to_string() };
            let found: Vec<serde_json::Value> = texts(&text).iter().map(|text| serde_json::from_str(text).unwrap()).collect();
            proptest::prop_assert_eq!(found, objects);
        }
    }
}

//! JSON objects put together member by member, for lines of which there are millions.

use std::io;

use serde::Serialize;

/// An object being written. Names are written as they are: they need no escapes.
pub(super) struct Object<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

impl<'a> Object<'a> {
    /// Begins an object.
    pub(super) fn new(out: &'a mut Vec<u8>) -> Object<'a> {
        out.push(b'{');
        Object { out, empty: true }
    }

    /// Adds a text, or null.
    pub(super) fn text(&mut self, name: &'static str, text: Option<&str>) -> io::Result<()> {
        self.member(name);
        match text {
            Some(text) => self.string(text),
            None => self.null(),
        }
    }

    /// Adds a number, or null.
    pub(super) fn number(&mut self, name: &'static str, number: Option<u64>) -> io::Result<()> {
        self.value(name, &number)
    }

    /// Adds true or false.
    pub(super) fn flag(&mut self, name: &'static str, flag: bool) -> io::Result<()> {
        self.value(name, &flag)
    }

    /// Adds a list, which most often is empty.
    pub(super) fn list(&mut self, name: &'static str, items: &[impl Serialize]) -> io::Result<()> {
        self.value(name, items)
    }

    /// Ends the object.
    pub(super) fn end(self) {
        self.out.push(b'}');
    }

    fn value(&mut self, name: &'static str, value: &(impl Serialize + ?Sized)) -> io::Result<()> {
        self.member(name);
        serde_json::to_writer(&mut *self.out, value).map_err(io::Error::from)
    }

    fn null(&mut self) -> io::Result<()> {
        self.out.extend_from_slice(b"null");
        Ok(())
    }

    fn member(&mut self, name: &'static str) {
        if !std::mem::take(&mut self.empty) {
            self.out.push(b',');
        }
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    fn string(&mut self, text: &str) -> io::Result<()> {
        // All bytes at once: that is faster than to stop at the first.
        let escapes = text.bytes().fold(false, |any, byte| any | (byte < b' ') | (byte == b'"') | (byte == b'\\'));
        if escapes {
            return serde_json::to_writer(&mut *self.out, text).map_err(io::Error::from);
        }
        self.out.push(b'"');
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(b'"');
        Ok(())
    }
}

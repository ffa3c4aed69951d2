//! HPACK (RFC 7541) read by a bystander: one who may have missed header blocks.
//!
//! A dynamic index counts back from the newest entry, so entries that were inserted before a loss are out of reach
//! after it, while those inserted since are counted right. An index beyond these names a field that nobody here knows: it
//! is reported as unknown, never guessed.

mod huffman;
mod integer;
mod table;

use table::{Name, Table};

/// A field of a header list; a part is None where it refers to a table entry that was not seen.
pub(super) type Field<'a> = (Option<&'a [u8]>, Option<&'a [u8]>);

/// A block that breaks the format; the table is in doubt from there on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken;

/// One direction's header compression.
#[derive(Debug)]
pub(super) struct Decoder {
    table: Table,
    name: Vec<u8>,
    value: Vec<u8>,
}

/// How a literal field treats the table.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Indexing {
    Insert,
    Leave,
}

impl Decoder {
    /// A direction of which the beginning was not seen.
    pub(super) fn joined() -> Self {
        Decoder { table: Table::joined(), name: Vec::new(), value: Vec::new() }
    }

    /// A direction from its beginning, where the table is empty.
    pub(super) fn from_start() -> Self {
        Decoder { table: Table::from_start(), name: Vec::new(), value: Vec::new() }
    }

    /// A block was lost: what the table holds now is unknown.
    pub(super) fn forget(&mut self) {
        self.table = Table::joined();
    }

    /// Bytes held.
    pub(super) fn held(&self) -> usize {
        self.table.held() + self.name.capacity() + self.value.capacity()
    }

    /// Decodes a block, handing on each field as it comes.
    ///
    /// # Errors
    ///
    /// The block breaks the format or ends within a field. Fields before that were handed on and are right; the table
    /// is forgotten.
    pub(super) fn decode(&mut self, block: &[u8], field: &mut dyn FnMut(Field<'_>)) -> Result<(), Broken> {
        let mut rest = block;
        while let Some(&first) = rest.first() {
            if self.representation(first, &mut rest, field).is_none() {
                self.forget();
                return Err(Broken);
            }
        }
        Ok(())
    }

    /// Reads one representation (RFC 7541, section 6).
    fn representation(&mut self, first: u8, rest: &mut &[u8], field: &mut dyn FnMut(Field<'_>)) -> Option<()> {
        match first {
            0x80.. => {
                let index = integer::read(rest, 7)?;
                field(self.table.get(index)?);
            }
            0x40.. => self.literal(rest, 6, Indexing::Insert, field)?,
            0x20.. => {
                let size = integer::read(rest, 5)?;
                self.table.resize(size);
            }
            _ => self.literal(rest, 4, Indexing::Leave, field)?,
        }
        Some(())
    }

    fn literal(
        &mut self,
        rest: &mut &[u8],
        prefix: u32,
        indexing: Indexing,
        field: &mut dyn FnMut(Field<'_>),
    ) -> Option<()> {
        let index = integer::read(rest, prefix)?;
        let indexed = if index == 0 {
            self.name.clear();
            string(rest, &mut self.name)?;
            None
        } else {
            Some(self.table.name(index)?)
        };
        self.value.clear();
        string(rest, &mut self.value)?;
        let name = match &indexed {
            None => Some(&*self.name),
            Some(name) => name.as_deref(),
        };
        field((name, Some(&self.value)));
        if indexing == Indexing::Insert {
            let name = indexed.unwrap_or_else(|| Some(Name::Said(self.name.as_slice().into())));
            self.table.insert(name, &self.value);
        }
        Some(())
    }
}

/// Reads a string literal (RFC 7541, section 5.2). Its length is within the block before anything is made of it.
fn string(rest: &mut &[u8], into: &mut Vec<u8>) -> Option<()> {
    let coded = rest.first()? & 0x80 != 0;
    let len = integer::read(rest, 7)? as usize;
    let (bytes, after) = rest.split_at_checked(len)?;
    *rest = after;
    if coded {
        huffman::decode(bytes, into)?;
    } else {
        into.extend_from_slice(bytes);
    }
    Some(())
}

#[cfg(test)]
mod tests;

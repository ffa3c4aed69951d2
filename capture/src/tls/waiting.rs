//! What a connection says while its secrets may still come.

use super::record::Record;
use crate::conversation::Unread;
use crate::tcp::Gap;

/// Bytes that are kept of a connection; with more, its secrets are not waited for any longer.
const BYTES: usize = 256 << 10;

/// What came, in order.
#[derive(Default)]
pub(super) struct Waiting {
    items: Vec<(usize, Item)>,
    bytes: usize,
}

/// Something that came from a side.
pub(super) enum Item {
    Record(Record),
    Data(Unread),
    Gap(u64, Gap),
    End,
}

impl Waiting {
    pub(super) fn push(&mut self, side: usize, item: Item) {
        self.bytes += size_of::<(usize, Item)>()
            + match &item {
                Item::Record(record) => record.held(),
                Item::Data(unread) => unread.held(),
                Item::Gap(..) | Item::End => 0,
            };
        self.items.push((side, item));
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes > BYTES
    }

    pub(super) fn take(&mut self) -> Vec<(usize, Item)> {
        self.bytes = 0;
        std::mem::take(&mut self.items)
    }

    pub(super) fn held(&self) -> usize {
        self.bytes
    }
}

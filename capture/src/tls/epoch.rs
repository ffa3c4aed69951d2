//! The keys that one side's records are opened with, one set after the other.
//!
//! No message is needed to know when keys change: a record that the keys in use do not open is tried with those that
//! follow. As every suite is authenticated, that is never wrong, and it holds where the messages in between were lost.

use std::collections::VecDeque;
use std::ops::Range;

use super::cipher::{Cipher, Sealed};
use super::record::{HEADER, Kind, Record};
use super::schedule;
use super::secret::Secret;
use super::suite::Suite;

/// Numbers that are tried for a record after a gap.
const TRIES: u64 = 4096;
/// The same under keys that few records are protected with: those of a handshake, and of the data sent before its end.
const HANDSHAKE_TRIES: u64 = 16;
const EARLY_TRIES: u64 = 64;
/// Bytes that a side's records may at first cost in tries with other numbers than the next.
const BUDGET: u64 = 2 << 20;
/// What they may cost at most. What opens earns it, so that a long connection with many gaps is read on, and the work stays
/// in proportion to the bytes: a small capture of many connections buys little.
const MOST: u64 = 32 << 20;
/// What each byte that opens earns.
const EARNED: u64 = 16;
/// Bytes that the shortest record counts as: to try a key costs as much as these.
const LEAST_COST: u64 = 1024;
/// Records of a server's first ones that may be tickets rather than data.
const TICKETS: u64 = 4;

/// The keys of one side.
pub(super) struct Epochs {
    suite: Suite,
    tls13: bool,
    current: Option<Epoch>,
    following: VecDeque<Keys>,
    /// Whether the length of a lost record cannot be told from its plaintext's: some were padded.
    padded: bool,
    /// How many of its first records may be tickets rather than data.
    tickets: u64,
    /// Bytes that may still be tried.
    budget: u64,
}

/// Keys not in use yet.
enum Keys {
    Tls12(Cipher),
    Tls13(Stage, Secret),
}

/// What TLS 1.3 protects with a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Early,
    Handshake,
    Application,
}

struct Epoch {
    cipher: Cipher,
    stage: Stage,
    /// Number of the next record.
    number: u64,
    /// Number of the first record that may hold data.
    first: u64,
    secret: Option<Secret>,
}

/// A record that was opened.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Opened {
    /// What it holds.
    pub(super) kind: Kind,
    /// Where its plaintext is in the record's bytes.
    pub(super) plain: Range<usize>,
    /// What is known of the records before it that were not opened.
    pub(super) skipped: Skipped,
}

/// Records that may have held data and were not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Skipped {
    None,
    /// Some, of which it is known how many bytes protection added to each plaintext.
    Whole {
        records: u64,
        overhead: u64,
    },
    /// Some, of which less is known.
    Some,
}

impl Epochs {
    /// One set of keys, as TLS 1.2 has them.
    pub(super) fn tls12(suite: Suite, cipher: Cipher) -> Self {
        Epochs::new(suite, false, VecDeque::from([Keys::Tls12(cipher)]))
    }

    /// The stages of TLS 1.3 that there are secrets for.
    pub(super) fn tls13(suite: Suite, server: bool, secrets: impl IntoIterator<Item = (Stage, Secret)>) -> Self {
        let following = secrets.into_iter().map(|(stage, secret)| Keys::Tls13(stage, secret)).collect();
        Epochs { tickets: if server { TICKETS } else { 0 }, ..Epochs::new(suite, true, following) }
    }

    fn new(suite: Suite, tls13: bool, following: VecDeque<Keys>) -> Self {
        Epochs { suite, tls13, current: None, following, padded: false, tickets: 0, budget: BUDGET }
    }

    /// Goes on with these keys, after a new handshake, where those in use end.
    pub(super) fn renew(&mut self, newer: Epochs) {
        self.suite = newer.suite;
        self.following = newer.following;
    }

    /// Puts the keys of early data first.
    pub(super) fn begin_early(&mut self, secret: Secret) {
        self.following.push_front(Keys::Tls13(Stage::Early, secret));
    }

    /// Opens a record in place. Up to `lost` bytes before it were not opened, so its number may be higher than the next.
    pub(super) fn open(&mut self, record: &mut Record, lost: u64) -> Option<Opened> {
        let range = 1 + (lost / (HEADER as u64 + 17)).min(TRIES);
        // Of what may be tried, keys that others may follow leave half to those.
        let mut share = if self.tls13 { self.budget / 2 } else { self.budget };
        self.budget -= share;
        let tried = self.current.as_ref().map(|current| try_numbers(current, self.tls13, record, range, &mut share));
        self.budget += share;
        if let Some(current) = &self.current
            && let Some((number, plain)) = tried.flatten()
        {
            let skipped = self.skipped(current, number - current.number);
            return self.opened(record, number, plain, skipped);
        }
        for nth in 0..self.following.len() {
            let Some(next) = self.following.get(nth).and_then(|keys| self.epoch(keys)) else { continue };
            let last = nth + 1 == self.following.len();
            let mut share = if last { self.budget } else { self.budget / 2 };
            self.budget -= share;
            let tried = try_numbers(&next, self.tls13, record, range, &mut share);
            self.budget += share;
            let Some((number, plain)) = tried else { continue };
            let skipped = if number > next.first { Skipped::Some } else { Skipped::None };
            self.following.drain(..=nth);
            self.current = Some(next);
            return self.opened(record, number, plain, skipped);
        }
        self.open_updated(record, range)
    }

    /// Tries the keys after a key update.
    fn open_updated(&mut self, record: &mut Record, range: u64) -> Option<Opened> {
        let current = self.current.as_ref().filter(|epoch| epoch.stage == Stage::Application)?;
        let secret = schedule::updated(self.suite, current.secret.as_ref()?)?;
        let next = self.epoch(&Keys::Tls13(Stage::Application, secret))?;
        let (number, plain) = try_numbers(&next, true, record, range, &mut self.budget)?;
        let skipped = if range > 1 { Skipped::Some } else { Skipped::None };
        self.current = Some(next);
        self.opened(record, number, plain, skipped)
    }

    fn epoch(&self, keys: &Keys) -> Option<Epoch> {
        Some(match keys {
            // The first record is `Finished`.
            Keys::Tls12(cipher) => {
                Epoch { cipher: cipher.clone(), stage: Stage::Application, number: 0, first: 1, secret: None }
            }
            Keys::Tls13(stage, secret) => Epoch {
                cipher: schedule::tls13(self.suite, secret)?,
                stage: *stage,
                number: 0,
                first: 0,
                secret: Some(secret.clone()),
            },
        })
    }

    fn skipped(&self, epoch: &Epoch, records: u64) -> Skipped {
        match epoch.stage {
            _ if records == 0 => Skipped::None,
            Stage::Handshake => Skipped::None,
            _ if self.padded || epoch.number < self.tickets => Skipped::Some,
            _ => match epoch.cipher.overhead(self.tls13) {
                Some(overhead) => Skipped::Whole { records, overhead: (HEADER + overhead) as u64 },
                None => Skipped::Some,
            },
        }
    }

    fn opened(&mut self, record: &Record, number: u64, plain: Range<usize>, skipped: Skipped) -> Option<Opened> {
        self.budget = self.budget.saturating_add(EARNED * cost(record)).min(MOST);
        let epoch = self.current.as_mut()?;
        epoch.number = number + 1;
        if !self.tls13 {
            return Some(Opened { kind: record.kind, plain, skipped });
        }
        // The last byte that is not zero is the type; zeros after it are padding.
        let content = record.bytes.get(plain.clone())?;
        let Some(last) = content.iter().rposition(|byte| *byte != 0) else {
            return Some(Opened { kind: Kind::Alert, plain: plain.start..plain.start, skipped });
        };
        self.padded |= last + 1 < content.len();
        let kind = Kind::of(*content.get(last)?)?;
        Some(Opened { kind, plain: plain.start..plain.start + last, skipped })
    }

    /// Whether a record was opened.
    pub(super) fn in_use(&self) -> bool {
        self.current.is_some()
    }
}

/// Bytes that a try with a record counts as.
fn cost(record: &Record) -> u64 {
    LEAST_COST.max(record.bytes.len() as u64)
}

/// Tries a record with one set of keys and the next `range` numbers.
fn try_numbers(
    epoch: &Epoch,
    tls13: bool,
    record: &mut Record,
    range: u64,
    budget: &mut u64,
) -> Option<(u64, Range<usize>)> {
    let most = match epoch.stage {
        Stage::Early => EARLY_TRIES,
        Stage::Handshake => HANDSHAKE_TRIES,
        Stage::Application => TRIES,
    };
    for number in epoch.number..epoch.number.saturating_add(range.min(1 + most)) {
        if number > epoch.number {
            *budget = budget.checked_sub(cost(record))?;
        }
        if let Some(plain) = epoch.cipher.open(&mut record.bytes, Sealed { number, tls13 }) {
            return Some((number, plain));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use aes_gcm::aead::inout::InOutBuf;
    use aes_gcm::{AeadInOut, Aes128Gcm, KeyInit};

    use super::super::cipher::Iv;
    use super::super::suite::Algorithm;
    use super::*;

    const KEY: [u8; 16] = [7; 16];
    const SALT: [u8; 4] = [1, 2, 3, 4];

    /// A record of TLS 1.2, sealed with a number.
    fn sealed(number: u64, len: usize) -> Record {
        let mut content = vec![b'x'; len];
        let explicit = number.to_be_bytes();
        let nonce: [u8; 12] = [&SALT[..], &explicit].concat().try_into().unwrap();
        let aad = [&explicit[..], &[23, 3, 3], &(len as u16).to_be_bytes()].concat();
        let aead = Aes128Gcm::new_from_slice(&KEY).unwrap();
        let tag = aead.encrypt_inout_detached(&nonce.into(), &aad, InOutBuf::from(content.as_mut_slice())).unwrap();
        let header = [&[23, 3, 3][..], &((len + 24) as u16).to_be_bytes()].concat();
        let bytes = [&header[..], &explicit, &content, &tag].concat();
        Record { kind: Kind::ApplicationData, bytes, pieces: Vec::new(), trial: false }
    }

    fn epochs() -> Epochs {
        let suite = Suite::of(0x009c).unwrap();
        Epochs::tls12(suite, Cipher::new(Algorithm::Aes128Gcm, &KEY, Iv::Salt(SALT), &[], false).unwrap())
    }

    #[test]
    fn what_is_tried_stays_in_proportion_to_what_was_said() {
        let start = 1 << 20;
        let mut epochs = Epochs { budget: start, ..epochs() };
        let (mut spent, mut earned) = (0, 0);
        let mut open = |epochs: &mut Epochs, mut record: Record, lost: u64| {
            let before = epochs.budget;
            let opens = epochs.open(&mut record, lost).is_some();
            let earns = if opens { EARNED * cost(&record) } else { 0 };
            spent += before + earns - epochs.budget;
            earned += earns;
            opens
        };
        // After each gap comes one that never opens, then a short one that does.
        for number in 0..200 {
            assert!(!open(&mut epochs, sealed(1 << 40, 16_000), 1 << 40));
            assert!(open(&mut epochs, sealed(number, 1), 0));
        }
        assert!((start - 16_029..=start + earned).contains(&spent), "{spent}, {earned} earned");
    }

    #[test]
    fn short_records_that_never_open_are_not_tried_for_ever() {
        let mut epochs = epochs();
        assert!((0..100).all(|_| epochs.open(&mut sealed(1 << 40, 1), 1 << 40).is_none()));
        assert!(epochs.budget < LEAST_COST, "{}", epochs.budget);
    }

    #[test]
    fn the_keys_of_a_handshake_leave_what_may_be_tried_to_those_that_follow() {
        let mut epochs = epochs();
        let handshake = Cipher::new(Algorithm::Aes128Gcm, &[9; 16], Iv::Salt(SALT), &[], false).unwrap();
        epochs.current = Some(Epoch { cipher: handshake, stage: Stage::Handshake, number: 1, first: 0, secret: None });
        // The end of the handshake is lost, and what comes then are long records.
        let opened = epochs.open(&mut sealed(40, 16_000), 1 << 20);
        assert!(opened.is_some_and(|opened| opened.skipped == Skipped::Some));
        assert!(epochs.current.is_some_and(|epoch| epoch.stage == Stage::Application && epoch.number == 41));
    }

    #[test]
    fn a_long_connection_with_many_gaps_is_read_to_its_end() {
        let start = 1 << 20;
        let mut epochs = Epochs { budget: start, ..epochs() };
        for number in 0..60 {
            // Of each twelve, eleven are lost.
            let opened = epochs.open(&mut sealed(number * 12, 10_000), if number == 0 { 0 } else { 11 * 10_029 });
            assert!(opened.is_some_and(|opened| number == 0 || opened.skipped != Skipped::None), "{number}");
        }
        assert!(epochs.budget >= start, "{}", epochs.budget);
    }
}

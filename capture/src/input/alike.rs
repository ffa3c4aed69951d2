//! Inputs that begin alike, which need something else to tell what they hold apart.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};

use sha2::{Digest, Sha256};

use super::open::{Handle, look};
use crate::InputFormat;
use crate::source::PlannedInput;

/// Bytes of content that are compared, more each time that so many do not differ. What a log gains at its end later
/// changes nothing where the fewer ones differed.
const BEGINNINGS: [u64; 4] = [64 << 10, 1 << 20, 16 << 20, u64::MAX];

/// Numbers inputs that begin alike, so that what they hold at one place and time has different keys. The numbers follow
/// the contents, whatever the names: copies are out already, so that no two are equal.
pub(super) fn tell_apart(mut inputs: Vec<PlannedInput>) -> Vec<PlannedInput> {
    let mut heads: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    let keyed = |input: &PlannedInput| !matches!(input.format, InputFormat::Pcap | InputFormat::Pcapng);
    for (index, input) in inputs.iter().enumerate().filter(|(_, input)| keyed(input)) {
        heads.entry(input.head).or_default().push(index);
    }
    for group in heads.into_values().filter(|group| group.len() > 1) {
        for (number, index) in (0..).zip(by_content(&inputs, group)) {
            if let Some(input) = inputs.get_mut(index) {
                input.alike = number;
            }
        }
    }
    inputs
}

/// The inputs in the order of hashes of ever more of their content, until no two are equal.
fn by_content(inputs: &[PlannedInput], group: Vec<usize>) -> Vec<usize> {
    let mut hashed: Vec<(Vec<[u8; 32]>, usize)> = group.into_iter().map(|index| (Vec::new(), index)).collect();
    for most in BEGINNINGS {
        for (hashes, index) in &mut hashed {
            hashes.extend(inputs.get(*index).and_then(|input| hash(input, most)));
        }
        let distinct: BTreeSet<&Vec<[u8; 32]>> = hashed.iter().map(|(hashes, _)| hashes).collect();
        if distinct.len() == hashed.len() {
            break;
        }
    }
    hashed.sort();
    hashed.into_iter().map(|(_, index)| index).collect()
}

/// SHA-256 of at most so many bytes of an input's plain content, as far as it can be read; none of what can be read
/// only once.
fn hash(input: &PlannedInput, most: u64) -> Option<[u8; 32]> {
    let Handle::File(_) = &input.handle else { return None };
    let mut reader = look(&input.handle, input.compression).ok()??.take(most);
    let mut hasher = Sha256::new();
    let mut piece = vec![0; 1 << 16];
    loop {
        match reader.read(&mut piece) {
            Ok(count @ 1..) => hasher.update(piece.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => return Some(hasher.finalize().into()),
        }
    }
}

//! Copies: inputs whose plain content is equal, whatever their names and compressions. One of them is read.

use std::collections::BTreeMap;
use std::io::{self, Read};

use sha2::{Digest, Sha256};

use super::decompress::Compression;
use super::open::look;
use crate::source::{Aside, AsideReason, PlannedInput};

/// Bytes hashed at once.
const PIECE: usize = 1 << 16;

/// SHA-256 of an input's plain content as far as it can be read, and whether that is all of it.
type Content = ([u8; 32], bool);

/// Takes out every input that is a copy of another; `inputs` come by name. Of equal ones the first that is not
/// compressed is kept, else the first.
///
/// Only inputs that begin alike and may be of one size are read for this.
pub(super) fn set_aside(inputs: Vec<PlannedInput>, aside: &mut Vec<Aside>) -> Vec<PlannedInput> {
    let mut alike: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (index, input) in inputs.iter().enumerate().filter(|(_, input)| input.handle.is_kept()) {
        alike.entry(input.head).or_default().push(index);
    }
    let mut copy_of: BTreeMap<usize, usize> = BTreeMap::new();
    for group in alike.into_values() {
        for equal in equal_ones(&inputs, candidates(&inputs, group)) {
            let plain = equal.iter().copied().find(|index| is_plain(inputs.get(*index)));
            let Some(kept) = plain.or(equal.first().copied()) else { continue };
            copy_of.extend(equal.into_iter().filter(|index| *index != kept).map(|index| (index, kept)));
        }
    }
    let names: Vec<String> = inputs.iter().map(|input| input.name.clone()).collect();
    let mut kept = Vec::with_capacity(inputs.len());
    for (index, input) in inputs.into_iter().enumerate() {
        match copy_of.get(&index).and_then(|of| names.get(*of)) {
            Some(of) => aside.push(Aside { input: input.name, reason: AsideReason::Copy(of.clone()) }),
            None => kept.push(input),
        }
    }
    kept
}

fn is_plain(input: Option<&PlannedInput>) -> bool {
    input.is_some_and(|input| input.compression == Compression::None)
}

/// Of inputs that begin alike, those that may be as long as another.
fn candidates(inputs: &[PlannedInput], alike: Vec<usize>) -> Vec<usize> {
    if alike.len() < 2 {
        return Vec::new();
    }
    let sizes: Vec<Option<u64>> = alike.iter().map(|index| plain_size(inputs.get(*index)?)).collect();
    let unknown = sizes.iter().any(Option::is_none);
    let shared = |size: &Option<u64>| unknown || sizes.iter().filter(|other| *other == size).count() > 1;
    alike.into_iter().zip(&sizes).filter(|(_, size)| shared(size)).map(|(index, _)| index).collect()
}

/// Indices of inputs with equal content, in order.
fn equal_ones(inputs: &[PlannedInput], group: Vec<usize>) -> Vec<Vec<usize>> {
    let mut by_content: BTreeMap<Content, Vec<usize>> = BTreeMap::new();
    for index in group {
        if let Some(content) = inputs.get(index).and_then(content) {
            by_content.entry(content).or_default().push(index);
        }
    }
    by_content.into_values().filter(|equal| equal.len() > 1).collect()
}

fn plain_size(input: &PlannedInput) -> Option<u64> {
    input.handle.plain_size(input.compression, input.bytes)
}

fn content(input: &PlannedInput) -> Option<Content> {
    let mut reader = look(&input.handle, input.compression).ok()??;
    let mut hasher = Sha256::new();
    let mut piece = vec![0; PIECE];
    loop {
        match reader.read(&mut piece) {
            Ok(0) => return Some((hasher.finalize().into(), true)),
            Ok(count) => hasher.update(piece.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Some((hasher.finalize().into(), false)),
        }
    }
}

//! Bodies: only the paths that someone asks for are pulled out, in one pass and without building a document.

mod pull;
mod slot;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use offpath_capture::{Body, Headers};
use pull::{At, Pull};
use rust_decimal::Decimal;
use serde::de::DeserializeSeed;
pub(super) use slot::Pulled;
use slot::Slot;
use smallvec::SmallVec;

use super::target;
use crate::event::Value;

/// Largest form body that is looked into.
const LONGEST_FORM: usize = 1 << 20;

/// The paths wanted from bodies, as a trie. Built once, shared by all exchanges.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    nodes: Vec<Node>,
    slots: usize,
}

#[derive(Clone, Debug, Default)]
struct Node {
    children: Vec<(Arc<str>, u32)>,
    slot: Option<u32>,
    /// Slots at or below this node: lists stay aligned over the elements that lack a field.
    below: Vec<u32>,
}

impl Wanted {
    /// Nothing wanted.
    pub(super) fn new() -> Wanted {
        Wanted { nodes: vec![Node::default()], slots: 0 }
    }

    /// Whether nothing is wanted.
    pub(super) fn is_empty(&self) -> bool {
        self.slots == 0
    }

    /// Asks for a path; `*` goes through every element of a list, a number picks one.
    pub(super) fn add<S: AsRef<str>>(&mut self, fields: &[S]) {
        if fields.is_empty() || self.slot(fields).is_some() {
            return;
        }
        let slot = self.slots as u32;
        self.slots += 1;
        let mut at = 0_usize;
        for field in fields.iter().map(AsRef::as_ref) {
            let next = self.child(at, field).unwrap_or_else(|| {
                self.nodes.push(Node::default());
                let new = self.nodes.len() - 1;
                if let Some(node) = self.nodes.get_mut(at) {
                    node.children.push((field.into(), new as u32));
                }
                new
            });
            at = next;
            if let Some(node) = self.nodes.get_mut(at) {
                node.below.push(slot);
            }
        }
        if let Some(node) = self.nodes.get_mut(at) {
            node.slot = Some(slot);
        }
    }

    fn child(&self, at: usize, field: &str) -> Option<usize> {
        let node = self.nodes.get(at)?;
        node.children.iter().find(|(name, _)| &**name == field).map(|(_, next)| *next as usize)
    }

    fn slot<S: AsRef<str>>(&self, fields: &[S]) -> Option<u32> {
        let at = fields.iter().try_fold(0, |at, field| self.child(at, field.as_ref()))?;
        self.nodes.get(at)?.slot
    }

    fn node(&self, index: u32) -> Option<&Node> {
        self.nodes.get(index as usize)
    }

    /// Pulls the wanted values out of a message's body.
    pub(super) fn pull(&self, body: &Body, headers: &Headers) -> Pulled {
        let mut pulled = Pulled { slots: vec![Slot::default(); self.slots], complete: false };
        let bytes = match body {
            Body::Absent => {
                pulled.complete = true;
                return pulled;
            }
            Body::Unknown { .. } => return pulled,
            Body::Present { bytes, .. } => bytes.as_slice(),
        };
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii();
        if bytes.is_empty() {
            pulled.complete = body.is_whole();
        } else if is_json(bytes, headers) {
            let mut reader = serde_json::Deserializer::from_slice(bytes);
            let all = Pull { wanted: self, active: SmallVec::from_slice(&[At::ROOT]), out: &mut pulled.slots };
            let read = if self.slots == 0 { Ok(()) } else { all.deserialize(&mut reader) };
            pulled.complete = read.is_ok() && reader.end().is_ok() && body.is_whole();
        } else if is_form(headers) && bytes.len() <= LONGEST_FORM {
            pulled.complete = std::str::from_utf8(bytes).is_ok_and(|text| self.form(text, &mut pulled.slots));
        }
        pulled
    }

    /// Pulls the wanted values out of a JSON text that is known in full.
    pub(super) fn pull_text(&self, text: &str) -> Pulled {
        let mut pulled = Pulled { slots: vec![Slot::default(); self.slots], complete: false };
        let mut reader = serde_json::Deserializer::from_str(text);
        let all = Pull { wanted: self, active: SmallVec::from_slice(&[At::ROOT]), out: &mut pulled.slots };
        let read = if self.slots == 0 { Ok(()) } else { all.deserialize(&mut reader) };
        pulled.complete = read.is_ok() && reader.end().is_ok();
        pulled
    }

    fn form(&self, text: &str, out: &mut [Slot]) -> bool {
        for (name, value) in target::pairs(text) {
            // `metadata[orderId]` and `metadata.orderId` are both in use.
            let flat = name.replace("[]", "").replace('[', ".").replace(']', "");
            let fields: SmallVec<[&str; 4]> = flat.split('.').collect();
            let slot = self.slot(&fields).and_then(|slot| out.get_mut(slot as usize));
            if let Some(slot) = slot {
                slot.set(Value::Text(Arc::from(&*value)));
            }
        }
        target::is_whole(text)
    }
}

/// Whether a body is JSON: by its content type, else by its first byte.
pub(super) fn is_json(bytes: &[u8], headers: &Headers) -> bool {
    let json = headers.text("content-type").is_some_and(|t| t.to_ascii_lowercase().contains("json"));
    json || matches!(bytes.first(), Some(b'{' | b'['))
}

pub(super) fn is_form(headers: &Headers) -> bool {
    let form = "application/x-www-form-urlencoded";
    headers
        .get("content-type")
        .is_some_and(|t| t.len() >= form.len() && t[..form.len()].eq_ignore_ascii_case(form.as_bytes()))
}

/// Exact decimal of a JSON number's text.
pub(super) fn number(text: &str) -> Option<Value> {
    let parsed = text.parse::<Decimal>().or_else(|_| Decimal::from_scientific(text));
    parsed.ok().map(|n| Value::Number(n.normalize()))
}

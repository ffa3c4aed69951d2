//! What one exchange gives.

use std::sync::Arc;

use offpath_capture::{Call, CallProtocol};
use serde::{Deserialize, Serialize};

use crate::correlate::facts::Facts;
use crate::correlate::form::SentOn;
use crate::correlate::object::{GoesBy, KeySource, Places, Worded};
use crate::correlate::role_place::RolePlace;
use crate::correlate::said::Said;
use crate::correlate::unmodelled::UnmodelledCall;
use crate::event::Event;

/// What one exchange gives. Serialised it is all but its events, which wait in buffers of their own.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Extracted {
    /// Its events, still to be resolved.
    #[serde(skip)]
    pub events: Vec<Event>,
    /// What it teaches about credentials and objects.
    pub facts: Facts,
    /// Object types seen in it, and where their keys were.
    pub sightings: Vec<Sighting>,
    /// The address from which someone acted who is known by more than it.
    pub known_address: Option<Arc<str>>,
    /// Name of a cookie that someone sends of whom nothing better is known than address and program, and that may carry a
    /// session: who knows what it is can say so.
    pub cookie: Option<Arc<str>>,
    /// What it calls that is no activity of the model.
    pub unmodelled: Vec<UnmodelledCall>,
    /// Without a model: ids that an accepted answer names.
    pub ids: Vec<Arc<str>>,
    /// Without a model: where roles are shown.
    pub roles: Vec<RolePlace>,
    /// Without a model: words of the request that say what is done.
    pub said: Vec<Said>,
    /// Without a model: what bodies name by the word for it alone.
    pub worded: Vec<Worded>,
    /// Without a model: how the path's last key is called in the answer.
    pub goes_by: Option<GoesBy>,
    /// Without a model: where a write was sent on to.
    pub sent_on: Option<SentOn>,
    /// For each call inside the bodies, the place of its first event, and where the exchange is a step of its own as well,
    /// the place of that; none where the exchange alone is the call.
    pub calls: Vec<u32>,
    /// A peer that says to speak for somebody else without being a declared proxy, and the hash of for whom.
    pub forwards: Option<(Arc<str>, u64)>,
    /// It asks for more than becomes events: calls or elements of a list beyond the limits.
    pub left_out: bool,
    /// Calls of clients inside the bodies, by protocol, whether or not events are made of them.
    pub inside: Vec<CallCount>,
    /// How many values each rule of redaction catches; none without rules.
    pub caught: Vec<u32>,
}

/// How many calls of a protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallCount {
    /// Whether the protocol is GraphQL, JSON-RPC, MCP, A2A or an application's own on a WebSocket, in this order from 0.
    protocol: u8,
    calls: u32,
}

impl CallCount {
    const PROTOCOLS: [CallProtocol; 5] =
        [CallProtocol::Graphql, CallProtocol::JsonRpc, CallProtocol::Mcp, CallProtocol::A2a, CallProtocol::WebSocket];

    pub(super) fn of(calls: &[&Call]) -> Vec<CallCount> {
        let counted = CallCount::PROTOCOLS.iter().zip(0_u8..).map(|(protocol, number)| {
            let own = calls.iter().filter(|call| call.protocol == *protocol).count();
            CallCount { protocol: number, calls: u32::try_from(own).unwrap_or(u32::MAX) }
        });
        counted.filter(|count| count.calls > 0).collect()
    }

    /// Name of the protocol, and how many.
    pub(in crate::correlate) fn named(self) -> (&'static str, u64) {
        let protocol = CallCount::PROTOCOLS.get(usize::from(self.protocol));
        (protocol.map_or("", |protocol| protocol.as_str()), u64::from(self.calls))
    }
}

/// An object's key seen in an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// Object type.
    pub object_type: Arc<str>,
    /// Where its key was.
    pub source: KeySource,
    /// The type is a guess, made without a model.
    pub guessed: bool,
    /// Paths to its key and state, for a guessed object.
    pub places: Places,
}

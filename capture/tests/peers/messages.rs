//! HTTP messages as two readers of one capture tell them, and what they tell alike.

use std::collections::BTreeMap;

use offpath_capture::{Body, Exchange};
use sha2::{Digest as _, Sha256};

/// Client, server.
pub(crate) type Ends = (String, String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Request,
    Response,
}

/// A body: its length and hash, or nothing that could be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Content {
    Unknown,
    Known(u64, [u8; 32]),
}

impl Content {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Content::Known(bytes.len() as u64, Sha256::digest(bytes).into())
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) ends: Ends,
    pub(crate) side: Side,
    /// Method, target and host; or status.
    pub(crate) head: String,
    pub(crate) body: Content,
    /// Where it is in the capture.
    pub(crate) frame: u64,
}

impl Message {
    /// A request's method, target and host. A target in absolute form names the host, as RFC 9112 says.
    pub(crate) fn request(method: &str, target: &str, host: &str) -> String {
        let rest = target.strip_prefix("http://").or_else(|| target.strip_prefix("https://"));
        let Some(rest) = rest else { return format!("{method} {target} {host}") };
        let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let slash = if path.starts_with('/') { "" } else { "/" };
        format!("{method} {slash}{path} {host}")
    }

    fn same(&self, other: &Message) -> bool {
        let bodies = self.body == other.body || self.body == Content::Unknown || other.body == Content::Unknown;
        self.ends == other.ends && self.side == other.side && self.head == other.head && bodies
    }
}

/// The messages of an exchange of ours, request first.
pub(crate) fn of_exchange(exchange: &Exchange) -> [Option<Message>; 2] {
    let end = |end: Option<offpath_capture::Endpoint>| end.map_or_else(String::new, |end| end.to_string());
    let ends = (end(exchange.client), end(exchange.server));
    let frame = |origin: &offpath_capture::Origin| match origin.place {
        offpath_capture::Place::Frames { last, .. } => last,
        _ => 0,
    };
    let body = |body: &Body| match body {
        Body::Absent => Content::of(&[]),
        body if body.is_whole() => body.bytes().map_or(Content::Unknown, Content::of),
        _ => Content::Unknown,
    };
    let request = exchange.request.as_ref().map(|request| Message {
        ends: ends.clone(),
        side: Side::Request,
        head: Message::request(&request.method, &request.target, request.host.as_deref().unwrap_or("")),
        body: body(&request.body),
        frame: frame(&exchange.origin),
    });
    let response = exchange.response.as_ref().map(|response| Message {
        ends,
        side: Side::Response,
        head: response.status.to_string(),
        body: body(&response.body),
        frame: frame(exchange.response_origin.as_ref().unwrap_or(&exchange.origin)),
    });
    [request, response]
}

/// Messages or pairs of messages that one reader has, the other has, and both have; with those that only one has.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) ours: usize,
    pub(crate) theirs: usize,
    pub(crate) same: usize,
    pub(crate) only: Vec<String>,
}

impl Tally {
    /// Compares groups of messages (a message alone, or a request with its response), whatever their order.
    pub(crate) fn of(ours: &[Vec<Message>], theirs: &[Vec<Message>]) -> Self {
        let heads = |group: &Vec<Message>| group.iter().map(|m| (m.ends.clone(), m.head.clone())).collect::<Vec<_>>();
        let mut left: BTreeMap<_, Vec<&Vec<Message>>> = BTreeMap::new();
        for group in theirs {
            left.entry(heads(group)).or_default().push(group);
        }
        let mut tally = Tally { ours: ours.len(), theirs: theirs.len(), ..Tally::default() };
        // Those whose bodies are known first, so that an unknown one takes no other's place.
        let known = |group: &&Vec<Message>| group.iter().all(|message| message.body != Content::Unknown);
        for group in ours.iter().filter(known).chain(ours.iter().filter(|group| !known(group))) {
            let candidates = left.entry(heads(group)).or_default();
            let same = |other: &&Vec<Message>| other.iter().zip(group).all(|(theirs, ours)| ours.same(theirs));
            match candidates.iter().position(&same) {
                Some(at) => {
                    candidates.remove(at);
                    tally.same += 1;
                }
                None => tally.only.push(format!("offpath {}", describe(group))),
            }
        }
        tally.only.extend(left.into_values().flatten().map(|group| format!("tshark {}", describe(group))));
        tally
    }

    pub(crate) fn agrees(&self) -> bool {
        self.ours == self.same && self.theirs == self.same
    }

    /// `ours/theirs/same`, or one number where all are the same.
    pub(crate) fn cell(&self) -> String {
        if self.agrees() { self.same.to_string() } else { format!("{}/{}/{}", self.ours, self.theirs, self.same) }
    }
}

fn describe(group: &[Message]) -> String {
    let message = |message: &Message| {
        let body = match message.body {
            Content::Unknown => "body unknown".to_owned(),
            Content::Known(length, hash) => format!("{length} bytes {:02x}{:02x}", hash[0], hash[1]),
        };
        format!("frame {} {} > {}: {}, {body}", message.frame, message.ends.0, message.ends.1, message.head)
    };
    group.iter().map(message).collect::<Vec<_>>().join(" with ")
}

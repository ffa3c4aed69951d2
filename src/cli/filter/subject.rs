//! What filters look at: exchanges, events, findings, and events of a run folder, each with its keys.

use std::borrow::Cow;

use crate::cli::exchanges::Record;
use crate::event::Event;
use crate::event::table::EventRow;
use crate::finding::{Finding, time::micros};

/// The keys that one kind of subject has, and its name in messages.
pub(super) type Keys = (&'static str, &'static [&'static str]);

/// Keys of `exchanges`.
pub(in crate::cli) const EXCHANGE: Keys = (
    "an exchange",
    &["actor", "call", "client", "grpc_status", "host", "method", "path", "protocol", "server", "status", "time"],
);
/// Keys of `inspect` and `mine`.
pub(super) const EVENT: Keys = (
    "an event",
    &[
        "activity",
        "actor",
        "case",
        "client",
        "host",
        "method",
        "object",
        "operation",
        "outcome",
        "path",
        "session",
        "source",
        "status",
        "tenant",
        "time",
    ],
);
/// Keys of `check`.
pub(super) const FINDING: Keys = (
    "a finding",
    &[
        "activity",
        "actor",
        "case",
        "client",
        "confidence",
        "id",
        "method",
        "object",
        "path",
        "rule",
        "severity",
        "status",
        "tenant",
        "time",
        "verdict",
    ],
);
/// Keys of `show`.
pub(super) const STORED_EVENT: Keys = (
    "an event of a run",
    &["activity", "actor", "case", "method", "object", "operation", "outcome", "path", "status", "time"],
);

/// What a subject has under a key.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::cli) enum Seen<'a> {
    /// Any of these texts; none where it is absent.
    Texts(Vec<Cow<'a, str>>),
    /// A number.
    Number(f64),
    /// Microseconds since the Unix epoch.
    Time(i64),
}

impl<'a> Seen<'a> {
    fn text(text: &'a str) -> Self {
        Seen::Texts(vec![Cow::Borrowed(text)])
    }

    fn any<S: AsRef<str> + ?Sized + 'a>(texts: impl IntoIterator<Item = Option<&'a S>>) -> Self {
        Seen::Texts(texts.into_iter().flatten().map(|text| Cow::Borrowed(text.as_ref())).collect())
    }

    fn status(status: Option<u16>) -> Self {
        status.map_or(Seen::Texts(Vec::new()), |status| Seen::Number(f64::from(status)))
    }

    /// An object answers to `order:o2` and to `o2`.
    fn objects(names: impl Iterator<Item = Cow<'a, str>>) -> Self {
        let both = names.flat_map(|name| {
            let key = name.split_once(':').map(|(_, key)| Cow::Owned(key.to_owned()));
            [Some(name), key]
        });
        Seen::Texts(both.flatten().collect())
    }
}

/// Something that a filter looks at.
pub(in crate::cli) trait Subject {
    /// What it has under one of its keys.
    fn seen(&self, key: &str) -> Seen<'_>;
}

impl Subject for Record {
    fn seen(&self, key: &str) -> Seen<'_> {
        match key {
            "actor" => Seen::any(self.actors.iter().map(Some)),
            "call" => Seen::any(self.calls.iter().map(|call| Some(&call.operation))),
            "client" => Seen::any([self.client.as_ref()]),
            "server" => Seen::any([self.server.as_ref()]),
            "host" => Seen::any([self.host.as_deref(), self.host_name()]),
            "method" => Seen::any([self.method.as_ref()]),
            "path" => Seen::any([self.target.as_deref().and_then(|target| target.split('?').next())]),
            "protocol" => Seen::text(self.protocol),
            "status" => Seen::status(self.status),
            "grpc_status" => Seen::status(self.grpc_status.and_then(|status| u16::try_from(status).ok())),
            _ => micros(&self.time).map_or(Seen::Texts(Vec::new()), Seen::Time),
        }
    }
}

impl Subject for Event {
    fn seen(&self, key: &str) -> Seen<'_> {
        match key {
            "activity" => Seen::any([self.activity.as_ref()]),
            "actor" => Seen::any([self.actor.principal.as_ref(), self.actor.agent.as_ref()]),
            "case" => Seen::objects(self.case.iter().map(|case| Cow::Owned(case.to_string()))),
            "client" => Seen::any([self.actor.client.as_ref()]),
            "host" => Seen::any([self.host.as_ref()]),
            "method" => Seen::text(&self.method),
            "object" => Seen::objects(self.objects.iter().map(|object| Cow::Owned(object.id.to_string()))),
            "operation" => Seen::any([self.operation.as_ref()]),
            "outcome" => Seen::text(self.outcome.as_str()),
            "path" => Seen::text(&self.path),
            "session" => Seen::any([self.session.as_ref()]),
            "source" => Seen::text(self.source),
            "status" => Seen::status(self.status),
            "tenant" => Seen::any([self.actor.tenant.as_ref()]),
            _ => Seen::Time(self.time),
        }
    }
}

impl Subject for Finding {
    fn seen(&self, key: &str) -> Seen<'_> {
        let deviating = self.evidence.iter().find(|evidence| evidence.role == "deviating");
        match key {
            "activity" => Seen::text(&self.activity),
            "actor" => Seen::any([self.actor.principal.as_ref(), self.actor.agent.as_ref()]),
            "case" => Seen::objects(self.case.iter().map(|case| Cow::Borrowed(case.as_str()))),
            "client" => Seen::any([self.actor.client.as_ref()]),
            "confidence" => Seen::Number(f64::from(self.confidence)),
            "id" => Seen::text(&self.id),
            "method" => Seen::any([deviating.map(|evidence| &evidence.method)]),
            "object" => Seen::objects(
                self.object.iter().map(|object| Cow::Owned(format!("{}:{}", object.object_type, object.id))),
            ),
            "path" => Seen::any([deviating.map(|evidence| &evidence.path)]),
            // As --select has it: also what was folded into it.
            "rule" => Seen::any([&self.rule].into_iter().chain(self.also.iter().map(|also| &also.rule)).map(Some)),
            "severity" => Seen::text(&self.severity),
            "status" => Seen::status(deviating.and_then(|evidence| evidence.status)),
            "tenant" => Seen::any([self.actor.tenant.as_ref()]),
            "verdict" => Seen::text(self.verdict.as_str()),
            _ => micros(&self.time).map_or(Seen::Texts(Vec::new()), Seen::Time),
        }
    }
}

impl Subject for EventRow {
    fn seen(&self, key: &str) -> Seen<'_> {
        match key {
            "activity" => Seen::any([self.activity.as_ref()]),
            "actor" => Seen::any([self.principal.as_ref(), self.agent.as_ref()]),
            "case" => Seen::objects(self.case.iter().map(|case| Cow::Borrowed(case.as_str()))),
            "method" => Seen::text(&self.method),
            "object" => Seen::objects(self.objects.iter().map(|object| Cow::Borrowed(object.as_str()))),
            "operation" => Seen::any([self.operation.as_ref()]),
            "outcome" => Seen::text(&self.outcome),
            "path" => Seen::text(&self.path),
            "status" => Seen::status(self.status),
            _ => Seen::Time(self.time),
        }
    }
}

//! Spans of OpenTelemetry in OTLP's JSON: those of servers that answered HTTP, and those of tools that agents called.

//!
//! Exporters write their JSON by hand: anything may be missing, null or of another type, and costs no more than itself.

mod ancestry;
mod calls_out;
mod tool;
mod value;

use std::borrow::Cow;

use serde::Deserialize;

pub(super) use self::ancestry::Ancestry;
pub(super) use self::calls_out::CallsOut;
use self::value::{Attribute, Attributes, Value};
use super::fields::Fields;
use super::meaning::Table;
use super::record::Record;
use super::refusal::Refusal;
use super::tool_calls::{Call, Side, SpanKey, ToolCalls};
use crate::Limits;
use crate::lenient::Maybe;
use crate::scalar::Scalar;

/// Attributes of a resource that its spans' records get.
const OF_RESOURCE: [&str; 4] = ["service.name", "service.instance.id", "host.name", "tenant.id"];

/// What the spans of a group have in common: names and texts of the attributes that are kept.
#[derive(Default)]
pub(super) struct Resource(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Resource {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Written<'a> {
            #[serde(borrow, default)]
            attributes: Attributes<'a>,
        }
        let written = Written::deserialize(deserializer)?;
        let mut kept = Vec::new();
        for attribute in written.attributes.0.iter().filter(|attribute| OF_RESOURCE.contains(&&*attribute.key)) {
            kept.extend(attribute.value.texts().map(|text| (attribute.key.clone().into_owned(), text)));
        }
        Ok(Resource(kept))
    }
}

/// One span.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Span<'a> {
    #[serde(borrow, default, alias = "trace_id")]
    trace_id: Scalar<'a>,
    #[serde(borrow, default, alias = "span_id")]
    span_id: Scalar<'a>,
    #[serde(borrow, default, alias = "parent_span_id")]
    parent_span_id: Scalar<'a>,
    #[serde(borrow, default)]
    name: Scalar<'a>,
    #[serde(borrow, default)]
    kind: Scalar<'a>,
    #[serde(borrow, default, alias = "start_time_unix_nano")]
    start_time_unix_nano: Scalar<'a>,
    #[serde(borrow, default, alias = "end_time_unix_nano")]
    end_time_unix_nano: Scalar<'a>,
    #[serde(borrow, default)]
    attributes: Attributes<'a>,
    #[serde(borrow, default)]
    status: Maybe<Status<'a>>,
}

#[derive(Default, Deserialize)]
struct Status<'a> {
    #[serde(borrow, default)]
    code: Scalar<'a>,
}

/// What a span is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A server's answer to an HTTP request.
    Request,
    /// A tool that an agent called.
    Tool,
    /// The client's side of an HTTP request, which its server's span tells too.
    Client,
    /// What may be a tool's call, without a name for it that is known.
    LikeTool,
    /// Work inside of a program.
    Other,
}

/// Attributes that name an HTTP request's method, now and before.
const METHODS: [&str; 2] = ["http.request.method", "http.method"];
const METHOD_SENT: &str = "http.request.method_original";

impl Span<'_> {
    /// The record of a span that is a request or a tool's call.
    pub(super) fn record(
        &self,
        resource: Option<&Resource>,
        ancestry: &Ancestry,
        table: &Table,
        limits: &Limits,
    ) -> Result<Record<'static>, Refusal> {
        let mut fields = Fields::new(table);
        for (name, text) in resource.iter().flat_map(|resource| &resource.0) {
            fields.put(name, text.clone());
        }
        for (name, scalar) in
            [("trace_id", &self.trace_id), ("span_id", &self.span_id), ("parent_span_id", &self.parent_span_id)]
        {
            if let Some(text) = text(scalar) {
                fields.put(name, text);
            }
        }
        if let (Some(trace), Some(parent)) = (text(&self.trace_id), text(&self.parent_span_id))
            && let Some(request) = ancestry.request(&trace, &parent)
        {
            fields.put("parent_request_span_id", request);
        }
        for (name, nanos) in [("start_time", &self.start_time_unix_nano), ("end_time", &self.end_time_unix_nano)] {
            if let Some(seconds) = nanos.count().filter(|nanos| *nanos > 0).map(seconds) {
                fields.put(name, seconds);
            }
        }
        let tool = self.tool();
        for attribute in &self.attributes.0 {
            match (tool.is_some(), &*attribute.key) {
                // What belongs to the tool's call has a place of its own in the exchange.
                (true, "http.request.method" | "http.method" | "url.full" | "url.path") => {}
                (true, key) if tool::is_told(key) => {}
                // Methods that the semantic conventions do not know.
                (_, "http.request.method") if attribute.value.text().as_deref() == Some("_OTHER") => {
                    fields
                        .put("http.request.method", self.attribute(METHOD_SENT).unwrap_or_else(|| "_OTHER".to_owned()));
                }
                (true, "gen_ai.agent.name") => fields.put("act.sub", attribute.value.text().unwrap_or_default()),
                // A server's name is what clients called it, where it is no address.
                (_, "server.address" | "net.host.name") if attribute.value.is_name() => {
                    fields.put("url.domain", attribute.value.text().unwrap_or_default());
                }
                _ => put(attribute, &mut fields),
            }
        }
        if let Some(tool) = tool {
            fields.put("request_method", "POST");
            fields.put("request_uri", format!("/tools/{}", in_path(&tool.name)));
            for (name, text) in
                [("request_body", tool.arguments), ("response_body", tool.result), ("gen_ai.tool.call.id", tool.id)]
            {
                if let Some(text) = text {
                    fields.put(name, text);
                }
            }
            fields.put("status_code", if self.failed() { "500" } else { "200" });
        }
        fields.record(None, limits)
    }

    /// Remembers the span for the requests that lie in it.
    pub(super) fn remember(&self, ancestry: &mut Ancestry) {
        let [trace, span, parent] = [&self.trace_id, &self.span_id, &self.parent_span_id].map(text);
        if let (Some(trace), Some(span), Some(parent)) = (trace, span, parent) {
            ancestry.add(&trace, &span, &parent);
        }
    }

    /// What the span is.
    pub(super) fn role(&self) -> Role {
        if self.tool().is_some() {
            Role::Tool
        } else if METHODS.iter().all(|name| self.attribute(name).is_none()) {
            if self.resembles_tool() { Role::LikeTool } else { Role::Other }
        } else if self.side() == Side::Client {
            Role::Client
        } else {
            Role::Request
        }
    }

    fn side(&self) -> Side {
        match text(&self.kind).as_deref() {
            Some("3" | "SPAN_KIND_CLIENT") => Side::Client,
            Some("2" | "SPAN_KIND_SERVER") => Side::Server,
            _ => Side::Agent,
        }
    }

    /// Lets the calls of tools know of the span, which may stand between spans of calls or be one.
    pub(super) fn join(&self, calls: &mut ToolCalls) {
        let Some(key) = self.key() else { return };
        let parent = self.parent();
        // A span without a time becomes no exchange, so it stands for none.
        let timed = [&self.start_time_unix_nano, &self.end_time_unix_nano]
            .into_iter()
            .any(|nanos| nanos.count().is_some_and(|nanos| nanos > 0));
        let tool = self.tool().filter(|_| timed);
        let call = tool.map(|tool| {
            let call = Call::new(self.side(), &tool.name, tool.id.as_deref(), tool.arguments.as_deref());
            call.ended(self.failed())
        });
        calls.see(key, parent, call);
    }

    /// The span within its trace.
    pub(super) fn key(&self) -> Option<SpanKey> {
        SpanKey::new(&text(&self.trace_id)?, &text(&self.span_id)?)
    }

    /// The span that it lies in.
    pub(super) fn parent(&self) -> Option<SpanKey> {
        SpanKey::new(&text(&self.trace_id)?, &text(&self.parent_span_id)?)
    }

    fn attribute(&self, name: &str) -> Option<String> {
        self.value(name)?.text()
    }

    fn value(&self, name: &str) -> Option<&Value<'_>> {
        self.attributes.0.iter().find(|attribute| attribute.key == name).map(|attribute| &attribute.value)
    }

    fn failed(&self) -> bool {
        let code = self.status.0.as_ref().and_then(|status| text(&status.code)).unwrap_or_default();
        matches!(&*code, "2" | "STATUS_CODE_ERROR") || self.attribute("error.type").is_some()
    }
}

/// A tool's name as a segment of a path: spans that have no better name for it may be called anything.
fn in_path(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.trim().chars() {
        match c {
            '?' | '#' | '%' | ' ' => out.push_str(&format!("%{:02X}", u32::from(c))),
            c if c.is_control() => out.push('_'),
            c => out.push(c),
        }
    }
    out
}

/// Seconds with six decimals, whose unit nobody has to guess.
fn seconds(nanos: u64) -> String {
    format!("{}.{:06}", nanos / 1_000_000_000, nanos % 1_000_000_000 / 1000)
}

/// Adds an attribute; each element of an array is one of the same name.
fn put(attribute: &Attribute<'_>, fields: &mut Fields<'_, '_>) {
    for text in attribute.value.texts() {
        fields.put(&attribute.key, text);
    }
}

fn text(scalar: &Scalar<'_>) -> Option<String> {
    scalar.clone().into_text().map(Cow::into_owned)
}

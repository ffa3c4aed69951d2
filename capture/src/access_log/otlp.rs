//! Spans of OpenTelemetry in OTLP's JSON: those of servers that answered HTTP, and those of tools that agents called.

//!
//! Exporters write their JSON by hand: anything may be missing, null or of another type, and costs no more than itself.

mod ancestry;
mod value;

use std::borrow::Cow;

use serde::Deserialize;

pub(super) use self::ancestry::Ancestry;
use self::value::{Attribute, Attributes};
use super::fields::Fields;
use super::meaning::Table;
use super::record::Record;
use super::refusal::Refusal;
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
    /// Work inside of a program.
    Other,
}

/// Attributes that name an HTTP request's method, now and before.
const METHODS: [&str; 2] = ["http.request.method", "http.method"];
const TOOL: &str = "gen_ai.tool.name";

impl Span<'_> {
    /// The record of a span that is a request or a tool's call.
    pub(super) fn record(
        &self,
        resource: &Resource,
        ancestry: &Ancestry,
        table: &Table,
        limits: &Limits,
    ) -> Result<Record<'static>, Refusal> {
        let mut fields = Fields::new(table);
        for (name, text) in &resource.0 {
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
        let tool = self.role() == Role::Tool;
        for attribute in &self.attributes.0 {
            match (tool, &*attribute.key) {
                // What belongs to the tool's call has a place of its own in the exchange.
                (true, TOOL | "http.request.method" | "http.method" | "url.full" | "url.path") => {}
                (true, "gen_ai.tool.call.arguments") => fields.put("request_body", attribute.value.json()),
                (true, "gen_ai.tool.call.result") => fields.put("response_body", attribute.value.json()),
                (true, "gen_ai.agent.name") => fields.put("act.sub", attribute.value.text().unwrap_or_default()),
                // A server's name is what clients called it, where it is no address.
                (_, "server.address" | "net.host.name") if attribute.value.is_name() => {
                    fields.put("url.domain", attribute.value.text().unwrap_or_default());
                }
                _ => put(attribute, &mut fields),
            }
        }
        if tool {
            fields.put("request_method", "POST");
            fields.put("request_uri", format!("/tools/{}", self.attribute(TOOL).unwrap_or_default()));
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
        let kind = text(&self.kind).unwrap_or_default();
        if self.attribute(TOOL).is_some()
            && self.attribute("gen_ai.operation.name").is_none_or(|name| name == "execute_tool")
        {
            Role::Tool
        } else if METHODS.iter().all(|name| self.attribute(name).is_none()) {
            Role::Other
        } else if matches!(&*kind, "3" | "SPAN_KIND_CLIENT") {
            Role::Client
        } else {
            Role::Request
        }
    }

    fn attribute(&self, name: &str) -> Option<String> {
        self.attributes.0.iter().find(|attribute| attribute.key == name)?.value.text()
    }

    fn failed(&self) -> bool {
        let code = self.status.0.as_ref().and_then(|status| text(&status.code)).unwrap_or_default();
        matches!(&*code, "2" | "STATUS_CODE_ERROR") || self.attribute("error.type").is_some()
    }
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

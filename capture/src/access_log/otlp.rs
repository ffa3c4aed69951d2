//! Spans of OpenTelemetry in OTLP's JSON: those of servers that answered HTTP, and those of tools that agents called.

use std::borrow::Cow;

use serde::Deserialize;

use super::fields::Fields;
use super::meaning::Table;
use super::record::Record;
use super::refusal::Refusal;
use crate::Limits;
use crate::scalar::Scalar;

/// Spans of one resource.
#[derive(Deserialize)]
pub(super) struct ResourceSpans<'a> {
    #[serde(borrow, default)]
    resource: Resource<'a>,
    /// Under its present and former name.
    #[serde(borrow, default, rename = "scopeSpans", alias = "scope_spans", alias = "instrumentationLibrarySpans")]
    scopes: Vec<ScopeSpans<'a>>,
}

#[derive(Default, Deserialize)]
struct Resource<'a> {
    #[serde(borrow, default)]
    attributes: Vec<Attribute<'a>>,
}

#[derive(Deserialize)]
struct ScopeSpans<'a> {
    #[serde(borrow, default)]
    spans: Vec<Span<'a>>,
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
    attributes: Vec<Attribute<'a>>,
    #[serde(borrow, default)]
    status: Status<'a>,
}

#[derive(Default, Deserialize)]
struct Status<'a> {
    #[serde(borrow, default)]
    code: Scalar<'a>,
}

#[derive(Deserialize)]
struct Attribute<'a> {
    #[serde(borrow)]
    key: Cow<'a, str>,
    #[serde(borrow, default)]
    value: Value<'a>,
}

/// OTLP's `AnyValue`: one member, named by its type.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Value<'a> {
    #[serde(borrow, default, alias = "string_value")]
    string_value: Option<Cow<'a, str>>,
    #[serde(borrow, default, alias = "int_value")]
    int_value: Scalar<'a>,
    #[serde(borrow, default, alias = "double_value")]
    double_value: Scalar<'a>,
    #[serde(borrow, default, alias = "bool_value")]
    bool_value: Scalar<'a>,
    #[serde(borrow, default, alias = "array_value")]
    array_value: Option<Array<'a>>,
    #[serde(borrow, default, alias = "kvlist_value")]
    kvlist_value: Option<List<'a>>,
}

#[derive(Deserialize)]
struct Array<'a> {
    #[serde(borrow, default)]
    values: Vec<Value<'a>>,
}

#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow, default)]
    values: Vec<Attribute<'a>>,
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

impl<'a> ResourceSpans<'a> {
    /// All spans, in order.
    pub(super) fn spans(&self) -> impl Iterator<Item = &Span<'a>> {
        self.scopes.iter().flat_map(|scope| &scope.spans)
    }

    /// The record of a span that is a request or a tool's call.
    pub(super) fn record(&self, span: &Span<'_>, table: &Table, limits: &Limits) -> Result<Record<'a>, Refusal> {
        let mut fields = Fields::new(table);
        let own = ["service.name", "service.instance.id", "host.name", "tenant.id"];
        for attribute in self.resource.attributes.iter().filter(|attribute| own.contains(&&*attribute.key)) {
            put(attribute, &mut fields);
        }
        for (name, scalar) in
            [("trace_id", &span.trace_id), ("span_id", &span.span_id), ("parent_span_id", &span.parent_span_id)]
        {
            if let Some(text) = text(scalar) {
                fields.put(name, text);
            }
        }
        for (name, nanos) in [("start_time", &span.start_time_unix_nano), ("end_time", &span.end_time_unix_nano)] {
            if let Some(seconds) = nanos.count().filter(|nanos| *nanos > 0).map(seconds) {
                fields.put(name, seconds);
            }
        }
        let tool = span.role() == Role::Tool;
        for attribute in &span.attributes {
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
            fields.put("request_uri", format!("/tools/{}", span.attribute(TOOL).unwrap_or_default()));
            fields.put("status_code", if span.failed() { "500" } else { "200" });
        }
        fields.record(None, limits)
    }
}

impl Span<'_> {
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
        self.attributes.iter().find(|attribute| attribute.key == name)?.value.text()
    }

    fn failed(&self) -> bool {
        let code = text(&self.status.code).unwrap_or_default();
        matches!(&*code, "2" | "STATUS_CODE_ERROR") || self.attribute("error.type").is_some()
    }
}

impl Value<'_> {
    /// A single value as text.
    fn text(&self) -> Option<String> {
        let scalars = [&self.int_value, &self.double_value, &self.bool_value];
        let string = self.string_value.as_ref().map(|text| text.clone().into_owned());
        string.or_else(|| scalars.into_iter().find_map(text))
    }

    /// Whether it is a name and no IP address.
    fn is_name(&self) -> bool {
        self.string_value.as_ref().is_some_and(|text| super::record::endpoint(text).is_none())
    }

    /// As JSON; a text is taken for JSON already.
    fn json(&self) -> String {
        match self.text() {
            Some(text) => text,
            None => self.tree().to_string(),
        }
    }

    /// The parser's limit of depth bounds the recursion.
    fn tree(&self) -> serde_json::Value {
        if let Some(array) = &self.array_value {
            return array.values.iter().map(Value::tree).collect();
        }
        if let Some(list) = &self.kvlist_value {
            let members = list.values.iter().map(|member| (member.key.clone().into_owned(), member.value.tree()));
            return serde_json::Value::Object(members.collect());
        }
        match (&self.string_value, &self.int_value, &self.bool_value) {
            (Some(text), ..) => text.clone().into_owned().into(),
            (_, _, Scalar::Bool(value)) => (*value).into(),
            // Whole numbers are written as strings, for they may have 64 bits.
            (_, number, _) if number.count().is_some() => number.count().into(),
            (_, Scalar::Text(text), _) => text.parse::<i64>().map_or(serde_json::Value::Null, Into::into),
            _ => self.double_value.number().into(),
        }
    }
}

/// Seconds with six decimals, whose unit nobody has to guess.
fn seconds(nanos: u64) -> String {
    format!("{}.{:06}", nanos / 1_000_000_000, nanos % 1_000_000_000 / 1000)
}

/// Adds an attribute; each element of an array is one of the same name.
fn put(attribute: &Attribute<'_>, fields: &mut Fields<'_, '_>) {
    let elements = attribute.value.array_value.iter().flat_map(|array| &array.values);
    for value in elements.chain([&attribute.value]) {
        if let Some(text) = value.text() {
            fields.put(&attribute.key, text);
        }
    }
}

fn text(scalar: &Scalar<'_>) -> Option<String> {
    scalar.clone().into_text().map(Cow::into_owned)
}

//! How libraries tell of a tool that an agent called.

use super::Span;
use super::value::Value;

const NAME: &str = "gen_ai.tool.name";
const OPERATION: &str = "gen_ai.operation.name";

/// Attributes that name the tool by themselves.
const NAMES: [&str; 2] = [NAME, "ai.toolCall.name"];

/// Attributes that say of what kind a span is, and those that then name the tool; else the span's own name does.
const KINDS: [(&str, &[&str]); 4] = [
    ("openinference.span.kind", &["tool.name"]),
    ("traceloop.span.kind", &["traceloop.entity.name"]),
    ("langfuse.observation.type", &[]),
    ("mlflow.spanType", &[]),
];

/// Attributes with a call's arguments, best first.
const ARGUMENTS: [&str; 9] = [
    "gen_ai.tool.call.arguments",
    "tool_arguments",
    "gcp.vertex.agent.tool_call_args",
    "ai.toolCall.args",
    "ai.toolCall.input",
    "input.value",
    "traceloop.entity.input",
    "langfuse.observation.input",
    "mlflow.spanInputs",
];
/// Attributes with a call's result, best first.
const RESULTS: [&str; 9] = [
    "gen_ai.tool.call.result",
    "tool_response",
    "gcp.vertex.agent.tool_response",
    "ai.toolCall.result",
    "ai.toolCall.output",
    "output.value",
    "traceloop.entity.output",
    "langfuse.observation.output",
    "mlflow.spanOutputs",
];
/// Attributes with a call's id, best first.
const IDS: [&str; 3] = ["gen_ai.tool.call.id", "ai.toolCall.id", "tool_call.id"];

/// What a span says of a tool's call.
pub(in super::super) struct Tool {
    pub(in super::super) name: String,
    pub(in super::super) id: Option<String>,
    pub(in super::super) arguments: Option<String>,
    pub(in super::super) result: Option<String>,
}

/// Whether an attribute is told elsewhere in the exchange that a tool's call becomes.
pub(super) fn is_told(key: &str) -> bool {
    let known = [&NAMES[..], &ARGUMENTS, &RESULTS, &IDS];
    known.iter().any(|names| names.contains(&key)) || KINDS.iter().any(|(_, names)| names.contains(&key))
}

impl Span<'_> {
    /// The call that the span tells of, if any.
    pub(in super::super) fn tool(&self) -> Option<Tool> {
        let executes = self.attribute(OPERATION).is_none_or(|name| name == "execute_tool");
        let named = || NAMES.iter().filter(|_| executes).find_map(|name| self.attribute(name));
        let of_kind = || {
            let (_, names) = KINDS.iter().find(|(kind, _)| self.is_tool_by(kind))?;
            names.iter().find_map(|name| self.attribute(name)).or_else(|| super::text(&self.name))
        };
        let name = named().or_else(of_kind).filter(|name| !name.trim().is_empty())?;
        let json = |names: &[&str]| names.iter().find_map(|name| self.value(name)).map(Value::json);
        let id = IDS.iter().find_map(|name| self.attribute(name));
        Some(Tool { name, id, arguments: json(&ARGUMENTS), result: json(&RESULTS) })
    }

    /// Whether the span looks like a tool's call, of which it names no tool that is known here.
    pub(super) fn resembles_tool(&self) -> bool {
        let name = super::text(&self.name).unwrap_or_default().to_ascii_lowercase();
        let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
        self.attribute(OPERATION).is_some_and(|name| name == "execute_tool")
            || words.any(|word| matches!(word, "tool" | "toolcall"))
            || self
                .attributes
                .0
                .iter()
                .any(|attribute| attribute.key.ends_with("kind") && self.is_tool_by(&attribute.key))
    }

    fn is_tool_by(&self, kind: &str) -> bool {
        // MLflow writes all values as JSON.
        self.attribute(kind).is_some_and(|kind| kind.trim_matches('"').eq_ignore_ascii_case("tool"))
    }
}

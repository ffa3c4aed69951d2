//! What calls of agents' protocols tell of themselves: tools that are listed and called, questions to a person and their
//! answers, and whether the headers that name a call agree with its body.

use offpath_capture::{AnnouncedCall, Call, CallKind, CallOutcome, CallProtocol, Sender};
use serde_json::Value;

use super::credential::HashKey;
use super::reading::Reading;
use super::redact::Masker;
use crate::event::{Actor, Announced, Asked, Event, ListedTool, Listing, Question, Spoken};

/// Most tools of a page that are kept; of a longer one what it does not list is not known.
const MOST_TOOLS: usize = 1024;
/// Most questions or answers of one call.
const MOST_QUESTIONS: usize = 64;

/// What the call that a reading is turned to tells of itself; nothing where it is none of an agent's protocol.
pub(super) fn of(reading: &Reading<'_>, actor: &Actor, key: &HashKey, masker: &Masker) -> Option<Box<Spoken>> {
    let call = reading.call.filter(|call| matches!(call.protocol, CallProtocol::Mcp | CallProtocol::A2a))?;
    let speaker = Speaker::of(reading, actor, key);
    let mut spoken = Spoken { server: speaker.server, listener: speaker.listener, ..Spoken::default() };
    if call.kind == CallKind::Tool {
        spoken.tool = Some(masker.tool(&call.name));
    }
    if call.protocol == CallProtocol::Mcp {
        spoken.headers = announced(reading, call, masker);
        match call.name.as_str() {
            "tools/list" if call.kind == CallKind::Method => spoken.listing = listing(call, key, masker),
            "initialize" | "server/discover" => spoken.version = version(call, key),
            _ => {}
        }
    }
    let (asks, answers, agrees) = speaker.questions(call);
    (spoken.asks, spoken.answers, spoken.agrees) = (asks, answers, agrees);
    spoken.asks.truncate(MOST_QUESTIONS);
    spoken.answers.truncate(MOST_QUESTIONS);
    Some(Box::new(spoken))
}

/// Notes with an event of an exchange what the server asks a person on its stream.
pub(super) fn ask(event: &mut Event, reading: &Reading<'_>, calls: &[Call], key: &HashKey) {
    let own = calls.iter().filter(|call| call.sender == Sender::Server && call.protocol == CallProtocol::Mcp);
    let ids = own.filter(|call| call.name == "elicitation/create").filter_map(|call| call.id.as_deref());
    let speaker = Speaker::of(reading, &event.actor, key);
    let questions: Vec<Question> = ids.take(MOST_QUESTIONS).filter_map(|id| speaker.on_stream(id)).collect();
    if !questions.is_empty() {
        let unspoken = || Spoken { server: speaker.server, listener: speaker.listener, ..Spoken::default() };
        event.spoken.get_or_insert_with(|| Box::new(unspoken())).asks.extend(questions);
    }
}

/// One side of a session, as keyed hashes.
struct Speaker<'a> {
    key: &'a HashKey,
    server: u64,
    /// The session's id, where there is one.
    session: Option<&'a [u8]>,
    listener: Option<u64>,
}

impl<'a> Speaker<'a> {
    fn of(reading: &Reading<'a>, actor: &Actor, key: &'a HashKey) -> Speaker<'a> {
        let host = reading.host.as_deref().unwrap_or_default();
        let server = key.hash("mcp-server", &[host.as_bytes(), reading.target.path.as_bytes()]).to_u64();
        let response = reading.exchange.response.as_ref();
        let given = response.and_then(|response| response.headers.get("mcp-session-id"));
        let session = reading.header("mcp-session-id").or(given).filter(|session| !session.is_empty());
        // Whoever knows the id of somebody's session may send it: what it is told is told to nobody else.
        let holder = actor.principal.as_deref().or(actor.credential.as_deref()).unwrap_or_default();
        let by_session = session.map(|session| key.hash("mcp-listener", &[b"s", session, holder.as_bytes()]).to_u64());
        let held =
            || actor.credential.as_deref().map(|hash| key.hash("mcp-listener", &[b"c", hash.as_bytes()]).to_u64());
        Speaker { key, server, session, listener: by_session.or_else(held) }
    }

    /// What a call asks of a person, what it answers, and whether it says yes.
    fn questions(&self, call: &Call) -> (Vec<Question>, Vec<Question>, bool) {
        match (call.protocol, call.kind) {
            (CallProtocol::A2a, _) => self.of_task(call),
            (_, CallKind::Answer) if call.name == "elicitation" => {
                let own = call.id.as_deref().and_then(|id| self.on_stream(id));
                (Vec::new(), own.into_iter().collect(), agrees(call))
            }
            (_, CallKind::InputResponse) => {
                let taken = call.links.taken.as_deref().and_then(|state| self.in_answer(state, &call.name));
                let own = taken.filter(|_| action(call).is_some());
                (Vec::new(), own.into_iter().collect(), agrees(call))
            }
            _ if call.outcome == CallOutcome::Waiting => (self.wanted(call), Vec::new(), false),
            _ => (Vec::new(), Vec::new(), false),
        }
    }

    /// What a person is asked in the answer `input_required`; what a model or a program is asked is none.
    fn wanted(&self, call: &Call) -> Vec<Question> {
        let result = parsed(call.result.as_deref());
        let requests = result.as_ref().and_then(|result| result.get("inputRequests")?.as_object());
        let (Some(requests), Some(state)) = (requests, call.links.given.as_deref()) else { return Vec::new() };
        let to_person = |request: &Value| request.get("method").and_then(Value::as_str) == Some("elicitation/create");
        let asked = requests.iter().filter(|(_, request)| to_person(request)).take(MOST_QUESTIONS);
        asked.filter_map(|(name, _)| self.in_answer(state, name)).collect()
    }

    /// A question in the answer to a call: the state ties it to its answer, and its name tells it from others.
    fn in_answer(&self, state: &str, name: &str) -> Option<Question> {
        let server = self.server.to_be_bytes();
        let id = self.key.hash("question", &[b"state", &server, state.as_bytes(), name.as_bytes()]).to_u64();
        Some(Question { id, to: Asked::Person })
    }

    /// A question on a stream. Without a session nothing ties it to its answer.
    fn on_stream(&self, id: &str) -> Option<Question> {
        let id = self.key.hash("question", &[b"id", self.session?, id.as_bytes()]).to_u64();
        Some(Question { id, to: Asked::PersonOnStream })
    }

    /// A task that waits for input, and a message that goes on with one.
    fn of_task(&self, call: &Call) -> (Vec<Question>, Vec<Question>, bool) {
        let question = |conversation: &str| {
            let server = self.server.to_be_bytes();
            let id = self.key.hash("question", &[b"task", &server, conversation.as_bytes()]).to_u64();
            vec![Question { id, to: Asked::Anybody }]
        };
        let sent = parsed(call.arguments.as_deref());
        let context = sent.as_ref().and_then(|sent| sent.get("message")?.get("contextId")?.as_str());
        let answers = context.map(question).unwrap_or_default();
        let waits = call.outcome == CallOutcome::Waiting && wants_input(call);
        let asks = call.links.conversation.as_deref().filter(|_| waits).map(question).unwrap_or_default();
        let agrees = !answers.is_empty();
        (asks, answers, agrees)
    }
}

/// Whether a task waits for input, and not for somebody to log in.
fn wants_input(call: &Call) -> bool {
    let result = parsed(call.result.as_deref());
    let state = |value: &Value| Some(value.get("status")?.get("state")?.as_str()?.to_ascii_lowercase());
    let wrapped = |result: &Value| ["task", "statusUpdate"].into_iter().find_map(|name| state(result.get(name)?));
    let state = result.and_then(|result| state(&result).or_else(|| wrapped(&result)));
    state.is_some_and(|state| state.ends_with("input-required") || state.ends_with("input_required"))
}

/// What a person did with a question: `accept`, `decline` or `cancel`.
fn action(call: &Call) -> Option<String> {
    let said = parsed(call.arguments.as_deref())?;
    let action = said.get("action")?.as_str()?;
    matches!(action, "accept" | "decline" | "cancel").then(|| action.to_owned())
}

fn agrees(call: &Call) -> bool {
    action(call).as_deref() == Some("accept")
}

fn parsed(text: Option<&str>) -> Option<Value> {
    // The reader's own bound on depth is well below the stack's.
    text.and_then(|text| serde_json::from_str(text).ok())
}

/// The server's word on its program and version.
fn version(call: &Call, key: &HashKey) -> Option<u64> {
    let result = parsed(call.result.as_deref())?;
    let info = result.get("serverInfo")?;
    let text = |name: &str| info.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Some(key.hash("mcp-version", &[text("name").as_bytes(), text("version").as_bytes()]).to_u64())
}

/// A page of tools that was seen whole.
fn listing(call: &Call, key: &HashKey, masker: &Masker) -> Option<Listing> {
    let result = parsed(call.result.as_deref()).filter(|_| call.outcome == CallOutcome::Accepted)?;
    let tools = result.get("tools")?.as_array()?;
    // An empty cursor is one: only its absence ends a list.
    let more = result.get("nextCursor").is_some_and(|cursor| !cursor.is_null());
    let asked = parsed(call.arguments.as_deref());
    let first = asked.is_some_and(|asked| asked.get("cursor").is_none_or(Value::is_null));
    let mut listed: Vec<ListedTool> =
        tools.iter().take(MOST_TOOLS).filter_map(|tool| listed_tool(tool, key, masker)).collect();
    let whole = listed.len() == tools.len();
    listed.sort_unstable();
    Some(Listing { first, last: !more && whole, tools: listed })
}

fn listed_tool(tool: &Value, key: &HashKey, masker: &Masker) -> Option<ListedTool> {
    let tool = tool.as_object()?;
    let name = tool.get("name")?.as_str()?;
    let part = |names: &[&str]| {
        let mut text = String::new();
        for name in names {
            canonical(tool.get(*name).unwrap_or(&Value::Null), &mut text);
            text.push('\n');
        }
        key.hash("mcp-tool", &[text.as_bytes()]).to_u64()
    };
    Some(ListedTool {
        name: masker.tool(name),
        description: part(&["title", "description", "annotations"]),
        schema: part(&["inputSchema", "outputSchema"]),
    })
}

/// A value as text in which the order of members says nothing. It is as deep as the reader let it be.
fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_unstable_by_key(|(name, _)| *name);
            out.push('{');
            for (name, value) in sorted {
                canonical(&Value::String(name.clone()), out);
                out.push(':');
                canonical(value, out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            items.iter().for_each(|item| {
                canonical(item, out);
                out.push(',');
            });
            out.push(']');
        }
        leaf => out.push_str(&leaf.to_string()),
    }
}

/// How the headers that name a call compare with it; nothing where none does, or where the call is told by them alone.
fn announced(reading: &Reading<'_>, call: &Call, masker: &Masker) -> Option<Announced> {
    let carried = matches!(call.kind, CallKind::Method | CallKind::Notification | CallKind::Tool | CallKind::Prompt);
    // Without its body a call is what the headers say.
    if !carried || call.arguments.is_none() {
        return None;
    }
    let AnnouncedCall { methods, names } = AnnouncedCall::of(reading.exchange);
    if methods.is_empty() && names.is_empty() {
        return None;
    }
    let method = call.method.as_deref().unwrap_or(&call.name);
    let resource = || Some(parsed(call.arguments.as_deref())?.get("uri")?.as_str()?.to_owned());
    let target = match call.kind {
        CallKind::Tool | CallKind::Prompt => Some(call.name.clone()),
        _ if method == "resources/read" => resource(),
        _ => None,
    };
    let differs = |header: &str, said: &[String], done: &str| {
        let other = said.iter().find(|said| said.as_str() != done)?;
        let shown = |text: &str| masker.shared(text);
        Some(Announced::Different { header: header.into(), said: shown(other), done: shown(done) })
    };
    let by_method = differs("Mcp-Method", &methods, method);
    let by_name = || target.and_then(|target| differs("Mcp-Name", &names, &target));
    Some(by_method.or_else(by_name).unwrap_or(Announced::Same))
}

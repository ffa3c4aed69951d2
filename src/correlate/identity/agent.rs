//! The software that acts for a principal: as a token says, the model's paths, a log, or the signature of the message.

use std::sync::Arc;

use offpath_capture::CallProtocol;

use super::{Naming, masked_text};
use crate::correlate::credential::Shown;
use crate::correlate::reading::Reading;
use crate::correlate::signature;
use crate::event::MOST_EARLIER_AGENTS;
use crate::event::{SeenAgent, Value};
use crate::model::{Path, Root};

/// Longest name of software that is kept.
const LONGEST_NAME: usize = 64;
/// The header by which a program says who it is (Web Bot Auth).
const SIGNATURE_AGENT: &str = "signature-agent";

impl Naming<'_> {
    /// The agent, where anything says that there is one.
    pub(super) fn agent(&self, reading: &Reading<'_>) -> Option<Arc<str>> {
        let listed = self.model.into_iter().flat_map(|m| &m.agent).find_map(|path| self.listed_agent(reading, path));
        let logged = || {
            let field = reading.log_field(&["act.sub", "act_sub", "act"]).or_else(|| reading.logged_agent());
            field.filter(|agent| !agent.starts_with('{')).map(Arc::from)
        };
        let found = listed.or_else(|| claimed(reading)).or_else(logged).or_else(|| signed(reading));
        found.map(|agent| self.masker.shared(&agent))
    }

    /// What one of the model's paths says. Any client may send the header that programs sign: by that one they are named
    /// as without a model, or by a declared proxy or a log that shows what was left of a signature.
    fn listed_agent(&self, reading: &Reading<'_>, path: &Path) -> Option<Arc<str>> {
        let text = masked_text(reading, path, self.masker);
        if path.root != Root::RequestHeader || path.fields.last().is_none_or(|name| &**name != SIGNATURE_AGENT) {
            return text;
        }
        let vouched = reading.signer.is_none() && (self.proxies.speaks(reading) || !reading.headers_carried());
        let told = || text.filter(|_| vouched).and_then(|text| signature::unsigned_agent(&text)).map(Arc::from);
        signed(reading).or_else(told)
    }

    /// Whether anything says that an agent acts which is not believed: a signature, the header that belongs to one, a token.
    pub(super) fn claims_agent(&self, reading: &Reading<'_>, shown: &[Shown]) -> bool {
        let signer = reading.signer.as_ref().is_some_and(|signer| signer.is_program && !signer.is_believed());
        let is_header = |path: &Path| {
            path.root == Root::RequestHeader && path.fields.last().is_some_and(|name| &**name == SIGNATURE_AGENT)
        };
        let header = || {
            let mut listed = self.model.into_iter().flat_map(|m| &m.agent);
            listed.any(is_header) && reading.header(SIGNATURE_AGENT).is_some()
        };
        let acts = |s: &Shown| s.claims.as_ref().is_some_and(|claims| claims.value(&["act", "sub"]).is_some());
        signer || header() || shown.iter().any(acts)
    }

    /// Those who acted before the agent: the nested `act` of a token (RFC 8693, section 4.1).
    pub(super) fn earlier_agents(&self, reading: &Reading<'_>) -> Vec<Arc<str>> {
        let Some(claims) = &reading.claims else { return Vec::new() };
        let mut path = vec!["act"];
        let mut agents = Vec::new();
        while agents.len() < MOST_EARLIER_AGENTS {
            path.push("act");
            let mut subject = path.clone();
            subject.push("sub");
            let Some(Value::Text(agent)) = claims.value(&subject) else { break };
            agents.push(self.masker.shared(&agent));
        }
        agents
    }
}

/// Products in user agents of software that acts for people: frameworks of agents, their clients and browsers.
const PRODUCTS: [&str; 38] = [
    "autogen",
    "autogpt",
    "amazonq",
    "browseruse",
    "browserbase",
    "chatgptuser",
    "claudecode",
    "claudeuser",
    "cline",
    "codexcli",
    "codexclirs",
    "copilot",
    "crewai",
    "cursor",
    "devin",
    "dify",
    "fastmcp",
    "geminicli",
    "githubcopilot",
    "langchain",
    "langgraph",
    "langsmith",
    "letta",
    "llamaindex",
    "manususer",
    "mcp",
    "mcpremote",
    "mistralaiuser",
    "modelcontextprotocol",
    "openaiagents",
    "openaioperator",
    "opencode",
    "perplexityuser",
    "pydanticai",
    "semantickernel",
    "skyvern",
    "smolagents",
    "windsurf",
];
/// Most words of a user agent that are looked at.
const MOST_WORDS: usize = 32;

impl Naming<'_> {
    /// Software that shows that it acts, by the model's paths outside of tokens, a signature, a protocol of agents or its
    /// user agent; and whether the token names any, or is that of a program.
    pub(super) fn seen_agent(&self, reading: &Reading<'_>, kind: &str) -> Option<Box<SeenAgent>> {
        let outside = |path: &&Path| path.root != Root::Jwt;
        let listed = self.model.into_iter().flat_map(|m| &m.agent).filter(outside);
        let listed = listed.into_iter().find_map(|path| self.listed_agent(reading, path));
        let found = listed.or_else(|| signed(reading)).or_else(|| spoken(reading)).or_else(|| product(reading))?;
        let named = reading.claims.as_ref().map(|claims| {
            let clients = ["azp", "client_id", "clientId", "cid", "appid"];
            let person = self.model.map_or("human", |model| &model.default_kind);
            claims.value(&["act"]).is_some()
                || clients.iter().any(|name| claims.text(name).is_some())
                || !matches!(kind, "" | "human") && kind != person
        });
        Some(Box::new(SeenAgent { name: self.masker.shared(&found), named }))
    }
}

/// What speaks a protocol of agents, as it calls itself.
fn spoken(reading: &Reading<'_>) -> Option<Arc<str>> {
    let call = reading.call?;
    let name = match call.protocol {
        CallProtocol::Mcp => "MCP client",
        CallProtocol::A2a => "A2A client",
        _ => return None,
    };
    let info = call.client_info.as_deref().and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
    let own = info.as_ref().and_then(|info| info.get("name")?.as_str()).filter(|name| !name.is_empty());
    Some(own.map_or(name, |own| own.get(..LONGEST_NAME).unwrap_or(own)).into())
}

/// The product of a user agent that is known to act for people, as it stands there.
fn product(reading: &Reading<'_>) -> Option<Arc<str>> {
    let field = reading.header("user-agent").and_then(|value| std::str::from_utf8(value).ok());
    let text = field.or_else(|| reading.log_field(&["user_agent", "http_user_agent"]))?;
    let products = text.split([' ', ';', '(', ')', ',']).take(MOST_WORDS).filter_map(|word| word.split_once('/'));
    let known = |name: &str| {
        let letters = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase());
        let bare: String = letters.take(LONGEST_NAME).collect();
        PRODUCTS.contains(&bare.as_str())
    };
    products.map(|(name, _)| name).find(|name| name.len() <= LONGEST_NAME && known(name)).map(Arc::from)
}

/// The agent that the token names.
fn claimed(reading: &Reading<'_>) -> Option<Arc<str>> {
    match reading.claims.as_ref()?.value(&["act", "sub"])? {
        Value::Text(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

/// The program that signed the message; a signature that nobody believes names none.
fn signed(reading: &Reading<'_>) -> Option<Arc<str>> {
    let signer = reading.signer.as_ref().filter(|signer| signer.is_believed())?;
    signer.agent.as_deref().map(Arc::from)
}

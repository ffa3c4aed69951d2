//! The software that acts for a principal: as a token says, the model's paths, a log, or the signature of the message.

use std::sync::Arc;

use super::{MOST_LISTED, Naming, masked_text};
use crate::correlate::reading::Reading;
use crate::correlate::signature;
use crate::event::Value;
use crate::model::{Path, Root};

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

    /// Those who acted before the agent: the nested `act` of a token (RFC 8693, section 4.1).
    pub(super) fn earlier_agents(&self, reading: &Reading<'_>) -> Vec<Arc<str>> {
        let Some(claims) = &reading.claims else { return Vec::new() };
        let mut path = vec!["act"];
        let mut agents = Vec::new();
        while agents.len() < MOST_LISTED {
            path.push("act");
            let mut subject = path.clone();
            subject.push("sub");
            let Some(Value::Text(agent)) = claims.value(&subject) else { break };
            agents.push(self.masker.shared(&agent));
        }
        agents
    }
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

//! What a call of an agent's protocol (MCP, A2A) tells of itself, beside what it asks for.

use std::sync::Arc;

/// Tools, questions to a person and headers of one call. All identities are keyed hashes; a server or client says the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spoken {
    /// The server: its host and the path that is called.
    pub server: u64,
    /// Who was told which tools there are: the session, else the holder of the credential. None where neither is shown.
    pub listener: Option<u64>,
    /// The tool that is called.
    pub tool: Option<Arc<str>>,
    /// The tools that the answer lists.
    pub listing: Option<Listing>,
    /// The program and version that the server says it is.
    pub version: Option<u64>,
    /// What it asks a person.
    pub asks: Vec<Question>,
    /// The questions that it answers.
    pub answers: Vec<Question>,
    /// What a person answers is yes, or information that was asked for.
    pub agrees: bool,
    /// How the headers that name the call compare with its body; none where no header names it.
    pub headers: Option<Announced>,
}

/// A page of a server's list of tools.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// It is the first page.
    pub first: bool,
    /// Nothing follows it, and all of it was read.
    pub last: bool,
    /// The tools, by name.
    pub tools: Vec<ListedTool>,
}

/// A tool as a server describes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListedTool {
    /// Name.
    pub name: Arc<str>,
    /// Title, description and hints: what a model or a person reads.
    pub description: u64,
    /// What goes in and comes out.
    pub schema: u64,
}

/// A question to a person, or an answer to one; both have the same hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Question {
    /// Identity.
    pub id: u64,
    /// Who may answer.
    pub to: Asked,
}

/// To whom a question goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Asked {
    /// A person (MCP elicitation), in the answer to a call: it cannot be known before that has ended.
    Person,
    /// A person, on a stream: it may be known since the stream began.
    PersonOnStream,
    /// Whoever goes on with the task (A2A `input-required`).
    Anybody,
}

/// What headers announce, compared with the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Announced {
    /// They agree.
    Same,
    /// One of them says something else.
    Different {
        /// Header.
        header: Arc<str>,
        /// What it says.
        said: Arc<str>,
        /// What the body says.
        done: Arc<str>,
    },
}

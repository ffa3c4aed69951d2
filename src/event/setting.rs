//! How a request was made: from where, by what program, with what in its URL, and what it had to do with logins.

use serde::{Deserialize, Serialize};

/// How a request was made. It is there until the event's joins are done: what it is for is the pass over actors.
///
/// Hashes are keyed, stay within a run, and are 0 for what the source does not show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Setting {
    /// Hash of the client's address.
    pub address: u64,
    /// Hash of the network that the address is in; 0 for one inside (private, loopback, shared by a provider) as well.
    pub network: u64,
    /// Hash of the client program's name, whatever its version; one that does not name itself has a hash as well.
    pub program: u64,
    /// What kind of program it is.
    pub kind: ProgramKind,
    /// How long the token that was shown may be used, in microseconds, where it tells its beginning and its end.
    pub life: Option<i64>,
    /// When that token was issued, as it says, microseconds since the Unix epoch.
    pub issued: Option<i64>,
    /// By how many seconds the server's clock, as its answer tells it (`Date`), is ahead of the sensor's.
    pub drift: Option<i64>,
    /// Hash of who issued that token.
    pub issuer: u64,
    /// What it has to do with logins.
    pub gate: Gate,
    /// Hash of the server's address, where a credential goes to it in the clear.
    pub server: u64,
    /// Hash of the account that a login is for.
    pub account: u64,
    /// Hashes of the credentials that it ends, 0 for none.
    pub ended: [u64; 4],
    /// Hash of the refresh token that it turned into another one.
    pub spent: u64,
    /// Hash of the credential of Basic authentication that makes it a login, 0 where something else does.
    pub basic: u64,
    /// Hashes of the roles that a token or log record tells, the least first, 0 for none.
    pub roles: [u32; 4],
    /// What else is known of it.
    pub marks: Marks,
}

/// What kind of program sends a request, as it says itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ProgramKind {
    /// It does not say.
    #[default]
    Unknown,
    /// A browser that somebody sits at.
    Browser,
    /// An application on somebody's device.
    App,
    /// A library, a command line tool or a service.
    Tool,
}

impl ProgramKind {
    /// All of them, by their codes.
    pub(super) const ALL: [ProgramKind; 4] =
        [ProgramKind::Unknown, ProgramKind::Browser, ProgramKind::App, ProgramKind::Tool];
}

/// What a request has to do with logins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Gate {
    /// Nothing.
    #[default]
    None,
    /// A login that was refused.
    Refused,
    /// A login that was taken.
    Entered,
    /// A logout, or a way in that is neither.
    Beside,
    /// A login whose answer gives out nothing and says nothing: how it went the others at its path tell.
    Unsaid,
}

impl Gate {
    /// All of them, by their codes.
    pub(super) const ALL: [Gate; 5] = [Gate::None, Gate::Refused, Gate::Entered, Gate::Beside, Gate::Unsaid];
}

/// What else is known of how a request was made: a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Marks(u32);

/// One thing that may be known of how a request was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It shows a credential.
    Shows,
    /// It shows a bearer token that nobody signed (`alg: none`).
    Unsigned,
    /// Its sender says to speak for somebody else, and is no proxy that is trusted: the address says little.
    Relayed,
    /// The address is one of the next version, IPv6.
    V6,
    /// The URL holds a token: by its name, or a JWT by its look.
    UrlToken,
    /// The URL holds a password or secret.
    UrlSecret,
    /// The URL holds a session.
    UrlSession,
    /// The URL holds an API key.
    UrlKey,
    /// The URL holds what may be a token for one use.
    UrlPerhaps,
    /// The URL holds a payment card's number, under a name that says so.
    UrlCard,
    /// The URL holds a number that may be a payment card's.
    UrlCardLike,
    /// The URL holds a number as long as a card's that is none.
    UrlNumber,
    /// The URL holds an international bank account number.
    UrlIban,
    /// The URL holds an e-mail address.
    UrlEmail,
    /// It goes to a server outside in the clear, with a token, key or password in a header.
    Clear,
    /// It goes to a server outside in the clear, with a session cookie.
    ClearSession,
    /// The wire that it came over was seen.
    Wire,
    /// The source does not show the query of the URL.
    HidesQuery,
    /// It is a login, and the source does not show from where.
    LoginWithoutAddress,
    /// It does something of which a thief would make use: credentials, rights, money paid out.
    Sensitive,
    /// It administers: accounts, roles, rights.
    Administers,
    /// Its answer holds a password, secret or private key.
    TellsSecret,
    /// The answer's body was looked through for such.
    ShowsAnswer,
    /// A document that the user gave describes it.
    Described,
    /// The user gave documents, and none of them describes it.
    Undescribed,
    /// It came after the day on which its answer says that the operation is gone (`Sunset`).
    PastSunset,
    /// It names one object twice, by different ids.
    IdTwice,
    /// One object of its JSON body has a member twice, with different values.
    MemberTwice,
    /// It shows a bearer token that no key proved beside another credential: the server may have gone by that one.
    Accompanied,
}

impl Marks {
    /// Adds one.
    pub fn add(&mut self, mark: Mark) {
        self.0 |= 1 << mark as u32;
    }

    /// Takes one away.
    pub fn remove(&mut self, mark: Mark) {
        self.0 &= !(1 << mark as u32);
    }

    /// Adds one where it applies.
    pub fn add_if(&mut self, applies: bool, mark: Mark) {
        if applies {
            self.add(mark);
        }
    }

    /// Whether it is among them.
    pub fn has(self, mark: Mark) -> bool {
        self.0 & 1 << mark as u32 != 0
    }

    /// Whether one of several is among them.
    pub fn has_any(self, marks: &[Mark]) -> bool {
        marks.iter().any(|mark| self.has(*mark))
    }

    /// As four bytes.
    pub(super) fn bits(self) -> u32 {
        self.0
    }

    /// From such bytes.
    pub(super) fn from_bits(bits: u32) -> Marks {
        Marks(bits)
    }
}

//! # Object of somebody else by an id never given (`UNLEARNED`)
//!
//! ## What it finds
//! An actor who uses an object that somebody else made or was given, by an id that no answer had given him. Needs no
//! model; beside one it is judged of the types whose owner the model does not name.
//!
//! ## Why it matters
//! Who guesses ids and is served reads and changes what is not his: broken object level authorization. Lists: API1, BLA6,
//! CWE-639, AC-3. By an agent also: ASI03, ag:T3.
//!
//! ## How it decides
//! A ledger holds, by actor, every id that an answer of 2xx or 3xx gave (in bodies, lists, links and `Location`; what the
//! request itself names is not given by being echoed), and which actor made what. A use that was accepted is reported
//! where none of his answers had given him the id by the time at which he first named it (within 1 s, for clocks that
//! differ), and it is an object that another actor made or was given before. One finding by actor and call, at the first
//! such use. It counts where the object was made within the traffic, all answers to the actor since then were read and no
//! blind spot lies between, the id is a number that can be guessed (one run of at most 12 digits with at most 8 letters
//! around it) and he has objects of the type himself; otherwise it is for review (0.40). So it is where several made it
//! (tenants that count alike), where an answer of 200 or 201 says that he made what he had named and somebody else had
//! made, was given or had used, where two others of his roles (else of his kind: service, agent) and half of them are
//! shown objects of the type by answers, of 5 makers or more each and without having named them (staff; what he himself
//! comes to counts for nothing), where many use the object
//! or somebody does without a login, where an answer gave him the number without saying of what, and where 5 actors or
//! more, and half of all who had used the call by then, used it so (links in mail), or 4 or more, who are all, and none of
//! them ever with an id that he was given (a queue that the traffic does not show). A 201 for what lies behind an object's
//! key (`POST /orders/42/refund`) makes no such object. What is used without a login and nobody was seen to have is not
//! reported. Beside ENUM it is reported where that is told at a refusal. Where a model names the owner of a type,
//! or of one that it belongs to, OWN decides, and this rule is not asked; beside a model
//! that names none, only what counts is told, and not what would be for review (so it is, too, where the model names the
//! tenant alone, whose members may share it).
//!
//! ## When it is wrong
//! The id came another way: a link in a mail or chat, a printed number, another program. Colleagues who share a number.
//! A second login of the same person under another name. Nothing is found of who lets a second account of his hand him
//! the id in some text, or gets it from a server that takes it out of what he sent in a coding that is not read. Who sees
//! to it that an answer to him is not seen, or that he sends or is sent more than 1,000 ids at once, is for review, and so
//! is what other accounts of his use as well.
//!
//! ## Example
//! ```text
//! 10:00:00 alice    create  order:42  201
//! 10:03:00 mallory  view    order:42  200
//! expected: an id that an answer had given; observed: 1 object whose ids were given to others only
//! => high accepted: mallory performed view on order 42, of alice, without having been given its id
//! ```

use super::{Context, Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "UNLEARNED",
    title: "Object of somebody else by an id never given",
    check: Check::Unlearned,
    severity: Severity::High,
    taxonomy: &["API1", "BLA6", "CWE-639", "AC-3"],
    agent_taxonomy: &["ASI03", "ag:T3"],
    rests_on: Identity::Everyone,
    source: include_str!("unlearned.rs"),
    sentence: |context| format!("{}, of {}, without having been given its id", context.lead(), others(context)),
    why: |context| {
        format!(
            "No answer gave {} the id of this {} before: it was tried, or came another way. In all: {}.",
            context.actor(),
            context.object_type(),
            context.observed("an object of somebody else"),
        )
    },
    fix: |context| {
        format!(
            "In {}, load the {} by key and owner together (for an agent, the owner is the person it acts for) and answer \
             404 when there is none; say in a model whose it is, so that OWN decides.",
            context.endpoint(),
            context.object_type(),
        )
    },
};

/// Who was seen with it.
fn others(context: &Context<'_>) -> String {
    let mine = context.event.and_then(|event| event.actor.principal.as_deref());
    let other = context.others().find(|other| other.actor.principal.as_deref() != mine);
    other.map_or_else(|| "somebody else".to_owned(), super::context::actor)
}

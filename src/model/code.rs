//! The stable codes of model mistakes, and what `offpath explain` says about each.

macro_rules! codes {
    ($($name:ident $code:literal $doc:literal $explanation:literal)*) => {
        /// Kind of mistake in a model file. Codes are stable: one is never given to another mistake.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $doc] $name,)*
        }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Code] = &[$(Code::$name),*];

            /// The code as printed, e.g. `M003`.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $code),* }
            }

            /// The mistake in one line.
            pub fn title(self) -> &'static str {
                match self { $(Code::$name => $doc),* }
            }

            /// Why it matters and how to mend it.
            pub fn explanation(self) -> &'static str {
                match self { $(Code::$name => $explanation),* }
            }
        }
    };
}

codes! {
    Yaml "M001" "The file is not YAML that can be read."
"The text breaks YAML's own grammar, holds several documents, or uses an anchor that does not exist. Often a colon or
brace inside a plain text is the cause; put the text in quotes:
    when: \"event.amount == order.total\"
A workflow is one document; give several versions as several files."
    UnknownKey "M002" "A key is not part of the language."
"Keys are checked strictly, so that a misspelt rule is never silently left out. The message lists the keys that are
allowed at this place; docs/model.md describes each, docs/configuration.md those of a configuration."
    UnknownActivity "M003" "A name is not an activity of this file."
"Transitions, constraints and owner rules name activities declared under `activities:`. Names are case-sensitive.
    activities:
      pay: {http: \"POST /orders/{orderId}/payment\", object: order}"
    UnknownObject "M004" "A name is not an object type of this file."
"Activities, lifecycles, parents and `per:` name object types declared under `objects:`."
    UnknownState "M005" "A name is not a state of the lifecycle."
"Transitions go from and to states that the same lifecycle declares under `states:`. A guard that compares
`order.state` with a text is checked too: a misspelt state would make it false for ever."
    UnknownAttribute "M006" "Nothing sets this attribute."
"An expression reads an attribute that no declaration gives a value, so it could never be decided. Declare it under the
activity's or the object type's `attrs:`; `order.owner` needs `owner:`, and `order.state` a lifecycle or `state:`."
    UnknownName "M007" "A name in an expression or path has no meaning here."
"A path starts with what it is about. In the exchange: path, query, req, res, header, res_header, cookie, jwt, host, mtls,
mcp, args, log, method, status, target. In guards and constraints also: event, actor, and the name of an object type.
While an exchange is being read (`key`, `attrs`, `ok`, `where`, `kinds`) the case is not known yet, so event, actor and
objects have no meaning there."
    Duplicate "M008" "One name is declared twice."
"The second declaration would hide the first. Give it another name, or join the two."
    WrongShape "M009" "A value has the wrong shape."
"A text stands where a list or a mapping belongs, or the other way round. Where several values are allowed (`key:`, `by:`,
`from:`), one may be written without brackets."
    Missing "M010" "Something required is missing."
"The message names the key. The smallest model:
    offpath: 1
    workflow: {id: checkout, version: 1}
    objects: {order: {key: path.orderId}}
    activities: {pay: {http: \"POST /orders/{orderId}/payment\", object: order}}"
    Syntax "M011" "An expression cannot be parsed."
"Expressions have CEL's syntax: `&&`, `||`, `!`, `==`, `in`, `a ? b : c`, texts in quotes. Durations and amounts are
`duration('24h')` and `money('100 EUR')`. An expression is at most 4096 bytes long and nested at most 32 deep."
    UnknownFunction "M012" "A function does not exist, or is called wrongly."
"Functions: has(path), size(x), sum(list), count(list), min(list), max(list), money('100 EUR'), money(amount, currency),
decimal(x), timestamp(text), duration(text), text.startsWith(t), text.endsWith(t), text.contains(t),
text.matches('pattern'), lower(text). The pattern of `matches` is a literal."
    KindMismatch "M013" "An operation can never have a meaning for these kinds of value."
"Comparing an amount with a bare number, or a number with a text, is never decided: the language has no silent
conversions. Convert: `decimal(path.count) > 5`, `refund.amount > money('100 EUR')`. A condition must be true or false."
    BadValue "M014" "A duration, amount, date, number, time zone or choice is not valid."
"Durations: 14d, 24h, 1m, 30s, 250ms, 1h30m. Amounts: 100 EUR. Dates: 2026-09-01 or RFC 3339. Hours:
Mon-Fri 07:00-20:00 Europe/Paris, with an IANA time zone. Severities: low, medium, high, critical."
    BadPath "M015" "A path is not valid."
"A path is a root and fields: `res.order.id`, `req.items[0].sku`, `res.orders.*.id`, `header.x-api-key`, `cookie.sid`."
    BadTemplate "M016" "An `http:` or `grpc:` line does not name a call."
"Write the method in upper case (or `*` for any), a space, and a path from `/`. A parameter in braces takes
one segment, or what the text around it leaves of one; `**` at the end takes the rest:
    http: POST /orders/{orderId}/payment
    http: POST /orders/{orderId}:cancel
Conditions over the query go to `where:`. A `grpc:` line is a service with its package, and its
method, as in the .proto file:
    grpc: shop.Orders/Pay"
    Shadowed "M017" "A transition says nothing that another does not."
"Two transitions have the same activity and a common source state, and nothing tells them apart. If they lead to the same
state, the second is never needed: remove it, or add the guard (`when`, `by`, `kind`) that was meant. If they lead to
different states, replay must keep both as possible; fine when the server decides and declares the state in its response."
    Unreachable "M018" "No transitions lead to a state."
"Whatever is declared for the state can never happen. Usually a transition is missing or its `to:` is misspelt."
    DeadEnd "M019" "An object cannot leave a state that is not marked final."
"Nothing may follow in this state, yet it is not declared as the end of the object's life. Mark it `final`, so that what
follows is judged as use after the end, or add the missing transition."
    UnknownRole "M020" "A role or kind of actor is not declared."
"`kind:` names a kind from `actors.kinds` (or its default). `by:` and `unless_role:` list roles, kinds, `kind:name` or
`agent`. Where `actors.roles.map` is given, its roles and the default are all there are: declare a role that tokens carry
under its own name as `map: {auditor: auditor}`, and write one person as `human:anna`. Without a map any name may be a
role; `check` then warns about names that nobody in the traffic has."
    Limit "M021" "The file is too large or too deeply nested."
"A model is at most 4 MiB, 16 levels deep, and holds at most 4096 activities, object types, constraints, and states or
transitions of one lifecycle. A generated model that is larger should be split by workflow."
    NotYetChecked "M022" "This part of the language is read, but has no effect yet."
"It is kept valid so that one file can be shared with later versions. Nothing is reported for it. A step that no call
performs, because the server takes it by itself, is declared as such: `expire: {unseen: true, object: order}`."
    NeedsOpenApi "M023" "`op:` needs an OpenAPI description."
"`op: payOrder` names an operationId, which only an imported OpenAPI document can resolve. Import it, or write the method and
path template instead:
    imports: {openapi: [orders.yaml]}
    http: POST /orders/{orderId}/payment"
    Cycle "M024" "Object types are each other's parents."
"A case is a root object and what belongs to it, so some type must have no parent."
    Ambiguous "M025" "Two activities match the same calls."
"Each such call would be an event of both. Tell them apart by `host:` or `where:`."
    Detached "M026" "An activity does not touch the object that it is used for."
"A transition or constraint on an object type needs activities that name this type in `object:`. Otherwise its events
never belong to such an object, and the rule is never decided."
    Unused "M027" "An activity changes an object that has a lifecycle, but no transition uses it."
"Every accepted event of the activity is a deviation from the lifecycle. Add a transition, or `read: true` if it never
changes the object."
    Pointless "M028" "A constraint can never hold or never be broken."
"For example an activity that must come before itself, or a duty separated from nothing."
    SamePlace "M029" "Both sides of a comparison are read from one place."
"A value that is compared with itself is never wrong. Often the tenant is read from the host on both sides: the host says
whose data is asked for, not who asks. Read the actor's tenant from what the actor cannot choose: a claim, or the answer to
the login, which lasts for the session:
    actors: {tenant: [jwt.tid, res.user.org]}
Where the one place decides both sides, the comparison is left open and listed as not judged."
    OpenApi "M030" "An OpenAPI document cannot be used."
"Documents of OpenAPI 3.0, 3.1 and 3.2 and of Swagger 2.0 are read, as YAML or JSON. A model finds those that it imports from
its own folder:
    imports: {openapi: [orders.yaml, psp/api.json]}"
    LeftOut "M031" "A part of an OpenAPI document cannot be matched with traffic, and is left out."
"Paths begin with `/`, have no query, and put text between two parameters of one segment. References (`$ref`) are followed
within the document; bundle one that is spread over several files into one first. All other paths are used."
    UnknownOperation "M032" "No imported OpenAPI document has this operation, or several have it."
"`op:` takes an operationId, or method and path as the document writes them where an operation has no id:
    op: payOrder
    op: POST /orders/{orderId}/payment
An id that two documents give is written with its document: `op: orders.yaml#payOrder`."
    Constant "M033" "A condition does not depend on what happens."
"It is true or false for every event, so the rule it belongs to is always broken, never broken or never asked. Often a path
was meant where a text or a number stands: `'paid' == 'new'` instead of `order.state == 'new'`. A step that nobody may take
needs no transition; a constraint that is to rest for a while is commented out. So are conditions whose parts contradict
each other: `refund.amount < money('10 EUR') && refund.amount > money('20 EUR')`."
    OnceInLoop "M040" "A transition that may be taken once starts where the life comes by again."
"The life can return to the state that the transition starts from, and `once` then forbids the step that leads on: each second
round is a deviation. Where every round is meant, leave `once` out; a client's retry is told from a second time by its
idempotency key all the same. Where one round is meant, let the way back end in a state of its own."
    NeverSeen "M041" "Nothing ever sets what this rule reads."
"An owner that is set by an activity, a sum over an activity's events, or a time since one needs events of that activity on the same
object. So does a constraint on an object type that no activity touches: it is never decided. Name the object at the activity:
    activities:
      create: {http: POST /orders, object: order}"
    Idle "M042" "Nothing asks about this activity."
"No transition, constraint, owner rule, sum or login names it, and it touches no object that has a life. Its events are named in
reports, and nothing is ever held against them. Use it in a rule, say `read: true` if it only looks, or leave it out."
    Unguarded "M043" "Anybody may bring an object into a restricted state."
"`restricted` says that reaching the state by a wrong way is grave. Here a right way is open to everyone: the transition has
neither `by` nor `kind` nor `when`, and no constraint speaks of its activity. Say who may, or under what condition:
    - {activity: pay, from: new, to: paid, by: [customer], when: \"event.amount == order.total\"}"
    SelfApproval "M044" "Who asks may approve."
"An approval by a person is demanded, and nothing keeps the one who asked from giving it. Roles do not: one person may have both.
Keep the steps apart:
    constraints:
      - {id: four-eyes, distinct_persons: [refund_request, refund_approve], per: refund}"
}

/// What `offpath explain` prints for a model code such as `M003`; `None` when there is no such code.
pub fn explanation(code: &str) -> Option<&'static str> {
    Code::ALL.iter().find(|known| known.as_str().eq_ignore_ascii_case(code)).map(|known| known.explanation())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_numbered_in_order() {
        // Codes are never given twice; numbers may be left out.
        assert!(Code::ALL.windows(2).all(|pair| pair[0].as_str() < pair[1].as_str()));
        for code in Code::ALL {
            assert!(code.as_str().len() == 4 && code.as_str().starts_with('M'));
            assert!(explanation(code.as_str()).is_some_and(|text| text.len() > 80), "{code:?}");
        }
        assert_eq!(explanation("M000"), None);
        assert_eq!(explanation("m003"), explanation("M003"));
    }
}

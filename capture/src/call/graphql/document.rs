//! A GraphQL document as far as it says what is called: operations and fragments with their outermost fields. What is
//! selected below them is stepped over without a stack.

use std::collections::BTreeMap;

use super::super::{CallKind, json};
use super::kinds::{self, Part, Watch};
use super::token::{Token, Tokens};

/// Deepest nesting of a literal, and of fragments in the outermost selection.
const DEEPEST: usize = 32;
/// Most fields, arguments and values that are kept of one document.
const MOST_NODES: usize = 1 << 16;

/// What a document defines.
#[derive(Debug, Default)]
pub(super) struct Document<'a> {
    pub(super) operations: Vec<Operation<'a>>,
    pub(super) fragments: BTreeMap<&'a str, Fragment<'a>>,
    /// A literal was nested deeper than is read: `null` stands for what is below.
    pub(super) deep: bool,
}

/// Whether a text begins as a document of requests does, whatever follows: it is meant to be GraphQL and not, say, what
/// somebody searches for.
pub(super) fn begins(text: &str) -> bool {
    let mut tokens = Tokens::new(text).skip_while(|token| matches!(token, Token::Text(_)));
    match tokens.next() {
        Some(Token::Mark('{')) => matches!(tokens.next(), Some(Token::Name(_) | Token::Spread)),
        Some(Token::Name("query" | "mutation" | "subscription" | "fragment")) => text.contains('{'),
        _ => false,
    }
}

/// One operation.
#[derive(Debug)]
pub(super) struct Operation<'a> {
    pub(super) kind: CallKind,
    pub(super) name: Option<&'a str>,
    /// Written as `{ ... }`, without a keyword.
    pub(super) short: bool,
    /// Values of variables that are not sent.
    pub(super) defaults: BTreeMap<&'a str, Literal<'a>>,
    pub(super) selections: Vec<Selection<'a>>,
}

/// A named fragment.
#[derive(Debug)]
pub(super) struct Fragment<'a> {
    /// The type that it is of.
    pub(super) on: &'a str,
    pub(super) selections: Vec<Selection<'a>>,
}

/// What an operation or fragment selects outermost.
#[derive(Debug)]
pub(super) struct Selection<'a> {
    pub(super) what: Selected<'a>,
    /// `@skip(if:)` and `@include(if:)`: the value for which it is selected, and what gives the value.
    pub(super) conditions: Vec<(bool, Literal<'a>)>,
}

/// A field, or the fields of a fragment.
#[derive(Debug)]
pub(super) enum Selected<'a> {
    /// `key: name(arguments) { ... }`, with the fragments directly in the braces.
    Field { key: &'a str, name: &'a str, arguments: Vec<(&'a str, Literal<'a>)>, parts: Vec<Part<'a>> },
    /// `...Name`.
    Spread(&'a str),
    /// `... on Type { }`.
    Inline(Vec<Selection<'a>>),
}

/// A value in a document.
#[derive(Debug)]
pub(super) enum Literal<'a> {
    /// As JSON; an enum value is its name.
    Json(String),
    Variable(&'a str),
    List(Vec<Literal<'a>>),
    Object(Vec<(&'a str, Literal<'a>)>),
}

/// What of a document says what is called, in a text that reads as it does: without comments, descriptions, directives
/// that are no conditions, and what is selected below the outermost fields. `None` where it cannot be read.
pub(super) fn condensed(text: &str) -> Option<String> {
    let mut parser = Parser::new(text, Some(String::new()));
    parser.document()?;
    parser.taken
}

impl<'a> Document<'a> {
    /// Reads a document; `None` where it breaks the grammar, defines what is no request, or is too large.
    pub(super) fn read(text: &'a str) -> Option<Document<'a>> {
        Parser::new(text, None).document()
    }
}

struct Parser<'a> {
    tokens: Tokens<'a>,
    next: Option<Token<'a>>,
    nodes: usize,
    deep: bool,
    /// What was taken so far of what says what is called, where that is wanted.
    taken: Option<String>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, taken: Option<String>) -> Self {
        let mut tokens = Tokens::new(text);
        let next = tokens.next();
        Parser { tokens, next, nodes: 0, deep: false, taken }
    }

    fn document(&mut self) -> Option<Document<'a>> {
        let mut document = Document::default();
        while let Some(token) = self.next.clone() {
            self.node()?;
            let kind = match token {
                Token::Text(_) => {
                    self.description()?;
                    continue;
                }
                Token::Mark('{') => None,
                Token::Name("query") => Some(CallKind::Query),
                Token::Name("mutation") => Some(CallKind::Mutation),
                Token::Name("subscription") => Some(CallKind::Subscription),
                Token::Name("fragment") => {
                    self.advance();
                    let name = self.name()?;
                    self.keyword("on")?;
                    let on = self.name()?;
                    self.directives()?;
                    let selections = self.selections(0)?;
                    document.fragments.insert(name, Fragment { on, selections });
                    continue;
                }
                _ => return None,
            };
            document.operations.push(self.operation(kind)?);
        }
        document.deep = self.deep;
        (!document.operations.is_empty()).then_some(document)
    }

    fn advance(&mut self) -> Option<Token<'a>> {
        if let (Some(taken), Some(_)) = (&mut self.taken, &self.next) {
            let written = self.tokens.written();
            // What would be another token next to the last one.
            let joins = |c: char| c.is_ascii_alphanumeric() || "_\"-+.".contains(c);
            if taken.ends_with(joins) && written.starts_with(joins) {
                taken.push(' ');
            }
            taken.push_str(written);
        }
        std::mem::replace(&mut self.next, self.tokens.next())
    }

    /// How much was taken so far.
    fn length(&self) -> usize {
        self.taken.as_ref().map_or(0, String::len)
    }

    /// What was taken beyond so much says nothing of what is called.
    fn drop_from(&mut self, length: usize) {
        if let Some(taken) = &mut self.taken {
            taken.truncate(length);
        }
    }

    fn node(&mut self) -> Option<()> {
        self.nodes += 1;
        (self.nodes <= MOST_NODES).then_some(())
    }

    fn is(&self, mark: char) -> bool {
        self.next == Some(Token::Mark(mark))
    }

    /// Steps over a mark if it comes next.
    fn takes(&mut self, mark: char) -> bool {
        let is = self.is(mark);
        if is {
            self.advance();
        }
        is
    }

    fn mark(&mut self, mark: char) -> Option<()> {
        self.takes(mark).then_some(())
    }

    fn name(&mut self) -> Option<&'a str> {
        match self.advance()? {
            Token::Name(name) => Some(name),
            _ => None,
        }
    }

    fn keyword(&mut self, word: &str) -> Option<()> {
        (self.name()? == word).then_some(())
    }

    /// A description of what follows; nothing may be described by nothing.
    fn description(&mut self) -> Option<()> {
        let before = self.length();
        if matches!(self.next, Some(Token::Text(_))) {
            self.advance();
            self.drop_from(before);
        }
        (!matches!(self.next, None | Some(Token::Text(_)))).then_some(())
    }

    fn operation(&mut self, kind: Option<CallKind>) -> Option<Operation<'a>> {
        let (mut name, mut defaults) = (None, BTreeMap::new());
        if kind.is_some() {
            self.advance();
            if let Some(Token::Name(own)) = self.next {
                name = Some(own);
                self.advance();
            }
            if self.takes('(') {
                while !self.takes(')') {
                    defaults.extend(self.variable()?);
                }
            }
            self.directives()?;
        }
        let selections = self.selections(0)?;
        Some(Operation { kind: kind.unwrap_or(CallKind::Query), name, short: kind.is_none(), defaults, selections })
    }

    /// `$name: [Type!] = default @directive`; the default, where there is one.
    fn variable(&mut self) -> Option<Option<(&'a str, Literal<'a>)>> {
        self.node()?;
        self.description()?;
        self.mark('$')?;
        let name = self.name()?;
        self.mark(':')?;
        let mut open = 0_usize;
        while self.takes('[') {
            open += 1;
        }
        self.name()?;
        loop {
            if self.takes(']') {
                open = open.checked_sub(1)?;
            } else if !self.takes('!') {
                break;
            }
        }
        let default = if self.takes('=') { Some((name, self.literal(0)?)) } else { None };
        self.directives()?;
        (open == 0).then_some(default)
    }

    /// The outermost selections; `depth` counts the fragments around them.
    fn selections(&mut self, depth: usize) -> Option<Vec<Selection<'a>>> {
        self.mark('{')?;
        let mut selections = Vec::new();
        while !self.takes('}') {
            self.node()?;
            selections.push(self.selection(depth)?);
        }
        (!selections.is_empty()).then_some(selections)
    }

    fn selection(&mut self, depth: usize) -> Option<Selection<'a>> {
        match self.advance()? {
            Token::Spread => self.fragment(depth),
            Token::Name(first) => {
                let (key, name) = if self.takes(':') { (first, self.name()?) } else { (first, first) };
                let arguments = self.arguments()?;
                let conditions = self.directives()?;
                let parts = self.step_over_selections()?;
                Some(Selection { what: Selected::Field { key, name, arguments, parts }, conditions })
            }
            _ => None,
        }
    }

    fn fragment(&mut self, depth: usize) -> Option<Selection<'a>> {
        match self.next {
            Some(Token::Name("on")) => {
                self.advance();
                self.name()?;
            }
            Some(Token::Name(name)) => {
                self.advance();
                return Some(Selection { what: Selected::Spread(name), conditions: self.directives()? });
            }
            _ => {}
        }
        (depth < DEEPEST).then_some(())?;
        let conditions = self.directives()?;
        Some(Selection { what: Selected::Inline(self.selections(depth + 1)?), conditions })
    }

    /// Steps over what a field selects, by its braces alone, and notes the fragments directly in them.
    fn step_over_selections(&mut self) -> Option<Vec<Part<'a>>> {
        let before = self.length();
        let mut watch = Watch::default();
        let mut open = 0_usize;
        loop {
            match (&self.next, open) {
                (Some(Token::Mark('{')), _) => open += 1,
                (_, 0) => return Some(Vec::new()),
                (Some(Token::Mark('}')), _) => open -= 1,
                (None | Some(Token::Broken), _) => return None,
                _ => {}
            }
            self.next.iter().for_each(|token| watch.see(token));
            self.advance();
            self.drop_from(before);
            if open == 0 {
                let parts = watch.parts();
                if let Some(taken) = &mut self.taken {
                    taken.push_str(&kinds::written(&parts));
                }
                return Some(parts);
            }
        }
    }

    fn arguments(&mut self) -> Option<Vec<(&'a str, Literal<'a>)>> {
        let mut arguments = Vec::new();
        if self.takes('(') {
            while !self.takes(')') {
                arguments.push(self.pair(0)?);
            }
        }
        Some(arguments)
    }

    fn pair(&mut self, depth: usize) -> Option<(&'a str, Literal<'a>)> {
        let name = self.name()?;
        self.mark(':')?;
        Some((name, self.literal(depth)?))
    }

    /// Directives; of these, the conditions.
    fn directives(&mut self) -> Option<Vec<(bool, Literal<'a>)>> {
        let mut conditions = Vec::new();
        loop {
            let before = self.length();
            if !self.takes('@') {
                return Some(conditions);
            }
            self.node()?;
            let wanted = match self.name()? {
                "skip" => Some(false),
                "include" => Some(true),
                _ => None,
            };
            let condition = self.arguments()?.into_iter().find(|(name, _)| *name == "if");
            if wanted.is_none() {
                self.drop_from(before);
            }
            conditions.extend(wanted.zip(condition).map(|(wanted, (_, value))| (wanted, value)));
        }
    }

    /// Steps over a list or object by its brackets alone.
    fn step_over_literal(&mut self) -> Option<()> {
        let mut open = 0_usize;
        loop {
            match self.advance()? {
                Token::Mark('[' | '{') => open += 1,
                Token::Mark(']' | '}') => open = open.checked_sub(1)?,
                Token::Broken => return None,
                _ => {}
            }
            if open == 0 {
                return Some(());
            }
        }
    }

    fn literal(&mut self, depth: usize) -> Option<Literal<'a>> {
        self.node()?;
        if depth >= DEEPEST && (self.is('[') || self.is('{')) {
            self.deep = true;
            self.step_over_literal()?;
            return Some(Literal::Json("null".to_owned()));
        }
        Some(match self.advance()? {
            Token::Mark('$') => Literal::Variable(self.name()?),
            Token::Mark('[') => {
                let mut items = Vec::new();
                while !self.takes(']') {
                    items.push(self.literal(depth + 1)?);
                }
                Literal::List(items)
            }
            Token::Mark('{') => {
                let mut fields = Vec::new();
                while !self.takes('}') {
                    fields.push(self.pair(depth + 1)?);
                }
                Literal::Object(fields)
            }
            Token::Name(word @ ("true" | "false" | "null")) => Literal::Json(word.to_owned()),
            Token::Number(number) => Literal::Json(number.to_owned()),
            Token::Name(word) => Literal::Json(quoted(word)),
            Token::Text(text) => Literal::Json(quoted(&text)),
            _ => return None,
        })
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    json::push_text(&mut out, text);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(document: &Document<'_>) -> Vec<String> {
        let told = |selection: &Selection<'_>| match &selection.what {
            Selected::Field { key, name, arguments, .. } => format!("{key}:{name}/{}", arguments.len()),
            Selected::Spread(name) => format!("...{name}"),
            Selected::Inline(inner) => format!("...({})", inner.len()),
        };
        document.operations.iter().flat_map(|o| &o.selections).map(told).collect()
    }

    #[test]
    fn outermost_fields_are_read_and_the_rest_is_stepped_over() {
        let document = Document::read(
            r#"query Q($id: [ID!]! = ["}"] @d, $n: Int = 3) @cached(ttl: 5) {
                me: viewer(id: $id, where: {a: [1, RED], b: null}) @include(if: $n) { name ...F { } friends { id } }
                ... on Query { a b(x: "}") { c } }
                ...Rest
            }
            fragment Rest on Query { z }"#,
        );
        // An empty selection below is the server's to refuse.
        let document = document.unwrap();
        assert_eq!(names(&document), ["me:viewer/2", "...(2)", "...Rest"]);
        assert_eq!(document.operations[0].defaults.len(), 2);
        assert_eq!(document.operations[0].selections[0].conditions.len(), 1);
        assert!(document.fragments.contains_key("Rest"));
    }

    #[test]
    fn what_is_no_request_is_no_document() {
        for text in [
            "",
            "{",
            "{}",
            "{ a ",
            "query",
            "type A { b: C }",
            "a",
            "{ a } }",
            "{ a(b) }",
            "{ a(b:) }",
            "{ a(b: {c}) }",
            "{ ... }",
            "query ($x: [Int) { a }",
            "fragment F on X { a }",
            "{ a { b }",
            "select * from {a}",
            "{ a % }",
        ] {
            assert!(Document::read(text).is_none(), "{text}");
        }
    }

    #[test]
    fn what_is_described_is_read() {
        let described = "\"\"\"what it does\"\"\" mutation M(\"the order\" $id: ID!) { pay(id: $id) } \"and\" fragment F on X { a }";
        assert_eq!(names(&Document::read(described).unwrap()), ["pay:pay/1"]);
        for text in ["\"a\"", "\"a\" \"b\" { c }", "{ a } \"b\"", "mutation M(\"a\") { b }"] {
            assert!(Document::read(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_search_does_not_begin_like_a_document() {
        for text in [
            "{ a(b: %",
            "mutation { a(b: [",
            "\"it\" mutation M { a %",
            "fragment F on X { a",
            "query Q($a: [) { b }",
            "{ ...F %",
        ] {
            assert!(begins(text), "{text}");
        }
        for text in ["red shoes", "mutation", "query plans", "{", "{}", "{\"a\": 1}", "\"quoted\" words", "a { b }", ""]
        {
            assert!(!begins(text), "{text}");
        }
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let nested = |n: usize| format!("{{ a {} b {} }}", "{ x ".repeat(n), "}".repeat(n));
        assert!(Document::read(&nested(200_000)).is_some(), "fields below are no matter of depth");
        let listed = |n: usize| format!("{{ a(b: {}1{}) }}", "[".repeat(n), "]".repeat(n));
        assert!(Document::read(&listed(20)).is_some_and(|document| !document.deep));
        let deep = listed(200_000);
        let deep = Document::read(&deep).unwrap();
        assert!(deep.deep && names(&deep) == ["a:a/1"], "what is deeper is stepped over");
        assert!(Document::read(&format!("{{ a(b: {}1) }}", "[".repeat(200_000))).is_none());
        let inline = |n: usize| format!("{}a{}", "{ ... ".repeat(n) + "{ ", " }".repeat(n + 1));
        assert!(Document::read(&inline(20)).is_some() && Document::read(&inline(200_000)).is_none());
        assert!(Document::read(&format!("{{ {} }}", "a ".repeat(MOST_NODES + 1))).is_none());
    }

    #[test]
    fn what_says_what_is_called_is_little() {
        let padding = "x".repeat(70_000);
        let text = format!(
            "# {padding}\n\"{padding}\" mutation Pay($o: ID! = \"\", \"{padding}\" $n: Int @d(a: \"{padding}\")) @a(b: \"{padding}\") {{
                ,,, p: pay(order: $o, note: \"\"\"a\"\"\") @include(if: $n) @b {{ id # {padding}\n a(b: \"{padding}\") }} ...F
            }} fragment F on X {{ y {{ {padding} }} }}"
        );
        let short = condensed(&text).unwrap();
        assert_eq!(
            short,
            "mutation Pay($o:ID!=\"\"$n:Int){p:pay(order:$o note:\"\"\"a\"\"\")@include(if:$n)... F}fragment F on X{y}"
        );
        assert_eq!(format!("{:?}", Document::read(&short)), format!("{:?}", Document::read(&text)));
        assert_eq!(condensed("{ a").as_deref(), None);
    }

    /// Texts that are documents, more often than not.
    fn written() -> impl Strategy<Value = String> {
        let words = [
            "{ ",
            "} ",
            "a ",
            "on ",
            "query ",
            "fragment F on X ",
            "mutation M ",
            "...",
            "...F ",
            "b: ",
            "(a: 1) ",
            "(x: [1 -2.5 \"\" RED]) ",
            "($v: [Int!]! = {a: \"b\"}) ",
            "@skip(if: $v) ",
            "@d(a: \"}\") ",
            "\"said\" ",
            "\"\"\"\n it \"\"\" ",
            "# {\n",
            ",",
            "{ a { b } } ",
        ];
        proptest::collection::vec(proptest::sample::select(words.to_vec()), 0..14).prop_map(|words| words.concat())
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a-c{}()\\[\\]:$@!\".,#0-9 \\n\\\\]{0,60}") {
            let _ = Document::read(&text);
        }

        /// A condensed text reads as the whole one does.
        #[test]
        fn what_is_condensed_says_the_same(inside in written(), around in written()) {
            for text in [around.clone() + &inside, format!("query Q {{ {inside} }} {around}"), format!("{{ a {inside} {{ {around} }} }}")] {
                let short = condensed(&text);
                let (whole, read) = (Document::read(&text), short.as_deref().and_then(Document::read));
                prop_assert_eq!(format!("{:?}", read), format!("{:?}", whole), "{} {:?}", text, short);
                prop_assert!(short.is_none_or(|short| short.len() <= text.len()));
            }
        }

        /// What is written from fields comes back as those fields, whatever stands below and between them.
        #[test]
        fn fields_that_are_written_are_read(fields in proptest::collection::vec(("[a-z]{1,5}", "[a-z]{1,5}", 0usize..4), 1..8)) {
            let mut text = "mutation M { ".to_owned();
            for (key, name, depth) in &fields {
                text += &format!("{key}: {name}(x: \"}}\") {} ", "{ y ".repeat(*depth) + &"}".repeat(*depth));
            }
            text += "}";
            let document = Document::read(&text).unwrap();
            let written: Vec<_> = fields.iter().map(|(key, name, _)| format!("{key}:{name}/1")).collect();
            prop_assert_eq!(names(&document), written);
        }
    }
}

//! Text to tokens.

use std::ops::Range;

use rust_decimal::Decimal;

use super::syntax::SyntaxError;
use crate::model::quantity;

/// A word of the expression language.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Name(String),
    Number(Decimal),
    Text(String),
    Symbol(Symbol),
}

impl Token {
    /// How a message names it.
    pub(super) fn describe(&self) -> String {
        match self {
            Token::Name(name) => format!("`{name}`"),
            Token::Number(number) => format!("`{number}`"),
            Token::Text(_) => "a text".to_owned(),
            Token::Symbol(symbol) => format!("`{}`", symbol.as_str()),
        }
    }
}

macro_rules! symbols {
    ($($name:ident $text:literal),* $(,)?) => {
        /// Punctuation and operators.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Symbol { $($name),* }

        /// Longer ones first, so that the first prefix that fits is the right one.
        const SYMBOLS: &[(Symbol, &str)] = &[$((Symbol::$name, $text)),*];

        impl Symbol {
            pub(super) fn as_str(self) -> &'static str {
                match self { $(Symbol::$name => $text),* }
            }
        }
    };
}

symbols! {
    And "&&", Or "||", Equal "==", NotEqual "!=", LessOrEqual "<=", GreaterOrEqual ">=",
    Less "<", Greater ">", Not "!", Plus "+", Minus "-", Times "*", Slash "/", Percent "%",
    Question "?", Colon ":", Open "(", Close ")", OpenBracket "[", CloseBracket "]", Comma ",", Dot ".",
}

/// Splits a text into tokens with their spans.
pub(super) fn tokens(text: &str) -> Result<Vec<(Token, Range<usize>)>, SyntaxError> {
    let mut lexer = Lexer { text, at: 0, tokens: Vec::new() };
    while let Some(first) = lexer.rest().chars().next() {
        if first.is_whitespace() {
            lexer.at += first.len_utf8();
            continue;
        }
        let start = lexer.at;
        let token = lexer.token(first)?;
        lexer.tokens.push((token, start..lexer.at));
    }
    Ok(lexer.tokens)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<(Token, Range<usize>)>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn token(&mut self, first: char) -> Result<Token, SyntaxError> {
        let raw = self.rest().starts_with("r'") || self.rest().starts_with("r\"");
        match first {
            '\'' | '"' => self.quoted(first),
            'r' if raw => self.raw(),
            '0'..='9' if !self.after_dot() => self.number(),
            c if c.is_ascii_alphanumeric() || c == '_' => Ok(self.name()),
            _ => self.symbol(first),
        }
    }

    fn after_dot(&self) -> bool {
        matches!(self.tokens.last(), Some((Token::Symbol(Symbol::Dot), _)))
    }

    /// Whether the next name is a header's or cookie's, which may hold dashes.
    fn after_header(&self) -> bool {
        let [.., (Token::Name(root), _), (Token::Symbol(Symbol::Dot), _)] = self.tokens.as_slice() else {
            return false;
        };
        let before_root = self.tokens.len().checked_sub(3).and_then(|at| self.tokens.get(at));
        matches!(root.as_str(), "header" | "res_header" | "cookie")
            && !matches!(before_root, Some((Token::Symbol(Symbol::Dot), _)))
    }

    fn name(&mut self) -> Token {
        let dashes = self.after_header();
        let inside = |c: char| c.is_ascii_alphanumeric() || c == '_' || (dashes && c == '-');
        Token::Name(self.take(inside).to_owned())
    }

    fn take(&mut self, inside: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let taken = rest.split_at(rest.find(|c| !inside(c)).unwrap_or(rest.len())).0;
        self.at += taken.len();
        taken
    }

    fn number(&mut self) -> Result<Token, SyntaxError> {
        let start = self.at;
        self.take(|c| c.is_ascii_digit());
        let mut ahead = self.rest().chars();
        if ahead.next() == Some('.') && ahead.next().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
            self.take(|c| c.is_ascii_digit());
        }
        let digits = self.text.get(start..self.at).unwrap_or_default();
        let suffix = self.take(|c| c.is_ascii_alphanumeric() || c == '_');
        let span = start..self.at;
        if !suffix.is_empty() {
            let written = self.text.get(span.clone()).unwrap_or_default();
            let error = SyntaxError::new(span, format!("`{written}` is no number"));
            let is_duration = quantity::duration(written).is_some();
            return Err(if is_duration { error.help("a duration is written `duration('24h')`") } else { error });
        }
        let number = quantity::decimal(digits).map(Token::Number);
        number.ok_or_else(|| SyntaxError::new(span, "a number of more than 28 digits"))
    }

    fn raw(&mut self) -> Result<Token, SyntaxError> {
        let start = self.at;
        let quote = self.rest().chars().nth(1).unwrap_or('\'');
        self.at += 2;
        let content = self.take(|c| c != quote).to_owned();
        if self.rest().is_empty() {
            return Err(SyntaxError::new(start..self.at, "the text has no closing quote"));
        }
        self.at += 1;
        Ok(Token::Text(content))
    }

    fn quoted(&mut self, quote: char) -> Result<Token, SyntaxError> {
        let start = self.at;
        self.at += 1;
        let mut content = String::new();
        while let Some(next) = self.rest().chars().next() {
            self.at += next.len_utf8();
            match next {
                '\\' => content.push(self.escape()?),
                _ if next == quote => return Ok(Token::Text(content)),
                _ => content.push(next),
            }
        }
        Err(SyntaxError::new(start..self.at, "the text has no closing quote"))
    }

    fn escape(&mut self) -> Result<char, SyntaxError> {
        let start = self.at - 1;
        let escaped = self.rest().chars().next();
        self.at += escaped.map_or(0, char::len_utf8);
        match escaped {
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some(c @ ('\\' | '\'' | '"')) => Ok(c),
            _ => Err(SyntaxError::new(start..self.at, "no such escape")
                .help("escapes are `\\\\`, `\\'`, `\\\"`, `\\n`, `\\r` and `\\t`; `r'...'` has none")),
        }
    }

    fn symbol(&mut self, first: char) -> Result<Token, SyntaxError> {
        let found = SYMBOLS.iter().find(|(_, text)| self.rest().starts_with(text));
        let Some((symbol, text)) = found else {
            let error = SyntaxError::new(self.at..self.at + first.len_utf8(), format!("unexpected `{first}`"));
            return Err(match first {
                '=' => error.help("equality is written `==`"),
                '&' | '|' => error.help("the operators are `&&` and `||`"),
                _ => error,
            });
        };
        self.at += text.len();
        Ok(Token::Symbol(*symbol))
    }
}

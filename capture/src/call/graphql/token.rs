//! Tokens of a GraphQL document.

use std::borrow::Cow;

/// One token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// `{`, `}`, `(`, `)`, `[`, `]`, `:`, `=`, `!`, `$`, `@`, `|`, `&`.
    Mark(char),
    /// `...`
    Spread,
    /// A name or keyword.
    Name(&'a str),
    /// A number as written, which is as JSON writes it.
    Number(&'a str),
    /// A string's text.
    Text(Cow<'a, str>),
    /// What no document holds.
    Broken,
}

/// Reads tokens one after the other.
#[derive(Clone, Debug)]
pub(super) struct Tokens<'a> {
    rest: &'a str,
    written: &'a str,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Tokens<'a> {
        Tokens { rest: text, written: "" }
    }

    /// The token that came last, as it is written.
    pub(super) fn written(&self) -> &'a str {
        self.written
    }

    fn skip_ignored(&mut self) {
        loop {
            self.rest = self.rest.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n', ',']);
            let Some(comment) = self.rest.strip_prefix('#') else { return };
            self.rest = comment.find(['\r', '\n']).and_then(|end| comment.get(end..)).unwrap_or_default();
        }
    }

    fn split(&mut self, at: usize) -> &'a str {
        let (token, rest) = self.rest.split_at_checked(at).unwrap_or((self.rest, ""));
        self.rest = rest;
        token
    }

    fn text(&mut self) -> Token<'a> {
        if let Some(block) = self.rest.strip_prefix("\"\"\"") {
            return self.block(block);
        }
        let Some(inside) = self.rest.get(1..) else { return Token::Broken };
        let mut escaped = false;
        let end = inside.bytes().position(|b| {
            let ends = !escaped && matches!(b, b'"' | b'\n' | b'\r');
            escaped = !escaped && b == b'\\';
            ends
        });
        let Some(end) = end.filter(|end| inside.as_bytes().get(*end) == Some(&b'"')) else {
            self.rest = "";
            return Token::Broken;
        };
        let (plain, quoted) = (inside.get(..end).unwrap_or_default(), self.split(end + 2));
        if !plain.contains('\\') {
            return Token::Text(Cow::Borrowed(plain));
        }
        unescaped(quoted).map_or(Token::Broken, |text| Token::Text(Cow::Owned(text)))
    }

    fn block(&mut self, inside: &'a str) -> Token<'a> {
        let mut from = 0;
        while let Some(at) = inside.get(from..).and_then(|rest| rest.find("\"\"\"")) {
            let end = from + at;
            if inside.get(..end).is_some_and(|before| before.ends_with('\\')) {
                from = end + 3;
                continue;
            }
            let raw = inside.get(..end).unwrap_or_default().replace("\\\"\"\"", "\"\"\"");
            self.rest = inside.get(end + 3..).unwrap_or_default();
            return Token::Text(Cow::Owned(without_indent(&raw)));
        }
        self.rest = "";
        Token::Broken
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.skip_ignored();
        let before = self.rest;
        let token = self.token();
        self.written = before.get(..before.len() - self.rest.len()).unwrap_or_default();
        token
    }
}

impl<'a> Tokens<'a> {
    fn token(&mut self) -> Option<Token<'a>> {
        let first = self.rest.chars().next()?;
        Some(match first {
            '{' | '}' | '(' | ')' | '[' | ']' | ':' | '=' | '!' | '$' | '@' | '|' | '&' => {
                self.split(1);
                Token::Mark(first)
            }
            '.' if self.rest.starts_with("...") => {
                self.split(3);
                Token::Spread
            }
            '"' => self.text(),
            '-' | '0'..='9' => {
                let number = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
                let end = self.rest.find(|c| !number(c)).unwrap_or(self.rest.len());
                let number = self.split(end);
                if serde_json::from_str::<serde_json::Number>(number).is_ok() {
                    Token::Number(number)
                } else {
                    Token::Broken
                }
            }
            c if c == '_' || c.is_ascii_alphabetic() => {
                let end = self.rest.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(self.rest.len());
                Token::Name(self.split(end))
            }
            _ => {
                self.rest = "";
                Token::Broken
            }
        })
    }
}

/// The text of a quoted string: JSON's escapes, and `\u{1F600}`.
fn unescaped(quoted: &str) -> Option<String> {
    if let Ok(text) = serde_json::from_str(quoted) {
        return Some(text);
    }
    let mut out = String::with_capacity(quoted.len());
    let mut rest = quoted;
    while let Some(at) = rest.find("\\u{") {
        let (before, after) = (rest.get(..at)?, rest.get(at + 3..)?);
        let (digits, behind) = after.split_once('}')?;
        let c = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
        out.push_str(before);
        let mut utf16 = [0; 2];
        for unit in c.encode_utf16(&mut utf16) {
            out.push_str(&format!("\\u{unit:04x}"));
        }
        rest = behind;
    }
    out.push_str(rest);
    serde_json::from_str(&out).ok()
}

/// A block string without the indent that all lines but the first share, and without empty lines around it.
fn without_indent(raw: &str) -> String {
    let lines: Vec<&str> = raw.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).collect();
    let indent = |line: &&str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let is_blank = |line: &&str| line.trim_start_matches([' ', '\t']).is_empty();
    let common = lines.iter().skip(1).filter(|line| !is_blank(line)).map(indent).min().unwrap_or(0);
    let cut = lines.iter().enumerate().map(|(at, line)| match at {
        0 => *line,
        _ => line.get(common..).unwrap_or_default(),
    });
    let cut: Vec<&str> = cut.collect();
    let first = cut.iter().position(|line| !is_blank(line)).unwrap_or(cut.len());
    let last = cut.iter().rposition(|line| !is_blank(line)).map_or(first, |last| last + 1);
    cut.get(first..last).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<Token<'_>> {
        Tokens::new(text).collect()
    }

    fn text(text: &str) -> Token<'_> {
        Token::Text(Cow::Borrowed(text))
    }

    #[test]
    fn tokens_are_those_of_the_grammar() {
        assert_eq!(
            tokens("\u{feff}{a,b # c}\n...F $x:-1.5e3 !}"),
            [
                Token::Mark('{'),
                Token::Name("a"),
                Token::Name("b"),
                Token::Spread,
                Token::Name("F"),
                Token::Mark('$'),
                Token::Name("x"),
                Token::Mark(':'),
                Token::Number("-1.5e3"),
                Token::Mark('!'),
                Token::Mark('}'),
            ]
        );
        assert_eq!(tokens("a % b"), [Token::Name("a"), Token::Broken]);
        assert_eq!(tokens("01"), [Token::Broken]);
    }

    #[test]
    fn strings_are_unescaped() {
        assert_eq!(tokens(r#" "a\"}" "" "\u00e4\u{1F600}\n" "#), [text("a\"}"), text(""), text("ä😀\n")]);
        assert_eq!(tokens("\"a\nb\""), [Token::Broken]);
        assert_eq!(tokens(r#""open"#), [Token::Broken]);
        assert_eq!(tokens(r#""\q""#), [Token::Broken]);
    }

    #[test]
    fn block_strings_lose_their_indent() {
        let block = "\"\"\"\n    Hello,\n      \\\"\"\"World\"\n\n    \"\"\" x";
        assert_eq!(tokens(block), [text("Hello,\n  \"\"\"World\""), Token::Name("x")]);
        assert_eq!(tokens("\"\"\"a"), [Token::Broken]);
    }
}

//! Structured fields (RFC 9651), as far as signatures of messages use them: dictionaries of items and inner lists.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Longest field that is read.
const LONGEST: usize = 16 << 10;
/// Most members of a dictionary, items of a list and parameters of either.
const MOST: usize = 64;

/// A bare item.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item {
    Integer(i64),
    /// Its digits as they stand.
    Decimal(String),
    Text(String),
    Token(String),
    Bytes(Vec<u8>),
    Boolean(bool),
    Date(i64),
}

/// Parameters in their order, each name once.
pub(super) type Parameters = Vec<(String, Item)>;

/// An item with its parameters.
pub(super) type WithParameters = (Item, Parameters);

/// What stands behind a key.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    One(Item),
    List(Vec<WithParameters>),
}

/// A member of a dictionary.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Member {
    pub(super) key: String,
    pub(super) value: Value,
    pub(super) parameters: Parameters,
}

/// The parameter of a name.
pub(super) fn parameter<'p>(parameters: &'p Parameters, name: &str) -> Option<&'p Item> {
    parameters.iter().find(|(own, _)| own == name).map(|(_, item)| item)
}

impl Item {
    pub(super) fn text(&self) -> Option<&str> {
        if let Item::Text(text) = self { Some(text) } else { None }
    }

    /// Seconds since the Unix epoch, where it is a time.
    pub(super) fn seconds(&self) -> Option<i64> {
        if let Item::Integer(number) | Item::Date(number) = self { Some(*number) } else { None }
    }

    /// Writes it as section 4.1 of the standard says.
    fn write(&self, out: &mut String) {
        match self {
            Item::Integer(number) => out.push_str(&number.to_string()),
            Item::Decimal(text) => out.push_str(&short(text)),
            Item::Token(text) => out.push_str(text),
            Item::Text(text) => {
                out.push('"');
                for c in text.chars() {
                    if matches!(c, '"' | '\\') {
                        out.push('\\');
                    }
                    out.push(c);
                }
                out.push('"');
            }
            Item::Bytes(bytes) => {
                out.push(':');
                out.push_str(&STANDARD.encode(bytes));
                out.push(':');
            }
            Item::Boolean(yes) => out.push_str(if *yes { "?1" } else { "?0" }),
            Item::Date(seconds) => {
                out.push('@');
                out.push_str(&seconds.to_string());
            }
        }
    }
}

impl Value {
    /// Writes it and its parameters in the one form that signatures are made of.
    pub(super) fn write(&self, parameters: &Parameters, out: &mut String) {
        match self {
            Value::One(item) => item.write(out),
            Value::List(items) => {
                out.push('(');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.push(' ');
                    }
                    write_item(item, out);
                }
                out.push(')');
            }
        }
        write_parameters(parameters, out);
    }
}

/// Writes an item and its parameters.
pub(super) fn write_item((item, parameters): &WithParameters, out: &mut String) {
    item.write(out);
    write_parameters(parameters, out);
}

fn write_parameters(parameters: &Parameters, out: &mut String) {
    for (name, value) in parameters {
        out.push(';');
        out.push_str(name);
        if *value != Item::Boolean(true) {
            out.push('=');
            value.write(out);
        }
    }
}

/// A decimal with its whole part without zeros before it, and its fraction without those behind it, of which one digit
/// stays.
fn short(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let or_zero = |text: &str| if text.is_empty() { "0".to_owned() } else { text.to_owned() };
    let sign = if whole.is_empty() && fraction.is_empty() { "" } else { sign };
    format!("{sign}{}.{}", or_zero(whole), or_zero(fraction))
}

/// A field written again as section 4.1 says, where it is the same whichever type the field has: a dictionary, a list or
/// an item.
pub(super) fn in_one_form(text: &str) -> Option<String> {
    let item = item(text).map(|item| {
        let mut out = String::new();
        write_item(&item, &mut out);
        out
    });
    let list = list(text).map(|members| {
        let write = |(value, parameters): &(Value, Parameters)| {
            let mut out = String::new();
            value.write(parameters, &mut out);
            out
        };
        members.iter().map(write).collect::<Vec<_>>().join(", ")
    });
    let dictionary = dictionary(text).map(|members| members.iter().map(Member::written).collect::<Vec<_>>().join(", "));
    let mut forms = [item, list, dictionary].into_iter().flatten();
    let first = forms.next()?;
    forms.all(|other| other == first).then_some(first)
}

impl Member {
    /// The member with its key; what is true has no value.
    fn written(&self) -> String {
        let mut out = self.key.clone();
        if self.value == Value::One(Item::Boolean(true)) {
            write_parameters(&self.parameters, &mut out);
        } else {
            out.push('=');
            self.value.write(&self.parameters, &mut out);
        }
        out
    }
}

/// Reads a list of items and inner lists.
fn list(text: &str) -> Option<Vec<(Value, Parameters)>> {
    let mut reader = Reader::new(text)?;
    let mut members = Vec::new();
    reader.skip(b" ");
    while !reader.rest.is_empty() {
        let value = if reader.rest.first() == Some(&b'(') { reader.list()? } else { Value::One(reader.item()?) };
        members.push((value, reader.parameters()?));
        (members.len() <= MOST).then_some(())?;
        if !reader.next_member()? {
            break;
        }
    }
    Some(members)
}

/// Reads a dictionary; a key that comes again has its last value. `None` for what is none.
pub(super) fn dictionary(text: &str) -> Option<Vec<Member>> {
    let mut reader = Reader::new(text)?;
    let mut members: Vec<Member> = Vec::new();
    reader.skip(b" ");
    while !reader.rest.is_empty() {
        let key = reader.key()?;
        let (value, parameters) = if reader.take(b'=') {
            let value = if reader.rest.first() == Some(&b'(') { reader.list()? } else { Value::One(reader.item()?) };
            (value, reader.parameters()?)
        } else {
            (Value::One(Item::Boolean(true)), reader.parameters()?)
        };
        members.retain(|member| member.key != key);
        members.push(Member { key, value, parameters });
        (members.len() <= MOST).then_some(())?;
        if !reader.next_member()? {
            break;
        }
    }
    Some(members)
}

/// Reads one item and nothing behind it.
pub(super) fn item(text: &str) -> Option<WithParameters> {
    let mut reader = Reader::new(text.trim_matches(' '))?;
    let read = (reader.item()?, reader.parameters()?);
    reader.rest.is_empty().then_some(read)
}

/// What is left to read.
struct Reader<'t> {
    rest: &'t [u8],
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Option<Reader<'t>> {
        (text.len() <= LONGEST && text.is_ascii()).then_some(Reader { rest: text.as_bytes() })
    }

    /// Passes what stands between two members; false at the end.
    fn next_member(&mut self) -> Option<bool> {
        self.skip(b" \t");
        if self.rest.is_empty() {
            return Some(false);
        }
        self.take(b',').then_some(())?;
        self.skip(b" \t");
        // A comma at the end is none between members.
        (!self.rest.is_empty()).then_some(true)
    }

    fn take(&mut self, byte: u8) -> bool {
        let rest = self.rest.strip_prefix(&[byte]);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn skip(&mut self, bytes: &[u8]) {
        self.while_(|b| bytes.contains(&b));
    }

    /// Takes bytes as long as they are of a kind.
    fn while_(&mut self, of_the_kind: impl Fn(u8) -> bool) -> &'t str {
        let end = self.rest.iter().position(|b| !of_the_kind(*b)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at_checked(end).unwrap_or_default();
        self.rest = rest;
        std::str::from_utf8(taken).unwrap_or_default()
    }

    fn key(&mut self) -> Option<String> {
        let begins = |b: u8| b.is_ascii_lowercase() || b == b'*';
        self.rest.first().copied().filter(|b| begins(*b))?;
        let key = self.while_(|b| begins(b) || b.is_ascii_digit() || matches!(b, b'_' | b'-' | b'.'));
        Some(key.to_owned())
    }

    fn parameters(&mut self) -> Option<Parameters> {
        let mut parameters = Parameters::new();
        while self.take(b';') {
            self.skip(b" ");
            let key = self.key()?;
            let value = if self.take(b'=') { self.item()? } else { Item::Boolean(true) };
            match parameters.iter_mut().find(|(own, _)| *own == key) {
                Some((_, old)) => *old = value,
                None => parameters.push((key, value)),
            }
            (parameters.len() <= MOST).then_some(())?;
        }
        Some(parameters)
    }

    fn list(&mut self) -> Option<Value> {
        self.take(b'(').then_some(())?;
        let mut items = Vec::new();
        loop {
            self.skip(b" ");
            if self.take(b')') {
                return Some(Value::List(items));
            }
            items.push((self.item()?, self.parameters()?));
            let ends = matches!(self.rest.first(), Some(b' ' | b')'));
            (ends && items.len() <= MOST).then_some(())?;
        }
    }

    fn item(&mut self) -> Option<Item> {
        match self.rest.first()? {
            b'"' => self.text(),
            b':' => {
                self.take(b':');
                let text = self.while_(|b| b != b':');
                self.take(b':').then_some(())?;
                STANDARD.decode(text).ok().map(Item::Bytes)
            }
            b'?' => {
                self.take(b'?');
                let yes = self.take(b'1');
                (yes || self.take(b'0')).then_some(Item::Boolean(yes))
            }
            b'@' => {
                self.take(b'@');
                if let Item::Integer(seconds) = self.number()? { Some(Item::Date(seconds)) } else { None }
            }
            b'-' | b'0'..=b'9' => self.number(),
            b'*' | b'a'..=b'z' | b'A'..=b'Z' => {
                let inside = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:/".contains(&b);
                Some(Item::Token(self.while_(inside).to_owned()))
            }
            _ => None,
        }
    }

    fn text(&mut self) -> Option<Item> {
        self.take(b'"').then_some(())?;
        let mut text = String::new();
        loop {
            text.push_str(self.while_(|b| (0x20..0x7f).contains(&b) && b != b'"' && b != b'\\'));
            if self.take(b'"') {
                return Some(Item::Text(text));
            }
            self.take(b'\\').then_some(())?;
            let escaped = self.rest.first().copied().filter(|b| matches!(b, b'"' | b'\\'))?;
            self.take(escaped);
            text.push(char::from(escaped));
        }
    }

    fn number(&mut self) -> Option<Item> {
        let negative = self.take(b'-');
        let whole = self.while_(|b| b.is_ascii_digit());
        let sign = if negative { "-" } else { "" };
        // Fifteen digits at most, so that every reader has the same number.
        (!whole.is_empty() && whole.len() <= 15).then_some(())?;
        if !self.take(b'.') {
            return format!("{sign}{whole}").parse().ok().map(Item::Integer);
        }
        let fraction = self.while_(|b| b.is_ascii_digit());
        (1..=3).contains(&fraction.len()).then(|| Item::Decimal(format!("{sign}{whole}.{fraction}")))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(member: &Member) -> String {
        let mut out = format!("{}=", member.key);
        member.value.write(&member.parameters, &mut out);
        out
    }

    #[test]
    fn dictionaries_are_read_and_written_in_one_form() {
        let text =
            r#"sig1=( "@method"  "signature-agent";key="a" );created=1618884473;keyid="k\"1";x=?1, b=:aGk=:;n=-1.5, c"#;
        let members = dictionary(text).unwrap();
        let texts: Vec<String> = members.iter().map(written).collect();
        assert_eq!(
            texts,
            [
                r#"sig1=("@method" "signature-agent";key="a");created=1618884473;keyid="k\"1";x"#,
                "b=:aGk=:;n=-1.5",
                "c=?1"
            ]
        );
        assert_eq!(dictionary("a=1, a=2").unwrap(), dictionary("a=2").unwrap(), "the last of one key counts");
        assert_eq!(dictionary("").unwrap(), []);
    }

    #[test]
    fn a_field_has_one_form_where_its_type_does_not_matter() {
        // RFC 9421, section 2.1.1.
        let example = "  a=1,    b=2;x=1;y=2,   c=(a   b   c)";
        assert_eq!(in_one_form(example).as_deref(), Some("a=1, b=2;x=1;y=2, c=(a b c)"));
        for (text, form) in [
            ("a;x=?1,  b", "a;x, b"),
            ("  \"x\";q=0.50", "\"x\";q=0.5"),
            ("1,\t 02.00", "1, 2.0"),
            ("sugar,  tea;  cup", "sugar, tea;cup"),
        ] {
            assert_eq!(in_one_form(text).as_deref(), Some(form), "{text}");
        }
        assert_eq!(in_one_form("a=1, b, a=2").as_deref(), Some("b, a=2"));
        // A list says `a` twice, a dictionary once.
        for none in ["a, a", "", "Mon, 20 Apr 2026", "a,"] {
            assert_eq!(in_one_form(none).filter(|form| !form.is_empty()), None, "{none}");
        }
        assert_eq!(["1.10", "-0.0", "007.50", "-1.0"].map(short), ["1.1", "0.0", "7.5", "-1.0"]);
    }

    #[test]
    fn what_is_no_dictionary_is_none() {
        for wrong in
            ["A=1", "a=", "a=(\"x\"", "a=(1)(2)", "a=1,", "a=1 b=2", "a=\"x", "a=:x", "a=1234567890123456", "\u{e9}=1"]
        {
            assert_eq!(dictionary(wrong), None, "{wrong}");
        }
        assert_eq!(dictionary(&format!("a=({})", "1 ".repeat(MOST + 1))), None, "too many items");
        let many: Vec<String> = (0..=MOST).map(|n| format!("k{n}=1")).collect();
        assert_eq!(dictionary(&many.join(",")), None, "too many members");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_as_it_was(text in "[a-c=();:\"\\\\@?0-9 ,.*-]{0,60}") {
            if let Some(members) = dictionary(&text) {
                let again = members.iter().map(written).collect::<Vec<_>>().join(", ");
                prop_assert_eq!(dictionary(&again), Some(members));
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,80}") {
            let _ = dictionary(&text);
            let _ = item(&text);
        }
    }
}

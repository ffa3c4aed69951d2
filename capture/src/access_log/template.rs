//! A line as a sequence of fixed texts and named fields, which is how servers describe their log formats.

use super::apache_time;
use crate::clock;

/// What a line is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// A text that is there as it is.
    Text(String),
    /// A field's name, and what its values look like.
    Field(String, Looks),
    /// From here on, a line may end.
    Optional,
}

/// What a field's values look like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Looks {
    Any,
    Digits,
    /// One word.
    Word,
    /// Three digits, or nothing.
    Status,
    /// A time in one of the forms that are told by their looks.
    Time,
    /// What this format of `strftime` makes.
    Written(String),
}

/// Most bytes of a time.
const TIME_BYTES: usize = 80;
/// How often all bytes of a line may be looked at.
const WORK: usize = 64;

impl Looks {
    /// What the values of a field with this name look like.
    pub(super) fn of_name(name: &str) -> Self {
        match name {
            "time_local" | "time_iso8601" | "msec" => Looks::Time,
            "status" => Looks::Status,
            "request_method" => Looks::Word,
            _ => Looks::Any,
        }
    }

    fn fits(&self, value: &str) -> bool {
        let digits = || value.bytes().all(|byte| byte.is_ascii_digit());
        match self {
            Looks::Any => true,
            Looks::Digits => !value.is_empty() && digits(),
            Looks::Word => !value.contains(' '),
            Looks::Status => value == "-" || value.len() == 3 && digits(),
            Looks::Time => clock::parse(value).is_some(),
            Looks::Written(format) => apache_time::fits(format, value),
        }
    }

    /// Most bytes of such a value.
    fn most(&self) -> usize {
        match self {
            Looks::Any | Looks::Word => usize::MAX,
            _ => TIME_BYTES,
        }
    }
}

/// A compiled format of lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Template {
    parts: Vec<Part>,
    /// Whether a field without quotes holds no space, and more may follow the last part.
    strict: bool,
}

/// Fields that hold spaces also without quotes.
const LOOSE: &[&str] = &["captured"];

impl Template {
    /// Reads a format of our own: names after `$`, and `$?` where the part begins that a line may lack; what follows
    /// the last part is ignored.
    pub(super) fn known(format: &str) -> Self {
        let mut template = Template { parts: Vec::new(), strict: true };
        let mut rest = format;
        while let Some((text, after)) = rest.split_once('$') {
            template.text(text);
            if let Some(after) = after.strip_prefix('?') {
                template.parts.push(Part::Optional);
                rest = after;
                continue;
            }
            let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
            let (name, after) = after.split_at(end);
            template.field(name, Looks::Any);
            rest = after;
        }
        template.text(rest);
        template
    }

    /// Appends a fixed text.
    pub(super) fn text(&mut self, text: &str) {
        match self.parts.last_mut() {
            _ if text.is_empty() => {}
            Some(Part::Text(last)) => last.push_str(text),
            _ => self.parts.push(Part::Text(text.to_owned())),
        }
    }

    /// Appends a field.
    pub(super) fn field(&mut self, name: &str, looks: Looks) {
        self.parts.push(Part::Field(name.to_owned(), looks));
    }

    /// Joins what servers give in parts: a target from path and query, a URL from scheme, host and target.
    pub(super) fn joined(mut self) -> Self {
        let field = |name: &str| Part::Field(name.to_owned(), Looks::Any);
        let targets: [&[Part]; 3] = [
            &[field("uri"), field("is_args"), field("args")],
            &[field("uri"), field("is_args"), field("query_string")],
            &[field("uri"), field("query_string")],
        ];
        for parts in targets {
            self.replace(parts, "request_uri");
        }
        for host in ["host", "http_host", "server_name"] {
            let url = [field("scheme"), Part::Text("://".to_owned()), field(host), field("request_uri")];
            self.replace(&url, "url");
        }
        self
    }

    fn replace(&mut self, parts: &[Part], by: &str) {
        while let Some(at) = self.parts.windows(parts.len()).position(|window| window == parts) {
            self.parts.splice(at..at + parts.len(), [Part::Field(by.to_owned(), Looks::Any)]);
        }
    }

    /// Two fields with nothing between them, which cannot be told apart.
    pub(super) fn ambiguous(&self) -> Option<(&str, &str)> {
        self.parts.windows(2).find_map(|pair| match pair {
            [Part::Field(one, _), Part::Field(two, _)] => Some((one.as_str(), two.as_str())),
            _ => None,
        })
    }

    /// Whether it names any of these fields.
    pub(super) fn names(&self, wanted: &[&str]) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Field(name, _) if wanted.contains(&name.as_str())))
    }

    /// The fields of a line that fits, as written.
    pub(super) fn read<'t, 'l>(&'t self, line: &'l str) -> Option<Vec<(&'t str, &'l str)>> {
        let searched = if self.strict { None } else { self.search(line) };
        searched.or_else(|| self.first(line))
    }

    /// As [`Template::first`], but each value looks like its field's: where one does not, the fields before it, which
    /// clients may fill with what stands between fields, are longer than they seemed. The work is bounded.
    fn search<'t, 'l>(&'t self, line: &'l str) -> Option<Vec<(&'t str, &'l str)>> {
        let mut work = WORK * (line.len() + TIME_BYTES);
        let mut found: Vec<Found<'t>> = Vec::with_capacity(self.parts.len() / 2 + 1);
        let (mut number, mut at, mut from) = (0, 0, 0);
        loop {
            let end = match self.parts.get(number) {
                None if line.get(at..)?.trim().is_empty() => {
                    let value = |field: &Found<'t>| Some((field.name, line.get(field.start..field.end)?));
                    return found.iter().map(value).collect();
                }
                Some(Part::Text(text)) => end_of_text(text, line, at),
                Some(Part::Field(name, looks)) => {
                    let end = self.end_of_field(number, looks, line, (at, from), &mut work)?;
                    found.extend(end.map(|end| Found { name, number, start: at, end }));
                    end
                }
                None | Some(Part::Optional) => None,
            };
            match end {
                Some(end) => (number, at, from) = (number + 1, end, end),
                None => {
                    let longer = found.pop()?;
                    let next = line.get(longer.end..)?.chars().next().map_or(1, char::len_utf8);
                    (number, at, from) = (longer.number, longer.start, longer.end + next);
                }
            }
        }
    }

    /// Where a field that begins at the first place ends, not before the second; none within when nowhere, none when
    /// there was too much work.
    fn end_of_field(
        &self,
        number: usize,
        looks: &Looks,
        line: &str,
        (start, mut from): (usize, usize),
        work: &mut usize,
    ) -> Option<Option<usize>> {
        let quoted = number.checked_sub(1).is_some_and(|before| self.text_at(before).ends_with('"'));
        let after = self.text_at(number + 1);
        loop {
            let Some(rest) = line.get(from..) else { return Some(None) };
            let end = match after {
                "" => (from == start).then_some(rest.len()),
                after if quoted && after.starts_with('"') => quoted_end(rest, after, looks.most()),
                after => memchr::memmem::find(within(rest, looks.most().saturating_add(after.len())), after.as_bytes()),
            };
            *work = work.checked_sub(end.unwrap_or(rest.len().min(looks.most())) + 1)?;
            let Some(end) = end else { return Some(None) };
            let value = line.get(start..from + end).unwrap_or_default();
            if value.len() > looks.most() {
                return Some(None);
            }
            if looks.fits(value) {
                return Some(Some(from + end));
            }
            from += end + rest.get(end..)?.chars().next().map_or(1, char::len_utf8);
        }
    }

    /// The text that this part is; empty where it is none.
    fn text_at(&self, number: usize) -> &str {
        match self.parts.get(number) {
            Some(Part::Text(text)) => text,
            _ => "",
        }
    }

    /// The fields of a line that fits, each ending at the first place where the next text stands.
    fn first<'t, 'l>(&'t self, line: &'l str) -> Option<Vec<(&'t str, &'l str)>> {
        let mut fields = Vec::with_capacity(self.parts.len() / 2 + 1);
        let mut rest = line;
        let mut enough = false;
        let mut parts = self.parts.iter().peekable();
        let mut before = "";
        while let Some(part) = parts.next() {
            match part {
                Part::Optional => enough = true,
                Part::Text(text) => match rest.strip_prefix(text.as_str()) {
                    Some(after) => (rest, before) = (after, text),
                    // Servers leave out the space before what is empty at a line's end.
                    None if !text.trim_end().is_empty() && rest == text.trim_end() => rest = "",
                    None if enough => return Some(fields),
                    None => return None,
                },
                Part::Field(name, _) => {
                    let after = parts.clone().find_map(|part| match part {
                        Part::Text(text) => Some(text.as_str()),
                        Part::Field(..) | Part::Optional => None,
                    });
                    match self.value(name, rest, before, after) {
                        Some(value) => {
                            fields.push((name.as_str(), value));
                            rest = rest.get(value.len()..).unwrap_or_default();
                        }
                        None if enough => return Some(fields),
                        None => return None,
                    }
                }
            }
        }
        (self.strict || rest.trim().is_empty()).then_some(fields)
    }

    fn value<'l>(&self, name: &str, rest: &'l str, before: &str, after: Option<&str>) -> Option<&'l str> {
        let quoted = before.ends_with('"');
        let end = match after {
            Some(after) if quoted && after.starts_with('"') => quoted_end(rest, after, rest.len()),
            Some(after) => rest.find(after),
            None if self.strict => rest.find(' '),
            None => Some(rest.len()),
        };
        // The last field of all, or the last one that a line has.
        let end = end.or_else(|| (self.strict && !quoted).then_some(rest.len()))?;
        let value = rest.get(..end)?;
        let one_word = !self.strict || quoted || LOOSE.contains(&name) || !value.contains(' ');
        one_word.then_some(value)
    }
}

/// A field that was found.
struct Found<'t> {
    name: &'t str,
    /// Of its part.
    number: usize,
    start: usize,
    end: usize,
}

/// Where a text ends that stands at this place. Servers leave out the space before what is empty at a line's end.
fn end_of_text(text: &str, line: &str, at: usize) -> Option<usize> {
    let rest = line.get(at..)?;
    let trimmed = text.trim_end();
    match rest.starts_with(text) {
        true => Some(at + text.len()),
        false => (!trimmed.is_empty() && rest == trimmed).then_some(line.len()),
    }
}

fn within(text: &str, most: usize) -> &[u8] {
    text.as_bytes().get(..most).unwrap_or(text.as_bytes())
}

/// Where the text `after`, which starts with a quote, follows that no backslash escapes, at most so many bytes on.
fn quoted_end(text: &str, after: &str, most: usize) -> Option<usize> {
    let bytes = within(text, most.saturating_add(1));
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        match bytes.get(at) {
            Some(b'\\') => at += 2,
            _ if text.get(at..).is_some_and(|rest| rest.starts_with(after) || rest == after.trim_end()) => {
                return Some(at);
            }
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_told_by_what_stands_between_them() {
        let template = Template::known(r#"[$time] "$request" $status $flags$? "$agent" $more"#);
        let line = r#"[now] "GET /a \" b" 200 - "x y" end and more"#;
        let fields = template.read(line).unwrap();
        let wanted = [
            ("time", "now"),
            ("request", "GET /a \\\" b"),
            ("status", "200"),
            ("flags", "-"),
            ("agent", "x y"),
            ("more", "end"),
        ];
        assert_eq!(fields, wanted);
        assert_eq!(template.read(r#"[now] "GET /" 200 -"#).unwrap().len(), 4);
        for line in ["", "[now]", r#"[now] "GET /" 200"#, r#"[now] GET / 200 - "x""#] {
            assert_eq!(template.read(line), None, "{line}");
        }
    }

    #[test]
    fn a_quoted_field_is_looked_for_no_further_than_it_can_reach() {
        let line = format!("{}\" x", "a".repeat(100));
        assert_eq!(quoted_end(&line, "\" x", 80), None);
        assert_eq!(quoted_end(&line, "\" x", 100), Some(100));
        assert_eq!(quoted_end(&format!("é{line}"), "\" x", 1), None);
    }

    #[test]
    fn any_line_is_read_or_refused() {
        let template = Template::known(r#"$a "$b" [$c]$? "$d" $e"#);
        proptest::proptest!(|(line in "[a \"\\\\\\[\\]é]{0,40}")| { template.read(&line); });
    }

    proptest::proptest! {
        #[test]
        fn what_was_written_is_read(words in proptest::collection::vec("[a-z0-9/é.-]{1,8}", 4), quoted in "[a-z /é]{0,12}") {
            let template = Template::known("$a [$b] \"$q\" $c$? $d");
            let line = format!("{} [{}] \"{quoted}\" {} {}", words[0], words[1], words[2], words[3]);
            let values: Vec<&str> = template.read(&line).unwrap().into_iter().map(|(_, value)| value).collect();
            proptest::prop_assert_eq!(values, [&*words[0], &words[1], &quoted, &words[2], &words[3]]);
        }
    }
}

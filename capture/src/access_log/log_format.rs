//! Formats of lines that an operator wrote for nginx (`log_format`) or Apache (`LogFormat`), as they stand in the
//! server's configuration.

use super::apache_time::{ApacheTimes, Split};
use super::combined::Stamp;
use super::template::{Looks, Template};

/// A log format given in the server's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFormat {
    /// `None` for the formats that are told by their looks.
    pub(super) described: Option<Described>,
    /// What the time of a common or combined line is, where the name says which server wrote it.
    pub(super) stamp: Option<Stamp>,
    /// Members of lines of JSON, with the variable of nginx that each holds.
    pub(super) members: Vec<(String, String)>,
    written: String,
}

/// A format that was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Described {
    template: Template,
    times: ApacheTimes,
}

impl Described {
    /// The fields of a line that fits: the times that are made of parts, and all others as written.
    pub(super) fn read<'t, 'l>(&'t self, line: &'l str) -> Option<Split<'t, 'l>> {
        self.times.split(self.template.read(line)?)
    }
}

/// Names that stand for formats that are read without being told, with what their server logs the time of. Both servers
/// have a `combined`; `main` is in the configuration that nginx comes with, `vhost_combined` in Debian's of Apache.
const NAMED: [(&str, Option<Stamp>); 6] = [
    ("combined", None),
    ("common", None),
    ("nginx", Some(Stamp::End)),
    ("main", Some(Stamp::End)),
    ("apache", Some(Stamp::Start)),
    ("vhost_combined", Some(Stamp::Start)),
];

impl LogFormat {
    /// Compiles a format: nginx's variables start with `$`, Apache's directives with `%`.
    ///
    /// # Errors
    /// What is wrong, and what to write.
    pub fn new(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let written = text.to_owned();
        if let Some((_, stamp)) = NAMED.iter().find(|(name, _)| *name == text) {
            return Ok(LogFormat { described: None, stamp: *stamp, members: Vec::new(), written });
        }
        let text = configured(text);
        if text.trim_start().starts_with('{') {
            let members = json_members(&text);
            if members.is_empty() {
                return Err(
                    "of a format in JSON, members that hold one variable each are read (`\"path\": \"$uri\"`), \
                            and it has none; name its lines' fields with `--log-field`"
                        .to_owned(),
                );
            }
            check_needs(&|names| members.iter().any(|(_, variable)| names.contains(&variable.as_str())))?;
            return Ok(LogFormat { described: None, stamp: None, members, written });
        }
        let nginx = text.split('$').skip(1).any(|rest| rest.starts_with(|c: char| c == '{' || c.is_ascii_lowercase()));
        let (template, times) =
            if nginx { (nginx_template(&text)?, ApacheTimes::default()) } else { apache_template(&text)? };
        let (template, times) = (template.joined(), times.whole()?);
        if let Some((one, two)) = template.ambiguous() {
            return Err(format!("nothing separates `{one}` from `{two}`, so that lines cannot be taken apart"));
        }
        check_needs(&|names| template.names(names) || !times.is_empty() && names.contains(&"time_local"))?;
        Ok(LogFormat { described: Some(Described { template, times }), stamp: None, members: Vec::new(), written })
    }

    /// The format as it was given.
    pub fn as_str(&self) -> &str {
        &self.written
    }
}

/// Members of a format in JSON that hold one variable of nginx each, in quotes or not, by their own names.
fn json_members(text: &str) -> Vec<(String, String)> {
    let mut members = Vec::new();
    let pieces: Vec<&str> = text.split('"').collect();
    for at in 0..pieces.len() {
        let piece = |number: usize| pieces.get(at + number).copied().unwrap_or_default();
        // `name`, `:`, `$variable`; or `name`, `: $variable, `.
        let bare = piece(1).trim_start().strip_prefix(':').map(str::trim_start);
        let value = match bare {
            Some("") => piece(2),
            Some(bare) => bare.trim_end_matches(|c: char| c.is_whitespace() || c == ',' || c == '}'),
            None => continue,
        };
        let Some(variable) = value.strip_prefix('$') else { continue };
        let variable = variable.strip_prefix('{').and_then(|inside| inside.strip_suffix('}')).unwrap_or(variable);
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !piece(0).is_empty() && !variable.is_empty() && variable.chars().all(is_name) {
            members.push((piece(0).to_owned(), variable.to_owned()));
        }
    }
    members
}

/// Fails where a format does not log what every exchange needs; `logs` says whether it has one of some variables.
fn check_needs(logs: &dyn Fn(&[&str]) -> bool) -> Result<(), String> {
    let needs: [(&str, &[&str]); 2] = [
        ("a time", &["time_local", "time_iso8601", "msec"]),
        ("the request line, or method and path", &["request", "request_uri", "uri", "url"]),
    ];
    match needs.iter().find(|(_, names)| !logs(names)) {
        Some((what, _)) => Err(format!("it logs nothing that says {what}")),
        None => Ok(()),
    }
}

/// The format within a whole line of configuration, whose pieces may be in quotes.
fn configured(text: &str) -> String {
    let rest = text.strip_prefix("log_format ").or_else(|| text.strip_prefix("LogFormat "));
    let Some(rest) = rest else { return text.to_owned() };
    let mut format = String::new();
    let mut quote = None;
    let mut chars = rest.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (None, _) => {}
            (Some(open), _) if c == open => quote = None,
            (Some(_), '\\') => format.extend(chars.next()),
            (Some(_), _) => format.push(c),
        }
    }
    if format.is_empty() { text.to_owned() } else { format }
}

fn nginx_template(text: &str) -> Result<Template, String> {
    let mut template = Template::default();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        template.text(before);
        let (name, after) = match after.strip_prefix('{') {
            Some(inside) => inside.split_once('}').ok_or("a `${` is not closed")?,
            None => {
                let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
                after.split_at(end)
            }
        };
        if name.is_empty() {
            return Err("a `$` has no variable's name after it".to_owned());
        }
        template.field(name, Looks::of_name(name));
        rest = after;
    }
    template.text(rest);
    Ok(template)
}

fn apache_template(text: &str) -> Result<(Template, ApacheTimes), String> {
    let text = text.replace("\\\"", "\"").replace("\\t", "\t");
    let (mut template, mut times) = (Template::default(), ApacheTimes::default());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('%') {
        template.text(before);
        if let Some(after) = after.strip_prefix('%') {
            template.text("%");
            rest = after;
            continue;
        }
        // Statuses for which a field is logged, and whether the first or last request's is meant.
        let after = after.trim_start_matches(|c: char| c.is_ascii_digit() || "!,<>".contains(c));
        let (argument, after) = match after.strip_prefix('{') {
            Some(inside) => {
                let (argument, after) = inside.split_once('}').ok_or("a `%{` is not closed")?;
                (Some(argument), after.trim_start_matches(['<', '>']))
            }
            None => (None, after),
        };
        // Of two letters more are trailers (`%{name}^ti`, `%{name}^to`) and `%^FB`, the time to the answer's first byte.
        if let Some(trailer) = after.strip_prefix('^') {
            let known = ["FB", "ti", "to"].iter().find_map(|letters| trailer.strip_prefix(letters));
            let after = known.ok_or("after `%^` Apache has only `FB`, `ti` and `to`")?;
            let name = argument.map_or_else(|| "first_byte".to_owned(), field_name);
            template.field(&name, Looks::of_name(&name));
            rest = after;
            continue;
        }
        let directive = after.chars().next().ok_or("the format ends in the middle of a directive")?;
        if directive == 't' {
            let time = times.add(argument.unwrap_or_default());
            let (open, close) = if time.bracketed { ("[", "]") } else { ("", "") };
            template.text(open);
            template.field(&time.name, time.looks);
            template.text(close);
        } else {
            let name = apache_name(directive, argument)?;
            template.field(&name, Looks::of_name(&name));
        }
        rest = after.get(directive.len_utf8()..).unwrap_or_default();
    }
    template.text(rest);
    Ok((template, times))
}

/// A header's or variable's name as a field's.
fn field_name(name: &str) -> String {
    name.to_ascii_lowercase().replace('-', "_")
}

/// The name, of those that we know, of what a directive logs.
fn apache_name(directive: char, argument: Option<&str>) -> Result<String, String> {
    let name = match (directive, argument) {
        ('h' | 'a', None) => "remote_addr",
        ('a', Some(_)) => "peer_addr",
        ('A', _) => "server_addr",
        ('b' | 'B', _) => "response_size",
        ('O', _) => "bytes_out",
        ('I', _) => "bytes_in",
        ('D', _) => "duration_us",
        ('T', None | Some("s")) => "duration_s",
        ('T', Some("ms")) => "duration_ms",
        ('T', Some("us")) => "duration_us",
        ('H', _) => "server_protocol",
        ('m', _) => "request_method",
        ('U', _) => "uri",
        ('q', _) => "query_string",
        ('r', _) => "request",
        ('s', _) => "status",
        ('u', _) => "remote_user",
        ('v', _) => "server_name",
        ('V', _) => "virtual_host",
        ('p', Some("remote")) => "remote_port",
        ('p', _) => "server_port",
        ('i', Some(name)) => return Ok(format!("http_{}", field_name(name))),
        ('o', Some(name)) => return Ok(format!("sent_http_{}", field_name(name))),
        ('C', Some(name)) => return Ok(format!("cookie.{name}")),
        ('e' | 'n', Some("UNIQUE_ID")) => "request_id",
        ('e' | 'n' | 'x' | 'c', Some(name)) => return Ok(field_name(name)),
        ('l', _) => "ident",
        ('L', _) => "log_id",
        ('X', _) => "connection_status",
        ('k', _) => "keepalive_requests",
        ('P', _) => "process",
        ('f', _) => "filename",
        ('R', _) => "handler",
        ('S', _) => "bytes_total",
        ('T', Some(unit)) => {
            return Err(format!("`%{{{unit}}}T` has no unit that Apache knows: write `s`, `ms` or `us`"));
        }
        ('i' | 'o' | 'C' | 'e' | 'n' | 'x', None) => {
            return Err(format!("`%{directive}` says nothing without a name before it: `%{{name}}{directive}`"));
        }
        // A module's own, or a later version's: it logs something, which nothing takes.
        (letter, _) if letter.is_ascii_alphabetic() => return Ok(format!("directive.{letter}")),
        _ => return Err(format!("`%{directive}` is no directive of Apache's that is known here")),
    };
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(format: &str, line: &str) -> Vec<(String, String)> {
        let format = LogFormat::new(format).unwrap();
        let described = format.described.unwrap();
        let (times, fields) = described.read(line).unwrap_or_else(|| panic!("{line} does not fit {described:?}"));
        let times = times.into_iter().map(|(name, value)| (name.to_owned(), value));
        times.chain(fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()))).collect()
    }

    #[test]
    fn variables_of_tls_are_fields() {
        let format = r#"%t %h %{SSL_PROTOCOL}x %{SSL_CIPHER}x \"%r\" %b %^FB"#;
        let line = r#"[10/Oct/2000:13:55:36 +0000] 1.2.3.4 TLSv1.3 TLS_AES_256_GCM_SHA384 "GET / HTTP/1.1" 12 97"#;
        let found = fields(format, line);
        let field = |name: &str| found.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        assert_eq!(field("ssl_protocol"), Some("TLSv1.3"));
        assert_eq!((field("ssl_cipher"), field("first_byte")), (Some("TLS_AES_256_GCM_SHA384"), Some("97")));
        assert_eq!(field("request"), Some("GET / HTTP/1.1"));
    }

    #[test]
    fn letters_of_other_modules_are_fields() {
        let found = fields(r#"%h %t %Z "%r" %>s"#, r#"1.2.3.4 [10/Oct/2000:13:55:36 +0000] zz "GET / HTTP/1.1" 200"#);
        for wanted in [("directive.Z", "zz"), ("request", "GET / HTTP/1.1"), ("status", "200")] {
            assert!(found.contains(&(wanted.0.to_owned(), wanted.1.to_owned())), "{wanted:?} in {found:?}");
        }
    }

    #[test]
    fn formats_are_given_as_in_the_configuration() {
        let plain = r#"$remote_addr - $remote_user [$time_local] "$request" $status"#;
        let line = r#"1.2.3.4 - a b [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200"#;
        let wanted = fields(plain, line);
        assert_eq!(wanted[1], ("remote_user".to_owned(), "a b".to_owned()));
        let configured = "log_format api '$remote_addr - $remote_user [$time_local] '\n  '\"$request\" $status';";
        assert_eq!(fields(configured, line), wanted);
        let braces = r#"${remote_addr} - ${remote_user} [$time_local] "$request" $status"#;
        assert_eq!(fields(braces, line), wanted);

        let apache = fields(
            r#"LogFormat "%h %u %t \"%m %U%q\" %>s %{ms}T %{X-Tenant}i" api"#,
            r#"1.2.3.4 bob [10/Oct/2000:13:55:36 -0700] "GET /a?b=1" 200 12 acme"#,
        );
        let names: Vec<&str> = apache.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "start_time",
                "remote_addr",
                "remote_user",
                "request_method",
                "request_uri",
                "status",
                "duration_ms",
                "http_x_tenant"
            ]
        );
        assert_eq!(apache[4].1, "/a?b=1");
    }

    #[test]
    fn what_cannot_be_read_back_is_refused() {
        for (format, why) in [
            ("$remote_addr$remote_user [$time_local] \"$request\"", "nothing separates"),
            ("$remote_addr \"$request\"", "a time"),
            ("%h %t", "request line"),
            ("%h %t %r %^Zx", "only `FB`"),
            ("%h %t %r %^F", "only `FB`"),
            ("%h %t %r %-", "`%-`"),
            ("%h %t %r %i", "`%{name}i`"),
            ("%h %t %r %{x}T", "`%{x}T`"),
            ("%h %t %{X", "not closed"),
            ("{\"a\":\"$request\"}", "a time"),
            ("{\"a\":\"b\"}", "--log-field"),
            ("$time_local ${request", "not closed"),
            ("words", "time"),
            ("%h %{msec_frac}t %r", "only the fraction"),
            ("%h %{%H:%M:%S}t %{%z}t %r", "does not say year"),
            ("%h %{%F %T %Z}t %r", "%z"),
            ("%h %{%F %T.msec_frac}t %r", "only in parts"),
            ("%h %{%F %T}t%{msec_frac}t %r", "nothing separates"),
        ] {
            assert!(LogFormat::new(format).unwrap_err().contains(why), "{format}: {:?}", LogFormat::new(format));
        }
        for (name, stamp) in NAMED {
            let format = LogFormat::new(name).unwrap();
            assert_eq!((format.described, format.stamp), (None, stamp), "{name}");
        }
        proptest::proptest!(|(text in "[%$a-zA-Z{}\"' <>]{0,40}")| { let _ = LogFormat::new(&text); });
    }
}

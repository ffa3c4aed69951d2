//! What a signature of a message is made over (RFC 9421, section 2.5).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use offpath_capture::{Request, percent_decoded};

use super::field::{self, Item, Member, Parameters, Value, WithParameters, parameter};
use crate::correlate::credential;

/// Why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// The input does not show a part, or the part is of a kind that is not read.
    Unseen,
    /// No such message has it: a part is not there, is there twice, or is none that a request has.
    Wrong,
}

/// A request as it was signed, as far as it is shown.
#[derive(Clone, Copy)]
pub(super) struct Message<'a> {
    pub(super) request: &'a Request,
    /// All header fields are shown.
    pub(super) whole: bool,
    /// `http` or `https`: the request's own, or the one that is tried.
    pub(super) scheme: &'a str,
}

/// The text that was signed, for the components and parameters of one member of `Signature-Input`.
pub(super) fn base(
    message: Message<'_>,
    components: &[WithParameters],
    parameters: &Parameters,
) -> Result<Vec<u8>, Missing> {
    let mut out = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    for component in components {
        let mut name = String::new();
        field::write_item(component, &mut name);
        if seen.contains(&name) {
            return Err(Missing::Wrong);
        }
        let value = message.value(component)?;
        // A line of its own within a value would be another component.
        if value.contains(&b'\n') {
            return Err(Missing::Wrong);
        }
        out.extend(name.as_bytes());
        out.extend(b": ");
        out.extend(value);
        out.push(b'\n');
        seen.push(name);
    }
    let mut last = String::from("\"@signature-params\": ");
    Value::List(components.to_vec()).write(parameters, &mut last);
    out.extend(last.as_bytes());
    Ok(out)
}

impl Message<'_> {
    fn value(self, (name, parameters): &WithParameters) -> Result<Vec<u8>, Missing> {
        let name = name.text().ok_or(Missing::Wrong)?;
        if !name.starts_with('@') {
            return self.field(name, parameters);
        }
        let known = |allowed: &str| parameters.iter().all(|(own, _)| own == allowed);
        if !known(if name == "@query-param" { "name" } else { "" }) {
            // A part of another message than this one is not shown with it.
            return Err(if parameter(parameters, "req").is_some() { Missing::Unseen } else { Missing::Wrong });
        }
        let target = self.request.target.as_str();
        let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let text = match name {
            "@method" => self.request.method.clone(),
            "@authority" => self.authority()?,
            "@scheme" => self.scheme.to_owned(),
            "@request-target" => target.to_owned(),
            "@target-uri" => format!("{}://{}{target}", self.scheme, self.authority()?),
            "@path" if path.is_empty() => "/".to_owned(),
            "@path" => path.to_owned(),
            "@query" => format!("?{}", query.unwrap_or_default()),
            "@query-param" => return query_parameter(query.unwrap_or_default(), parameters),
            _ => return Err(Missing::Wrong),
        };
        Ok(text.into_bytes())
    }

    /// Host in lower case, without the port that the scheme has anyway.
    fn authority(self) -> Result<String, Missing> {
        let host = self.request.host.as_deref().ok_or(Missing::Unseen)?.to_ascii_lowercase();
        let usual = if self.scheme == "http" { ":80" } else { ":443" };
        Ok(host.strip_suffix(usual).unwrap_or(&host).to_owned())
    }

    fn field(self, name: &str, parameters: &Parameters) -> Result<Vec<u8>, Missing> {
        if name.is_empty() || name.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(Missing::Wrong);
        }
        let lines: Vec<&[u8]> = self.request.headers.all(name).map(<[u8]>::trim_ascii).collect();
        // Archives leave out credentials, HTTP/2 the name of the host.
        if lines.is_empty() {
            let hidden = !self.whole || credential::is_secret_name(name) || matches!(name, "host" | "cookie");
            return Err(if hidden { Missing::Unseen } else { Missing::Wrong });
        }
        match parameters.as_slice() {
            [] => Ok(lines.join(&b", "[..])),
            [(own, Item::Boolean(true))] if own == "bs" => {
                let each: Vec<String> = lines.iter().map(|line| format!(":{}:", STANDARD.encode(line))).collect();
                Ok(each.join(", ").into_bytes())
            }
            // What type a field has no input says: where all that it can be is written alike, it does not matter.
            [(own, Item::Boolean(true))] if own == "sf" => {
                let text = lines.join(&b", "[..]);
                std::str::from_utf8(&text).ok().and_then(field::in_one_form).map(Vec::from).ok_or(Missing::Unseen)
            }
            [(own, Item::Text(key))] if own == "key" => {
                let text = lines.join(&b", "[..]);
                let members = std::str::from_utf8(&text).ok().and_then(field::dictionary).ok_or(Missing::Wrong)?;
                let Member { value, parameters, .. } =
                    members.iter().find(|member| member.key == *key).ok_or(Missing::Wrong)?;
                let mut out = String::new();
                value.write(parameters, &mut out);
                Ok(out.into_bytes())
            }
            _ => Err(Missing::Unseen),
        }
    }
}

/// One parameter of the query, decoded as a form and encoded again; one that is there twice is none.
fn query_parameter(query: &str, parameters: &Parameters) -> Result<Vec<u8>, Missing> {
    let wanted = parameter(parameters, "name").and_then(Item::text).ok_or(Missing::Wrong)?;
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let mut found =
        pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).filter(|(name, _)| encoded(name) == wanted);
    match (found.next(), found.next()) {
        (Some((_, value)), None) => Ok(encoded(value).into_bytes()),
        _ => Err(Missing::Wrong),
    }
}

/// A name or value of a form, decoded, and again with all encoded but letters, digits and `*-._`.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in percent_decoded(text, true).bytes() {
        if byte.is_ascii_alphanumeric() || b"*-._".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

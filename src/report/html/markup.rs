//! Writing HTML so that no text from a capture can become markup.

use std::fmt::Write as _;

use crate::report::visible;

/// HTML under construction. Markup is `&'static str`, that is, from this crate's source; everything else is escaped.
#[derive(Default)]
pub(super) struct Markup {
    out: String,
}

impl Markup {
    /// Adds markup of our own.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.out.push_str(markup);
        self
    }

    /// Adds text, escaped, with hidden characters spelt out.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        for character in visible(text).chars() {
            match character {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' => self.out.push_str("&quot;"),
                '\'' => self.out.push_str("&#39;"),
                other => self.out.push(other),
            }
        }
        self
    }

    /// Opens a tag with escaped attribute values.
    pub(super) fn open(&mut self, tag: &'static str, attributes: &[(&'static str, &str)]) -> &mut Self {
        self.out.push('<');
        self.out.push_str(tag);
        for (name, value) in attributes {
            let _ = write!(self.out, " {name}=\"");
            self.text(value);
            self.out.push('"');
        }
        self.out.push('>');
        self
    }

    /// Closes a tag.
    pub(super) fn close(&mut self, tag: &'static str) -> &mut Self {
        let _ = write!(self.out, "</{tag}>");
        self
    }

    /// Adds an element that holds only text.
    pub(super) fn element(&mut self, tag: &'static str, class: &'static str, text: &str) -> &mut Self {
        if class.is_empty() {
            self.open(tag, &[])
        } else {
            self.open(tag, &[("class", class)])
        };
        self.text(text).close(tag)
    }

    /// Adds an element that holds only text, with any attributes.
    pub(super) fn element_with(
        &mut self,
        tag: &'static str,
        attributes: &[(&'static str, &str)],
        text: &str,
    ) -> &mut Self {
        self.open(tag, attributes).text(text).close(tag)
    }

    /// The HTML.
    pub(super) fn finish(self) -> String {
        self.out
    }
}

/// Percent-encodes what has a meaning in the fragment.
pub(super) fn fragment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_leave_its_element_or_attribute() {
        let mut page = Markup::default();
        page.element_with("p", &[("title", "\" onload='x'")], "</p><script>alert(1)</script>\u{202e}");
        let html = page.finish();
        assert_eq!(html.matches('<').count(), 2, "{html}");
        assert_eq!(html.matches('"').count(), 2, "{html}");
        assert!(html.contains("\\u{202e}"));
    }
}

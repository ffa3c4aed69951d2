//! A whole XML document as a flat list of elements, with bounds.

use std::io::{BufReader, Read};

use crate::xml::{Document, Tag, Token};

/// Longest tag or text.
const TOKEN: usize = 1 << 20;
/// Most elements.
const ELEMENTS: usize = 1 << 18;
/// Most bytes of names, attributes and texts together.
const BYTES: usize = 64 << 20;
/// Longest text of one element that is kept.
const TEXT: usize = 1 << 16;

/// An element and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// Name without a prefix.
    pub name: String,
    /// Attributes in order: names without prefix, and values.
    pub attributes: Vec<(String, String)>,
    /// Text directly in it, trimmed; at most 64 KiB.
    pub text: String,
    /// Line at which its tag was read, from 1.
    pub line: u64,
    /// Number of the element that it stands in.
    pub parent: Option<usize>,
}

impl Element {
    /// The value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A document that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {cause}")]
pub struct ElementsError {
    /// Line that was read up to, from 1.
    pub line: u64,
    /// What is wrong.
    pub cause: String,
}

/// Reads a document, parents before their children. Entities of a DTD are never expanded; where one stands in a text or
/// an attribute its name stays.
///
/// # Errors
/// When the document is damaged, has more than 262,144 elements or holds more than 64 MiB.
pub fn read_elements(input: impl Read) -> Result<Vec<Element>, ElementsError> {
    let mut document = Document::new(BufReader::new(input), TOKEN);
    let mut elements: Vec<Element> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut bytes = 0_usize;
    loop {
        let line = document.line();
        let failed = |cause: String| ElementsError { line, cause };
        match document.next().map_err(failed)? {
            Token::Open(tag) => {
                bytes += add(&mut elements, &tag, line, open.last().copied());
                open.push(elements.len().saturating_sub(1));
            }
            Token::Empty(tag) => bytes += add(&mut elements, &tag, line, open.last().copied()),
            Token::Close => {
                open.pop();
            }
            Token::Text(text) | Token::Unknown(text) => {
                if let Some(element) = open.last().and_then(|at| elements.get_mut(*at))
                    && element.text.len() + text.len() <= TEXT
                {
                    bytes += text.len();
                    element.text.push_str(&text);
                }
            }
            Token::Other => {}
            Token::End => break,
        }
        if elements.len() > ELEMENTS || bytes > BYTES {
            return Err(failed(format!("more than {ELEMENTS} elements, or {} MiB", BYTES >> 20)));
        }
    }
    elements.iter_mut().for_each(|element| element.text = element.text.trim().to_owned());
    Ok(elements)
}

/// Adds an element; returns the bytes that it takes.
fn add(elements: &mut Vec<Element>, tag: &Tag<'_>, line: u64, parent: Option<usize>) -> usize {
    let mut attributes = Vec::new();
    tag.attributes(|key, value| {
        attributes.push((String::from_utf8_lossy(key).into_owned(), tag.decode(value).into_owned()));
        true
    });
    let name = String::from_utf8_lossy(tag.name()).into_owned();
    let bytes = name.len() + attributes.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>();
    elements.push(Element { name, attributes, text: String::new(), line, parent });
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_know_their_parents_and_entities_stay() {
        let text = "<!DOCTYPE a [<!ENTITY x \"yyyy\">]>\n<s:a id='1'>\n <b q=\"&x;&lt;\">t&x; </b>\n <c/>\n</s:a>";
        let found = read_elements(text.as_bytes()).unwrap();
        let short: Vec<_> =
            found.iter().map(|one| (one.name.as_str(), one.text.as_str(), one.line, one.parent)).collect();
        assert_eq!(short, [("a", "", 2, None), ("b", "t&x;", 3, Some(0)), ("c", "", 4, Some(0))]);
        assert_eq!((found[0].attribute("id"), found[1].attribute("q")), (Some("1"), Some("&x;&lt;")));
    }

    #[test]
    fn damaged_documents_are_refused() {
        for text in ["<a><b></a>".to_owned(), "<a>".to_owned(), "<a>".repeat(300)] {
            assert!(read_elements(text.as_bytes()).is_err());
        }
    }
}

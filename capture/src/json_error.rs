//! What is wrong with a piece of JSON, in words that quote nothing of it: the parser's own words for a value of the wrong
//! type hold the value, which may be a secret.

use serde_json::error::Category;

/// Says what is wrong. Line and column are the caller's to add.
pub(crate) fn words(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        Category::Eof => "it ends in the middle of a value",
        // Of broken syntax the parser's words quote nothing, and only they tell this one from the others.
        Category::Syntax if error.to_string().starts_with("recursion limit") => "recursion limit exceeded",
        Category::Syntax => "its syntax is broken",
        Category::Data => "a value is of a type that does not belong there",
        Category::Io => "it cannot be read",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_is_quoted() {
        let error = serde_json::from_str::<Vec<u8>>(r#"["Bearer s3cr3t"]"#).unwrap_err();
        assert!(error.to_string().contains("s3cr3t"), "the parser quotes: {error}");
        for text in [r#"["Bearer s3cr3t"]"#, r#"["s3cr3t"#, r#"[s3cr3t]"#, r#"{"s3cr3t":1}"#] {
            let error = serde_json::from_str::<Vec<u8>>(text).unwrap_err();
            assert!(!words(&error).contains("s3cr3t"), "{text}");
        }
    }
}

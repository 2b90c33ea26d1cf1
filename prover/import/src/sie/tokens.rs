//! The fields of a SIE line (SIE file format 4B, section 5): separated by spaces or tabs, in quotation marks where they contain
//! such, `\"` for a quotation mark inside, object lists in braces.

/// One field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A plain or quoted field.
    Field(String),
    /// An object list; its content is not needed.
    Objects,
}

impl Token {
    pub(super) fn field(&self) -> Option<&str> {
        match self {
            Self::Field(text) => Some(text),
            Self::Objects => None,
        }
    }
}

/// Splits a line into its fields.
pub(super) fn split(line: &str) -> Result<Vec<Token>, &'static str> {
    let mut tokens = Vec::with_capacity(8);
    let mut rest = line.trim_start_matches([' ', '\t']);
    while let Some(first) = rest.chars().next() {
        let after = match first {
            '"' => {
                let (text, after) = quoted(&rest[1..])?;
                tokens.push(Token::Field(text));
                after
            }
            '{' => {
                tokens.push(Token::Objects);
                after_objects(&rest[1..])?
            }
            _ => {
                let end = rest.find([' ', '\t', '{']).unwrap_or(rest.len());
                tokens.push(Token::Field(rest[..end].to_owned()));
                &rest[end..]
            }
        };
        rest = after.trim_start_matches([' ', '\t']);
    }
    Ok(tokens)
}

/// The text up to the closing quotation mark, and what follows it.
fn quoted(rest: &str) -> Result<(String, &str), &'static str> {
    let mut text = String::new();
    let mut chars = rest.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((text, &rest[at + 1..])),
            '\\' if chars.peek().is_some_and(|(_, next)| *next == '"') => {
                text.push('"');
                chars.next();
            }
            _ => text.push(c),
        }
    }
    Err("a quotation mark is not closed")
}

/// What follows the closing brace; braces inside quotation marks are part of an object's number.
fn after_objects(rest: &str) -> Result<&str, &'static str> {
    let mut rest = rest;
    loop {
        match rest.find(['"', '}']) {
            Some(at) if rest[at..].starts_with('}') => return Ok(&rest[at + 1..]),
            Some(at) => rest = quoted(&rest[at + 1..])?.1,
            None => return Err("an object list is not closed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(line: &str) -> Result<Vec<String>, &'static str> {
        Ok(split(line)?
            .iter()
            .map(|t| t.field().unwrap_or("{}").to_owned())
            .collect())
    }

    #[test]
    fn fields_quotes_and_objects() {
        assert_eq!(
            fields("#TRANS 2640  { \"1\" \"10}10\"} -4675.5 20100122 \"say \\\"hej\\\"\" C:\\x\t\"\""),
            Ok([
                "#TRANS",
                "2640",
                "{}",
                "-4675.5",
                "20100122",
                "say \"hej\"",
                "C:\\x",
                ""
            ]
            .map(str::to_owned)
            .to_vec())
        );
        assert_eq!(
            fields("#TRANS 1910{}5"),
            Ok(["#TRANS", "1910", "{}", "5"].map(str::to_owned).to_vec())
        );
        assert_eq!(fields("  "), Ok(vec![]));
    }

    #[test]
    fn what_is_not_closed_is_refused() {
        assert!(fields("#FNAMN \"Bolag").is_err());
        assert!(fields("#TRANS 1910 {1 2").is_err());
        assert!(fields("#TRANS 1910 {\"1 }").is_err());
        assert!(fields("#FNAMN \"a\\\"").is_err());
    }
}

//! Lines to words. A word ends at a blank, but JSON ends where its brackets and quotes close.

/// A word and its column, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word<'a> {
    pub(crate) text: &'a str,
    pub(crate) column: usize,
}

/// The words of a line, without its comment: `#` where a word would begin. The error is the column of
/// a bracket or quote that nothing closes.
pub(crate) fn words(line: &str) -> Result<Vec<Word<'_>>, usize> {
    let mut words = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_start();
        if rest.is_empty() || rest.starts_with('#') {
            return Ok(words);
        }
        let column = line[..line.len() - rest.len()].chars().count() + 1;
        let end = end(rest).ok_or(column)?;
        words.push(Word { text: &rest[..end], column });
        rest = &rest[end..];
    }
}

/// Where the word at the beginning of `rest` ends. `None` when it never does.
fn end(rest: &str) -> Option<usize> {
    let mut depth = 0usize;
    let mut quoted = false;
    let mut escaped = false;
    for (at, character) in rest.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.saturating_sub(1),
            blank if blank.is_whitespace() && depth == 0 => return Some(at),
            _ => {}
        }
    }
    (depth == 0 && !quoted).then_some(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(line: &str) -> Vec<&str> {
        words(line).unwrap().into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn words_end_at_blanks_and_json_where_it_closes() {
        assert_eq!(texts("  a  bc\td # e"), ["a", "bc", "d"]);
        assert_eq!(
            texts(r#"filter={"a": ["b c", {"d":1}]} x#y"#),
            [r#"filter={"a": ["b c", {"d":1}]}"#, "x#y"]
        );
        assert_eq!(texts(r#"{"a": "}\" "} z"#), [r#"{"a": "}\" "}"#, "z"]);
        assert_eq!(texts("# nothing"), [""; 0]);
    }

    #[test]
    fn columns_count_characters() {
        let found = words("ä  b").unwrap();
        assert_eq!(found[1], Word { text: "b", column: 4 });
        assert_eq!(words(r#"a  {"b": 1"#), Err(4));
        assert_eq!(words(r#"a  "b"#), Err(4));
    }
}

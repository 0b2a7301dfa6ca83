//! As much of XML as the answers of SNS need.

/// The insides of all elements of this name, none of which is inside another.
pub(super) fn elements<'a>(xml: &'a str, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let parts = xml.split(&open).skip(1);
    parts.filter_map(|part| part.split_once(&close)).map(|(inside, _)| inside).collect()
}

/// The text of the first element of this name; empty if there is none.
pub(super) fn text(xml: &str, name: &str) -> String {
    let inside = elements(xml, name).first().copied().unwrap_or_default();
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    entities.iter().fold(inside.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

/// The value of an entry of a map; empty if there is none.
pub(super) fn entry(xml: &str, name: &str) -> String {
    let entry = elements(xml, "entry").into_iter().find(|entry| text(entry, "key") == name);
    entry.map(|entry| text(entry, "value")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_and_unescaped() {
        let xml = "<a><m><k>x</k><v>1 &amp;lt; 2</v></m><m><k>y</k><v/></m></a>";
        assert_eq!(elements(xml, "m").len(), 2);
        assert_eq!(text(elements(xml, "m")[0], "v"), "1 &lt; 2");
        assert_eq!(text(xml, "none"), "");
    }

    #[test]
    fn entries_are_found_by_their_keys() {
        let xml = "<entry><key>a</key><value>1</value></entry><entry><key>b</key><value>2</value></entry>";
        assert_eq!([entry(xml, "b"), entry(xml, "c")], ["2".to_owned(), String::new()]);
    }
}

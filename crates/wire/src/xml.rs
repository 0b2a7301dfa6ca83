//! XML, the way out: a writer of elements.
//!
//! We only ever write XML, and only elements with text, so this is all there is. A carriage return
//! is written as a character reference, since parsers turn a bare one into a line feed; control
//! characters, U+FFFE and U+FFFF, which XML has no place for, become U+FFFD (they can only come from
//! echoed input).

/// A document that is being written.
#[derive(Debug, Default)]
pub(crate) struct Xml {
    out: String,
}

impl Xml {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { out: String::with_capacity(bytes) }
    }

    /// Text that is markup already.
    pub(crate) fn raw(&mut self, markup: &str) {
        self.out.push_str(markup);
    }

    /// `<name>`.
    pub(crate) fn open(&mut self, name: &str) {
        self.raw("<");
        self.raw(name);
        self.raw(">");
    }

    /// `</name>`.
    pub(crate) fn close(&mut self, name: &str) {
        self.raw("</");
        self.raw(name);
        self.raw(">");
    }

    /// An element around what `content` writes; `<name/>` if that is nothing.
    pub(crate) fn element(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        let start = self.out.len();
        self.open(name);
        let inside = self.out.len();
        content(self);
        if self.out.len() == inside {
            self.out.truncate(start);
            self.raw("<");
            self.raw(name);
            self.raw("/>");
        } else {
            self.close(name);
        }
    }

    /// An element with text.
    pub(crate) fn text(&mut self, name: &str, text: &str) {
        self.open(name);
        self.escaped(text);
        self.close(name);
    }

    /// An element with text, or nothing.
    pub(crate) fn optional(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    fn escaped(&mut self, text: &str) {
        let mut plain_from = 0;
        for (at, byte) in text.bytes().enumerate() {
            let (replacement, replaced) = match byte {
                b'&' => ("&amp;", 1),
                b'<' => ("&lt;", 1),
                b'>' => ("&gt;", 1),
                b'"' => ("&quot;", 1),
                b'\r' => ("&#xD;", 1),
                b'\t' | b'\n' => continue,
                0..0x20 => ("\u{FFFD}", 1),
                0xEF if text[at..].starts_with(['\u{FFFE}', '\u{FFFF}']) => ("\u{FFFD}", 3),
                _ => continue,
            };
            self.raw(&text[plain_from..at]);
            self.raw(replacement);
            plain_from = at + replaced;
        }
        self.raw(&text[plain_from..]);
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.out.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(text: &str) -> String {
        let mut xml = Xml::default();
        xml.escaped(text);
        xml.out
    }

    #[test]
    fn markup_and_carriage_returns_are_references() {
        assert_eq!(escaped("a<b> & \"c\"\r\n\t"), "a&lt;b&gt; &amp; &quot;c&quot;&#xD;\n\t");
    }

    #[test]
    fn what_xml_has_no_place_for_is_replaced() {
        assert_eq!(
            escaped("\0a\u{1F}\u{FFFE}\u{FFFF}b\u{FFFE}"),
            "\u{FFFD}a\u{FFFD}\u{FFFD}\u{FFFD}b\u{FFFD}"
        );
        let fine = "\u{7F}\u{D7FF}\u{E000}\u{F000}\u{FFBE}\u{FFFD}\u{1FFFE}\u{10FFFF}";
        assert_eq!(escaped(fine), fine);
    }
}

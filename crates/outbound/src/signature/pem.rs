//! PEM as far as it is needed: blocks without headers, in lines of 64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

const LINE_CHARS: usize = 64;

/// Writes one block.
pub(super) fn encode(label: &str, der: &[u8]) -> String {
    let text = BASE64.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(LINE_CHARS.min(rest.len()));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str(&format!("-----END {label}-----\n"));
    pem
}

/// Reads the first block with this label; `None` if there is none or it is damaged.
pub(super) fn decode(label: &str, text: &str) -> Option<Vec<u8>> {
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (block, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let base64: String = block.split_ascii_whitespace().collect();
    BASE64.decode(base64).ok()
}

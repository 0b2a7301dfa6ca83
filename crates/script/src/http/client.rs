//! As much of an HTTP/1.1 client as scripts need: one request at a time, one connection for each.

use crate::action::Fault;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than any long poll.
const TIMEOUT: Duration = Duration::from_secs(40);

/// Sends requests to one address.
pub(super) struct Client {
    address: SocketAddr,
}

/// A response whose body is text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) body: String,
}

impl Client {
    pub(super) fn new(address: SocketAddr) -> Client {
        Client { address }
    }

    /// Posts `body` to `/` and reads the whole response.
    pub(super) fn post(&self, headers: &[(&str, &str)], body: &str) -> Result<Response, Fault> {
        self.send("POST /", headers, body)
    }

    /// Gets `path` and reads the whole response.
    pub(super) fn get(&self, path: &str) -> Result<Response, Fault> {
        self.send(&format!("GET {path}"), &[], "")
    }

    fn send(&self, what: &str, headers: &[(&str, &str)], body: &str) -> Result<Response, Fault> {
        let fault = |error: std::io::Error| Fault(format!("{}: {error}", self.address));
        let mut stream = TcpStream::connect(self.address).map_err(fault)?;
        stream.set_read_timeout(Some(TIMEOUT)).map_err(fault)?;
        let mut request = format!("{what} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        stream.write_all(request.as_bytes()).map_err(fault)?;
        let mut response = Vec::new();
        stream.read_to_end(&mut response).map_err(fault)?;
        parse(&response).ok_or_else(|| Fault(format!("{}: this is no response", self.address)))
    }
}

/// Reads a response that is all there.
fn parse(response: &[u8]) -> Option<Response> {
    let text = std::str::from_utf8(response).ok()?;
    let (head, rest) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines.filter_map(|line| line.split_once(':'));
    let lengths = headers.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length = lengths.map(|(_, value)| value.trim().parse::<usize>()).next();
    let body = match length {
        Some(length) => rest.get(..length.ok()?)?,
        None => rest,
    };
    Some(Response { status, body: body.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_are_read_whole_or_not_at_all() {
        let response = parse(b"HTTP/1.1 404 Not Found\r\nContent-LENGTH: 2\r\nx: y\r\n\r\nhi").unwrap();
        assert_eq!(response, Response { status: 404, body: "hi".into() });
        assert_eq!(parse(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nhi"), None);
        assert_eq!(parse(b"HTTP/1.1 200 OK\r\n"), None);
        assert_eq!(parse(b""), None);
    }
}

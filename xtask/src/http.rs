//! The smallest HTTP/1.1 client that can talk to the server: one connection, no retries.
//!
//! It speaks both protocols unsigned, which the server takes in open mode. It never sends a request twice,
//! so that whoever calls it knows exactly what was asked and what was answered.

use serde_json::Value;
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The body as text.
    pub(crate) body: String,
}

impl Reply {
    /// The body as JSON; an empty or broken body is null.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    /// The text of the first XML element of that name.
    pub(crate) fn xml(&self, element: &str) -> Option<&str> {
        let start = self.body.find(&format!("<{element}>"))? + element.len() + 2;
        let length = self.body[start..].find("</")?;
        Some(&self.body[start..start + length])
    }

    /// This reply if it is a 200, its status and text as an error otherwise.
    pub(crate) fn ok(self) -> Result<Reply, String> {
        if self.status == 200 { Ok(self) } else { Err(format!("status {}: {}", self.status, self.body)) }
    }
}

/// A client with at most one open connection.
#[derive(Debug)]
pub(crate) struct Client {
    address: String,
    timeout: Duration,
    stream: Option<BufReader<TcpStream>>,
}

impl Client {
    /// A client of `address` (`host:port`); a request without an answer after `timeout` is an error.
    pub(crate) fn new(address: &str, timeout: Duration) -> Client {
        Client { address: address.to_owned(), timeout, stream: None }
    }

    /// Calls an SQS action in AWS JSON 1.0.
    pub(crate) fn sqs(&mut self, action: &str, input: &Value) -> io::Result<Reply> {
        let target = format!("AmazonSQS.{action}");
        let headers = [("Content-Type", "application/x-amz-json-1.0"), ("X-Amz-Target", target.as_str())];
        self.request("POST", "/", &headers, input.to_string().as_bytes())
    }

    /// Calls an SNS action in AWS Query.
    pub(crate) fn sns(&mut self, action: &str, parameters: &[(&str, &str)]) -> io::Result<Reply> {
        let mut body = format!("Action={action}&Version=2010-03-31");
        for (name, value) in parameters {
            let _ = write!(body, "&{}={}", encode(name), encode(value));
        }
        let headers = [("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")];
        self.request("POST", "/", &headers, body.as_bytes())
    }

    /// Fetches a path.
    pub(crate) fn fetch(&mut self, path: &str) -> io::Result<Reply> {
        self.request("GET", path, &[], b"")
    }

    fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Reply> {
        self.post(method, path, headers, body)?;
        self.answer()
    }

    /// Sends an SQS request and does not wait for the answer; `answer` does.
    pub(crate) fn start_sqs(&mut self, action: &str, input: &Value) -> io::Result<()> {
        let target = format!("AmazonSQS.{action}");
        let headers = [("Content-Type", "application/x-amz-json-1.0"), ("X-Amz-Target", target.as_str())];
        self.post("POST", "/", &headers, input.to_string().as_bytes())
    }

    /// Waits for the answer to what was sent. After an error the connection is given up.
    pub(crate) fn answer(&mut self) -> io::Result<Reply> {
        let stream = self.stream.as_mut().ok_or_else(|| io::Error::other("nothing was asked"))?;
        let reply = read_reply(stream);
        if reply.is_err() {
            self.stream = None;
        }
        reply
    }

    fn post(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> io::Result<()> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.address);
        for (name, value) in headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        let _ = write!(head, "Content-Length: {}\r\n\r\n", body.len());
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body);
        if self.stream.is_none() {
            let stream = TcpStream::connect(&self.address)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(self.timeout))?;
            stream.set_write_timeout(Some(self.timeout))?;
            self.stream = Some(BufReader::new(stream));
        }
        let stream = self.stream.as_mut().expect("connected above");
        let written = stream.get_mut().write_all(&bytes);
        if written.is_err() {
            self.stream = None;
        }
        written
    }
}

fn read_reply(stream: &mut BufReader<TcpStream>) -> io::Result<Reply> {
    let status_line = read_line(stream)?;
    let status = status_line
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .ok_or_else(|| io::Error::other(format!("not an HTTP status line: {status_line:?}")))?;
    let (mut length, mut chunked) = (0usize, false);
    loop {
        let line = read_line(stream)?;
        if line.is_empty() {
            break;
        }
        let Some((name, value)) = line.split_once(':') else { continue };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().map_err(io::Error::other)?;
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            chunked = value.trim().eq_ignore_ascii_case("chunked");
        }
    }
    let bytes = if chunked { read_chunks(stream)? } else { read_exactly(stream, length)? };
    let body = String::from_utf8(bytes).map_err(io::Error::other)?;
    Ok(Reply { status, body })
}

/// One line of a head, without its end.
pub(crate) fn read_line(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end().to_owned())
}

/// A body of a known length.
pub(crate) fn read_exactly(stream: &mut BufReader<TcpStream>, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn read_chunks(stream: &mut BufReader<TcpStream>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let size = read_line(stream)?;
        let size = usize::from_str_radix(&size, 16).map_err(io::Error::other)?;
        bytes.extend(read_exactly(stream, size)?);
        read_line(stream)?;
        if size == 0 {
            return Ok(bytes);
        }
    }
}

/// Percent-encodes everything but the unreserved characters.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn answered_with(answer: &'static str) -> io::Result<Reply> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let reply = Client::new(&address, Duration::from_secs(5)).fetch("/");
        server.join().unwrap();
        reply
    }

    #[test]
    fn lengths_and_chunks_are_read() {
        let plain = answered_with("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").unwrap();
        assert_eq!((plain.status, plain.body.as_str()), (200, "{}"));
        let chunked =
            "HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\na\r\n0123456789\r\n0\r\n\r\n";
        let chunked = answered_with(chunked).unwrap();
        assert_eq!((chunked.status, chunked.body.as_str()), (403, "ab0123456789"));
    }

    #[test]
    fn half_an_answer_is_an_error() {
        assert!(answered_with("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}").is_err());
        assert!(answered_with("").is_err());
    }

    #[test]
    fn elements_are_found_and_text_is_encoded() {
        let reply = Reply { status: 200, body: "<A><B>one</B><B>two</B></A>".to_owned() };
        assert_eq!(reply.xml("B"), Some("one"));
        assert_eq!(reply.xml("C"), None);
        assert_eq!(encode("a b&c=é~"), "a%20b%26c%3D%C3%A9~");
    }
}

//! One keep-alive connection: write a request, read its answer, reuse the buffer.

use crate::Fault;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection and the last answer that came over it.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    body_at: usize,
}

impl Connection {
    /// Connects.
    pub async fn open(target: &str) -> Result<Connection, Fault> {
        let stream = TcpStream::connect(target).await?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, buffer: Vec::with_capacity(16 << 10), body_at: 0 })
    }

    /// Sends a request and reads the answer; its status. The body is there until the next call.
    pub async fn call(&mut self, request: &[u8]) -> Result<u16, Fault> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let (mut searched, head) = (0usize, &mut None);
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the server closed the connection".into());
            }
            if head.is_none() {
                let from = searched.saturating_sub(3);
                *head = self.buffer[from..]
                    .windows(4)
                    .position(|four| four == b"\r\n\r\n")
                    .map(|at| from + at + 4);
                searched = self.buffer.len();
                if let Some(at) = *head {
                    self.body_at = at;
                    searched = at + content_length(&self.buffer[..at])?;
                }
            }
            if head.is_some() && self.buffer.len() >= searched {
                return status(&self.buffer);
            }
        }
    }

    /// The body of the last answer.
    pub fn body(&self) -> &str {
        std::str::from_utf8(&self.buffer[self.body_at..]).unwrap_or_default()
    }
}

/// The length of a body by its head; an answer without a length has no body.
fn content_length(head: &[u8]) -> Result<usize, Fault> {
    for line in head.split(|byte| *byte == b'\n') {
        let Some((name, value)) = line.split_at_checked(15) else { continue };
        if name.eq_ignore_ascii_case(b"content-length:") {
            return Ok(std::str::from_utf8(value)?.trim().parse()?);
        }
        if line.to_ascii_lowercase().starts_with(b"transfer-encoding:") {
            return Err("the answer is chunked; small answers need a content-length".into());
        }
    }
    Ok(0)
}

fn status(head: &[u8]) -> Result<u16, Fault> {
    let digits = head.get(9..12).ok_or("the answer has no status")?;
    Ok(std::str::from_utf8(digits)?.parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read() {
        let head = b"HTTP/1.1 403 Forbidden\r\nServer: x\r\nContent-length: 17\r\n\r\n";
        assert_eq!(content_length(head).unwrap(), 17);
        assert_eq!(status(head).unwrap(), 403);
        assert_eq!(content_length(b"HTTP/1.1 200 OK\r\n\r\n").unwrap(), 0);
        assert!(content_length(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").is_err());
    }
}

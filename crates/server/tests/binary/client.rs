//! An HTTP/1.1 client of one connection that can also misbehave.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }
}

/// One connection.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    pub(crate) host: String,
}

impl Client {
    pub(crate) fn connect(host: &str) -> Client {
        let stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.set_nodelay(true).unwrap();
        Client { stream: BufReader::new(stream), host: host.to_owned() }
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).unwrap();
    }

    /// The next answer; an error when the connection ends instead.
    pub(crate) fn read(&mut self) -> std::io::Result<Answer> {
        let status = self.line()?;
        let status = status.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or(std::io::ErrorKind::UnexpectedEof)?;
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut answer = Answer { status, headers, body: String::new() };
        let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        answer.body = String::from_utf8(body).unwrap();
        Ok(answer)
    }

    fn line(&mut self) -> std::io::Result<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.fetch(path, "")
    }

    /// Asks for a path, with more header lines, each with its line end.
    pub(crate) fn fetch(&mut self, path: &str, more: &str) -> Answer {
        let host = self.host.clone();
        self.write(format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n{more}\r\n").as_bytes());
        self.read().unwrap()
    }

    /// Sends an operation of SQS, with more header lines, each with its line end.
    pub(crate) fn start_sqs(&mut self, action: &str, input: &Value, more: &str) {
        let (host, body) = (self.host.clone(), input.to_string());
        let request = format!(
            "POST / HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/x-amz-json-1.0\r\n\
             x-amz-target: AmazonSQS.{action}\r\n{more}content-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.write(request.as_bytes());
    }

    pub(crate) fn sqs(&mut self, action: &str, input: &Value) -> Answer {
        self.sqs_with(action, input, "")
    }

    /// The same, with more header lines.
    pub(crate) fn sqs_with(&mut self, action: &str, input: &Value, more: &str) -> Answer {
        self.start_sqs(action, input, more);
        self.read().unwrap()
    }

    /// An operation of SQS that must succeed.
    pub(crate) fn ok(&mut self, action: &str, input: &Value) -> Value {
        let answer = self.sqs(action, input);
        assert_eq!(answer.status, 200, "{action}: {answer:?}");
        if answer.body.is_empty() { Value::Null } else { answer.json() }
    }

    /// Makes a queue and says its URL.
    pub(crate) fn queue(&mut self, name: &str) -> String {
        let made = self.ok("CreateQueue", &serde_json::json!({ "QueueName": name }));
        made["QueueUrl"].as_str().unwrap().to_owned()
    }
}

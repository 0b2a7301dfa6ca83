//! As little of an HTTP client as the demo needs: one connection, requests without signature, answers with
//! a length.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::net::SocketAddr;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientFault {
    /// The connection.
    #[error("talking to the demo's server")]
    Connection(#[from] std::io::Error),
    /// The answer is not one.
    #[error("the demo's server answered nonsense: {0}")]
    Nonsense(String),
    /// The answer is an error.
    #[error("{action} was refused: {body}")]
    Refused {
        /// What was asked.
        action: String,
        /// The answer.
        body: String,
    },
}

/// One connection to the server.
pub(super) struct Client {
    stream: BufReader<TcpStream>,
    host: SocketAddr,
}

impl Client {
    pub(super) async fn connect(host: SocketAddr) -> Result<Client, ClientFault> {
        let stream = TcpStream::connect(host).await?;
        stream.set_nodelay(true)?;
        Ok(Client { stream: BufReader::new(stream), host })
    }

    /// An operation of SQS, in AWS JSON.
    pub(super) async fn sqs(&mut self, action: &str, input: &Value) -> Result<Value, ClientFault> {
        let head =
            format!("content-type: application/x-amz-json-1.0\r\nx-amz-target: AmazonSQS.{action}\r\n");
        let body = self.post(action, &head, &input.to_string()).await?;
        if body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&body).map_err(|_| ClientFault::Nonsense(body))
    }

    /// An operation of SNS, in AWS Query; the answer is XML.
    pub(super) async fn sns(&mut self, action: &str, input: &[(&str, &str)]) -> Result<String, ClientFault> {
        let mut form = format!("Action={action}&Version=2010-03-31");
        for (name, value) in input {
            form.push_str(&format!("&{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
        }
        self.post(action, "content-type: application/x-www-form-urlencoded\r\n", &form).await
    }

    async fn post(&mut self, action: &str, head: &str, body: &str) -> Result<String, ClientFault> {
        let (host, length) = (self.host, body.len());
        let request =
            format!("POST / HTTP/1.1\r\nhost: {host}\r\n{head}content-length: {length}\r\n\r\n{body}");
        self.stream.get_mut().write_all(request.as_bytes()).await?;
        let status = self.line().await?;
        let mut length = 0;
        loop {
            let line = self.line().await?.to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().map_err(|_| ClientFault::Nonsense(line))?;
            }
        }
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer).await?;
        let body = String::from_utf8_lossy(&answer).into_owned();
        if status.split(' ').nth(1) == Some("200") {
            return Ok(body);
        }
        Err(ClientFault::Refused { action: action.to_owned(), body })
    }

    async fn line(&mut self) -> Result<String, ClientFault> {
        let mut line = String::new();
        self.stream.read_line(&mut line).await?;
        Ok(line.trim_end().to_owned())
    }
}

/// A member of a JSON answer.
pub(super) fn text(value: &Value, name: &str) -> Result<String, ClientFault> {
    let text = value[name].as_str().map(str::to_owned);
    text.ok_or_else(|| ClientFault::Nonsense(value.to_string()))
}

/// The text of the first such element of an XML answer; none of those that the demo reads needs unescaping.
pub(super) fn element(xml: &str, name: &str) -> Result<String, ClientFault> {
    let inside = xml.split_once(&format!("<{name}>")).and_then(|(_, rest)| rest.split_once("</"));
    inside.map(|(text, _)| text.to_owned()).ok_or_else(|| ClientFault::Nonsense(xml.to_owned()))
}

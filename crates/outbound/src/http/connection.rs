//! One connection, and one exchange on it.

use ::http::{Request, Response, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout_at};

use super::Bounds;
use super::answer::{Answer, Ending, Failure, printable};

/// What an answer's status line and headers may have, bytes.
const HEAD_BYTES_MAX: usize = 32 << 10;

/// An open connection. Dropped, it is closed.
#[derive(Debug)]
pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    _driver: Driver,
}

/// The task that moves bytes, and that notices when the endpoint closes.
#[derive(Debug)]
struct Driver(AbortHandle);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Connection {
    /// Speaks HTTP/1.1 on a stream. Nothing is sent yet.
    pub(super) async fn open<S>(stream: S) -> Result<Connection, Failure>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (sender, driver) = http1::Builder::new()
            .max_buf_size(HEAD_BYTES_MAX)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(failed)?;
        // What goes wrong on the connection is told to the request that is on it.
        let driver = tokio::spawn(async move {
            let _ = driver.await;
        });
        Ok(Connection { sender, _driver: Driver(driver.abort_handle()) })
    }

    /// Has the endpoint not closed it, as far as is known here?
    pub(super) fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }

    /// Sends a request and reads what matters of its answer. Gives the connection back if another request may
    /// follow.
    pub(super) async fn exchange(
        mut self,
        request: Request<Full<Bytes>>,
        deadline: Instant,
        bounds: &Bounds,
    ) -> Result<(Answer, Option<Connection>), Failure> {
        let sent = async {
            self.sender.ready().await?;
            self.sender.send_request(request).await
        };
        let response = match timeout_at(deadline, sent).await {
            Ok(response) => response.map_err(failed)?,
            Err(_) => return Err(Failure::timed_out("waiting for the answer")),
        };
        let status = response.status();
        let challenges = match status {
            StatusCode::UNAUTHORIZED => {
                response.headers().get_all(header::WWW_AUTHENTICATE).iter().cloned().collect()
            }
            _ => Vec::new(),
        };
        let encoded = response.headers().contains_key(header::CONTENT_ENCODING);
        let until = deadline.min(Instant::now() + bounds.answer);
        let mut body = Vec::new();
        let end = timeout_at(until, read(response, &mut body, bounds.answer_bytes_max)).await;
        let text = if encoded { String::new() } else { printable(&body) };
        let reusable = matches!(end, Ok(End::Whole)).then_some(self);
        Ok((Answer { status: status.as_u16(), text, challenges }, reusable))
    }
}

/// How far a body was read.
enum End {
    Whole,
    /// There is more, or it broke off: nothing can follow on the connection.
    Part,
}

async fn read(response: Response<Incoming>, into: &mut Vec<u8>, bytes_max: usize) -> End {
    let mut body = response.into_body();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return End::Part };
        let Some(part) = frame.data_ref() else { continue };
        let room = bytes_max - into.len();
        into.extend_from_slice(&part[..room.min(part.len())]);
        if part.len() > room {
            return End::Part;
        }
    }
    End::Whole
}

fn failed(error: hyper::Error) -> Failure {
    let ending = if error.is_parse() { Ending::Garbled } else { Ending::Closed };
    Failure::caused(ending, &error)
}

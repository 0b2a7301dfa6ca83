//! The smallest HTTP/1.1 server that can be a bad one: it answers, answers late, hangs, or hangs up.
//!
//! Connections are kept open, each has a thread, and a thread ends with its connection.

use crate::http::{read_exactly, read_line};
use std::io::{self, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::Builder;
use std::time::Duration;

/// Threads here do little, and there are a thousand of them.
const STACK_BYTES: usize = 256 << 10;
/// How often a connection that hangs is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// A request.
#[derive(Debug)]
pub(super) struct Arrived {
    /// What was asked for.
    pub(super) path: String,
    headers: Vec<(String, String)>,
    /// Its body as text.
    pub(super) body: String,
}

impl Arrived {
    /// The value of a header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(given, _)| given.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// How a request is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Conduct {
    /// It is answered with this status.
    Answer(u16),
    /// It is answered with 200, but only after a while.
    Late(Duration),
    /// It is not answered while [`Site::hangs`] says so.
    Hang,
    /// The connection is closed.
    HangUp,
}

/// What is served.
pub(super) trait Site: Send + Sync + 'static {
    /// A request has come in.
    fn conduct(&self, request: &Arrived) -> Conduct;
    /// After the answer was sent.
    fn answered(&self, request: &Arrived);
    /// Whether what hangs goes on to hang.
    fn hangs(&self) -> bool;
}

/// Opens a listener and serves it for as long as this process lives.
pub(super) fn serve<S: Site>(site: &Arc<S>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let site = Arc::clone(site);
    Builder::new().stack_size(STACK_BYTES).spawn(move || {
        for stream in listener.incoming() {
            // Out of files or threads: whoever posts sees that nobody answers, and later somebody does again.
            let Ok(stream) = stream else {
                std::thread::sleep(LOOK_EVERY);
                continue;
            };
            let site = Arc::clone(&site);
            drop(Builder::new().stack_size(STACK_BYTES).spawn(move || drop(talk(stream, &*site))));
        }
    })?;
    Ok(address)
}

fn talk(stream: TcpStream, site: &impl Site) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    loop {
        let request = read_request(&mut stream)?;
        let status = match site.conduct(&request) {
            Conduct::Answer(status) => status,
            Conduct::Late(wait) => {
                std::thread::sleep(wait);
                200
            }
            Conduct::Hang => return hang(stream.get_ref(), site),
            Conduct::HangUp => return Ok(()),
        };
        let answer = format!("HTTP/1.1 {status} So\r\nContent-Length: 0\r\n\r\n");
        stream.get_mut().write_all(answer.as_bytes())?;
        site.answered(&request);
    }
}

fn read_request(stream: &mut BufReader<TcpStream>) -> io::Result<Arrived> {
    let path = read_line(stream)?.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = Vec::new();
    loop {
        let line = read_line(stream)?;
        if line.is_empty() {
            break;
        }
        let (name, value) =
            line.split_once(':').ok_or_else(|| io::Error::other(format!("no header: {line}")))?;
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let mut request = Arrived { path, headers, body: String::new() };
    let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or_default();
    request.body = String::from_utf8(read_exactly(stream, length)?).map_err(io::Error::other)?;
    Ok(request)
}

/// Holds a connection until the other side gives it up, or until hanging is over.
fn hang(stream: &TcpStream, site: &impl Site) -> io::Result<()> {
    stream.set_read_timeout(Some(LOOK_EVERY))?;
    while site.hangs() {
        match stream.peek(&mut [0]) {
            Ok(0) => return Ok(()),
            Ok(_) => std::thread::sleep(LOOK_EVERY),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Client;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[derive(Debug, Default)]
    struct One {
        calm: AtomicBool,
    }

    impl Site for One {
        fn conduct(&self, request: &Arrived) -> Conduct {
            assert!(request.header("HOST").is_some());
            match request.path.as_str() {
                "/busy" => Conduct::Answer(503),
                "/late" => Conduct::Late(Duration::from_millis(1)),
                "/up" => Conduct::HangUp,
                _ => Conduct::Hang,
            }
        }
        fn answered(&self, _: &Arrived) {}
        fn hangs(&self) -> bool {
            !self.calm.load(Ordering::SeqCst)
        }
    }

    #[test]
    fn it_answers_and_it_does_not() {
        let site = Arc::new(One::default());
        let address = serve(&site).unwrap().to_string();
        let ask = |path| {
            let mut client = Client::new(&address, Duration::from_millis(700));
            [(); 2].map(|()| client.fetch(path).map(|reply| reply.status).ok())
        };
        assert_eq!(ask("/busy"), [Some(503); 2]);
        assert_eq!(ask("/late"), [Some(200); 2]);
        assert_eq!(ask("/up"), [None; 2]);
        assert_eq!(ask("/hang"), [None; 2]);
    }
}

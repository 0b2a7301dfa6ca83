//! From an endpoint to a connection: look up, judge, connect, TLS.
//!
//! A name is looked up once ([`names`]). Each address is judged by the egress guard in the line before it is
//! connected to, so what is judged and what is connected to cannot differ. Literal addresses go the same way.

mod names;

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use super::answer::{Ending, Failure};
use super::connection::Connection;
use super::endpoint::{Endpoint, Host, Origin, Scheme};
use super::trust::Trust;
use crate::egress::Egress;
use names::Names;

#[derive(Debug)]
pub(super) struct Connector {
    egress: Egress,
    trust: Trust,
    names: Arc<Names>,
}

impl Connector {
    pub(super) fn new(egress: Egress, trust: Trust) -> Connector {
        let names = Names::new(|name| Ok((name, 0).to_socket_addrs()?.collect()));
        Connector { egress, trust, names: Arc::new(names) }
    }

    /// Opens a connection, or fails by the deadline.
    pub(super) async fn connect(
        &self,
        endpoint: &Endpoint,
        deadline: Instant,
    ) -> Result<Connection, Failure> {
        let origin = endpoint.origin();
        let addresses = self.resolve(origin, deadline).await?;
        let stream = self.reach(&addresses, deadline).await?;
        match origin.scheme {
            Scheme::Http => Connection::open(stream).await,
            Scheme::Https => {
                let connector = TlsConnector::from(Arc::clone(self.trust.config()));
                let handshake = connector.connect(server_name(&origin.host)?, stream);
                match timeout_at(deadline, handshake).await {
                    Ok(Ok(stream)) => Connection::open(stream).await,
                    Ok(Err(error)) => Err(Failure::caused(Ending::Untrusted, &error)),
                    Err(_) => Err(Failure::timed_out("agreeing on TLS")),
                }
            }
        }
    }

    /// All addresses that the origin has, in the order in which they are to be tried.
    async fn resolve(&self, origin: &Origin, deadline: Instant) -> Result<Vec<SocketAddr>, Failure> {
        let port = origin.port;
        match &origin.host {
            Host::Address(address) => Ok(vec![SocketAddr::new(*address, port)]),
            Host::Name(name) => match timeout_at(deadline, self.names.look_up(name)).await {
                Ok(found) => Ok(found?.iter().map(|found| at_port(*found, port)).collect()),
                Err(_) => Err(Failure::timed_out("looking up the name")),
            },
        }
    }

    /// Connects to the first address that is allowed and answers. Each gets an equal share of the time that is
    /// left, so that one that swallows packets leaves some for the next. The failure is the guard's only
    /// if it allows none of them.
    async fn reach(&self, addresses: &[SocketAddr], deadline: Instant) -> Result<TcpStream, Failure> {
        let mut failure = Failure::new(Ending::Unresolved, "the name has no address");
        for (tried, address) in addresses.iter().enumerate() {
            let left = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
            let now = Instant::now();
            let until = now + deadline.saturating_duration_since(now) / left;
            match self.dial(*address, until).await {
                Ok(stream) => return Ok(stream),
                Err(next) if next.ending == Ending::Forbidden && tried > 0 => {}
                Err(next) => failure = next,
            }
        }
        Err(failure)
    }

    async fn dial(&self, address: SocketAddr, until: Instant) -> Result<TcpStream, Failure> {
        self.egress
            .judge(address.ip())
            .map_err(|forbidden| Failure::new(Ending::Forbidden, forbidden.to_string()))?;
        match timeout_at(until, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // An attempt is one small write and one small read; without this it may wait for an
                // acknowledgement. A socket that refuses the option still works.
                let _ = stream.set_nodelay(true);
                Ok(stream)
            }
            Ok(Err(error)) => Err(Failure::caused(Ending::Unreachable, &error)),
            Err(_) => Err(Failure::timed_out("connecting")),
        }
    }
}

fn at_port(mut address: SocketAddr, port: u16) -> SocketAddr {
    address.set_port(port);
    address
}

fn server_name(host: &Host) -> Result<ServerName<'static>, Failure> {
    match host {
        Host::Address(address) => Ok(ServerName::from(*address)),
        Host::Name(name) => {
            ServerName::try_from(name.to_string()).map_err(|error| Failure::caused(Ending::Untrusted, &error))
        }
    }
}

//! The egress guard: where a delivery may connect to.
//!
//! Whoever may subscribe chooses an address that this server then connects to, from inside the network
//! that the operator trusts. So every address outside the public internet is refused unless the
//! configuration names it. The guard judges addresses, never names: it is asked with the very address
//! that the next line connects to, so that a name that resolves differently a moment later cannot slip
//! past, and no spelling of an address matters.
//!
//! An IPv6 address that carries an IPv4 address to its destination (mapped, compatible, translated,
//! NAT64, 6to4) is judged as that IPv4 address.

mod cidr;
mod range;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub use cidr::{Cidr, CidrFlaw};
pub use range::Range;

/// May deliveries go to this machine itself?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Loopback {
    /// Only if the configuration names the address.
    #[default]
    Refused,
    /// Yes: a server without credentials, on somebody's laptop.
    Allowed,
}

/// Why an address is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("deliveries to {address} are not allowed: {range}")]
pub struct Forbidden {
    /// The address, as it would have been connected to.
    pub address: IpAddr,
    /// What it belongs to.
    pub range: Range,
}

/// The guard. Public addresses are allowed; others by configuration.
#[derive(Clone, Debug, Default)]
pub struct Egress {
    allow: Vec<Cidr>,
    loopback: Loopback,
}

impl Egress {
    /// A guard that allows these networks besides the public internet. A metadata service is allowed
    /// only by an entry that names its address in full: somebody who allows a private network does not
    /// mean to hand out the machine's credentials.
    pub fn new(allow: Vec<Cidr>, loopback: Loopback) -> Egress {
        Egress { allow, loopback }
    }

    /// May a delivery connect to this address?
    pub fn judge(&self, address: IpAddr) -> Result<(), Forbidden> {
        let destination = destination(address);
        let Some(range) = Range::of(destination) else { return Ok(()) };
        let named = self.allow.iter().filter(|cidr| cidr.contains(destination));
        let allowed = match range {
            Range::Metadata => named.into_iter().any(|cidr| cidr.is_host()),
            Range::Loopback => self.loopback == Loopback::Allowed || named.into_iter().next().is_some(),
            Range::Benchmarking
            | Range::Documentation
            | Range::LinkLocal
            | Range::Multicast
            | Range::Private
            | Range::Reserved
            | Range::Shared
            | Range::Unspecified => named.into_iter().next().is_some(),
        };
        if allowed { Ok(()) } else { Err(Forbidden { address, range }) }
    }
}

/// Where packets to this address end up: the IPv4 address that an IPv6 address carries, or itself.
fn destination(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => carried(v6).map_or(address, IpAddr::V4),
    }
}

fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, high, low] = address.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match [a, b, c, d, e, f] {
        // `::` and `::1` look like compatible addresses and are none.
        [0, 0, 0, 0, 0, 0] if high == 0 && low <= 1 => None,
        // Compatible (RFC 4291), mapped, translated (RFC 2765), NAT64 (RFC 6052).
        [0, 0, 0, 0, 0, 0 | 0xffff] | [0, 0, 0, 0, 0xffff, 0] | [0x64, 0xff9b, 0, 0, 0, 0] => {
            Some(v4(high, low))
        }
        // 6to4 (RFC 3056).
        [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

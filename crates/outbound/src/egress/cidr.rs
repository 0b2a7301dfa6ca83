//! A network in CIDR notation, as the configuration names it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A network: all addresses that share its first `prefix` bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    network: IpAddr,
    prefix: u8,
}

/// Why a text is no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CidrFlaw {
    /// Neither an IPv4 nor an IPv6 address stands before the slash.
    #[error("`{0}` is not an IP address")]
    Address(Box<str>),
    /// The length is no number, or longer than an address.
    #[error("`{0}` is not a prefix length from 0 to 32 (IPv4) or 128 (IPv6)")]
    Prefix(Box<str>),
    /// Bits are set behind the prefix: a slip of the pen, which could allow more than was meant.
    #[error("`{0}` has bits set behind its prefix")]
    HostBits(Box<str>),
}

impl Cidr {
    pub(super) const fn v4(octets: [u8; 4], prefix: u8) -> Cidr {
        let [a, b, c, d] = octets;
        Cidr { network: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), prefix }
    }

    /// The network whose first two segments are these, followed by zeros.
    pub(super) const fn v6(first: u16, second: u16, prefix: u8) -> Cidr {
        Cidr { network: IpAddr::V6(Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 0)), prefix }
    }

    /// Is the address, which has to be in its own family's form, in this network?
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.network, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let differing = network.to_bits() ^ address.to_bits();
                differing.checked_shr(32 - u32::from(self.prefix)).unwrap_or(0) == 0
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let differing = network.to_bits() ^ address.to_bits();
                differing.checked_shr(128 - u32::from(self.prefix)).unwrap_or(0) == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }

    /// Does it name a single address?
    pub fn is_host(&self) -> bool {
        self.prefix == bits(self.network)
    }
}

impl FromStr for Cidr {
    type Err = CidrFlaw;

    /// Reads `10.0.0.0/8`, `fd00::/8`, or a single address without a prefix. An IPv4 address in IPv6's
    /// mapped form is taken as what it is.
    fn from_str(text: &str) -> Result<Cidr, CidrFlaw> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
        let network = IpAddr::from_str(address).map_err(|_| CidrFlaw::Address(address.into()))?;
        let prefix = match prefix {
            Some(prefix) => prefix.parse().ok().filter(|prefix| *prefix <= bits(network)),
            None => Some(bits(network)),
        };
        let prefix = prefix.ok_or_else(|| CidrFlaw::Prefix(text.into()))?;
        let cidr = match network.to_canonical() {
            canonical if canonical.is_ipv4() && network.is_ipv6() && prefix >= 96 => {
                Cidr { network: canonical, prefix: prefix - 96 }
            }
            _ => Cidr { network, prefix },
        };
        if cidr.has_host_bits() { Err(CidrFlaw::HostBits(text.into())) } else { Ok(cidr) }
    }
}

impl Cidr {
    fn has_host_bits(&self) -> bool {
        match self.network {
            IpAddr::V4(network) => network.to_bits().checked_shl(u32::from(self.prefix)).unwrap_or(0) != 0,
            IpAddr::V6(network) => network.to_bits().checked_shl(u32::from(self.prefix)).unwrap_or(0) != 0,
        }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.prefix)
    }
}

fn bits(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

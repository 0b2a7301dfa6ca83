//! Which addresses are not the public internet: IANA's special-purpose registries (RFC 6890 and its
//! successors), and the metadata services of clouds.

use super::cidr::Cidr;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address that is not public belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// Networks for measurements.
    Benchmarking,
    /// Addresses for examples.
    Documentation,
    /// The same link: `169.254.0.0/16`, `fe80::/10`.
    LinkLocal,
    /// This machine.
    Loopback,
    /// A service that gives a cloud's machine its credentials.
    Metadata,
    /// Groups of machines.
    Multicast,
    /// Private networks (RFC 1918), unique local and site-local addresses.
    Private,
    /// Reserved by IANA, or for the use of protocols; the broadcast address too.
    Reserved,
    /// The carrier's side of a NAT (RFC 6598).
    Shared,
    /// "This network", which most systems take for this machine.
    Unspecified,
}

/// Addresses of metadata services: AWS, Azure, Google and most others; AWS containers; AWS pods; Azure's
/// wire server, which looks public; Oracle's; Alibaba's; the last three AWS and Google over IPv6.
const METADATA: [IpAddr; 9] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 23)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
];

/// The first row that contains an address tells its range.
const RANGES: [(Cidr, Range); 27] = [
    (Cidr::v4([0, 0, 0, 0], 8), Range::Unspecified),
    (Cidr::v4([10, 0, 0, 0], 8), Range::Private),
    (Cidr::v4([100, 64, 0, 0], 10), Range::Shared),
    (Cidr::v4([127, 0, 0, 0], 8), Range::Loopback),
    (Cidr::v4([169, 254, 0, 0], 16), Range::LinkLocal),
    (Cidr::v4([172, 16, 0, 0], 12), Range::Private),
    (Cidr::v4([192, 0, 0, 0], 24), Range::Reserved),
    (Cidr::v4([192, 0, 2, 0], 24), Range::Documentation),
    (Cidr::v4([192, 88, 99, 0], 24), Range::Reserved),
    (Cidr::v4([192, 168, 0, 0], 16), Range::Private),
    (Cidr::v4([198, 18, 0, 0], 15), Range::Benchmarking),
    (Cidr::v4([198, 51, 100, 0], 24), Range::Documentation),
    (Cidr::v4([203, 0, 113, 0], 24), Range::Documentation),
    (Cidr::v4([224, 0, 0, 0], 4), Range::Multicast),
    (Cidr::v4([240, 0, 0, 0], 4), Range::Reserved),
    (Cidr::v6(0xfc00, 0, 7), Range::Private),
    (Cidr::v6(0xfe80, 0, 10), Range::LinkLocal),
    (Cidr::v6(0xfec0, 0, 10), Range::Private),
    (Cidr::v6(0xff00, 0, 8), Range::Multicast),
    // Teredo and the other protocol assignments, then examples.
    (Cidr::v6(0x2001, 0, 23), Range::Reserved),
    (Cidr::v6(0x2001, 0xdb8, 32), Range::Documentation),
    (Cidr::v6(0x3fff, 0, 20), Range::Documentation),
    // Of IPv6 only 2000::/3 is handed out; the other seven eighths are not.
    (Cidr::v6(0x0000, 0, 3), Range::Reserved),
    (Cidr::v6(0x4000, 0, 3), Range::Reserved),
    (Cidr::v6(0x6000, 0, 3), Range::Reserved),
    (Cidr::v6(0x8000, 0, 2), Range::Reserved),
    (Cidr::v6(0xc000, 0, 2), Range::Reserved),
];

impl Range {
    /// What the address belongs to; `None` for a public one. It has to be in its own family's form.
    pub(super) fn of(address: IpAddr) -> Option<Range> {
        match address {
            _ if METADATA.contains(&address) => Some(Range::Metadata),
            IpAddr::V6(Ipv6Addr::LOCALHOST) => Some(Range::Loopback),
            IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Some(Range::Unspecified),
            IpAddr::V4(_) | IpAddr::V6(_) => {
                RANGES.iter().find(|(network, _)| network.contains(address)).map(|(_, range)| *range)
            }
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Range::Benchmarking => "a network for measurements",
            Range::Documentation => "an address for examples",
            Range::LinkLocal => "a link-local address",
            Range::Loopback => "a loopback address",
            Range::Metadata => "a metadata service",
            Range::Multicast => "a multicast address",
            Range::Private => "a private address",
            Range::Reserved => "a reserved address",
            Range::Shared => "a carrier's shared address",
            Range::Unspecified => "an unspecified address",
        })
    }
}

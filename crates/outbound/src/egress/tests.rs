//! Every range by its first and last address, and every form in which an address may hide.

use super::*;

fn judged(guard: &Egress, address: &str) -> Option<Range> {
    guard.judge(address.parse().unwrap()).err().map(|forbidden| forbidden.range)
}

fn allowing(networks: &[&str]) -> Egress {
    Egress::new(networks.iter().map(|text| text.parse().unwrap()).collect(), Loopback::Refused)
}

/// Address, and what it is refused as without configuration.
const TABLE: [(&str, Option<Range>); 86] = [
    ("8.8.8.8", None),
    ("1.1.1.1", None),
    ("0.0.0.0", Some(Range::Unspecified)),
    ("0.1.2.3", Some(Range::Unspecified)),
    ("1.0.0.0", None),
    ("9.255.255.255", None),
    ("10.0.0.0", Some(Range::Private)),
    ("10.255.255.255", Some(Range::Private)),
    ("11.0.0.0", None),
    ("100.63.255.255", None),
    ("100.64.0.0", Some(Range::Shared)),
    ("100.127.255.255", Some(Range::Shared)),
    ("100.128.0.0", None),
    ("100.100.100.200", Some(Range::Metadata)),
    ("126.255.255.255", None),
    ("127.0.0.1", Some(Range::Loopback)),
    ("127.255.255.254", Some(Range::Loopback)),
    ("128.0.0.0", None),
    ("168.63.129.16", Some(Range::Metadata)),
    ("168.63.129.17", None),
    ("169.253.255.255", None),
    ("169.254.0.1", Some(Range::LinkLocal)),
    ("169.254.169.254", Some(Range::Metadata)),
    ("169.254.170.2", Some(Range::Metadata)),
    ("169.254.170.23", Some(Range::Metadata)),
    ("169.255.0.0", None),
    ("172.15.255.255", None),
    ("172.16.0.0", Some(Range::Private)),
    ("172.31.255.255", Some(Range::Private)),
    ("172.32.0.0", None),
    ("192.0.0.1", Some(Range::Reserved)),
    ("192.0.0.192", Some(Range::Metadata)),
    ("192.0.1.0", None),
    ("192.0.2.1", Some(Range::Documentation)),
    ("192.88.99.1", Some(Range::Reserved)),
    ("192.167.255.255", None),
    ("192.168.0.1", Some(Range::Private)),
    ("192.169.0.0", None),
    ("198.17.255.255", None),
    ("198.18.0.1", Some(Range::Benchmarking)),
    ("198.19.255.255", Some(Range::Benchmarking)),
    ("198.20.0.0", None),
    ("198.51.100.7", Some(Range::Documentation)),
    ("203.0.113.7", Some(Range::Documentation)),
    ("223.255.255.255", None),
    ("224.0.0.1", Some(Range::Multicast)),
    ("239.255.255.255", Some(Range::Multicast)),
    ("240.0.0.1", Some(Range::Reserved)),
    ("255.255.255.255", Some(Range::Reserved)),
    ("2606:4700:4700::1111", None),
    ("2a00:1450:4001::1", None),
    ("::", Some(Range::Unspecified)),
    ("::1", Some(Range::Loopback)),
    ("fc00::1", Some(Range::Private)),
    ("fdff::1", Some(Range::Private)),
    ("fd00:ec2::254", Some(Range::Metadata)),
    ("fd00:ec2::23", Some(Range::Metadata)),
    ("fd20:ce::254", Some(Range::Metadata)),
    ("fe80::1", Some(Range::LinkLocal)),
    ("febf::1", Some(Range::LinkLocal)),
    ("fec0::1", Some(Range::Private)),
    ("ff02::1", Some(Range::Multicast)),
    ("100::1", Some(Range::Reserved)),
    ("5f00::1", Some(Range::Reserved)),
    ("8000::1", Some(Range::Reserved)),
    ("e000::1", Some(Range::Reserved)),
    ("2001:db8::1", Some(Range::Documentation)),
    ("3fff::1", Some(Range::Documentation)),
    ("3fff:1000::1", None),
    // Teredo, ORCHID, and the first address behind the protocol assignments.
    ("2001::1", Some(Range::Reserved)),
    ("2001:20::1", Some(Range::Reserved)),
    ("2001:200::1", None),
    // IPv4 inside of IPv6: mapped, compatible, translated, NAT64, 6to4.
    ("::ffff:8.8.8.8", None),
    ("::ffff:127.0.0.1", Some(Range::Loopback)),
    ("::ffff:169.254.169.254", Some(Range::Metadata)),
    ("::ffff:10.1.2.3", Some(Range::Private)),
    ("::127.0.0.1", Some(Range::Loopback)),
    ("::10.1.2.3", Some(Range::Private)),
    ("::ffff:0:192.168.1.1", Some(Range::Private)),
    ("64:ff9b::8.8.8.8", None),
    ("64:ff9b::10.0.0.1", Some(Range::Private)),
    ("64:ff9b::169.254.169.254", Some(Range::Metadata)),
    ("64:ff9b:1::8.8.8.8", Some(Range::Reserved)),
    ("2002:808:808::1", None),
    ("2002:7f00:1::1", Some(Range::Loopback)),
    ("2002:a9fe:a9fe::", Some(Range::Metadata)),
];

#[test]
fn only_public_addresses_are_allowed_by_default() {
    for (address, range) in TABLE {
        assert_eq!(judged(&Egress::default(), address), range, "{address}");
    }
}

#[test]
fn open_mode_allows_loopback_and_nothing_else() {
    let open = Egress::new(Vec::new(), Loopback::Allowed);
    for (address, range) in TABLE {
        let expected = range.filter(|range| *range != Range::Loopback);
        assert_eq!(judged(&open, address), expected, "{address}");
    }
}

#[test]
fn the_configuration_allows_networks() {
    let guard = allowing(&["10.1.0.0/16", "fd12::/16", "127.0.0.1"]);
    for allowed in ["10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3", "fd12::1", "127.0.0.1"] {
        assert_eq!(judged(&guard, allowed), None, "{allowed}");
    }
    assert_eq!(judged(&guard, "10.2.0.0"), Some(Range::Private));
    assert_eq!(judged(&guard, "fd13::1"), Some(Range::Private));
    assert_eq!(judged(&guard, "127.0.0.2"), Some(Range::Loopback));
    assert_eq!(judged(&guard, "::1"), Some(Range::Loopback));
}

#[test]
fn a_metadata_service_has_to_be_named_in_full() {
    let wide = allowing(&["0.0.0.0/0", "::/0"]);
    assert_eq!(judged(&wide, "10.0.0.1"), None);
    assert_eq!(judged(&wide, "::1"), None);
    assert_eq!(judged(&wide, "169.254.1.1"), None);
    for address in ["169.254.169.254", "fd00:ec2::254", "::ffff:169.254.169.254", "168.63.129.16"] {
        assert_eq!(judged(&wide, address), Some(Range::Metadata), "{address}");
    }
    let named = allowing(&["169.254.169.254/32", "fd00:ec2::254"]);
    assert_eq!(judged(&named, "169.254.169.254"), None);
    assert_eq!(judged(&named, "fd00:ec2::254"), None);
    assert_eq!(judged(&named, "169.254.170.2"), Some(Range::Metadata));
}

#[test]
fn a_network_of_one_family_says_nothing_of_the_other() {
    assert_eq!(judged(&allowing(&["::/0"]), "10.0.0.1"), Some(Range::Private));
    assert_eq!(judged(&allowing(&["0.0.0.0/0"]), "fd00::1"), Some(Range::Private));
}

#[test]
fn networks_are_read_and_shown() {
    for (text, shown) in [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("192.168.1.1", "192.168.1.1/32"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("fd00::/8", "fd00::/8"),
        ("::1", "::1/128"),
        ("::/0", "::/0"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("::ffff:10.0.0.1", "10.0.0.1/32"),
    ] {
        assert_eq!(text.parse::<Cidr>().unwrap().to_string(), shown);
    }
    for text in ["", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "10/8", "host/8", "010.0.0.0/8"] {
        let flaw = text.parse::<Cidr>().unwrap_err();
        assert!(matches!(flaw, CidrFlaw::Address(_) | CidrFlaw::Prefix(_)), "{text}: {flaw}");
    }
    for text in ["10.0.0.1/8", "fd00::1/8", "1.0.0.0/0"] {
        assert_eq!(text.parse::<Cidr>(), Err(CidrFlaw::HostBits(text.into())));
    }
}

#[test]
fn a_refusal_says_what_and_why() {
    let forbidden = Egress::default().judge("::ffff:10.0.0.1".parse().unwrap()).unwrap_err();
    assert_eq!(forbidden.to_string(), "deliveries to ::ffff:10.0.0.1 are not allowed: a private address");
}

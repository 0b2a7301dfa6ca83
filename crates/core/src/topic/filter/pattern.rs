//! The string operators that need more than a comparison: wildcards, address ranges, case.

use std::net::IpAddr;

use super::error::PolicyError;

/// A `wildcard`: the literal pieces around its `*`s. One piece means no `*` at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wildcard {
    pieces: Box<[Box<str>]>,
}

impl Wildcard {
    /// Reads a pattern: `*` is any run of characters, `\*` and `\\` are themselves.
    pub(crate) fn parse(pattern: &str) -> Result<Self, PolicyError> {
        let mut pieces = vec![];
        let mut piece = String::new();
        let mut characters = pattern.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            match character {
                '*' if characters.peek().is_some_and(|(_, next)| *next == '*') => {
                    return Err(PolicyError::WildcardRun(at));
                }
                '*' => pieces.push(std::mem::take(&mut piece).into_boxed_str()),
                '\\' => match characters.next() {
                    Some((_, escaped @ ('*' | '\\'))) => piece.push(escaped),
                    Some(_) | None => return Err(PolicyError::WildcardEscape(at)),
                },
                _ => piece.push(character),
            }
        }
        pieces.push(piece.into_boxed_str());
        Ok(Self { pieces: pieces.into_boxed_slice() })
    }

    /// Makes a pattern of its pieces; there is always one.
    pub(crate) fn from_pieces(pieces: Box<[Box<str>]>) -> Option<Self> {
        (!pieces.is_empty()).then_some(Self { pieces })
    }

    /// The literal pieces, in order.
    pub(crate) fn pieces(&self) -> &[Box<str>] {
        &self.pieces
    }

    /// Whether the whole text fits. Taking the first place where a piece fits is enough, so this is linear in the
    /// text, however long the pattern: a search prepares its piece first, so it is not begun for one that is too long.
    pub(crate) fn admits(&self, text: &str) -> bool {
        let [first, middle @ .., last] = &*self.pieces else {
            return self.pieces.first().is_some_and(|only| **only == *text);
        };
        // Of `*x*` both ends are empty, and not worth a comparison (see `condition::order`).
        let fits =
            (first.is_empty() || text.starts_with(&**first)) && (last.is_empty() || text.ends_with(&**last));
        let Some(mut rest) = text.get(first.len()..).filter(|_| fits) else { return false };
        for piece in middle {
            let found = if piece.len() <= rest.len() { rest.find(&**piece) } else { None };
            let Some(at) = found else { return false };
            rest = &rest[at + piece.len()..];
        }
        rest.len() >= last.len()
    }
}

/// A `cidr`: the addresses that share their first bits with a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cidr {
    /// Host bits are zero.
    network: IpAddr,
    mask_bits: u8,
}

impl Cidr {
    /// Reads `address/bits`. Bits of the address behind the mask are ignored.
    pub(crate) fn parse(text: &str) -> Result<Self, PolicyError> {
        let (address, mask) = text.split_once('/').ok_or(PolicyError::CidrSlash)?;
        if mask.is_empty() || mask.contains('/') {
            return Err(PolicyError::CidrSlash);
        }
        let mask: i64 = mask.parse().map_err(|_| PolicyError::CidrMask)?;
        let mask = u64::try_from(mask).map_err(|_| PolicyError::CidrMaskNegative)?;
        let address: IpAddr = address.parse().map_err(|_| PolicyError::CidrAddress(address.into()))?;
        let too_long = match address {
            IpAddr::V4(_) => PolicyError::CidrMaskV4,
            IpAddr::V6(_) => PolicyError::CidrMaskV6,
        };
        let mask_bits = u8::try_from(mask).map_err(|_| too_long.clone())?;
        Self::new(address, mask_bits).ok_or(too_long)
    }

    /// Makes the range; `None` if the mask leaves no bit of the address free.
    pub(crate) fn new(address: IpAddr, mask_bits: u8) -> Option<Self> {
        let width = match address {
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 128,
        };
        (mask_bits < width).then(|| Self { network: masked(address, mask_bits), mask_bits })
    }

    /// The first address of the range, and the bits that all share.
    pub(crate) fn parts(&self) -> (IpAddr, u8) {
        (self.network, self.mask_bits)
    }

    /// The first and the last address of the range.
    pub(crate) fn span(&self) -> (IpAddr, IpAddr) {
        let bits = u32::from(self.mask_bits);
        let last = match self.network {
            IpAddr::V4(v4) => IpAddr::V4((v4.to_bits() | u32::MAX.checked_shr(bits).unwrap_or(0)).into()),
            IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() | u128::MAX.checked_shr(bits).unwrap_or(0)).into()),
        };
        (self.network, last)
    }

    /// Whether an address is in the range. IPv4 and IPv6 are never each other's.
    pub(crate) fn admits(&self, address: IpAddr) -> bool {
        masked(address, self.mask_bits) == self.network
    }
}

/// The address with all bits behind the mask cleared; a mask that is too long clears none.
fn masked(address: IpAddr, mask_bits: u8) -> IpAddr {
    let bits = u32::from(mask_bits);
    match address {
        IpAddr::V4(v4) => {
            let host = u32::MAX.checked_shr(bits).unwrap_or(0);
            IpAddr::V4((v4.to_bits() & !host).into())
        }
        IpAddr::V6(v6) => {
            let host = u128::MAX.checked_shr(bits).unwrap_or(0);
            IpAddr::V6((v6.to_bits() & !host).into())
        }
    }
}

/// The form of an `equals-ignore-case` pattern that [`equals_folded`] wants.
pub(crate) fn folded(text: &str) -> Box<str> {
    text.chars().flat_map(char::to_lowercase).collect::<String>().into_boxed_str()
}

/// Whether the text is the folded pattern when every character is put in lower case by itself.
pub(crate) fn equals_folded(pattern: &str, text: &str) -> bool {
    pattern.eq_ignore_ascii_case(text) || pattern.chars().eq(text.chars().flat_map(char::to_lowercase))
}

/// The bytes of the folded form of a text.
pub(crate) fn folded_bytes(text: &str) -> impl Iterator<Item = u8> {
    text.chars().flat_map(char::to_lowercase).flat_map(|character| {
        let mut bytes = [0; 4];
        let len = character.encode_utf8(&mut bytes).len();
        bytes.into_iter().take(len)
    })
}

#[cfg(test)]
mod tests {
    use super::{Cidr, PolicyError, Wildcard, equals_folded, folded, folded_bytes};

    #[test]
    fn wildcards() {
        for (pattern, text, fits) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "anything", true),
            ("abc", "abc", true),
            ("abc", "abcd", false),
            ("a*z", "az", true),
            ("a*z", "a", false),
            ("a*a", "a", false),
            ("ab*ba", "aba", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*bc*d", "abcbc", false),
            ("*b*", "abc", true),
            ("*aab", "aaaab", true),
            ("*ü*", "für", true),
            (r"a\*b", "a*b", true),
            (r"a\*b", "aXb", false),
            (r"a\\*", r"a\x", true),
        ] {
            assert_eq!(Wildcard::parse(pattern).expect("a pattern").admits(text), fits, "{pattern} {text}");
        }
        assert_eq!(Wildcard::parse("a**"), Err(PolicyError::WildcardRun(1)));
        assert_eq!(Wildcard::parse(r"\x"), Err(PolicyError::WildcardEscape(0)));
        assert_eq!(Wildcard::parse(r"ab\"), Err(PolicyError::WildcardEscape(2)));
    }

    #[test]
    fn address_ranges() {
        for (cidr, address, inside) in [
            ("10.0.0.0/24", "10.0.0.255", true),
            ("10.0.0.0/24", "10.0.1.0", false),
            ("10.0.0.9/24", "10.0.0.1", true),
            ("0.0.0.0/0", "255.255.255.255", true),
            ("0.0.0.0/0", "::1", false),
            ("10.0.0.0/31", "10.0.0.1", true),
            ("10.0.0.0/31", "10.0.0.2", false),
            ("10.0.0.0/24", "10.0.0.1/32", false),
            ("10.0.0.0/24", "ten", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:DB9::1", false),
            ("::/0", "ffff::", true),
            ("::/127", "::1", true),
        ] {
            let admits =
                address.parse().is_ok_and(|address| Cidr::parse(cidr).expect("a range").admits(address));
            assert_eq!(admits, inside, "{cidr} {address}");
        }
    }

    #[test]
    fn malformed_address_ranges() {
        for (cidr, error) in [
            ("10.0.0.0", PolicyError::CidrSlash),
            ("10.0.0.0/", PolicyError::CidrSlash),
            ("10.0.0.0/8/8", PolicyError::CidrSlash),
            ("10.0.0.0/8x", PolicyError::CidrMask),
            ("10.0.0.0/-1", PolicyError::CidrMaskNegative),
            ("10.0.0.0/32", PolicyError::CidrMaskV4),
            ("10.0.0.0/4000", PolicyError::CidrMaskV4),
            ("::/128", PolicyError::CidrMaskV6),
            ("10.0.0/8", PolicyError::CidrAddress("10.0.0".into())),
        ] {
            assert_eq!(Cidr::parse(cidr), Err(error), "{cidr}");
        }
    }

    #[test]
    fn case_is_ignored_beyond_ascii() {
        for (pattern, text, equal) in [
            ("tennis", "TENNIS", true),
            ("ÄRGER", "ärger", true),
            ("Σ", "σ", true),
            ("tennis", "tenni", false),
            ("a", "ä", false),
        ] {
            assert_eq!(equals_folded(&folded(pattern), text), equal, "{pattern} {text}");
            assert_eq!(folded(pattern).bytes().eq(folded_bytes(text)), equal, "{pattern} {text}");
        }
    }

    #[test]
    fn what_is_folded_stays_as_it_is() {
        for character in '\0'..=char::MAX {
            let once = folded(character.encode_utf8(&mut [0; 4]));
            assert!(folded(&once) == once && folded_bytes(&once).eq(once.bytes()), "{character:?}");
        }
    }

    #[test]
    fn a_range_reaches_from_its_first_address_to_its_last() {
        for (cidr, first, last) in [
            ("10.0.0.9/24", "10.0.0.0", "10.0.0.255"),
            ("0.0.0.0/0", "0.0.0.0", "255.255.255.255"),
            ("10.0.0.0/31", "10.0.0.0", "10.0.0.1"),
            ("2001:db8::/32", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ] {
            let span = (first.parse().unwrap(), last.parse().unwrap());
            assert_eq!(Cidr::parse(cidr).expect("a range").span(), span, "{cidr}");
        }
    }
}

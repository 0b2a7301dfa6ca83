//! What is signed is accepted, what is changed is not, and nothing panics.

use proptest::prelude::*;

use super::{NOW_S, PLACE, Sent, credential};
use crate::sigv4::{KeyCache, hint, parse, verify};

prop_compose! {
    fn requests()(
        path in "(/[a-zA-Z0-9_%-]{1,8}){0,3}/?",
        query in "([a-z]{1,4}=[a-zA-Z0-9%+]{0,6}(&[a-z]{1,4}=[a-zA-Z0-9*]{0,6}){0,3})?",
        values in prop::collection::vec("[!-~]([ -~]{0,10}[!-~])?", 0..4),
        body in prop::collection::vec(any::<u8>(), 1..200),
        method in prop::sample::select(vec!["GET", "POST"]),
    ) -> Sent {
        let headers = values.into_iter().enumerate().map(|(at, value)| (format!("X-Some-{at}"), value.into_bytes()));
        Sent { method: method.into(), path, query, body, ..Sent::post() }.extended(headers)
    }
}

impl Sent {
    fn extended(mut self, headers: impl Iterator<Item = (String, Vec<u8>)>) -> Sent {
        self.headers.extend(headers);
        self
    }

    /// Refused, or by an access key id that is not ours: looking that up comes before verifying.
    fn proves_nothing(&self) -> bool {
        let named = self.read(|request| {
            parse(request, None).map(|claim| claim.map(|claim| claim.access_key_id().to_owned()))
        });
        match named {
            Ok(Some(id)) if id == credential().access_key_id => self.check().is_err(),
            Ok(Some(_) | None) | Err(_) => true,
        }
    }

    /// Changes one byte, of a part of the request that depends on `part`.
    fn tampered(&self, part: usize, at: prop::sample::Index) -> Sent {
        let mut other = self.clone();
        match part % 5 {
            0 => flip(&mut other.body, at),
            1 => other.method = flipped(&self.method, at),
            2 => other.path = flipped(&self.path, at),
            3 => other.query = flipped(&self.query, at),
            _ => {
                let header = at.index(other.headers.len());
                flip(&mut other.headers[header].1, at);
            }
        }
        other
    }
}

/// Puts another letter, so that the change cannot be one of those that mean nothing (as spaces do).
fn flip(bytes: &mut Vec<u8>, at: prop::sample::Index) {
    if bytes.is_empty() {
        return bytes.push(b'Z');
    }
    let at = at.index(bytes.len());
    bytes[at] = if bytes[at] == b'Z' { b'Y' } else { b'Z' };
}

fn flipped(text: &str, at: prop::sample::Index) -> String {
    let mut bytes = text.as_bytes().to_vec();
    flip(&mut bytes, at);
    String::from_utf8(bytes).unwrap()
}

proptest! {
    #[test]
    fn what_is_signed_is_accepted_and_what_is_changed_is_not(
        sent in requests(), part in 0_usize..5, at in any::<prop::sample::Index>(),
    ) {
        let signed = sent.sign(&credential(), PLACE, NOW_S);
        prop_assert_eq!(signed.check(), Ok(()));
        prop_assert!(signed.tampered(part, at).proves_nothing());
    }

    #[test]
    fn what_is_presigned_is_accepted_and_what_is_changed_is_not(
        sent in requests(), part in 0_usize..5, at in any::<prop::sample::Index>(),
    ) {
        let signed = sent.presign(&credential(), 60);
        prop_assert_eq!(signed.check(), Ok(()));
        prop_assert!(signed.tampered(part, at).proves_nothing());
        let more = Sent { query: format!("{}&More=1", signed.query), ..signed };
        prop_assert!(more.check().is_err());
    }

    #[test]
    fn every_byte_of_the_authorization_header_counts(at in any::<prop::sample::Index>(), byte in prop::sample::select(b"abzAZ059/=;-.%".to_vec())) {
        let mut signed = Sent::post().sign(&credential(), PLACE, NOW_S);
        let authorization = &mut signed.headers.last_mut().unwrap().1;
        let at = at.index(authorization.len());
        prop_assume!(authorization[at] != byte);
        authorization[at] = byte;
        prop_assert!(signed.proves_nothing());
    }

    #[test]
    fn random_bytes_never_panic(
        path in "\\PC{0,20}",
        query in "(X-Amz-(Algorithm|Credential|Date|Expires|SignedHeaders|Signature)=[\\PC%]{0,30}&){0,7}",
        authorization in prop::collection::vec(any::<u8>(), 0..120),
        start in prop::sample::select(vec!["", "AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256 Credential=a/b/c/d/e,SignedHeaders=host,Signature="]),
        date in "(\\PC{0,18}|[0-9]{8}T[0-9]{6}Z|[ -~]{8}T[ -~]{6}Z)",
        carried in any::<bool>(),
    ) {
        let mut sent = Sent { path, query, ..Sent::post() }.with("X-Amz-Date", &date);
        if carried {
            sent.headers.push(("Authorization".into(), [start.as_bytes(), &authorization].concat()));
        }
        sent.read(|request| {
            let hint = hint(request);
            let _ = (hint.access_key_id(), hint.region(), hint.service());
            if let Ok(Some(claim)) = parse(request, None) {
                let _ = verify(&claim, request, &credential(), NOW_S, &KeyCache::new());
            }
        });
    }
}

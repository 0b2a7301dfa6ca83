//! Signatures as a receiver checks them: with the public key out of the certificate.

use std::sync::OnceLock;

use serde_json::Value;

use super::*;

/// 2026-01-02T03:04:05Z
fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_767_323_045).unwrap()
}

/// One key for all tests: making one takes a while in a debug build.
fn key() -> &'static SigningKey {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    KEY.get_or_init(|| SigningKey::generate(now()).unwrap())
}

/// The public key of a certificate with an RSA-2048 key: found by the head that its DER has.
fn public_key(certificate_pem: &str) -> Vec<u8> {
    const HEAD: &[u8] =
        b"\x30\x82\x01\x22\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x03\x82\x01\x0f\x00";
    let der = pem::decode(CERTIFICATE_LABEL, certificate_pem).unwrap();
    let at = der.windows(HEAD.len()).position(|part| part == HEAD).unwrap();
    der[at..at + 294].to_vec()
}

fn checks(version: Version, certificate_pem: &str, message: &[u8], signature: &str) -> bool {
    let signature = BASE64.decode(signature).unwrap();
    verify(version, &public_key(certificate_pem), message, &signature).is_ok()
}

#[test]
fn both_versions_verify_with_the_certificate_and_only_for_what_was_signed() {
    let message = b"Message\nhello\nMessageId\n1\n";
    for (version, other) in [(Version::V1, Version::V2), (Version::V2, Version::V1)] {
        let signature = key().sign(version, message);
        let certificate = key().certificate_pem();
        assert!(checks(version, certificate, message, &signature));
        assert!(!checks(version, certificate, b"Message\nhallo\nMessageId\n1\n", &signature));
        assert!(!checks(other, certificate, message, &signature));
        assert_eq!(BASE64.decode(&signature).unwrap().len(), 256);
        assert_eq!(key().sign(version, message), signature, "PKCS#1 v1.5 has no randomness");
    }
}

/// Every object in the golden deliveries that has a signature and a string to sign with it.
fn golden_signatures() -> (String, Vec<(String, Version, String, String)>) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/deliveries.json");
    let file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut found = Vec::new();
    for case in file["cases"].as_array().unwrap() {
        let Some(string_to_sign) = case["stringToSign"].as_str() else { continue };
        let body = case["sqsMessage"]["Body"].as_str().or_else(|| case["request"]["body"].as_str()).unwrap();
        let body: Value = serde_json::from_str(body).unwrap();
        let version = match body["SignatureVersion"].as_str().unwrap() {
            "1" => Version::V1,
            "2" => Version::V2,
            other => panic!("unknown signature version {other}"),
        };
        let signature = body["Signature"].as_str().unwrap().to_owned();
        found.push((case["id"].as_str().unwrap().to_owned(), version, string_to_sign.to_owned(), signature));
    }
    (file["certificatePem"].as_str().unwrap().to_owned(), found)
}

#[test]
fn the_golden_deliveries_verify_in_the_same_way() {
    let (certificate, cases) = golden_signatures();
    for (id, version, string_to_sign, signature) in &cases {
        assert!(checks(*version, &certificate, string_to_sign.as_bytes(), signature), "{id}");
        assert!(!checks(*version, &certificate, format!("{string_to_sign}\n").as_bytes(), signature), "{id}");
    }
    assert!(cases.iter().any(|case| case.1 == Version::V1), "a case of version 1");
    assert!(cases.iter().any(|case| case.1 == Version::V2), "a case of version 2");
}

#[test]
fn a_key_survives_being_stored() {
    let text = key().to_pem();
    let read = SigningKey::from_pem(&text).unwrap();
    assert_eq!(read.to_pem(), text);
    assert_eq!(read.key_id(), key().key_id());
    assert_eq!(read.certificate_pem(), key().certificate_pem());
    assert_eq!(read.sign(Version::V1, b"x"), key().sign(Version::V1, b"x"));
    let dos = text.replace('\n', "\r\n");
    assert_eq!(SigningKey::from_pem(&dos).unwrap().to_pem(), text);
}

#[test]
fn a_damaged_or_mixed_store_is_refused() {
    let text = key().to_pem();
    let missing = |text: &str, label| matches!(SigningKey::from_pem(text), Err(SignatureFault::Missing(found)) if found == label);
    assert!(missing("", KEY_LABEL));
    assert!(missing(key().certificate_pem(), KEY_LABEL));
    assert!(missing(&text[..text.len() - 30], CERTIFICATE_LABEL));
    assert!(missing(&text.replace("MII", "M!I"), KEY_LABEL));
    let another = SigningKey::generate(now()).unwrap();
    let mixed = format!("{}{}", key().private_pem, another.certificate_pem());
    assert!(matches!(SigningKey::from_pem(&mixed), Err(SignatureFault::Unmatched)));
    let no_key = format!("{}{}", pem::encode(KEY_LABEL, b"not a key"), key().certificate_pem());
    assert!(matches!(SigningKey::from_pem(&no_key), Err(SignatureFault::Rejected(_))));
    assert!(sha1::Signer::from_pkcs8(b"").is_none());
    assert!(sha1::Signer::from_pkcs8(b"not a key").is_none());
}

#[test]
fn the_key_id_names_the_certificate() {
    let id = key().key_id();
    assert_eq!(id.len(), 32);
    assert!(id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{id}");
    let another = SigningKey::generate(now()).unwrap();
    assert_ne!(another.key_id(), id);
}

#[test]
fn the_certificate_is_for_sns_and_lasts_a_century() {
    let der = pem::decode(CERTIFICATE_LABEL, key().certificate_pem()).unwrap();
    let has = |bytes: &[u8]| der.windows(bytes.len()).any(|part| part == bytes);
    assert!(has(SUBJECT.as_bytes()));
    assert!(has(b"260101030405Z"), "valid from a day before");
    assert!(has(b"21260103030405Z"), "valid for 100 years");
}

#[test]
fn threads_sign_at_the_same_time() {
    let expected = key().sign(Version::V1, b"shared");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(key().sign(Version::V1, b"shared"), expected);
                }
            });
        }
    });
}

#[test]
fn the_private_key_is_not_printed() {
    assert_eq!(format!("{:?}", key()), format!("SigningKey({})", key().key_id()));
}

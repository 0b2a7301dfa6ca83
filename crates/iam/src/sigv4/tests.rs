//! The golden vectors with all their intermediate values, and each way to fail.

mod properties;

use serde_json::Value;

use super::*;
use crate::credentials::{Secret, Session};
use crate::identity::Account;

/// 2026-01-02T03:04:05Z, the time of the golden vectors.
const NOW_S: i64 = 1_767_323_045;
const SCOPE: &str = "20260102/us-east-1/sqs/aws4_request";
const PLACE: Place<'static> = Place { region: "us-east-1", service: "sqs" };

fn credential() -> Credential {
    Credential::root("AKIDEXAMPLE0000MQ01", Secret::new("made-up-secret/for+tests"), Account::DEFAULT)
}

fn with_session(token: &str, expires_s: i64) -> Credential {
    Credential { session: Some(Session { token: Secret::new(token), expires_s }), ..credential() }
}

/// A request that owns its parts.
#[derive(Clone, Debug)]
struct Sent {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Sent {
    fn post() -> Sent {
        Sent {
            method: "POST".into(),
            path: "/".into(),
            query: String::new(),
            headers: vec![("Host".into(), b"mq.example.test:4100".to_vec())],
            body: b"{}".to_vec(),
        }
    }

    fn with(mut self, name: &str, value: &str) -> Sent {
        self.headers.push((name.into(), value.into()));
        self
    }

    fn read<T>(&self, read: impl FnOnce(&Request<'_>) -> T) -> T {
        let headers: Vec<_> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        let Sent { method, path, query, body, .. } = self;
        read(&Request { method, path, query, headers: &headers, body })
    }

    fn sign(mut self, credential: &Credential, place: Place<'_>, at_s: i64) -> Sent {
        let added = self.read(|request| sign(request, credential, place, at_s));
        self.headers.extend(added.into_iter().map(|(name, value)| (name.to_owned(), value.into_bytes())));
        self
    }

    fn presign(mut self, credential: &Credential, expires_s: u32) -> Sent {
        self.query = self.read(|request| presign(request, credential, PLACE, NOW_S, expires_s));
        self
    }

    fn check_with(&self, credential: &Credential, now_s: i64, keys: &KeyCache) -> Result<(), AuthError> {
        self.read(|request| {
            let claim = parse(request, None)?.expect("the request has credentials");
            verify(&claim, request, credential, now_s, keys)
        })
    }

    fn check(&self) -> Result<(), AuthError> {
        self.check_with(&credential(), NOW_S, &KeyCache::new())
    }

    fn refusal(&self) -> String {
        self.check().unwrap_err().to_string()
    }
}

fn golden() -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/sigv4.json");
    let mut file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    std::mem::take(file["cases"].as_array_mut().unwrap())
}

fn text<'a>(case: &'a Value, name: &str) -> &'a str {
    case[name].as_str().unwrap()
}

fn golden_request(case: &Value) -> Sent {
    let (_, rest) = text(case, "url").split_once("://").unwrap();
    let (path, query) =
        rest[rest.find('/').unwrap()..].split_once('?').unwrap_or((&rest[rest.find('/').unwrap()..], ""));
    let headers = case["headers"].as_object().unwrap();
    Sent {
        method: text(case, "method").into(),
        path: path.into(),
        query: query.into(),
        headers: headers.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().into())).collect(),
        body: text(case, "body").into(),
    }
}

#[test]
fn golden_vectors_hold_in_every_intermediate_value() {
    let cases = golden();
    assert_eq!(cases.len(), 4);
    for case in cases {
        let sent = golden_request(&case);
        let id = text(&case, "id");
        let token = case["headers"].get("X-Amz-Security-Token").and_then(Value::as_str);
        let credential = token.map_or_else(credential, |token| with_session(token, NOW_S + 1));
        sent.read(|request| {
            let claim = parse(request, Service::parse(text(&case, "service"))).unwrap().unwrap();
            assert_eq!(claim.access_key_id(), text(&case, "accessKeyId"), "{id}");
            assert_eq!(claim.region(), text(&case, "region"), "{id}");
            let leave_out = matches!(claim.carrier, Carrier::Presigned { .. }).then_some("X-Amz-Signature");
            let mut canonical = Vec::new();
            let hash = sha256_hex(request.body);
            canonical::write_request(&mut canonical, request, &claim.signed_headers, leave_out, &hash);
            assert_eq!(String::from_utf8(canonical).unwrap(), text(&case, "canonicalRequest"), "{id}");
            let string_to_sign = text_of(&claim, request, &payload_of(&claim, request).unwrap());
            assert_eq!(String::from_utf8(string_to_sign).unwrap(), text(&case, "stringToSign"), "{id}");
            let key =
                key::derive(&credential.secret, claim.scope.date(), claim.region(), claim.scope.service());
            assert_eq!(hex(&key), text(&case, "signingKeyHex"), "{id}");
            assert_eq!(claim.signature, text(&case, "signature"), "{id}");
            assert_eq!(verify(&claim, request, &credential, NOW_S, &KeyCache::new()), Ok(()), "{id}");
        });
    }
}

#[test]
fn signing_makes_the_golden_signatures() {
    for case in golden() {
        let mut sent = golden_request(&case);
        let place = Place { region: text(&case, "region"), service: text(&case, "service") };
        let token = case["headers"].get("X-Amz-Security-Token").and_then(Value::as_str);
        let credential = token.map_or_else(credential, |token| with_session(token, NOW_S + 1));
        sent.headers.retain(|(name, _)| {
            !["x-amz-date", "authorization", "x-amz-security-token"].contains(&name.to_lowercase().as_str())
        });
        if text(&case, "id") == "sqs-query-get-presigned" {
            let whole = sent.query.clone();
            sent.query.truncate(whole.find("&X-Amz-").unwrap());
            assert_eq!(sent.presign(&credential, 300).query, whole);
        } else {
            let signed = sent.sign(&credential, place, NOW_S);
            let authorization = signed.headers.last().unwrap();
            assert_eq!(authorization.1, case["headers"]["Authorization"].as_str().unwrap().as_bytes());
        }
    }
}

#[test]
fn a_request_without_credentials_is_no_claim() {
    Sent::post().read(|request| assert!(parse(request, None).unwrap().is_none()));
    let query = Sent { query: "Action=ListQueues&Version=2012-11-05".into(), ..Sent::post() };
    query.read(|request| assert!(parse(request, None).unwrap().is_none()));
}

#[test]
fn an_incomplete_header_is_told_what_it_lacks() {
    let all = "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' \
               parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header requires \
               existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=";
    for header in [
        "",
        "Basic abc",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=,",
        "AWS4-HMAC-SHA512 Credential=a",
    ] {
        assert_eq!(Sent::post().with("Authorization", header).refusal(), format!("{all}{header}"));
    }
    let header = format!("AWS4-HMAC-SHA256 Credential=a/{SCOPE}, SignedHeaders=host");
    let sent = Sent::post().with("Authorization", &header).with("X-Amz-Date", "20260102T030405Z");
    let expected = format!("Authorization header requires 'Signature' parameter. Authorization={header}");
    assert_eq!(sent.check(), Err(AuthError::Incomplete(expected)));
}

#[test]
fn an_incomplete_query_is_told_what_it_lacks() {
    let sent = Sent { query: "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=".into(), ..Sent::post() };
    assert_eq!(
        sent.refusal(),
        "AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string parameters must include \
         'X-Amz-Signature'. AWS query-string parameters must include 'X-Amz-SignedHeaders'. AWS query-string \
         parameters must include 'X-Amz-Date'. AWS query-string parameters must include 'X-Amz-Expires'. \
         Re-examine the query-string parameters."
    );
    let mut sent = Sent::post().presign(&credential(), 300);
    sent.query = sent.query.replace("SHA256", "SHA512");
    assert_eq!(
        sent.check(),
        Err(AuthError::Incomplete("Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA512'.".into()))
    );
}

fn header(credential: &str, signed_headers: &str) -> Sent {
    Sent::post().with("X-Amz-Date", "20260102T030405Z").with(
        "Authorization",
        &format!(
            "{ALGORITHM} Credential={credential}, SignedHeaders={signed_headers}, Signature={}",
            "0".repeat(64)
        ),
    )
}

#[test]
fn a_credential_has_five_parts() {
    for wrong in ["a", "a/b/c/d", "a/b/c/d/e/f"] {
        let expected = format!(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{wrong}'"
        );
        assert_eq!(header(wrong, "host").check(), Err(AuthError::Incomplete(expected)));
    }
}

#[test]
fn every_fault_of_a_scope_is_told() {
    assert_eq!(
        header("a/20260103/US-EAST/s3/aws5", "host").check(),
        Err(AuthError::WrongScope(
            "Credential should be scoped to a valid Region, not 'US-EAST'. Credential should be scoped to correct \
             service: 'sqs'. Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5'. Date \
             in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20260103' != \
             '20260102', from '20260102T030405Z'."
                .into()
        ))
    );
    let sqs = header(&format!("a/{SCOPE}"), "host");
    let refusal = sqs.read(|request| parse(request, Some(Service::Sns)).unwrap_err());
    assert_eq!(refusal.to_string(), "Credential should be scoped to correct service: 'sns'.");
}

#[test]
fn a_date_has_to_be_one() {
    for wrong in
        ["20260102T030405", "20261302T030405Z", "20260230T030405Z", "20260102T250405Z", "today", "２０２６"]
    {
        let sent = Sent::post().with("X-Amz-Date", wrong).with(
            "Authorization",
            &format!("{ALGORITHM} Credential=a/{SCOPE}, SignedHeaders=host, Signature=0"),
        );
        let expected = format!(
            "Date must be in ISO-8601 'basic format'. Got '{wrong}'. See http://en.wikipedia.org/wiki/ISO_8601"
        );
        assert_eq!(sent.check(), Err(AuthError::Incomplete(expected)));
    }
}

#[test]
fn host_and_target_have_to_be_signed() {
    let refusal = |sent: Sent| sent.check().unwrap_err();
    let scope = format!("a/{SCOPE}");
    assert_eq!(refusal(header(&scope, "x-amz-date")), AuthError::NotSigned(RequiredHeader::Host));
    let sent = header(&scope, "host").with("X-Amz-Target", "AmazonSQS.DeleteQueue");
    assert_eq!(refusal(sent), AuthError::NotSigned(RequiredHeader::Target));
    assert_eq!(
        AuthError::NotSigned(RequiredHeader::Host).to_string(),
        "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
    );
}

#[test]
fn a_wrong_signature_is_a_mismatch_before_it_is_old() {
    let wrong = header(&format!("AKIDEXAMPLE0000MQ01/{SCOPE}"), "host;x-amz-date");
    let refusal = wrong.check_with(&credential(), NOW_S + 100_000, &KeyCache::new()).unwrap_err();
    assert_eq!(refusal, AuthError::Mismatch);
    assert_eq!(
        refusal.to_string(),
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
         Access Key and signing method. Consult the service documentation for details."
    );
}

#[test]
fn a_signature_holds_from_five_minutes_before_to_fifteen_after() {
    let sent = Sent::post().sign(&credential(), PLACE, NOW_S);
    let at = |now_s| sent.check_with(&credential(), now_s, &KeyCache::new());
    assert_eq!((at(NOW_S + 900), at(NOW_S - 300)), (Ok(()), Ok(())));
    assert_eq!(
        at(NOW_S + 901).unwrap_err().to_string(),
        "Signature expired: 20260102T030405Z is now earlier than 20260102T030406Z (20260102T031906Z - 15 min.)"
    );
    assert_eq!(
        at(NOW_S - 301).unwrap_err().to_string(),
        "Signature not yet current: 20260102T030405Z is still later than 20260102T030404Z (20260102T025904Z + 5 min.)"
    );
}

#[test]
fn a_presigned_request_holds_as_long_as_it_says() {
    let sent = Sent { method: "GET".into(), query: "Action=ListQueues".into(), ..Sent::post() };
    let long = sent.clone().presign(&credential(), 604_800);
    let at = |now_s| long.check_with(&credential(), now_s, &KeyCache::new());
    assert_eq!(at(NOW_S + 604_800), Ok(()));
    assert!(at(NOW_S + 604_801).is_err());
    let short = sent.clone().presign(&credential(), 90);
    assert_eq!(
        short.check_with(&credential(), NOW_S + 91, &KeyCache::new()).unwrap_err().to_string(),
        "Signature expired: 20260102T030405Z is now earlier than 20260102T030406Z (20260102T030536Z - 90 sec.)"
    );
    assert!(short.check_with(&credential(), NOW_S - 301, &KeyCache::new()).is_err());
    for wrong in [0, 604_801] {
        let refusal = sent.clone().presign(&credential(), wrong).refusal();
        assert!(
            refusal.starts_with("X-Amz-Expires must be a number of seconds between 1 and 604800"),
            "{refusal}"
        );
    }
}

#[test]
fn session_tokens_are_checked_last() {
    let temporary = with_session("token==", NOW_S);
    let sent = Sent::post().sign(&temporary, PLACE, NOW_S);
    let check = |credential: &Credential, now_s| sent.check_with(credential, now_s, &KeyCache::new());
    assert_eq!(check(&temporary, NOW_S - 1), Ok(()));
    assert_eq!(check(&temporary, NOW_S), Err(AuthError::ExpiredToken));
    assert_eq!(check(&credential(), NOW_S), Err(AuthError::UnknownToken));
    assert_eq!(check(&with_session("other", NOW_S + 1), NOW_S), Err(AuthError::UnknownToken));
    let without = Sent::post().sign(&credential(), PLACE, NOW_S);
    assert_eq!(without.check_with(&temporary, NOW_S, &KeyCache::new()), Err(AuthError::UnknownToken));
    assert_eq!(AuthError::ExpiredToken.to_string(), "The security token included in the request is expired");
    assert_eq!(AuthError::UnknownToken.to_string(), "The security token included in the request is invalid.");
}

#[test]
fn missing_credentials_read_differently_in_each_service() {
    let refusal = |service| AuthError::NoCredentials { service, resource: "http://h/1/q".into() }.to_string();
    assert_eq!(refusal(Service::Sqs), "Access to the resource http://h/1/q is denied.");
    assert_eq!(refusal(Service::Sns), "Request is missing Authentication Token");
}

#[test]
fn a_declared_payload_hash_counts_only_if_signed() {
    let hash = String::from_utf8(sha256_hex(b"{}").to_vec()).unwrap();
    let declare =
        |value: &str| Sent::post().with("X-Amz-Content-Sha256", value).sign(&credential(), PLACE, NOW_S);
    assert_eq!(declare(&hash).check(), Ok(()));
    assert_eq!(declare(&"0".repeat(64)).check(), Err(AuthError::Mismatch));
    assert_eq!(declare("STREAMING-AWS4-HMAC-SHA256-PAYLOAD").check(), Err(AuthError::Mismatch));
    let unsigned = Sent { body: b"another".to_vec(), ..declare("UNSIGNED-PAYLOAD") };
    assert_eq!(unsigned.check(), Ok(()));
    let signed =
        Sent::post().sign(&credential(), PLACE, NOW_S).with("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD");
    assert_eq!(Sent { body: b"another".to_vec(), ..signed.clone() }.check(), Err(AuthError::Mismatch));
    assert_eq!(signed.check(), Ok(()));
}

#[test]
fn the_date_header_stands_in_for_x_amz_date() {
    let mut sent = Sent::post().with("Date", "Fri, 02 Jan 2026 03:04:05 GMT");
    let signature = sent.read(|request| {
        let mut text = Vec::new();
        canonical::write_request(&mut text, request, "date;host", None, &sha256_hex(request.body));
        string_to_sign(&mut text, "20260102T030405Z", SCOPE);
        let key = key::derive(&credential().secret, "20260102", "us-east-1", "sqs");
        hex(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), &text).as_ref())
    });
    sent = sent.with(
        "Authorization",
        &format!(
            "{ALGORITHM} Credential=AKIDEXAMPLE0000MQ01/{SCOPE},SignedHeaders=date;host,Signature={signature}"
        ),
    );
    assert_eq!(sent.check(), Ok(()));
}

fn canonical_lines(path: &str, query: &str, headers: &[(&str, &[u8])], signed: &str) -> Vec<String> {
    let mut out = Vec::new();
    let request = Request { method: "GET", path, query, headers, body: b"" };
    canonical::write_request(&mut out, &request, signed, None, b"hash");
    String::from_utf8(out).unwrap().split('\n').map(str::to_owned).collect()
}

#[test]
fn paths_are_resolved_and_encoded_once_more() {
    for (raw, canonical) in [
        ("", "/"),
        ("/", "/"),
        ("/210987654321/q.fifo", "/210987654321/q.fifo"),
        ("/a%20b/~c+d", "/a%2520b/~c%2Bd"),
        ("//a//b/", "/a/b/"),
        ("/a/./b/../c", "/a/c"),
        ("/../..", "/"),
        ("/é", "/%C3%A9"),
    ] {
        assert_eq!(canonical_lines(raw, "", &[], "host")[1], canonical, "{raw}");
    }
}

#[test]
fn queries_are_encoded_in_one_way_and_sorted() {
    for (raw, canonical) in [
        ("", ""),
        ("b=2&a=1", "a=1&b=2"),
        ("a=2&a=1&A=3&a-b=4", "A=3&a=1&a=2&a-b=4"),
        ("flag&&x=", "flag=&x="),
        ("q=a+b%20c%2bd%7E", "q=a%20b%20c%2Bd~"),
        ("q=%zz%4&r=100%", "q=%25zz%254&r=100%25"),
        ("a=b=c&é=/", "%C3%A9=%2F&a=b%3Dc"),
    ] {
        assert_eq!(canonical_lines("/", raw, &[], "host")[2], canonical, "{raw}");
    }
}

#[test]
fn header_values_are_trimmed_folded_and_joined() {
    let headers: [(&str, &[u8]); 4] =
        [("HOST", b"h:4100"), ("X-Many", b"  one   two "), ("x-many", b"three"), ("x-empty", b"")];
    let lines = canonical_lines("/", "", &headers, "host;x-absent;x-empty;x-many");
    assert_eq!(lines[3..7], ["host:h:4100", "x-absent:", "x-empty:", "x-many:one two,three"]);
}

#[test]
fn keys_are_kept_only_after_a_proof_bounded_and_per_secret() {
    let keys = KeyCache::new();
    let sent = Sent::post().sign(&credential(), PLACE, NOW_S);
    let other = Credential { secret: Secret::new("other"), ..credential() };
    assert_eq!(sent.check_with(&other, NOW_S, &keys), Err(AuthError::Mismatch));
    assert_eq!(keys.len(), 0);
    let known = credential();
    assert_eq!(sent.check_with(&known, NOW_S, &keys), Ok(()));
    assert_eq!(sent.check_with(&known, NOW_S, &keys), Ok(()));
    assert_eq!(keys.len(), 1);
    assert_eq!(sent.check_with(&other, NOW_S, &keys), Err(AuthError::Mismatch));
    for number in 0..2 * KEYS_MAX {
        let region = format!("r-{number}");
        let sent = Sent::post().sign(&known, Place { region: &region, ..PLACE }, NOW_S);
        assert_eq!(sent.check_with(&known, NOW_S, &keys), Ok(()));
        assert!(keys.len() <= KEYS_MAX);
    }
}

//! The stages from a received request to an authorised operation, and the rules for account and
//! region.

use crate::sigv4::{Place, Request, sign};
use crate::*;

const NOW_S: i64 = 1_767_323_045;
const HOST: (&str, &[u8]) = ("Host", b"mq.example.test");

fn post<'a>(headers: &'a [(&'a str, &'a [u8])]) -> Request<'a> {
    Request { method: "POST", path: "/", query: "", headers, body: b"{}" }
}

fn credential() -> Credential {
    let account = Account::parse("210987654321").unwrap();
    Credential {
        principal: Principal::Named {
            arn: "arn:aws:iam::210987654321:user/ann".into(),
            unique_id: "AIDAANN".into(),
        },
        ..Credential::root("AKIDANN", Secret::new("made-up"), account)
    }
}

fn signed(gate: &Gate, credential: &Credential, region: &str) -> Result<Signed, AuthError> {
    let request = post(&[HOST]);
    let added = sign(&request, credential, Place { region, service: "sqs" }, NOW_S);
    let mut headers = vec![HOST];
    headers.extend(added.iter().map(|(name, value)| (*name, value.as_bytes())));
    gate.check(&post(&headers), None, NOW_S)
}

fn open_caller(authorization: &str) -> Caller {
    let headers = [HOST, ("authorization", authorization.as_bytes())];
    Gate::open().check(&post(&headers), None, NOW_S).unwrap().caller().clone()
}

#[test]
fn an_enforcing_gate_knows_the_caller_by_its_credential() {
    let gate = Gate::enforcing(Credentials::new().with(credential()));
    let signed = signed(&gate, &credential(), "eu-west-3").unwrap();
    let caller = signed.caller();
    assert_eq!(caller.account().as_str(), "210987654321");
    assert_eq!(caller.principal().arn(), "arn:aws:iam::210987654321:user/ann");
    assert_eq!(caller.sender_id(), Some("AIDAANN"));
    assert_eq!(caller.region(), "eu-west-3");
    assert_eq!(caller.service(), Some(Service::Sqs));
}

#[test]
fn an_enforcing_gate_refuses_strangers_and_wrong_secrets() {
    let gate = Gate::enforcing(Credentials::new().with(credential()));
    let stranger = Credential { access_key_id: "AKIDBOB".into(), ..credential() };
    assert_eq!(signed(&gate, &stranger, "us-east-1").unwrap_err(), AuthError::UnknownToken);
    let guess = Credential { secret: Secret::new("guess"), ..credential() };
    assert_eq!(signed(&gate, &guess, "us-east-1").unwrap_err(), AuthError::Mismatch);
}

#[test]
fn behind_a_proxy_either_host_may_be_signed() {
    let gate = Gate::enforcing(Credentials::new().with(credential()));
    let arrived: (&str, &[u8]) = ("host", b"10.0.0.7:4566");
    let check = |signed_host: &[u8], forwarded: &str| {
        let place = Place { region: "us-east-1", service: "sqs" };
        let added = sign(&post(&[("host", signed_host)]), &credential(), place, NOW_S);
        let mut headers = vec![arrived];
        headers.extend(added.iter().map(|(name, value)| (*name, value.as_bytes())));
        gate.check_forwarded(&post(&headers), forwarded, None, NOW_S).map(|_| ())
    };
    assert_eq!(check(b"mq.example", "mq.example"), Ok(()));
    assert_eq!(check(arrived.1, "mq.example"), Ok(()));
    assert_eq!(check(b"evil.example", "mq.example"), Err(AuthError::Mismatch));
}

#[test]
fn an_open_gate_takes_account_and_region_from_any_signature() {
    let caller = open_caller(
        "AWS4-HMAC-SHA256 Credential=123456789012/20200101/eu-north-1/sns/aws4_request, SignedHeaders=x, Signature=0",
    );
    assert_eq!(caller.account().as_str(), "123456789012");
    assert_eq!(caller.principal().arn(), "arn:aws:iam::123456789012:root");
    assert_eq!(caller.sender_id(), Some("123456789012"));
    assert_eq!((caller.region(), caller.service()), ("eu-north-1", Some(Service::Sns)));
}

#[test]
fn an_open_gate_falls_back_to_the_default_account_and_region() {
    for broken in [
        "",
        "Basic abc",
        "AWS4-HMAC-SHA256 Credential=",
        "AWS4-HMAC-SHA256 Credential=test/20200101/US EAST/what/ever, Signature=",
        "AWS4-HMAC-SHA256 Credential=12345678901x",
        "\u{1F980}",
    ] {
        let caller = open_caller(broken);
        assert_eq!(caller.account(), Account::DEFAULT, "{broken}");
        assert_eq!((caller.region(), caller.service()), (DEFAULT_REGION, None), "{broken}");
    }
    let unsigned = Gate::open().check(&post(&[HOST]), None, NOW_S).unwrap();
    assert_eq!(unsigned.caller().account().as_str(), "000000000000");
}

#[test]
fn an_open_gate_reads_a_presigned_credential() {
    let request = Request {
        query: "Action=ListQueues&X-Amz-Credential=111122223333%2F20260102%2Fap-south-1%2Fsqs%2Faws4_request",
        ..post(&[HOST])
    };
    let signed = Gate::open().check(&request, None, NOW_S).unwrap();
    assert_eq!(signed.caller().account().as_str(), "111122223333");
    assert_eq!(signed.caller().region(), "ap-south-1");
}

#[test]
fn an_authorized_operation_carries_its_revision_and_can_be_judged_again() {
    let decoded = Gate::open().check(&post(&[HOST]), None, NOW_S).unwrap().decoded("send");
    let target = Target { resource: "arn:aws:sqs:us-east-1:000000000000:q", policy: None, revision: 7 };
    let authorized = authorize(decoded, "sqs:SendMessage", &target).unwrap();
    assert_eq!((authorized.judged(), *authorized.operation()), (7, "send"));
    let again =
        authorize(authorized.rejudge(), "sqs:SendMessage", &Target { revision: 8, ..target }).unwrap();
    let (operation, caller, judged) = again.into_parts();
    assert_eq!((operation, caller.account(), judged), ("send", Account::DEFAULT, 8));
}

#[test]
fn an_anonymous_caller_may_only_confirm_and_end_subscriptions() {
    let gate = Gate::enforcing(Credentials::new().with(credential()));
    let target = Target { resource: "*", policy: None, revision: 0 };
    let anonymous = || gate.check(&post(&[HOST]), Some(Service::Sns), NOW_S).unwrap().decoded(());
    assert_eq!(anonymous().caller().sender_id(), None);
    assert_eq!(authorize(anonymous(), "sns:Publish", &target).unwrap_err(), Denied::Anonymous);
    assert_eq!(authorize(anonymous(), "sqs:SendMessage", &target).unwrap_err(), Denied::Anonymous);
    assert!(authorize(anonymous(), "sns:ConfirmSubscription", &target).is_ok());
    assert!(authorize(anonymous(), "sns:Unsubscribe", &target).is_ok());
}

#[test]
fn refusals_read_as_aws_writes_them() {
    let refused = |action: &str, reason| Denied::Refused {
        principal: "arn:aws:iam::111122223333:user/bob".into(),
        action: action.into(),
        resource: "arn:aws:sqs:us-east-1:210987654321:q".into(),
        reason,
    };
    assert_eq!(
        refused("sqs:SendMessage", Reason::NothingAllows(PolicyKind::Identity)).to_string(),
        "User: arn:aws:iam::111122223333:user/bob is not authorized to perform: sqs:sendmessage on resource: \
         arn:aws:sqs:us-east-1:210987654321:q because no identity-based policy allows the sqs:sendmessage action"
    );
    assert_eq!(
        refused("sns:Publish", Reason::ExplicitDeny(PolicyKind::Identity)).to_string(),
        "User: arn:aws:iam::111122223333:user/bob is not authorized to perform: SNS:Publish on resource: \
         arn:aws:sqs:us-east-1:210987654321:q with an explicit deny in an identity-based policy"
    );
    assert!(
        refused("sns:Publish", Reason::ExplicitDeny(PolicyKind::ServiceControl))
            .to_string()
            .ends_with("with an explicit deny in a service control policy")
    );
}

#[test]
fn accounts_are_twelve_digits() {
    assert_eq!(Account::parse("012345678901").unwrap().as_str(), "012345678901");
    for wrong in ["", "12345678901", "1234567890123", "12345678901a", "１２３４"] {
        assert_eq!(Account::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn secrets_are_not_printed() {
    let gate = Gate::enforcing(Credentials::new().with(credential()));
    signed(&gate, &credential(), "us-east-1").unwrap();
    assert!(!format!("{gate:?} {:?}", credential()).contains("made-up"));
}

#[test]
fn a_region_may_be_named_otherwise_and_changes_nothing_else() {
    let gate = Gate::enforcing(Credentials::new().with(credential()));
    let signed = signed(&gate, &credential(), "us-east-1").unwrap();
    let elsewhere = signed.clone().in_region("eu-west-1");
    assert_eq!(elsewhere.caller().region(), "eu-west-1");
    assert_eq!(elsewhere.caller().principal(), signed.caller().principal());
    assert_eq!(elsewhere.in_region("us-east-1").caller(), signed.caller());
}

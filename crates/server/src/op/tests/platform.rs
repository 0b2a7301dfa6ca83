//! Accounts, platform applications and endpoints over the wire: what is paged, what survives other shards, and every
//! error of `errors_platform.json` (sns 5, 18, 19).

use super::errors::{check, table};
use super::support::{ACCOUNT, Server};
use postrider_core::account::Ask;
use postrider_core::{Arn, Command};
use serde_json::Value;

const GCM: &[(&str, &str)] = &[
    ("Platform", "GCM"),
    ("Attributes.entry.1.key", "PlatformCredential"),
    ("Attributes.entry.1.value", "secret"),
];

async fn application(server: &Server, name: &str) -> String {
    let mut asked = GCM.to_vec();
    asked.push(("Name", name));
    let got = server.sns("CreatePlatformApplication", &asked).await;
    assert_eq!(got.status, 200, "{}", got.body);
    got.text("PlatformApplicationArn").to_owned()
}

async fn endpoint(server: &Server, application: &str, token: &str) -> String {
    let asked = [("PlatformApplicationArn", application), ("Token", token)];
    let got = server.sns("CreatePlatformEndpoint", &asked).await;
    assert_eq!(got.status, 200, "{}", got.body);
    got.text("EndpointArn").to_owned()
}

async fn opt_out(server: &Server, phone: &str) {
    let arn = Arn::of_account("aws", "sns", "us-east-1", ACCOUNT);
    let command = Command::Account { arn: arn.clone(), ask: Ask::OptOut(phone.into()) };
    server.context.node.ask(&arn, command).await.unwrap().result.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_error() {
    for shards in [1, 4] {
        let server = Server::open(shards);
        let gcm = application(&server, "shop").await;
        let off = application(&server, "off").await;
        let device = endpoint(&server, &gcm, "t").await;
        let second = endpoint(&server, &gcm, "u").await;
        let disabled = endpoint(&server, &gcm, "d").await;
        let enabled = [("Attributes.entry.1.key", "Enabled"), ("Attributes.entry.1.value", "FALSE")];
        let of_off = endpoint(&server, &off, "t").await;
        let asked = [&enabled[..], &[("EndpointArn", &*disabled)]].concat();
        assert_eq!(server.sns("SetEndpointAttributes", &asked).await.status, 200);
        let asked = [&enabled[..], &[("PlatformApplicationArn", &*off)]].concat();
        assert_eq!(server.sns("SetPlatformApplicationAttributes", &asked).await.status, 200);
        opt_out(&server, "+15550199").await;
        server.sns("CreateSMSSandboxPhoneNumber", &[("PhoneNumber", "+15550100")]).await;
        let named = [
            ("{app}", &*gcm),
            ("{device}", &*device),
            ("{second}", &*second),
            ("{disabled}", &*disabled),
            ("{ofoff}", &*of_off),
            ("{gone}", &*gcm.replace("shop", "gone")),
            ("{gonedevice}", &*device.replace("shop", "gone")),
        ];
        for case in table(include_str!("errors_platform.json"), &named) {
            let members = case.members.as_object().unwrap();
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let asked: Vec<_> = members.iter().map(|(name, value)| (&**name, text(value))).collect();
            let asked: Vec<_> = asked.iter().map(|(name, value)| (*name, &**value)).collect();
            check(&server.sns(&case.action, &asked).await, &case);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_page_by_a_hundred_with_one_and_with_many_shards() {
    for shards in [1, 4] {
        let server = Server::open(shards);
        for n in (0..103).rev() {
            application(&server, &format!("app-{n:03}")).await;
            opt_out(&server, &format!("+1555{n:04}")).await;
        }
        let listed = pages(&server, "ListPlatformApplications", None, "PlatformApplicationArn").await;
        assert_eq!((listed.0, listed.1.len()), (vec![100, 3], 103), "{shards} shards");
        assert!(listed.1.is_sorted());
        let arn = &listed.1[0];
        for n in 0..205 {
            endpoint(&server, arn, &format!("t-{n}")).await;
        }
        let of = Some(("PlatformApplicationArn", &**arn));
        let endpoints = pages(&server, "ListEndpointsByPlatformApplication", of, "EndpointArn").await;
        assert_eq!((endpoints.0, endpoints.1.len()), (vec![100, 100, 5], 205));
        assert!(
            endpoints.1.is_sorted() && endpoints.1.iter().all(|one| one.contains("endpoint/GCM/app-000/"))
        );
        let asked = [("nextToken", "KzE1NTUwMDk5")];
        let rest = server.sns("ListPhoneNumbersOptedOut", &asked).await;
        let rest: Vec<&str> = rest.texts("member").collect();
        assert_eq!(rest, ["+15550100", "+15550101", "+15550102"]);
        let first = server.sns("ListPhoneNumbersOptedOut", &[]).await;
        assert_eq!((first.texts("member").count(), first.text("nextToken")), (100, "KzE1NTUwMDk5"));
    }
}

/// The lengths of all pages, and what was on them.
async fn pages(
    server: &Server,
    action: &str,
    of: Option<(&str, &str)>,
    element: &str,
) -> (Vec<usize>, Vec<String>) {
    let (mut lengths, mut all, mut token) = (Vec::new(), Vec::new(), String::new());
    loop {
        let mut asked: Vec<_> = of.into_iter().collect();
        if !token.is_empty() {
            asked.push(("NextToken", &token));
        }
        let got = server.sns(action, &asked).await;
        assert_eq!(got.status, 200, "{}", got.body);
        let page: Vec<String> = got.texts(element).map(str::to_owned).collect();
        lengths.push(page.len());
        all.extend(page);
        if got.text("NextToken").is_empty() {
            return (lengths, all);
        }
        token = got.text("NextToken").to_owned();
    }
}

/// Nobody but the operator learns the password, who finds it in the log; so it is told to the shard here.
#[tokio::test(flavor = "multi_thread")]
async fn a_phone_of_the_sandbox_is_verified() {
    let server = Server::open(4);
    let arn = Arn::of_account("aws", "sns", "us-east-1", ACCOUNT);
    let ask = Ask::AddToSandbox { phone: "+15550100".into(), password: "123456".into() };
    server.context.node.ask(&arn, Command::Account { arn: arn.clone(), ask }).await.unwrap().result.unwrap();
    let told = |password| [("PhoneNumber", "+15550100"), ("OneTimePassword", password)];
    let wrong = server.sns("VerifySMSSandboxPhoneNumber", &told("654321")).await;
    assert_eq!((wrong.status, wrong.code()), (400, "VerificationException"));
    assert_eq!(server.sns("VerifySMSSandboxPhoneNumber", &told("123456")).await.status, 200);
    let listed = server.sns("ListSMSSandboxPhoneNumbers", &[("MaxResults", "1")]).await;
    assert_eq!((listed.text("PhoneNumber"), listed.text("Status")), ("+15550100", "Verified"));
    assert_eq!(listed.text("NextToken"), "");
}

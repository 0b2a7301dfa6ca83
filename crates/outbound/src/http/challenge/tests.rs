//! The RFCs' own examples, and headers as servers write them.

use super::*;

fn given(user: &str, password: &str) -> Credentials {
    Credentials { user: user.into(), password: password.into() }
}

fn one(header: &str) -> Challenge {
    challenges_of(header).remove(0)
}

#[test]
fn the_examples_of_the_rfcs_are_met() {
    // RFC 2617, section 3.5; RFC 7616, section 3.9.1 with both algorithms; RFC 2069 without a qop.
    let old = r#"Digest realm="testrealm@host.com", qop="auth,auth-int",
        nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41""#;
    let new = |algorithm: &str| {
        format!(
            r#"Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm},
            nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#
        )
    };
    let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
    for (header, password, cnonce, response) in [
        (old.to_owned(), "Circle Of Life", "0a4f113b", "6629fae49393a05397450978507c4ef1"),
        (new("MD5"), "Circle of Life", cnonce, "8ca523f5e9506fed4657c9700eebdbec"),
        (
            new("SHA-256"),
            "Circle of Life",
            cnonce,
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
        ),
        (
            r#"Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093""#.to_owned(),
            "Circle Of Life",
            "",
            "670fd8c2df070c60b045671b8b24ff02",
        ),
    ] {
        let uri = Uri::from_static("/dir/index.html");
        let text = digested(&given("Mufasa", password), &one(&header), &Method::GET, &uri, cnonce).unwrap();
        assert!(text.contains(&format!(r#"response="{response}""#)), "{header}: {text}");
    }
}

#[test]
fn basic_is_the_base64_of_user_and_password() {
    let value = answer(
        &given("Aladdin", "open sesame"),
        &[HeaderValue::from_static("Basic realm=\"WallyWorld\"")],
        &Uri::from_static("/"),
    );
    assert_eq!(value.unwrap(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

#[test]
fn digest_goes_before_basic_and_basic_before_nothing() {
    let scheme = |headers: &[&'static str]| {
        let headers: Vec<HeaderValue> = headers.iter().map(|text| HeaderValue::from_static(text)).collect();
        let value = answer(&given("u", "p"), &headers, &Uri::from_static("/x"))?;
        value.to_str().unwrap().split(' ').next().map(str::to_owned)
    };
    assert_eq!(scheme(&["Basic realm=\"a\", Digest realm=\"b\", nonce=\"c\""]).unwrap(), "Digest");
    assert_eq!(scheme(&["Basic realm=\"a\"", "Digest realm=\"b\", nonce=\"c\""]).unwrap(), "Digest");
    assert_eq!(
        scheme(&["Digest realm=\"b\", nonce=\"c\", algorithm=SHA-512-256, Basic realm=\"a\""]).unwrap(),
        "Basic"
    );
    assert_eq!(scheme(&["Basic"]).unwrap(), "Basic");
    assert_eq!(scheme(&["Digest realm=\"b\", nonce=\"c\", qop=\"auth-int\""]), None);
    assert_eq!(scheme(&["Bearer realm=\"a\"", "Negotiate"]), None);
    assert_eq!(scheme(&[]), None);
}

#[test]
fn headers_are_taken_apart() {
    let parsed = challenges_of(
        r#"Negotiate, NEGOTIATE dG9rZW4=, , Digest Realm="a, \"b\"" , nonce=x,Basic realm="c=d""#,
    );
    let shown: Vec<(&str, usize)> =
        parsed.iter().map(|challenge| (challenge.scheme.as_str(), challenge.parameters.len())).collect();
    assert_eq!(shown, [("negotiate", 0), ("negotiate", 1), ("digest", 2), ("basic", 1)]);
    assert_eq!(parsed[2].parameter("realm"), Some("a, \"b\""));
    assert_eq!(parsed[2].parameter("nonce"), Some("x"));
    assert_eq!(parsed[3].parameter("realm"), Some("c=d"));
    assert_eq!(challenges_of(""), []);
    assert_eq!(challenges_of("=,\",=\""), []);
}

#[test]
fn what_cannot_be_quoted_is_not_sent() {
    let challenge = one(r#"Digest realm="b", nonce="c""#);
    let uri = Uri::from_static("/");
    assert_eq!(digested(&given("a\"b", "p"), &challenge, &Method::POST, &uri, "n"), None);
}

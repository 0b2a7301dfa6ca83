//! URLs, in all the spellings that somebody may try.

use crate::http::{Endpoint, EndpointFlaw, Scheme};

/// Scheme, connection's host and port, `Host` header, request target, and credentials, in one line.
fn shown(url: &str) -> Result<String, EndpointFlaw> {
    let endpoint = Endpoint::parse(url)?;
    let origin = endpoint.origin();
    let scheme = match endpoint.scheme() {
        Scheme::Http => "http",
        Scheme::Https => "https",
    };
    let given = endpoint.credentials().map(|given| format!(" {}:{}", given.user, given.password));
    Ok(format!(
        "{scheme} {:?} {} {} {}{}",
        origin.host,
        origin.port,
        endpoint.host_header().to_str().unwrap(),
        endpoint.target(),
        given.unwrap_or_default()
    ))
}

#[test]
fn urls_are_taken_apart() {
    for (url, expected) in [
        ("http://example.com", "http Name(\"example.com\") 80 example.com /"),
        ("HTTPS://Example.COM/", "https Name(\"example.com\") 443 example.com /"),
        ("http://example.com.:80/a", "http Name(\"example.com\") 80 example.com /a"),
        (
            "http://example.com:8080/a/b?c=d&e#f",
            "http Name(\"example.com\") 8080 example.com:8080 /a/b?c=d&e",
        ),
        ("https://example.com:80", "https Name(\"example.com\") 80 example.com:80 /"),
        ("http://example.com?q=1", "http Name(\"example.com\") 80 example.com /?q=1"),
        ("http://a_b-c.local/", "http Name(\"a_b-c.local\") 80 a_b-c.local /"),
        ("http://localhost:1/", "http Name(\"localhost\") 1 localhost:1 /"),
        ("http://1.2.3.4:9/", "http Address(1.2.3.4) 9 1.2.3.4:9 /"),
        ("http://1.2.3.4./", "http Address(1.2.3.4) 80 1.2.3.4 /"),
        ("http://[::1]/", "http Address(::1) 80 [::1] /"),
        ("https://[2001:DB8::1]:8443/x", "https Address(2001:db8::1) 8443 [2001:db8::1]:8443 /x"),
        ("http://[::ffff:127.0.0.1]/", "http Address(::ffff:127.0.0.1) 80 [::ffff:127.0.0.1] /"),
        ("http://user:pass@example.com/", "http Name(\"example.com\") 80 example.com / user:pass"),
        ("http://user@example.com/", "http Name(\"example.com\") 80 example.com / user:"),
        ("http://us%40er:p%3Aa%2Fs%20s@[::1]:81/", "http Address(::1) 81 [::1]:81 / us@er:p:a/s s"),
    ] {
        assert_eq!(shown(url).as_deref(), Ok(expected), "{url}");
    }
}

#[test]
fn what_is_no_endpoint_is_refused() {
    for (url, flaw) in [
        ("", EndpointFlaw::Url),
        ("http://", EndpointFlaw::Url),
        ("http:///path", EndpointFlaw::Url),
        ("http://exa mple.com/", EndpointFlaw::Url),
        ("http://example.com/a b", EndpointFlaw::Url),
        ("http://ex\u{e4}mple.com/", EndpointFlaw::Url),
        ("example.com/path", EndpointFlaw::Url),
        ("/path", EndpointFlaw::Scheme),
        ("example.com", EndpointFlaw::Scheme),
        ("ftp://example.com/", EndpointFlaw::Scheme),
        ("file:///etc/passwd", EndpointFlaw::Url),
        ("http://example..com/", EndpointFlaw::Host),
        ("http://.example.com/", EndpointFlaw::Host),
        ("http://exam!ple.com/", EndpointFlaw::Host),
        ("http://[::1%25eth0]/", EndpointFlaw::Host),
        ("http://[1.2.3.4]/", EndpointFlaw::Host),
        ("http://[::g]/", EndpointFlaw::Host),
        ("http://example.com:0/", EndpointFlaw::Port),
        ("http://example.com:/", EndpointFlaw::Port),
        ("http://example.com:65536/", EndpointFlaw::Port),
        ("http://example.com:http/", EndpointFlaw::Port),
        ("http://us%ff:x@example.com/", EndpointFlaw::Credentials),
        // Addresses in disguise.
        ("http://2130706433/", EndpointFlaw::Host),
        ("http://0x7f000001/", EndpointFlaw::Host),
        ("http://0x7f.0.0.1/", EndpointFlaw::Host),
        ("http://0X7F.1/", EndpointFlaw::Host),
        ("http://127.0.0.0x1/", EndpointFlaw::Host),
        ("http://0177.0.0.1/", EndpointFlaw::Host),
        ("http://127.1/", EndpointFlaw::Host),
        ("http://127.0.0.1.1/", EndpointFlaw::Host),
        ("http://0127.0.0.01/", EndpointFlaw::Host),
        ("http://256.0.0.1/", EndpointFlaw::Host),
        ("http://example.1/", EndpointFlaw::Host),
        ("http://127.0.0.1%2f@example.com:x/", EndpointFlaw::Port),
    ] {
        assert_eq!(shown(url), Err(flaw), "{url}");
    }
    let long = "a".repeat(64);
    assert_eq!(shown(&format!("http://{long}.com/")), Err(EndpointFlaw::Host));
    let long = "abcdefg.".repeat(32);
    assert_eq!(shown(&format!("http://{long}com/")), Err(EndpointFlaw::Host));
}

#[test]
fn credentials_are_not_shown() {
    let endpoint = Endpoint::parse("http://user:secret@example.com/").unwrap();
    assert!(!format!("{endpoint:?}").contains("secret"));
}

//! TLS: whom an attempt believes.

use super::*;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

/// A certificate authority, and a server's certificate for these names that it signed.
struct Issued {
    authority_pem: String,
    acceptor: TlsAcceptor,
}

fn issue(names: &[&str]) -> Issued {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &authority).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    Issued { authority_pem: authority.pem(), acceptor: TlsAcceptor::from(Arc::new(config)) }
}

fn trusting(pem: &str) -> Sender {
    let open = Egress::new(Vec::new(), Loopback::Allowed);
    Sender::new(open, Trust::new(Some(pem.as_bytes())).unwrap(), bounds())
}

async fn ending(sender: &Sender, acceptor: &TlsAcceptor, host: &str) -> Ending {
    let server = Server::start_secure(vec![vec![Step::Answer(OK)]], acceptor.clone()).await;
    let url = format!("https://{host}:{}/", server.address.port());
    sender.send(&attempt(&url)).await.ending
}

#[tokio::test]
async fn a_configured_authority_vouches_for_names_and_addresses() {
    let issued = issue(&["localhost", "127.0.0.1"]);
    let sender = trusting(&issued.authority_pem);
    assert_eq!(ending(&sender, &issued.acceptor, "localhost").await, Ending::Answered(200));
    assert_eq!(ending(&sender, &issued.acceptor, "127.0.0.1").await, Ending::Answered(200));
}

#[tokio::test]
async fn a_connection_over_tls_is_used_again() {
    let issued = issue(&["localhost"]);
    let server =
        Server::start_secure(vec![vec![Step::Answer(OK), Step::Answer(OK)]], issued.acceptor.clone()).await;
    let sender = trusting(&issued.authority_pem);
    let url = format!("https://localhost:{}/", server.address.port());
    for _ in 0..2 {
        assert_eq!(sender.send(&attempt(&url)).await.status(), Some(200));
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_stranger_or_another_name_is_not_believed() {
    let issued = issue(&["localhost"]);
    assert_eq!(ending(&sender(), &issued.acceptor, "localhost").await, Ending::Untrusted);
    let other = trusting(&issue(&["localhost"]).authority_pem);
    assert_eq!(ending(&other, &issued.acceptor, "localhost").await, Ending::Untrusted);
    let right = trusting(&issued.authority_pem);
    assert_eq!(ending(&right, &issued.acceptor, "127.0.0.1").await, Ending::Untrusted);
}

#[tokio::test]
async fn an_endpoint_that_does_not_speak_tls_is_told_apart() {
    let server = Server::start(vec![vec![Step::Answer("HTTP/1.1 400 Bad\r\n\r\n")]]).await;
    let outcome = sender().send(&attempt(&format!("https://{}/", server.address))).await;
    // It waits for the end of a request that never comes.
    assert_eq!(outcome.ending, Ending::TimedOut, "{}", outcome.detail);
}

#[test]
fn authorities_are_checked_at_start() {
    let pem = issue(&["localhost"]).authority_pem;
    let system = Trust::new(None).unwrap().authorities();
    assert_eq!(Trust::new(Some(pem.as_bytes())).unwrap().authorities(), system + 1);
    assert!(matches!(Trust::new(Some(b"")), Err(TrustFault::Empty)));
    assert!(matches!(Trust::new(Some(b"no PEM")), Err(TrustFault::Empty)));
    let cut = &pem.as_bytes()[..pem.len() / 2];
    assert!(matches!(Trust::new(Some(cut)), Err(TrustFault::Pem(_))));
    let bad = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
    assert!(matches!(Trust::new(Some(bad.as_bytes())), Err(TrustFault::Certificate(_))));
}

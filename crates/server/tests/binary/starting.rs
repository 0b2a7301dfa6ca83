//! Starting: fast, on free ports, alone on its data directory, and never open to strangers unasked.

use crate::client::Client;
use crate::server::{Launch, run, text};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

#[test]
fn an_empty_directory_is_ready_in_under_a_second() {
    let launch = Launch::new(&[]);
    let server = launch.start();
    assert!(server.took < Duration::from_secs(1), "{:?}", server.took);
    assert_eq!(server.admin().get("/readyz").status, 200);
    assert!(launch.data_dir().join("meta").is_file());
}

#[test]
fn every_listener_is_named_with_its_port() {
    let launch = Launch::new(&["--listen", "127.0.0.1:0", "--memory"]);
    let server = launch.start();
    assert_eq!(server.api.len(), 2);
    for api in &server.api {
        assert!(!api.ends_with(":0"));
        let url = Client::connect(api).queue("q");
        assert_eq!(url, format!("http://{api}/000000000000/q"));
    }
    assert!(!launch.data_dir().exists(), "a server in memory has no data directory");
    assert_eq!(server.said_more(), Vec::<String>::new());
}

#[test]
fn one_banner_says_that_anybody_may_come_in() {
    let launch = Launch::new(&["--memory"]);
    drop(launch.start());
    assert_eq!(launch.log().matches("any signature is accepted").count(), 1, "{}", launch.log());
    let closed = Launch::new(&["--memory", "--access-key-id", "AKID"])
        .with_environment("POSTRIDER_SECRET_ACCESS_KEY", "hush");
    drop(closed.start());
    assert!(!closed.log().contains("any signature") && !closed.log().contains("hush"));
}

#[test]
fn strangers_are_refused_before_anything_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    let data_dir = data_dir.to_str().unwrap();
    for address in [["--listen", "0.0.0.0:0"], ["--admin-listen", "0.0.0.0:0"]] {
        let refused = run(&["serve", "--data-dir", data_dir, address[0], address[1]], &[]);
        assert!(!refused.status.success());
        let told = text(&refused.stderr);
        assert!(told.contains("--insecure-open") && told.contains("access_key_id"), "{told}");
        assert!(!folder.path().join("data").exists());
    }
}

#[test]
fn strangers_may_come_in_if_that_is_asked_for() {
    let launch = Launch::new(&["--memory", "--insecure-open", "--listen", "0.0.0.0:0"])
        .expecting("anybody who can reach this server");
    let server = launch.start();
    assert!(server.api[1].starts_with("0.0.0.0:"));
    assert!(launch.log().contains("WARN"));
}

#[test]
fn a_second_process_on_the_same_data_is_refused() {
    let launch = Launch::new(&[]);
    let server = launch.start();
    let data_dir = launch.data_dir();
    let flags = ["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--data-dir"];
    let refused = run(&[&flags[..], &[data_dir.to_str().unwrap()]].concat(), &[]);
    assert!(!refused.status.success());
    let told = text(&refused.stderr);
    assert!(told.contains("is in use by another process (process "), "{told}");
    assert_eq!(text(&refused.stdout), "", "it never said that it listens");
    assert_eq!(server.admin().get("/readyz").status, 200);
}

#[test]
fn a_port_that_is_taken_is_named() {
    let launch = Launch::new(&["--memory"]);
    let server = launch.start();
    let refused =
        run(&["serve", "--memory", "--admin-listen", "127.0.0.1:0", "--listen", &server.api[0]], &[]);
    assert!(!refused.status.success());
    assert!(
        text(&refused.stderr).contains(&format!("could not listen on {} (setting listen)", server.api[0]))
    );
}

#[test]
fn shards_are_fixed_when_the_data_directory_is_made() {
    let launch = Launch::new(&["--shards", "4"]);
    drop(launch.start());
    let data_dir = launch.data_dir();
    let flags =
        ["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--shards", "2", "--data-dir"];
    let refused = run(&[&flags[..], &[data_dir.to_str().unwrap()]].concat(), &[]);
    assert!(text(&refused.stderr).contains("was created with 4 shards, not 2"), "{}", text(&refused.stderr));
}

#[test]
fn the_signing_key_is_made_once_kept_and_served() {
    let launch = Launch::new(&[]);
    let pem = launch.data_dir().join("signing.pem");
    let server = launch.start();
    let deadline = Instant::now() + Duration::from_secs(30);
    while !launch.log().contains("signing key made") {
        assert!(Instant::now() < deadline, "no key was made");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(std::fs::metadata(&pem).unwrap().permissions().mode() & 0o777, 0o600);
    drop(server);
    let before = std::fs::read_to_string(&pem).unwrap();

    let server = launch.start();
    let log = launch.log();
    assert_eq!(log.matches("signing key made").count(), 1, "{log}");
    let key_id = log.split("key_id=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let mut client = server.client();
    let served = client.get(&format!("/SimpleNotificationService-{key_id}.pem"));
    assert_eq!(served.status, 200);
    assert!(served.body.starts_with("-----BEGIN CERTIFICATE-----") && before.ends_with(&served.body));
    assert!(served.header("x-amzn-requestid").is_some());
    assert_ne!(client.get("/SimpleNotificationService-0000.pem").status, 200);
    assert_eq!(std::fs::read_to_string(&pem).unwrap(), before);
    assert!(!launch.data_dir().join("signing.pem.tmp").exists());
}

#[test]
fn a_damaged_signing_key_stops_the_start() {
    let launch = Launch::new(&[]);
    drop(launch.start());
    std::fs::write(launch.data_dir().join("signing.pem"), "no key").unwrap();
    let data_dir = launch.data_dir();
    let flags = ["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--data-dir"];
    let refused = run(&[&flags[..], &[data_dir.to_str().unwrap()]].concat(), &[]);
    assert!(!refused.status.success());
    assert!(text(&refused.stderr).contains("signing.pem holds no usable key"), "{}", text(&refused.stderr));
}

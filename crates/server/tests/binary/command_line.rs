//! Settings from flags, environment and file; and the commands that are not `serve`.

use crate::server::{run, text};

/// What `postrider config` prints.
fn config(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let printed = run(&[&["config"], arguments].concat(), environment);
    assert!(printed.status.success(), "{}", text(&printed.stderr));
    text(&printed.stdout)
}

#[test]
fn a_flag_goes_before_the_environment_and_that_before_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("postrider.toml");
    std::fs::write(&file, "shards = 2\naccount = \"222222222222\"\nlog_level = \"debug\"\n").unwrap();
    let file = file.to_str().unwrap();
    let environment =
        [("POSTRIDER_SHARDS", "3"), ("POSTRIDER_ACCOUNT", "333333333333"), ("POSTRIDER_CONFIG", file)];
    let printed = config(&["--shards", "4"], &environment);
    for line in
        ["shards = 4", "account = \"333333333333\"", "log_level = \"debug\"", "durability = \"fsync\""]
    {
        assert!(printed.lines().any(|own| own == line), "{line} is not in\n{printed}");
    }
    assert_eq!(
        config(&["--config", file], &[]).lines().find(|l| l.starts_with("shards")),
        Some("shards = 2")
    );
    assert!(!config(&[], &[]).contains("shards"), "what is not set has no line");
}

#[test]
fn what_is_printed_is_a_file_that_means_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("postrider.toml");
    let printed = config(&["--listen", "127.0.0.1:1", "--listen", "[::1]:2", "--body-memory", "1g"], &[]);
    assert!(printed.contains("body_memory = \"1GiB\""));
    std::fs::write(&file, &printed).unwrap();
    assert_eq!(config(&["--config", file.to_str().unwrap()], &[]), printed);
}

#[test]
fn the_secret_is_never_printed() {
    let environment = [("POSTRIDER_ACCESS_KEY_ID", "AKID"), ("POSTRIDER_SECRET_ACCESS_KEY", "hush-hush")];
    let printed = config(&[], &environment);
    assert!(printed.contains("AKID") && !printed.contains("hush"));
    let help = run(&["serve", "--help"], &environment);
    assert!(text(&help.stdout).contains("--secret-access-key") && !text(&help.stdout).contains("hush"));
}

#[test]
fn a_bad_file_is_refused_by_key_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("postrider.toml");
    for (content, expected) in [
        ("shards = 1\n\ncolour = \"blue\"\n", "postrider.toml:3: unknown field `colour`"),
        ("segment_bytes = \"64 parsecs\"\n", "postrider.toml:1: segment_bytes: "),
        ("listen = \"127.0.0.1:1\"\n", "postrider.toml:1: listen: "),
        ("shards = 0\n", "shards: 0 is not between 1 and 256"),
    ] {
        std::fs::write(&file, content).unwrap();
        let refused = run(&["config", "--config", file.to_str().unwrap()], &[]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(text(&refused.stderr).contains(expected), "{}", text(&refused.stderr));
    }
    let refused = run(&["serve", "--config", "/nowhere/postrider.toml"], &[]);
    assert!(text(&refused.stderr).contains("could not read the configuration file /nowhere/postrider.toml"));
}

#[test]
fn the_demo_shows_what_went_where() {
    let shown = run(&["demo"], &[]);
    let out = text(&shown.stdout);
    assert!(shown.status.success(), "{out}{}", text(&shown.stderr));
    for part in [
        "received and deleted from express",
        "boto3.client",
        "aws --endpoint-url",
        "here sns publish",
        "\"Type\":\"Notification\"",
    ] {
        assert!(out.contains(part), "{part} is not in\n{out}");
    }
    assert_eq!(text(&shown.stderr), "");
}

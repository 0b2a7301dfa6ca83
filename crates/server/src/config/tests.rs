//! Where settings come from, and which are refused. The environment is tested on the binary.

use super::*;
use clap::{CommandFactory, Parser};
use std::path::Path;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    layer: Layer,
}

fn flags(line: &str) -> Layer {
    Line::try_parse_from(std::iter::once("x").chain(line.split_whitespace())).unwrap().layer
}

fn file(text: &str) -> Layer {
    Layer::parse(Path::new("p.toml"), text).unwrap()
}

fn refusal(line: &str) -> String {
    Config::resolve(flags(line)).unwrap_err().to_string()
}

#[test]
fn nothing_given_is_a_safe_server() {
    let config = Config::resolve(Layer::default()).unwrap();
    assert_eq!(config.listen, ["127.0.0.1:4566".parse().unwrap()]);
    assert_eq!(config.durability, Durability::Fsync);
    assert!(config.gate().is_open());
}

#[test]
fn help_tells_the_defaults() {
    let printed = Config::resolve(Layer::default()).unwrap().to_toml();
    let command = Line::command();
    let mut table = String::new();
    for line in printed.lines().filter(|line| !line.is_empty()) {
        if let Some(name) = line.strip_prefix('[') {
            table = name.replace(']', ".");
            continue;
        }
        let (key, value) = line.split_once(" = ").unwrap();
        let key = format!("{table}{key}");
        let setting = command.get_arguments().find(|setting| setting.get_id() == key.as_str()).unwrap();
        let help = setting.get_help().unwrap().to_string();
        let value: String = value.chars().filter(|c| !"\"[]".contains(*c)).collect();
        assert!(help.contains(&format!("[default: {value}]")), "{key} is {value}, but: {help}");
    }
}

#[test]
fn flags_go_before_the_file() {
    let file = file("shards = 3\nlisten = [\"127.0.0.1:1\"]\nsegment_bytes = \"16MiB\"\nbody_memory = 1024");
    let config =
        Config::resolve(flags("--shards 2 --listen 127.0.0.1:5 --listen [::1]:6").over(file)).unwrap();
    assert_eq!(config.shards, Some(2));
    assert_eq!(config.listen.len(), 2);
    assert_eq!((config.segment_bytes, config.body_memory), (Size(16 << 20), Size(1024)));
}

#[test]
fn memory_is_short_for_a_durability() {
    for line in ["--memory", "--durability memory", "--memory --durability fsync", "--memory=true"] {
        let config = Config::resolve(flags(line)).unwrap();
        assert_eq!((config.durability, config.memory), (Durability::Memory, true), "{line}");
    }
    let config = Config::resolve(flags("--memory=false").over(file("memory = true"))).unwrap();
    assert_eq!(config.durability, Durability::Fsync);
}

#[test]
fn a_bad_file_is_told_with_key_and_line() {
    let told = |text| Layer::parse(Path::new("p.toml"), text).unwrap_err().to_string();
    assert!(told("shards = 1\ncolour = \"blue\"").starts_with("p.toml:2: unknown field `colour`"));
    let wrong = told("\n\nshards = \"many\"");
    assert!(wrong.starts_with("p.toml:3: shards: invalid type"), "{wrong}");
    assert!(told("log_format = \"xml\"").contains("p.toml:1: log_format: unknown variant"));
    assert!(told("segment_bytes = \"64 parsecs\"").contains("segment_bytes: parsecs is no unit"));
}

#[test]
fn what_is_printed_means_the_same_and_holds_no_secret() {
    let line = "--access-key-id AKID --secret-access-key hush --shards 4 --url http://a:1 --aws-waits off";
    let config = Config::resolve(flags(line)).unwrap();
    let printed = config.to_toml();
    assert!(!printed.contains("hush") && !format!("{config:?}").contains("hush"));
    assert_eq!(Config::resolve(file(&printed)).unwrap().to_toml(), printed);
}

#[test]
fn requests_may_be_as_large_as_batches_need() {
    let request_bytes_max = |line| Config::resolve(flags(line)).unwrap().request_bytes_max;
    assert_eq!(request_bytes_max(""), Size(12 << 20));
    assert_eq!(request_bytes_max("--request-bytes-max 1MiB"), Size(1 << 20));
}

#[test]
fn tables_are_overlaid_setting_by_setting() {
    let file = file("[extensions]\nlocalstack = true\nlong_delay = [\"a\"]\n[limits]\nreceive_max = 20");
    let config =
        Config::resolve(flags("--extensions-long-delay b,c-* --limits-batch-entries-max 50").over(file));
    let config = config.unwrap();
    assert!(config.extensions.localstack);
    assert_eq!(config.limits().long_delay.len(), 2);
    assert_eq!((config.limits().batch_entries_max, config.limits().receive_max), (50, 20));
}

#[test]
fn strangers_are_kept_out() {
    for line in ["--listen 0.0.0.0:4566", "--listen 127.0.0.1:1,[::]:4566", "--admin-listen 192.0.2.1:4567"] {
        let told = refusal(line);
        assert!(told.contains("--insecure-open") && told.contains("access_key_id"), "{told}");
        assert!(Config::resolve(flags(&format!("{line} --insecure-open"))).is_ok());
        let credentials = format!("{line} --access-key-id A --secret-access-key b");
        assert!(!Config::resolve(flags(&credentials)).unwrap().gate().is_open());
    }
    for line in ["--listen 127.0.0.9:4566", "--listen [::1]:4566", "--listen [::ffff:127.0.0.1]:1"] {
        assert!(Config::resolve(flags(line)).is_ok(), "{line}");
    }
}

#[test]
fn values_have_bounds() {
    assert!(refusal("--shards 0").starts_with("shards: "));
    assert!(refusal("--segment-bytes 1MiB").contains("1MiB is not between 8MiB and 1GiB"));
    assert!(refusal("--request-bytes-max 1").starts_with("request_bytes_max: "));
    assert!(refusal("--client-timeout-s 0").starts_with("client_timeout_s: "));
    assert!(refusal("--access-key-id A").starts_with("secret_access_key: "));
    assert!(refusal("--secret-access-key b").starts_with("access_key_id: "));
    assert!(refusal("--account 12").starts_with("account: "));
    assert!(refusal("--url sqs.example").starts_with("url: "));
    assert!(refusal("--region US").starts_with("region: "));
    assert!(refusal("--limits-receive-max 9").starts_with("limits.receive_max: "));
    assert!(refusal("--limits-batch-entries-max 101").starts_with("limits.batch_entries_max: "));
    assert!(refusal("--limits-message-bytes-max 3MiB").starts_with("limits.message_bytes_max: "));
    assert!(refusal("--log-level a=b=c").starts_with("log_level: "));
}

#[test]
fn limits_of_topics_can_be_raised() {
    let config = Config::resolve(Layer::default()).unwrap();
    assert_eq!(config.limits.bounds(), postrider_core::shard::Bounds::default());
    let raised = flags(
        "--limits-topic-filters-max 1000 --limits-account-filters-max 20000 --limits-endpoint-owed-max 5",
    );
    let bounds = Config::resolve(raised).unwrap().limits.bounds();
    assert_eq!((bounds.filters_per_topic, bounds.owed_per_endpoint), (1_000, 5));
    assert_eq!(bounds.filters_per_account, 20_000);
    for (flag, key) in [
        ("--limits-topic-filters-max 0", "limits.topic_filters_max"),
        ("--limits-account-filters-max 0", "limits.account_filters_max"),
        ("--limits-account-filters-max 1000001", "limits.account_filters_max"),
        ("--limits-topic-subscriptions-max 20001", "limits.topic_subscriptions_max"),
        ("--limits-endpoint-owed-max 0", "limits.endpoint_owed_max"),
    ] {
        let told = Config::resolve(flags(flag)).unwrap_err().to_string();
        assert!(told.starts_with(&format!("{key}: ")), "{told}");
    }
}

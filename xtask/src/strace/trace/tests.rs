//! Recordings that prove the order, and recordings that do not.

use super::*;

const GOOD: &str = r#"11  1.000000 recvfrom(9<socket:[1]>, "POST", 4) = 4
12  1.000100 pwrite64(5</d/0/log/1.seg>, "\1\0body-1\0", 8, 4096 <unfinished ...>
11  1.000150 write(2</d.log>, "info", 4) = 4
12  1.000200 <... pwrite64 resumed>) = 8
13  1.000300 fdatasync(5</d/0/log/1.seg> <unfinished ...>
11  1.000350 write(9<TCP:[127.0.0.1:1->127.0.0.1:2]>, "HTTP/1.1 200 OK other", 21) = 21
13  1.000400 <... fdatasync resumed>) = 0
11  1.000500 writev(9<socket:[1]>, [{iov_base="HTTP/1.1 200 OK", iov_len=15}, {iov_base="{id-1}", iov_len=6}], 2) = 21
11  1.000600 +++ exited with 0 +++
"#;

fn report(recording: &str) -> Report {
    check(recording, "/d/", &[Sent { body: "body-1".to_owned(), message_id: "id-1".to_owned() }])
}

fn complaint(recording: &str) -> String {
    let report = report(recording);
    assert_eq!((report.proved, report.complaints.len()), (0, 1), "{report:?}");
    report.complaints[0].clone()
}

#[test]
fn the_right_order_is_proved() {
    let report = report(GOOD);
    assert_eq!((report.proved, report.syncs, report.complaints.len()), (1, 1, 0), "{report:?}");
}

#[test]
fn a_sync_taken_out_is_found() {
    let without: Vec<&str> = GOOD.lines().filter(|line| !line.contains("fdatasync")).collect();
    assert!(complaint(&without.join("\n")).contains("no sync"));
}

#[test]
fn a_reply_before_the_sync_returns_is_found() {
    let early = GOOD.replace("HTTP/1.1 200 OK other", "HTTP/1.1 200 OK id-1");
    assert!(complaint(&early).contains("no sync"));
}

#[test]
fn a_sync_that_began_before_the_write_returned_proves_nothing() {
    let mut lines: Vec<&str> = GOOD.lines().collect();
    lines.swap(3, 4);
    assert!(complaint(&lines.join("\n")).contains("no sync"));
}

#[test]
fn a_sync_that_failed_or_of_another_file_proves_nothing() {
    assert!(
        complaint(&GOOD.replace("fdatasync resumed>) = 0", "fdatasync resumed>) = -1 EIO (x)"))
            .contains("no sync")
    );
    assert!(
        complaint(&GOOD.replace("fdatasync(5</d/0/log/1.seg>", "fdatasync(6</d/1/log/1.seg>"))
            .contains("no sync")
    );
}

#[test]
fn a_message_that_is_nowhere_is_found() {
    assert!(complaint(&GOOD.replace("body-1", "b")).contains("no write to the log"));
    assert!(complaint(&GOOD.replace("id-1", "i")).contains("no write to a socket"));
}

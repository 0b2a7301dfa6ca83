//! HTTP/2 on the same port, as far as one request shows it: with prior knowledge, signed.

use crate::server::Launch;
use crate::signer::sign;
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// A header field as a literal that is not indexed, in plain text. Lengths over 126 take more bytes.
fn field(name: &str, value: &str) -> Vec<u8> {
    let mut field = vec![0];
    for text in [name, value] {
        match text.len() {
            short @ 0..127 => field.push(u8::try_from(short).unwrap()),
            long => {
                let mut rest = long - 127;
                field.push(127);
                while rest >= 128 {
                    field.push(u8::try_from(rest % 128).unwrap() | 128);
                    rest /= 128;
                }
                field.push(u8::try_from(rest).unwrap());
            }
        }
        field.extend(text.as_bytes());
    }
    field
}

/// The first header block and the data of stream 1.
fn answer(stream: &mut TcpStream) -> (Vec<u8>, Vec<u8>) {
    let (mut block, mut data) = (Vec::new(), Vec::new());
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).unwrap();
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        stream.read_exact(&mut payload).unwrap();
        let (kind, flags, id) = (head[3], head[4], u32::from_be_bytes(head[5..].try_into().unwrap()));
        match (kind, id) {
            (HEADERS, 1) => block = payload,
            (DATA, 1) => data.extend(payload),
            _ => continue,
        }
        if flags & END_STREAM != 0 {
            return (block, data);
        }
    }
}

#[test]
fn a_signed_request_over_http2_is_answered() {
    let (id, secret) = ("AKIDPOSTRIDERTEST001", "made-up");
    let launch = Launch::new(&["--memory", "--access-key-id", id, "--secret-access-key", secret]);
    let server = launch.start();
    let host = server.api[0].clone();
    let input = json!({ "QueueName": "over-http2" });
    let mut fields: Vec<u8> = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/"),
        (":authority", host.as_str()),
        ("content-type", "application/x-amz-json-1.0"),
        ("x-amz-target", "AmazonSQS.CreateQueue"),
    ]
    .iter()
    .flat_map(|(name, value)| field(name, value))
    .collect();
    let signature = sign(&host, "CreateQueue", &input, (id, secret));
    for (name, value) in signature.lines().filter_map(|line| line.split_once(": ")) {
        fields.extend(field(name, value));
    }
    let mut stream = TcpStream::connect(&host).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let request = [
        PREFACE.to_vec(),
        frame(SETTINGS, 0, 0, &[]),
        frame(HEADERS, END_HEADERS, 1, &fields),
        frame(DATA, END_STREAM, 1, input.to_string().as_bytes()),
    ];
    stream.write_all(&request.concat()).unwrap();
    let (block, data) = answer(&mut stream);
    let data = String::from_utf8(data).unwrap();
    // The first field is the indexed `:status: 200`.
    assert_eq!(block[0], 0x88, "{data}");
    assert_eq!(data, json!({ "QueueUrl": format!("http://{host}/000000000000/over-http2") }).to_string());
}

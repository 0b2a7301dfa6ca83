//! The bytes of frames, and what counts as one.

use super::*;

const IDENTITY: Identity = Identity { shard: 3, salt: 0x1122_3344_5566_7788 };

fn entry(number: u64, payload: &'static [u8]) -> Entry {
    Entry { epoch: 7, number, time_ms: 1_700_000_000_000, payload: Bytes::from_static(payload) }
}

#[test]
fn what_is_written_is_read_back() {
    let start = Position::start(IDENTITY);
    let mut buffer = Vec::new();
    let after = write(&mut buffer, IDENTITY, &start, &entry(1, b"hello"), 0);
    assert_eq!(buffer.len(), 64, "56 bytes of header, 5 of payload, 3 of padding");
    let header = Header::parse(&buffer, IDENTITY).unwrap();
    assert!(header.fits(&buffer[..61]));
    assert!(header.continues(&start));
    assert_eq!(header.position(), after);
    assert_eq!(header.entry(Bytes::copy_from_slice(&buffer[56..61])), entry(1, b"hello"));
}

#[test]
fn every_flipped_bit_is_noticed() {
    let start = Position::start(IDENTITY);
    let mut buffer = Vec::new();
    let _ = write(&mut buffer, IDENTITY, &start, &entry(1, b"hello"), 0);
    for bit in 0..61 * 8 {
        let mut frame = buffer[..61].to_vec();
        frame[bit / 8] ^= 1 << (bit % 8);
        let whole = Header::parse(&frame, IDENTITY).is_some_and(|header| header.fits(&frame));
        assert!(!whole, "bit {bit}");
    }
}

#[test]
fn a_frame_of_another_log_or_of_another_past_does_not_continue() {
    let start = Position::start(IDENTITY);
    let mut buffer = Vec::new();
    let one = write(&mut buffer, IDENTITY, &start, &entry(1, b"a"), 0);
    let other = write(&mut Vec::new(), IDENTITY, &start, &entry(1, b"b"), 0);
    let mut second = Vec::new();
    let _ = write(&mut second, IDENTITY, &one, &entry(2, b"c"), 1);
    let header = Header::parse(&second, IDENTITY).unwrap();
    assert!(header.continues(&one));
    assert!(!header.continues(&other), "the number fits, the past does not");
    assert!(!header.continues(&start));
    assert!(header.fits(&second[..57]));
    assert_eq!(Header::parse(&second, Identity { salt: 1, ..IDENTITY }), None);
    assert_eq!(Header::parse(&second, Identity { shard: 4, ..IDENTITY }), None);
}

#[test]
fn too_few_bytes_or_a_wrong_mark_are_no_header() {
    assert_eq!(Header::parse(&[], IDENTITY), None);
    assert_eq!(Header::parse(&[0; HEADER_BYTES], IDENTITY), None);
    assert_eq!(Header::parse(&IDENTITY.mark(), IDENTITY), None);
}

#[test]
fn the_crc_is_castagnoli() {
    assert_eq!(crc(b"123456789"), 0xe306_9283);
}

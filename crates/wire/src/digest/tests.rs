//! Every vector of the golden file, most of them confirmed by recordings of AWS.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use super::{attributes, body};
use crate::attribute::{Attribute, Value};

fn vectors() -> Json {
    let path = format!("{}/../../tests/golden/md5.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn attribute<'v>((name, value): (&'v String, &'v Json)) -> Attribute<'v> {
    let content = match value["BinaryValue"].as_str() {
        Some(base64) => Value::Binary(STANDARD.decode(base64).unwrap().into()),
        None => Value::Text(value["StringValue"].as_str().unwrap().into()),
    };
    Attribute { name: name.into(), data_type: value["DataType"].as_str().unwrap().into(), value: content }
}

#[test]
fn attribute_digests_are_what_aws_returned() {
    for vector in vectors()["attributeMd5"].as_array().unwrap() {
        let mut list: Vec<_> = vector["attributes"].as_object().unwrap().iter().map(attribute).collect();
        for _ in 0..2 {
            let md5 = attributes(&list).unwrap();
            assert_eq!(md5.to_string(), vector["md5"].as_str().unwrap(), "{}", vector["name"]);
            list.reverse();
        }
    }
}

#[test]
fn body_digests_are_what_aws_returned() {
    for vector in vectors()["bodies"].as_array().unwrap() {
        assert_eq!(body(vector["body"].as_str().unwrap()).to_string(), vector["md5"].as_str().unwrap());
    }
}

#[test]
fn no_attributes_have_no_digest() {
    assert_eq!(attributes(&[]), None);
}

//! Endpoints of subscriptions: what each protocol calls one, and who has to confirm (sns 4).

use super::Call;
use postrider_core::Arn;
use postrider_core::name::Name;
use postrider_core::topic::subscription::{Endpoint, Protocol};
use postrider_iam::{Account, is_region};
use postrider_outbound::egress::Egress;
use postrider_outbound::http::{Endpoint as Url, Scheme};
use postrider_wire::error::{Error, sns as errors};
use postrider_wire::sns::platform::Resource;
use postrider_wire::sns::sms::is_endpoint;

/// The longest URL, bytes: what browsers and proxies can be relied on to take.
const URL_BYTES_MAX: usize = 2_048;
/// The longest phone number with its punctuation, bytes. A bound of ours.
const PHONE_BYTES_MAX: usize = 32;
/// The longest e-mail address, bytes (RFC 5321).
const EMAIL_BYTES_MAX: usize = 254;

/// Reads the endpoint that is to be subscribed to a topic.
///
/// # Errors
/// There is no such protocol, the endpoint is none of it, or the topic cannot have it.
pub(super) fn endpoint(topic: &Arn, protocol: &str, text: &str, egress: &Egress) -> Result<Endpoint, Error> {
    let known = Protocol::parse(protocol).ok_or_else(|| errors::unknown_protocol(protocol))?;
    if topic.is_fifo() && known != Protocol::Sqs {
        return Err(errors::protocol_of_fifo_topic(protocol));
    }
    match known {
        Protocol::Sqs => return queue(topic, text).map(Endpoint::Queue),
        Protocol::Http => url(text, Scheme::Http, egress)?,
        Protocol::Https => url(text, Scheme::Https, egress)?,
        Protocol::Email | Protocol::EmailJson if is_email(text) => {}
        // AWS's words for this are not known.
        Protocol::Email | Protocol::EmailJson => return Err(errors::invalid_parameter("Email address")),
        Protocol::Sms if text.len() <= PHONE_BYTES_MAX && is_endpoint(text) => {}
        Protocol::Sms => return Err(errors::sms_endpoint(text)),
        Protocol::Application => {
            let is_endpoint =
                |arn: &Arn| matches!(Resource::parse(arn.resource()), Some(Resource::Endpoint { .. }));
            arn_of(text, "sns", "Application", is_endpoint)?;
        }
        Protocol::Lambda => {
            arn_of(text, "lambda", "Lambda", |arn| arn.resource().starts_with("function:"))?;
        }
        Protocol::Firehose => {
            arn_of(text, "firehose", "Firehose", |arn| arn.resource().starts_with("deliverystream/"))?;
        }
    }
    Ok(Endpoint::Other(known, text.into()))
}

/// A queue need not exist, and may be of any account and region.
fn queue(topic: &Arn, text: &str) -> Result<Arn, Error> {
    let queue = Arn::parse(text).filter(names_queue).ok_or_else(errors::sqs_endpoint)?;
    if queue.is_fifo() && !topic.is_fifo() {
        return Err(errors::fifo_queue_on_standard_topic());
    }
    Ok(queue)
}

/// Could there be a queue of this ARN?
pub(super) fn names_queue(arn: &Arn) -> bool {
    let place = is_region(arn.region()) && Account::parse(arn.account()).is_some();
    arn.service() == "sqs" && place && Name::queue(arn.resource()).is_some()
}

fn url(text: &str, scheme: Scheme, egress: &Egress) -> Result<(), Error> {
    let url = Url::parse(text).ok().filter(|url| text.len() <= URL_BYTES_MAX && url.scheme() == scheme);
    let url = url.ok_or_else(errors::endpoint_of_other_protocol)?;
    // A name is judged by its addresses when it is connected to.
    match url.address().map(|address| egress.judge(address)) {
        Some(Err(_)) => Err(errors::endpoint_address(text)),
        Some(Ok(())) | None => Ok(()),
    }
}

fn is_email(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte > b' ' && byte != 0x7f && !b"<>,;\"\\".contains(&byte));
    let parts = text.rsplit_once('@');
    plain
        && text.len() <= EMAIL_BYTES_MAX
        && parts.is_some_and(|(user, host)| {
            !user.is_empty() && !user.contains('@') && host.split('.').all(|label| !label.is_empty())
        })
}

fn arn_of(text: &str, service: &str, what: &str, names: impl Fn(&Arn) -> bool) -> Result<(), Error> {
    let arn = Arn::parse(text).filter(|arn| arn.service() == service && names(arn));
    let arn = arn.filter(|arn| is_region(arn.region()) && Account::parse(arn.account()).is_some());
    arn.map(|_| ()).ok_or_else(|| errors::endpoint_arn_of(what))
}

/// Whether somebody at the endpoint has to agree: people and web servers do, and what belongs to another account than
/// the topic, unless that account subscribes it.
pub(super) fn has_to_confirm(call: &Call<'_, '_>, endpoint: &Endpoint) -> bool {
    match endpoint.protocol() {
        Protocol::Http | Protocol::Https | Protocol::Email | Protocol::EmailJson => true,
        Protocol::Sms => false,
        Protocol::Sqs | Protocol::Application | Protocol::Lambda | Protocol::Firehose => {
            let arn = Arn::parse(endpoint.address());
            let owner = arn.as_ref().map_or("", |arn| arn.account());
            owner != call.subject.arn.account() && owner != call.caller.account().as_str()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use postrider_outbound::egress::Loopback;

    const QUEUE: &str = "arn:aws:sqs:eu-west-1:210987654321:orders";

    fn read(topic: &str, protocol: &str, text: &str) -> Result<Endpoint, Error> {
        let topic = Arn::of("aws", "sns", "us-east-1", "000000000000", topic);
        endpoint(&topic, protocol, text, &Egress::new(Vec::new(), Loopback::Refused))
    }

    #[test]
    fn queues_are_named_by_their_arns() {
        assert_eq!(read("t", "sqs", QUEUE).unwrap().address(), QUEUE);
        for bad in ["", "http://localhost/1/q", "arn:aws:sns:us-east-1:1:t", "arn:aws:sqs:us-east-1:1:a:b"] {
            assert_eq!(read("t", "sqs", bad), Err(errors::sqs_endpoint()), "{bad}");
        }
        let fifo = format!("{QUEUE}.fifo");
        assert_eq!(read("t", "sqs", &fifo), Err(errors::fifo_queue_on_standard_topic()));
        assert!(read("t.fifo", "sqs", &fifo).is_ok() && read("t.fifo", "sqs", QUEUE).is_ok());
    }

    #[test]
    fn each_protocol_has_endpoints_of_its_own() {
        let account = "us-east-1:210987654321";
        let device = format!("arn:aws:sns:{account}:endpoint/GCM/app/5f0c2f6e-7b1d-4a53-9d7e-0c2b8a1e4d11");
        let function = format!("arn:aws:lambda:{account}:function:f");
        let stream = format!("arn:aws:firehose:{account}:deliverystream/s");
        for (protocol, good, bad) in [
            ("http", "http://example.com/a?b", "https://example.com/"),
            ("https", "https://user:pass@example.com:8443/", "http://example.com/"),
            ("https", "https://example.com", "example.com"),
            ("email", "ann@example.com", "ann"),
            ("email-json", "ann@example.com", "ann@exa mple.com"),
            ("sms", "+1-555 0100", "+15--55"),
            ("application", &*device, QUEUE),
            ("lambda", &*function, &*stream),
            ("firehose", &*stream, &*function),
        ] {
            let endpoint = read("t", protocol, good).unwrap();
            assert_eq!((endpoint.protocol().as_str(), endpoint.address()), (protocol, good));
            assert!(read("t", protocol, bad).is_err(), "{protocol} {bad}");
            assert_eq!(read("t.fifo", protocol, good), Err(errors::protocol_of_fifo_topic(protocol)));
        }
        assert_eq!(read("t", "carrier-pigeon", "x"), Err(errors::unknown_protocol("carrier-pigeon")));
        assert_eq!(read("t", "sms", "x"), Err(errors::sms_endpoint("x")));
    }

    #[test]
    fn addresses_inside_are_refused_unless_they_are_allowed() {
        for inside in ["http://127.0.0.1/", "http://10.0.0.1/", "http://169.254.169.254/", "http://[::1]/"] {
            assert_eq!(read("t", "http", inside), Err(errors::endpoint_address(inside)));
        }
        assert!(read("t", "http", "http://localhost:8080/").is_ok());
    }
}

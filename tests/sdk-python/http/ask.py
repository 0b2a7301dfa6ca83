"""What the tests of deliveries over HTTP ask and expect in the same words."""

import base64
import json
import re
import urllib.request

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
PLAIN = "text/plain; charset=UTF-8"
SUBSCRIPTION = "SubscriptionConfirmation"
UNSUBSCRIPTION = "UnsubscribeConfirmation"
SIGNED = {
    "Notification": ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
    SUBSCRIPTION: ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
    UNSUBSCRIPTION: ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
}

# The settings of the server that these tests need, as flags.


def allowing(*networks):
    """Deliveries may go to these networks, besides the public internet."""
    return ["--delivery-allow", ",".join(networks)]


def trusting(certificate_path):
    """Endpoints may have certificates of this authority."""
    return ["--delivery-ca-file", certificate_path]


def default_policy(policy):
    """The delivery policy of subscriptions whose topic has none."""
    return ["--delivery-http-retry", json.dumps(policy)]


def owing(deliveries):
    """That many deliveries of one subscription may be owed."""
    return ["--limits-endpoint-owed-max", str(deliveries)]


def at_once(retries):
    """A delivery policy: that many retries, without a pause."""
    return {"healthyRetryPolicy": {"numRetries": retries, "numNoDelayRetries": retries}}


def every_second(retries):
    """A delivery policy: that many retries, a second apart, which is the shortest pause there is."""
    return {"healthyRetryPolicy": {"minDelayTarget": 1, "maxDelayTarget": 1, "numRetries": retries}}


def asked(sns, topic, path, url=None, **attributes):
    """Subscribes an endpoint; it may have been confirmed or not when this returns. The subscription's ARN.

    Attributes that are not text become JSON."""
    attributes = {k: v if isinstance(v, str) else json.dumps(v) for k, v in attributes.items()}
    url = url or path.url
    return sns.subscribe(
        TopicArn=topic,
        Protocol=url.partition(":")[0],
        Endpoint=url,
        Attributes=attributes,
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]


def subscribed(sns, topic, path, url=None, **attributes):
    """Subscribes an endpoint that confirms by itself, and waits for that. The subscription's ARN."""
    before = path.confirmed()
    arn = asked(sns, topic, path, url, **attributes)
    path.wait_confirmed(before + 1)
    return arn


def dead_letters(dead):
    """The attribute that sends to this queue what could not be delivered."""
    return {"deadLetterTargetArn": dead[1]}


def shown(sns, subscription):
    return sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]


def counted(sns, topic):
    """Confirmed, pending and deleted subscriptions of a topic."""
    attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    return tuple(int(attributes[f"Subscriptions{what}"]) for what in ("Confirmed", "Pending", "Deleted"))


def printed(message):
    """An envelope as AWS prints it: a line for each key, spaces on both sides of the colon."""
    values = ((key, json.dumps(value, ensure_ascii=False)) for key, value in message.items())
    return "{\n" + ",\n".join(f'  "{key}" : {value}' for key, value in values) + "\n}"


def verified(message):
    """Checks the signature of a message against the certificate that it names."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    with urllib.request.urlopen(message["SigningCertURL"], timeout=10) as reply:
        certificate = x509.load_pem_x509_certificate(reply.read())
    signed = "".join(f"{key}\n{message[key]}\n" for key in SIGNED[message["Type"]] if key in message)
    digest = {"1": hashes.SHA1(), "2": hashes.SHA256()}[message["SignatureVersion"]]
    signature = base64.b64decode(message["Signature"], validate=True)
    certificate.public_key().verify(signature, signed.encode(), padding.PKCS1v15(), digest)
    return True

"""Judges messages with the validators of PyPI, unmodified: `python judge.py django-ses < messages`.

A message is a line of base64; the verdict on it is a line, `ok` or `refused <why>`. The name of the host that has
the certificate leads to SNS_ADDRESS; what is trusted is in SSL_CERT_FILE and REQUESTS_CA_BUNDLE.
"""

import base64
import json
import os
import sys

from tls_front import resolved_to


def aws_sns_message_validator():
    from sns_message_validator import SNSMessageValidator

    return SNSMessageValidator().validate_message


def django_ses():
    import django.conf

    django.conf.settings.configure()
    from django_ses.utils import verify_event_message

    def judge(message):
        if not verify_event_message(message):
            raise ValueError("not verified")

    return judge


JUDGES = {
    "aws-sns-message-validator": aws_sns_message_validator,
    "django-ses": django_ses,
}


def main():
    judge = JUDGES[sys.argv[1]]()
    with resolved_to(os.environ["SNS_ADDRESS"], os.environ["SNS_HOST"]):
        for line in sys.stdin:
            try:
                judge(json.loads(base64.b64decode(line)))
                print("ok")
            except Exception as error:  # Each validator has errors of its own.
                print("refused", repr(error).replace("\n", " "))


main()

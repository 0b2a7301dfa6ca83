"""Text messages as an account sees them: attributes, phones that opted out, the sandbox, publishing to a phone."""

import re
import urllib.request

import pytest

from calls import refused, until

PHONE = "+15550100"


@pytest.fixture
def opt_out(server, account):
    """Has the owner of a phone want no messages, as the operator does it."""

    def put(phone, account=account, region="us-east-1"):
        path = f"/v1/opted-out/{region}/{account}/{phone}"
        request = urllib.request.Request(f"http://{server.admin}{path}", method="PUT")
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                return reply.status
        except urllib.error.HTTPError as error:
            return error.code

    return put


def attributes_of(sns, *names):
    return sns.get_sms_attributes(attributes=list(names))["attributes"]


def test_attributes(sns):
    assert attributes_of(sns) == {"MonthlySpendLimit": "1"}
    sns.set_sms_attributes(attributes={"DefaultSMSType": "Transactional", "DefaultSenderID": "shop1"})
    sns.set_sms_attributes(attributes={"MonthlySpendLimit": "5", "DeliveryStatusSuccessSamplingRate": "100"})
    assert attributes_of(sns) == {
        "DefaultSMSType": "Transactional",
        "DefaultSenderID": "shop1",
        "MonthlySpendLimit": "5",
        "DeliveryStatusSuccessSamplingRate": "100",
    }
    assert attributes_of(sns, "DefaultSenderID", "UsageReportS3Bucket") == {"DefaultSenderID": "shop1"}


@pytest.mark.parametrize(
    "given, message",
    [
        ({"Colour": "red"}, "Colour is not a valid attribute"),
        ({"DefaultSMSType": "Loud"}, "DefaultSMSType is invalid"),
        ({"DefaultSenderID": "123"}, "DefaultSendID is not a valid attribute"),
        ({"DeliveryStatusSuccessSamplingRate": "101"}, "DeliveryStatusSuccessSamplingRate is invalid"),
    ],
)
def test_attributes_are_checked_all_or_none(sns, given, message):
    given = {"DefaultSMSType": "Promotional", **given}
    assert refused(sns.set_sms_attributes, attributes=given) == ("InvalidParameter", message, 400)
    assert attributes_of(sns) == {"MonthlySpendLimit": "1"}


def test_attributes_are_those_of_an_account_and_a_region(server, sns, account):
    sns.set_sms_attributes(attributes={"DefaultSMSType": "Promotional"})
    assert "DefaultSMSType" not in attributes_of(server.client("sns", key=account, region="eu-west-1"))
    assert "DefaultSMSType" not in attributes_of(server.client("sns", key="210000000000"))


def test_opting_out_and_in(sns, opt_out):
    def is_opted_out():
        return sns.check_if_phone_number_is_opted_out(phoneNumber=PHONE)["isOptedOut"]

    assert is_opted_out() is False
    assert sns.list_phone_numbers_opted_out()["phoneNumbers"] == []
    assert opt_out(PHONE) == 200
    assert opt_out(PHONE) == 200
    assert is_opted_out() is True
    assert sns.list_phone_numbers_opted_out() | {"ResponseMetadata": None} == {
        "phoneNumbers": [PHONE],
        "ResponseMetadata": None,
    }
    sns.opt_in_phone_number(phoneNumber=PHONE)
    sns.opt_in_phone_number(phoneNumber=PHONE)
    assert is_opted_out() is False
    bad = ("InvalidParameter", "Invalid parameter: PhoneNumber Reason: input incorrectly formatted", 400)
    assert refused(sns.opt_in_phone_number, phoneNumber="5550100") == bad
    assert refused(sns.check_if_phone_number_is_opted_out, phoneNumber="5550100") == bad


def test_opted_out_phones_are_paged(sns, opt_out):
    phones = [f"+1555{n:04}" for n in range(103)]
    for phone in phones:
        opt_out(phone)
    pages = list(sns.get_paginator("list_phone_numbers_opted_out").paginate())
    assert [len(page["phoneNumbers"]) for page in pages] == [100, 3]
    assert [phone for page in pages for phone in page["phoneNumbers"]] == phones


def test_the_operator_is_told_what_is_wrong(opt_out):
    assert opt_out("5550100") == 400
    assert opt_out(PHONE, account="12") == 400
    assert opt_out(PHONE, region="nowhere%20at%20all") == 400


def test_the_sandbox(server, sns):
    """The operator reads the password in the log, and tells it to whoever has the phone."""

    def password():
        said = re.findall(rf'one-time password.*phone="?{re.escape(PHONE)}"?.*password="?(\d+)', server.log())
        return said[-1] if said else None

    assert sns.get_sms_sandbox_account_status()["IsInSandbox"] is False
    assert sns.list_sms_sandbox_phone_numbers()["PhoneNumbers"] == []
    sns.create_sms_sandbox_phone_number(PhoneNumber=PHONE, LanguageCode="de-DE")
    assert sns.list_sms_sandbox_phone_numbers()["PhoneNumbers"] == [{"PhoneNumber": PHONE, "Status": "Pending"}]
    right = until(password, "the password is in the log")
    wrong = "000000" if right != "000000" else "111111"
    assert refused(sns.verify_sms_sandbox_phone_number, PhoneNumber=PHONE, OneTimePassword=wrong) == (
        "VerificationException",
        "The one-time password is not valid.",
        400,
    )
    with pytest.raises(sns.exceptions.VerificationException):
        sns.verify_sms_sandbox_phone_number(PhoneNumber=PHONE, OneTimePassword=wrong)
    sns.verify_sms_sandbox_phone_number(PhoneNumber=PHONE, OneTimePassword=right)
    assert sns.list_sms_sandbox_phone_numbers()["PhoneNumbers"] == [{"PhoneNumber": PHONE, "Status": "Verified"}]
    code, _, status = refused(sns.delete_sms_sandbox_phone_number, PhoneNumber=PHONE)
    assert (code, status) == ("UserError", 400), "a day has not passed"
    assert refused(sns.delete_sms_sandbox_phone_number, PhoneNumber="+15550199") == (
        "ResourceNotFound",
        "The phone number is not in the SMS sandbox.",
        404,
    )


def test_the_sandbox_has_ten_phones(sns, opt_out):
    phones = [f"+1555010{n}" for n in range(10)]
    for phone in phones:
        sns.create_sms_sandbox_phone_number(PhoneNumber=phone)
    code, _, status = refused(sns.create_sms_sandbox_phone_number, PhoneNumber="+15550110")
    assert (code, status) == ("UserError", 400)
    opt_out(phones[0])
    code, _, status = refused(sns.create_sms_sandbox_phone_number, PhoneNumber=phones[0])
    assert (code, status) == ("OptedOut", 400)
    pages = list(sns.get_paginator("list_sms_sandbox_phone_numbers").paginate(PaginationConfig={"PageSize": 4}))
    assert [len(page["PhoneNumbers"]) for page in pages] == [4, 4, 2]
    assert [phone["PhoneNumber"] for page in pages for phone in page["PhoneNumbers"]] == phones


def test_there_are_no_origination_numbers(sns):
    answer = sns.list_origination_numbers(MaxResults=30)
    assert answer["PhoneNumbers"] == [] and "NextToken" not in answer
    code, _, status = refused(sns.list_origination_numbers, MaxResults=31)
    assert (code, status) == ("ValidationError", 400)


def test_publishing_to_a_phone(sns, opt_out):
    """What is wrong is found; what is right is refused, too, since nothing would send it."""

    def publish(**arguments):
        return refused(sns.publish, **{"PhoneNumber": PHONE, "Message": "hello", **arguments})

    assert publish(PhoneNumber="+1-555") == (
        "InvalidParameter",
        "Invalid parameter: PhoneNumber Reason: +1-555 is not valid to publish to",
        400,
    )
    assert publish(Message="x" * 1601)[1] == "Invalid parameter: Message too long"
    assert publish(Message="x" * 1600)[1].endswith("Text messages are not supported by this server yet")
    opt_out(PHONE)
    assert publish()[0] == "OptedOut"
    with pytest.raises(sns.exceptions.ClientError, match="OptedOut"):
        sns.publish(PhoneNumber=PHONE, Message="hello")


def test_all_of_it_survives_kill_minus_nine(own_server):
    server = own_server()
    sns = server.client("sns")
    sns.set_sms_attributes(attributes={"DefaultSenderID": "shop"})
    sns.create_sms_sandbox_phone_number(PhoneNumber=PHONE)
    path = f"/v1/opted-out/us-east-1/000000000000/{PHONE}9"
    urllib.request.urlopen(urllib.request.Request(f"http://{server.admin}{path}", method="PUT"), timeout=10)
    server.restart_after_kill()
    assert attributes_of(sns) == {"DefaultSenderID": "shop", "MonthlySpendLimit": "1"}
    assert sns.list_phone_numbers_opted_out()["phoneNumbers"] == [PHONE + "9"]
    assert sns.list_sms_sandbox_phone_numbers()["PhoneNumbers"] == [{"PhoneNumber": PHONE, "Status": "Pending"}]

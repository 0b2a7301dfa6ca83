"""Platform applications and endpoints: made, listed, changed, deleted, published to."""

import json

import pytest

from calls import refused

GONE = ("NotFound", "PlatformApplication does not exist", 404)
NO_ENDPOINT = ("NotFound", "Endpoint does not exist", 404)


def application(sns, name, platform="GCM", **attributes):
    attributes = {"PlatformCredential": "secret", **attributes}
    made = sns.create_platform_application(Name=name, Platform=platform, Attributes=attributes)
    return made["PlatformApplicationArn"]


def attributes_of(sns, arn):
    return sns.get_platform_application_attributes(PlatformApplicationArn=arn)["Attributes"]


def endpoint(sns, arn, token="device", **arguments):
    made = sns.create_platform_endpoint(PlatformApplicationArn=arn, Token=token, **arguments)
    return made["EndpointArn"]


def device(sns, arn):
    return sns.get_endpoint_attributes(EndpointArn=arn)["Attributes"]


@pytest.fixture
def app(sns, name):
    return application(sns, name)


@pytest.fixture
def phone(sns, app):
    return endpoint(sns, app)


def test_an_application(sns, account, name):
    arn = application(sns, name, "APNS", PlatformPrincipal="who")
    assert arn == f"arn:aws:sns:us-east-1:{account}:app/APNS/{name}"
    assert application(sns, name, "APNS", PlatformPrincipal="who") == arn
    assert attributes_of(sns, arn) == {"Enabled": "true"}
    role = "arn:aws:iam::123456789012:role/feedback"
    changed = {"SuccessFeedbackRoleArn": role, "Enabled": "False", "SuccessFeedbackSampleRate": "5"}
    sns.set_platform_application_attributes(PlatformApplicationArn=arn, Attributes=changed)
    assert attributes_of(sns, arn) == {**changed, "Enabled": "false"}
    sns.set_platform_application_attributes(PlatformApplicationArn=arn, Attributes={"SuccessFeedbackRoleArn": ""})
    assert "SuccessFeedbackRoleArn" not in attributes_of(sns, arn)
    listed = sns.list_platform_applications()["PlatformApplications"]
    shown = {"Enabled": "false", "SuccessFeedbackSampleRate": "5"}
    assert listed == [{"PlatformApplicationArn": arn, "Attributes": shown}]
    assert "secret" not in json.dumps(listed)
    for _ in range(2):
        sns.delete_platform_application(PlatformApplicationArn=arn)
    assert refused(sns.get_platform_application_attributes, PlatformApplicationArn=arn) == GONE
    assert sns.list_platform_applications()["PlatformApplications"] == []


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"Platform": "PIGEON"}, "Invalid parameter: Platform Reason: PIGEON is not supported"),
        ({"Name": "a b"}, "Invalid parameter: a b Reason: must contain only characters"),
        ({"Name": "x" * 257}, f"Invalid parameter: {'x' * 257} Reason: must be at most 256 characters long"),
        ({"Attributes": {"Colour": "red"}}, "Invalid parameter: Attributes Reason: Invalid attribute name: Colour"),
        (
            {"Attributes": {"PlatformPrincipal": "who"}},
            "Invalid parameter: Attributes Reason: PlatformPrincipal attribute provided without PlatformCredential",
        ),
        (
            {"Platform": "ADM"},
            "Invalid parameter: Attributes Reason: PlatformCredential attribute provided without PlatformPrincipal",
        ),
    ],
)
def test_applications_are_checked(sns, name, arguments, message):
    given = {"Name": name, "Platform": "GCM", "Attributes": {"PlatformCredential": "secret"}, **arguments}
    code, said, status = refused(sns.create_platform_application, **given)
    assert (code, status) == ("InvalidParameter", 400)
    assert said.startswith(message)


def test_applications_are_paged(sns, name):
    arns = [application(sns, f"{name}-{n:03}") for n in range(103)]
    pages = list(sns.get_paginator("list_platform_applications").paginate())
    assert [len(page["PlatformApplications"]) for page in pages] == [100, 3]
    assert [one["PlatformApplicationArn"] for page in pages for one in page["PlatformApplications"]] == arns


def test_an_endpoint(sns, app):
    arn = endpoint(sns, app, "t-1", CustomUserData="mine")
    assert arn.startswith(app.replace(":app/", ":endpoint/") + "/")
    assert endpoint(sns, app, "t-1", CustomUserData="mine") == arn
    assert device(sns, arn) == {"Enabled": "true", "Token": "t-1", "CustomUserData": "mine"}
    refusal = f"Invalid parameter: Token Reason: Endpoint {arn} already exists with the same Token, but different attributes."
    assert refused(endpoint, sns=sns, arn=app, token="t-1") == ("InvalidParameter", refusal, 400)
    sns.set_endpoint_attributes(EndpointArn=arn, Attributes={"Enabled": "FALSE", "Token": "t-2", "CustomUserData": ""})
    assert device(sns, arn) == {"Enabled": "false", "Token": "t-2"}
    other = endpoint(sns, app, "t-1")
    assert other != arn
    code, said, _ = refused(sns.set_endpoint_attributes, EndpointArn=other, Attributes={"Token": "t-2"})
    assert (code, arn in said) == ("InvalidParameter", True)
    listed = sns.list_endpoints_by_platform_application(PlatformApplicationArn=app)["Endpoints"]
    assert {one["EndpointArn"]: one["Attributes"]["Token"] for one in listed} == {arn: "t-2", other: "t-1"}
    for _ in range(2):
        sns.delete_endpoint(EndpointArn=arn)
    assert refused(sns.get_endpoint_attributes, EndpointArn=arn) == NO_ENDPOINT
    assert refused(sns.set_endpoint_attributes, EndpointArn=arn, Attributes={"Enabled": "true"}) == NO_ENDPOINT


def test_what_is_among_the_attributes_goes_first(sns, app):
    arn = endpoint(sns, app, CustomUserData="member", Attributes={"CustomUserData": "attribute", "Enabled": "false"})
    assert device(sns, arn) == {"Enabled": "false", "Token": "device", "CustomUserData": "attribute"}


def test_endpoints_are_checked(sns, app, phone):
    def bad(**attributes):
        return refused(sns.set_endpoint_attributes, EndpointArn=phone, Attributes=attributes)[1]

    assert bad(Colour="red") == "Invalid parameter: Attributes Reason: Invalid attribute name: Colour"
    assert bad(CustomUserData="ü" * 1025) == (
        "Invalid parameter: Attributes Reason: Invalid value for attribute: CustomUserData: "
        "must be at most 2048 bytes long in UTF-8 encoding"
    )
    assert refused(sns.get_endpoint_attributes, EndpointArn=app)[1] == (
        "Invalid parameter: EndpointArn Reason: Wrong number of slashes in relative portion of the ARN."
    )
    assert refused(sns.get_endpoint_attributes, EndpointArn=phone + "0") == NO_ENDPOINT
    with pytest.raises(sns.exceptions.NotFoundException):
        sns.create_platform_endpoint(PlatformApplicationArn=app + "x", Token="t")


def test_endpoints_are_paged(sns, app):
    arns = {endpoint(sns, app, f"t-{n}") for n in range(205)}
    pages = list(
        sns.get_paginator("list_endpoints_by_platform_application").paginate(PlatformApplicationArn=app)
    )
    assert [len(page["Endpoints"]) for page in pages] == [100, 100, 5]
    assert {one["EndpointArn"] for page in pages for one in page["Endpoints"]} == arns


def test_a_deleted_application_takes_its_endpoints_along(sns, app, name):
    phone = endpoint(sns, app)
    sns.delete_platform_application(PlatformApplicationArn=app)
    assert refused(sns.list_endpoints_by_platform_application, PlatformApplicationArn=app) == GONE
    assert refused(sns.get_endpoint_attributes, EndpointArn=phone) == NO_ENDPOINT
    sns.delete_endpoint(EndpointArn=phone)
    assert application(sns, name) == app
    assert sns.list_endpoints_by_platform_application(PlatformApplicationArn=app)["Endpoints"] == []
    assert endpoint(sns, app) != phone


def test_publishing_to_an_endpoint(sns, app, phone):
    """What is wrong is found; what is right is refused, too, since nothing would send it."""

    def publish(**arguments):
        return refused(sns.publish, **{"TargetArn": phone, "Message": "hello", **arguments})

    assert publish()[1] == "Invalid parameter: TargetArn Reason: Push notifications are not supported by this server yet"
    assert publish(TargetArn=phone[:-1]) == (
        "InvalidParameter",
        "Invalid parameter: TargetArn Reason: No endpoint found for the target arn specified",
        400,
    )
    assert publish(MessageStructure="json", Message='{"GCM": "x"}')[1].startswith("Invalid parameter: Message Structure")
    sns.set_endpoint_attributes(EndpointArn=phone, Attributes={"Enabled": "false"})
    assert publish() == ("EndpointDisabled", "Endpoint is disabled", 400)
    with pytest.raises(sns.exceptions.EndpointDisabledException):
        sns.publish(TargetArn=phone, Message="hello")
    sns.set_endpoint_attributes(EndpointArn=phone, Attributes={"Enabled": "true"})
    sns.set_platform_application_attributes(PlatformApplicationArn=app, Attributes={"Enabled": "false"})
    assert publish()[0] == "PlatformApplicationDisabled"
    with pytest.raises(sns.exceptions.PlatformApplicationDisabledException):
        sns.publish(TargetArn=phone, Message="hello")


def test_all_of_it_survives_kill_minus_nine(own_server):
    server = own_server()
    sns = server.client("sns")
    kept, gone = application(sns, "kept"), application(sns, "gone")
    phones = {endpoint(sns, kept, f"t-{n}"): f"t-{n}" for n in range(20)}
    endpoint(sns, gone)
    sns.delete_platform_application(PlatformApplicationArn=gone)
    sns.set_platform_application_attributes(PlatformApplicationArn=kept, Attributes={"Enabled": "false"})
    server.restart_after_kill()
    assert attributes_of(sns, kept) == {"Enabled": "false"}
    listed = sns.list_endpoints_by_platform_application(PlatformApplicationArn=kept)["Endpoints"]
    assert {one["EndpointArn"]: one["Attributes"]["Token"] for one in listed} == phones
    assert refused(sns.get_platform_application_attributes, PlatformApplicationArn=gone) == GONE
    arn, token = phones.popitem()
    assert endpoint(sns, kept, token) == arn, "it is found by its token"

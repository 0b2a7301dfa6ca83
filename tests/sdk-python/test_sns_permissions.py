"""AddPermission and RemovePermission on topics, and data protection policies (sns 2, 3 and 15)."""

import json

import pytest

from calls import refused

FRIEND, OTHER = "111122223333", "444455556666"
NO_TOPIC = ("NotFound", "Topic does not exist", 404)
PROTECTION = {
    "Name": "no-mail",
    "Description": "e-mail addresses stay outside – ü",
    "Version": "2021-06-01",
    "Statement": [
        {
            "Sid": "deny",
            "DataDirection": "Inbound",
            "Principal": ["*"],
            "DataIdentifier": ["arn:aws:dataprotection::aws:data-identifier/EmailAddress"],
            "Operation": {"Deny": {}},
        }
    ],
}
AUDIT = {
    "DataDirection": "Outbound",
    "Principal": ["*"],
    "DataIdentifier": ["arn:aws:dataprotection::aws:data-identifier/EmailAddress"],
    "Operation": {"Audit": {"SampleRate": "99", "NoFindingsDestination": {}}},
}


@pytest.fixture
def topic(sns, name):
    return sns.create_topic(Name=name)["TopicArn"]


def policy_text(sns, topic):
    return sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"]


def statements(sns, topic):
    return json.loads(policy_text(sns, topic))["Statement"]


def add(sns, topic, label, accounts=(FRIEND,), actions=("Publish",)):
    sns.add_permission(TopicArn=topic, Label=label, AWSAccountId=list(accounts), ActionName=list(actions))


def protection(sns, topic):
    return sns.get_data_protection_policy(ResourceArn=topic)["DataProtectionPolicy"]


def protect(sns, topic, policy):
    text = policy if isinstance(policy, str) else json.dumps(policy)
    sns.put_data_protection_policy(ResourceArn=topic, DataProtectionPolicy=text)


def test_the_default_policy(sns, topic, account):
    actions = [
        "GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission", "DeleteTopic", "Subscribe",
        "ListSubscriptionsByTopic", "Publish",
    ]  # fmt: skip
    expected = {
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [
            {
                "Sid": "__default_statement_ID",
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": [f"SNS:{action}" for action in actions],
                "Resource": topic,
                "Condition": {"StringEquals": {"AWS:SourceOwner": account}},
            }
        ],
    }
    assert policy_text(sns, topic) == json.dumps(expected, separators=(",", ":"))


def test_a_statement_is_appended(sns, topic):
    before = policy_text(sns, topic)
    add(sns, topic, "one")
    statement = {
        "Sid": "one",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{FRIEND}:root"},
        "Action": "SNS:Publish",
        "Resource": topic,
    }
    written = json.dumps(statement, separators=(",", ":"))
    assert policy_text(sns, topic) == f"{before[:-2]},{written}]}}"
    sns.remove_permission(TopicArn=topic, Label="one")
    assert policy_text(sns, topic) == before


def test_several_accounts_and_actions(sns, topic):
    add(sns, topic, "many", [FRIEND, OTHER], ["Publish", "Subscribe"])
    [_, many] = statements(sns, topic)
    assert sorted(many["Principal"]["AWS"]) == [f"arn:aws:iam::{account}:root" for account in (FRIEND, OTHER)]
    assert sorted(many["Action"]) == ["SNS:Publish", "SNS:Subscribe"]


def test_a_statement_joins_a_policy_of_ones_own(sns, topic):
    own = {
        "Version": "2012-10-17",
        "Statement": [{"Sid": "mine", "Effect": "Deny", "Principal": "*", "Action": "SNS:Publish", "Resource": topic}],
    }
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(own))
    add(sns, topic, "added")
    assert json.loads(policy_text(sns, topic))["Version"] == "2012-10-17"
    assert [s["Sid"] for s in statements(sns, topic)] == ["mine", "added"]
    assert statements(sns, topic)[0] == own["Statement"][0]


def test_labels_and_actions_are_checked(sns, topic):
    add(sns, topic, "one")
    before = policy_text(sns, topic)

    def say(label, actions, accounts=(FRIEND,)):
        return refused(add, sns=sns, topic=topic, label=label, actions=actions, accounts=accounts)

    assert say("one", ["Publish"]) == ("InvalidParameter", "Invalid parameter: Statement already exists", 400)
    out_of_scope = ("InvalidParameter", "Invalid parameter: Policy statement action out of service scope!", 400)
    for actions in (["SendMessage"], ["Publish", "Frobnicate"], ["SQS:SendMessage"]):
        assert say("two", actions) == out_of_scope, actions
    assert say("two", ["Publish"], ["no account"])[::2] == ("InvalidParameter", 400)
    assert policy_text(sns, topic) == before


def test_removing(sns, topic):
    add(sns, topic, "one")
    add(sns, topic, "two")
    sns.remove_permission(TopicArn=topic, Label="one")
    # An unknown label is no error.
    sns.remove_permission(TopicArn=topic, Label="one")
    assert [s["Sid"] for s in statements(sns, topic)] == ["__default_statement_ID", "two"]


def test_topics_that_are_not_there(sns, topic):
    missing = f"{topic}-missing"
    assert refused(add, sns=sns, topic=missing, label="one") == NO_TOPIC
    assert refused(sns.remove_permission, TopicArn=missing, Label="one") == NO_TOPIC
    bad_arn = "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1"
    assert refused(add, sns=sns, topic="x", label="one") == ("InvalidParameter", bad_arn, 400)
    for call, more in (
        (sns.get_data_protection_policy, {}),
        (sns.put_data_protection_policy, {"DataProtectionPolicy": json.dumps(PROTECTION)}),
    ):
        assert refused(call, ResourceArn=missing, **more)[::2] == ("NotFound", 404)
        assert refused(call, ResourceArn="x", **more)[::2] == ("InvalidParameter", 400)


def test_a_policy_is_bounded(sns, topic):
    """100 statements, of which the default is one."""
    for n in range(99):
        add(sns, topic, f"label-{n}")
    assert len(statements(sns, topic)) == 100
    assert refused(add, sns=sns, topic=topic, label="one-more")[::2] == ("InvalidParameter", 400)
    sns.remove_permission(TopicArn=topic, Label="label-0")
    add(sns, topic, "one-more")


@pytest.mark.parametrize("policy", ["x", "[]", '{"Statement":7}'])
def test_what_is_no_policy_is_refused(sns, topic, policy):
    before = policy_text(sns, topic)
    change = {"TopicArn": topic, "AttributeName": "Policy", "AttributeValue": policy}
    assert refused(sns.set_topic_attributes, **change)[::2] == ("InvalidParameter", 400)
    assert policy_text(sns, topic) == before


def test_a_data_protection_policy_is_given_back_as_it_was(sns, topic):
    before = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    for text in (json.dumps(PROTECTION, indent=3, ensure_ascii=False), json.dumps(PROTECTION)):
        protect(sns, topic, text)
        assert protection(sns, topic) == text
    # It is no attribute, and what it denies is let through.
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"] == before
    assert sns.publish(TopicArn=topic, Message="ann@example.com")["MessageId"]
    change = {"TopicArn": topic, "AttributeName": "DataProtectionPolicy", "AttributeValue": "{}"}
    assert refused(sns.set_topic_attributes, **change)[1] == "Invalid parameter: AttributeName"


def test_data_protection_policies_are_checked(sns, topic):
    protect(sns, topic, PROTECTION)
    for bad in (
        "x",
        "[]",
        {**PROTECTION, "Version": "2012-10-17"},
        {**PROTECTION, "Statement": [{**PROTECTION["Statement"][0], "DataDirection": "Sideways"}]},
        {**PROTECTION, "Statement": [{**PROTECTION["Statement"][0], "Operation": {"Shred": {}}}]},
        {**PROTECTION, "Statement": [AUDIT, AUDIT]},
        {**PROTECTION, "Description": "x" * 30_720},
    ):
        assert refused(protect, sns=sns, topic=topic, policy=bad)[::2] == ("InvalidParameter", 400), str(bad)[:80]
    assert json.loads(protection(sns, topic)) == PROTECTION
    protect(sns, topic, {**PROTECTION, "Statement": [*PROTECTION["Statement"], AUDIT]})


@pytest.mark.expect_log("cut the end of the log")
def test_policies_survive_kill(own_server):
    server = own_server()
    sns = server.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    add(sns, topic, "one")
    protect(sns, topic, PROTECTION)
    policy = policy_text(sns, topic)
    server.restart_after_kill()
    assert policy_text(sns, topic) == policy
    assert json.loads(protection(sns, topic)) == PROTECTION
    sns.remove_permission(TopicArn=topic, Label="one")
    server.restart_after_kill()
    assert [s["Sid"] for s in statements(sns, topic)] == ["__default_statement_ID"]

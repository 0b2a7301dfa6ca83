package postrider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.sns.model.InvalidStateException;
import software.amazon.awssdk.services.sns.model.ResourceNotFoundException;
import software.amazon.awssdk.services.sns.model.Tag;
import software.amazon.awssdk.services.sns.model.TagLimitExceededException;
import software.amazon.awssdk.services.sns.model.Topic;

/** Section 3: topics, with their permissions (3), data protection policies (15) and tags (17). */
final class TopicTest extends SnsFixture {
    private static Tag tag(String key, String value) {
        return Tag.builder().key(key).value(value).build();
    }

    @Test
    void creatingAgainGivesTheSameOrIsRefused() {
        String name = name();
        Map<String, String> news = Map.of("DisplayName", "News");
        String arn = sns.createTopic(r -> r.name(name).attributes(news).tags(tag("a", "1"))).topicArn();
        assertEquals("arn:aws:sns:us-east-1:" + account + ":" + name, arn);
        assertEquals(arn, sns.createTopic(r -> r.name(name)).topicArn());
        assertEquals(arn, sns.createTopic(r -> r.name(name).attributes(with(news, "FifoTopic", "false"))).topicArn());
        assertEquals(arn, sns.createTopic(r -> r.name(name).tags(tag("a", "1"))).topicArn());
        wrong("Invalid parameter: Attributes Reason: Topic already exists with different attributes",
                () -> sns.createTopic(r -> r.name(name).attributes(Map.of("SignatureVersion", "2"))));
        wrong("Invalid parameter: Tags Reason: Topic already exists with different tags",
                () -> sns.createTopic(r -> r.name(name).tags(tag("a", "2"))));
    }

    @Test
    void attributesOfANewOne() {
        String topic = topic(Map.of());
        Map<String, String> all = new HashMap<>(attributesOf(topic));
        assertTrue(all.remove("Policy").contains("\"Sid\":\"__default_statement_ID\""));
        assertTrue(all.remove("EffectiveDeliveryPolicy").contains("\"numRetries\":3"));
        assertEquals(
                Map.of("TopicArn", topic, "Owner", account, "DisplayName", "", "SubscriptionsConfirmed", "0",
                        "SubscriptionsPending", "0", "SubscriptionsDeleted", "0"),
                all);
    }

    @Test
    void attributesAreSetAndChecked() {
        String topic = topic(Map.of("SignatureVersion", "2"));
        Map<String, String> wanted = Map.of("DisplayName", "Ünïcode", "KmsMasterKeyId", "alias/aws/sns",
                "TracingConfig", "Active", "MaximumMessageSize", "2048", "FirehoseSuccessFeedbackSampleRate", "100");
        wanted.forEach((name, value) -> set(topic, name, value));
        Map<String, String> all = attributesOf(topic);
        wanted.forEach((name, value) -> assertEquals(value, all.get(name)));
        assertEquals("2", all.get("SignatureVersion"));
        wrong("Invalid parameter: AttributeName", () -> set(topic, "Colour", "red"));
        wrong("Invalid parameter: AttributeName", () -> set(topic, "FifoTopic", "true"));
        wrongSomehow(() -> set(topic, "SignatureVersion", "3"));
        wrongSomehow(() -> set(topic, "MaximumMessageSize", "1023"));
    }

    @Test
    void deliveryPoliciesAreNormalised() {
        String topic = topic(Map.of());
        String retries = "{\"http\":{\"defaultHealthyRetryPolicy\":{%s}}}";
        set(topic, "DeliveryPolicy", retries.formatted("\"numRetries\": 5, \"minDelayTarget\": 1"));
        assertEquals("{\"http\":{\"defaultHealthyRetryPolicy\":{\"minDelayTarget\":1,\"numRetries\":5},"
                + "\"disableSubscriptionOverrides\":false}}", attributesOf(topic).get("DeliveryPolicy"));
        for (String bad : List.of("no json", retries.formatted("\"numRetries\":101"),
                retries.formatted("\"minDelayTarget\":5,\"maxDelayTarget\":4"),
                retries.formatted("\"backoffFunction\":\"random\""), "{\"http\":{\"colour\":1}}")) {
            wrongSomehow(() -> set(topic, "DeliveryPolicy", bad));
        }
        set(topic, "DeliveryPolicy", "");
        assertNull(attributesOf(topic).get("DeliveryPolicy"));
    }

    @Test
    void permissions() {
        String topic = topic(Map.of());
        sns.addPermission(r -> r.topicArn(topic).label("l").awsAccountIds("111111111111").actionNames("Publish"));
        assertTrue(attributesOf(topic).get("Policy").endsWith("{\"Sid\":\"l\",\"Effect\":\"Allow\",\"Principal\":"
                + "{\"AWS\":\"arn:aws:iam::111111111111:root\"},\"Action\":\"SNS:Publish\",\"Resource\":\"" + topic
                + "\"}]}"));
        wrong("Invalid parameter: Statement already exists", () -> sns.addPermission(
                r -> r.topicArn(topic).label("l").awsAccountIds("111111111111").actionNames("Publish")));
        wrong("Invalid parameter: Policy statement action out of service scope!", () -> sns.addPermission(
                r -> r.topicArn(topic).label("m").awsAccountIds("111111111111").actionNames("Fly")));
        sns.removePermission(r -> r.topicArn(topic).label("l"));
        sns.removePermission(r -> r.topicArn(topic).label("unknown"));
        assertFalse(attributesOf(topic).get("Policy").contains("\"Sid\":\"l\""));
    }

    @Test
    void aDataProtectionPolicyIsKeptAsItWasPut() {
        String topic = topic(Map.of());
        String policy = "{ \"Name\": \"p\", \"Version\": \"2021-06-01\", \"Statement\": [ { \"DataDirection\": "
                + "\"Inbound\", \"Principal\": [\"*\"], \"DataIdentifier\": [\"arn:aws:dataprotection::aws:"
                + "data-identifier/EmailAddress\"], \"Operation\": { \"Deny\": {} } } ] }";
        sns.putDataProtectionPolicy(r -> r.resourceArn(topic).dataProtectionPolicy(policy));
        assertEquals(policy, sns.getDataProtectionPolicy(r -> r.resourceArn(topic)).dataProtectionPolicy());
        wrongSomehow(() -> sns.putDataProtectionPolicy(r -> r.resourceArn(topic).dataProtectionPolicy("no policy")));
    }

    @Test
    void tags() {
        String topic = topic(Map.of());
        sns.tagResource(r -> r.resourceArn(topic).tags(tag("a", "1"), tag("ü", "")));
        sns.tagResource(r -> r.resourceArn(topic).tags(tag("a", "2")));
        sns.untagResource(r -> r.resourceArn(topic).tagKeys("ü", "unknown"));
        assertEquals(List.of(tag("a", "2")), sns.listTagsForResource(r -> r.resourceArn(topic)).tags());
        wrong("Invalid parameter: Duplicated keys are not allowed.",
                () -> sns.tagResource(r -> r.resourceArn(topic).tags(tag("x", "1"), tag("x", "2"))));
        List<Tag> many = IntStream.range(0, 50).mapToObj(n -> tag("k" + n, "v")).toList();
        failed(TagLimitExceededException.class, 400, "TagLimitExceeded",
                () -> sns.tagResource(r -> r.resourceArn(topic).tags(many)));
        failed(ResourceNotFoundException.class, 404, "ResourceNotFound",
                () -> sns.listTagsForResource(r -> r.resourceArn(topic + "-not")));
    }

    @Test
    void listsHaveAHundredToAPage() {
        Set<String> wanted = IntStream.range(0, 103).mapToObj(n -> topic(Map.of())).collect(Collectors.toSet());
        var pages = sns.listTopicsPaginator();
        assertEquals(List.of(100, 3), pages.stream().map(page -> page.topics().size()).toList());
        assertEquals(wanted, pages.topics().stream().map(Topic::topicArn).collect(Collectors.toSet()));
    }

    @Test
    void deletingTwiceIsFine() {
        String topic = topic(Map.of());
        subscribed(topic, Map.of());
        sns.deleteTopic(r -> r.topicArn(topic));
        sns.deleteTopic(r -> r.topicArn(topic));
        missing("Topic does not exist", () -> attributesOf(topic));
        missing("Topic does not exist", () -> publish(topic, "x"));
        missing("Topic does not exist", () -> subscribed(topic, Map.of()));
    }

    @Test
    void oneWithAnArchiveIsNotDeleted() {
        String topic = topic(with(FIFO, "ArchivePolicy", "{\"MessageRetentionPeriod\":\"1\"}"));
        failed(InvalidStateException.class, 400, "InvalidState", () -> sns.deleteTopic(r -> r.topicArn(topic)));
        set(topic, "ArchivePolicy", "{}");
        sns.deleteTopic(r -> r.topicArn(topic));
    }

    @Test
    void namesAndArnsAreChecked() {
        for (String bad : List.of("with space", "dot.ted", "x".repeat(257), "x.fifo")) {
            wrong("Invalid parameter: Topic Name", () -> sns.createTopic(r -> r.name(bad)));
        }
        wrong("Invalid parameter: Topic Name", () -> sns.createTopic(r -> r.name("x").attributes(FIFO)));
        String elements = "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not ";
        wrong(elements + 1, () -> attributesOf("x"));
        wrong(elements + 3, () -> attributesOf("arn:aws:sns"));
        String elsewhere = topic(Map.of()).replace("us-east-1", "eu-west-1");
        wrong("Invalid parameter: TopicArn", () -> attributesOf(elsewhere));
    }
}

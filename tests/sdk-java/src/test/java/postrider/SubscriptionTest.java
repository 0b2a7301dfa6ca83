package postrider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.services.sns.model.BatchEntryIdsNotDistinctException;
import software.amazon.awssdk.services.sns.model.BatchRequestTooLongException;
import software.amazon.awssdk.services.sns.model.InvalidBatchEntryIdException;
import software.amazon.awssdk.services.sns.model.InvalidParameterValueException;
import software.amazon.awssdk.services.sns.model.MessageAttributeValue;
import software.amazon.awssdk.services.sns.model.PublishBatchRequestEntry;
import software.amazon.awssdk.services.sns.model.PublishBatchResponse;
import software.amazon.awssdk.services.sns.model.PublishBatchResultEntry;
import software.amazon.awssdk.services.sns.model.PublishResponse;
import software.amazon.awssdk.services.sns.model.Subscription;
import software.amazon.awssdk.services.sns.model.TooManyEntriesInBatchRequestException;
import software.amazon.awssdk.services.sqs.model.Message;

/** Sections 4 to 7, 11 and 12: subscribed queues and what they get of what is published to standard topics. */
final class SubscriptionTest extends SnsFixture {
    private static final Map<String, MessageAttributeValue> EVERY_TYPE = Map.of(
            "kind", value("String", "ü"),
            "custom", value("String.prefixed", "p"),
            "n", value("Number", "-1.5e3"),
            "list", value("String.Array", "[\"a\",1,true,null]"),
            "bytes", value((byte) 0, (byte) 255));
    private static final String LONG = "Invalid parameter: Message too long";

    /** The attributes of a raw delivery as they were published. */
    private static Map<String, MessageAttributeValue> published(Message message) {
        Map<String, MessageAttributeValue> all = new HashMap<>();
        message.messageAttributes().forEach((name, value) -> all.put(name, MessageAttributeValue.builder()
                .dataType(value.dataType()).stringValue(value.stringValue()).binaryValue(value.binaryValue()).build()));
        return all;
    }

    @Test
    void subscribedListedUnsubscribed() {
        String topic = topic(Map.of());
        String queue = arn(queue());
        String subscription = subscribe(topic, "sqs", queue, Map.of());
        assertTrue(subscription.matches(topic + ":[0-9a-f-]{36}"), subscription);
        assertEquals(subscription, subscribe(topic, "sqs", queue, Map.of("RawMessageDelivery", "false")));
        wrong("Invalid parameter: Attributes Reason: Subscription already exists with different attributes",
                () -> subscribe(topic, "sqs", queue, RAW));
        List<Subscription> listed = List.of(Subscription.builder().owner(account).protocol("sqs").endpoint(queue)
                .subscriptionArn(subscription).topicArn(topic).build());
        assertEquals(listed, sns.listSubscriptionsByTopic(r -> r.topicArn(topic)).subscriptions());
        assertEquals(listed, sns.listSubscriptions().subscriptions());
        assertEquals(List.of("1", "0", "0"), counted(topic));
        Map<String, String> shown = shown(subscription);
        assertEquals(List.of("false", "false", "true"), List.of(shown.get("RawMessageDelivery"),
                shown.get("PendingConfirmation"), shown.get("ConfirmationWasAuthenticated")));
        sns.unsubscribe(r -> r.subscriptionArn(subscription));
        sns.unsubscribe(r -> r.subscriptionArn(subscription));
        missing("Subscription does not exist", () -> shown(subscription));
    }

    @Test
    void theEnvelope() {
        String topic = topic(Map.of());
        String url = subscribed(topic, Map.of());
        String text = "a \"quoted\"\nline – 🚀 <&>";
        PublishResponse sent = publish(topic, text, r -> r.subject("Grüße").messageAttributes(EVERY_TYPE));
        Message message = next(url);
        assertNotEquals(sent.messageId(), message.messageId());
        assertFalse(message.hasMessageAttributes());
        LinkedHashMap<String, Object> envelope = parsed(message.body());
        assertEquals(List.of("Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp", "SignatureVersion",
                "Signature", "SigningCertURL", "UnsubscribeURL", "MessageAttributes"), List.copyOf(envelope.keySet()));
        assertEquals(List.of("Notification", sent.messageId(), topic, "Grüße", text, "1"),
                List.of(envelope.get("Type"), envelope.get("MessageId"), envelope.get("TopicArn"),
                        envelope.get("Subject"), envelope.get("Message"), envelope.get("SignatureVersion")));
        assertEquals(
                Map.of("kind", Map.of("Type", "String", "Value", "ü"),
                        "custom", Map.of("Type", "String.prefixed", "Value", "p"),
                        "n", Map.of("Type", "Number", "Value", "-1.5e3"),
                        "list", Map.of("Type", "String.Array", "Value", "[\"a\",1,true,null]"),
                        "bytes", Map.of("Type", "Binary", "Value", "AP8=")),
                envelope.get("MessageAttributes"));
    }

    @Test
    void rawDelivery() {
        String topic = topic(Map.of());
        String url = subscribed(topic, RAW);
        publish(topic, "plain 🚀", r -> r.subject("lost").messageAttributes(EVERY_TYPE));
        // The SDK verifies both digests.
        Message message = next(url);
        assertEquals("plain 🚀", message.body());
        assertEquals(EVERY_TYPE, published(message));
    }

    /** A policy and which of the messages a, b, c and d it admits. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "MessageAttributes | {\"kind\":[\"invoice\",\"refund\"]} | abc",
        "MessageAttributes | {\"kind\":[{\"prefix\":\"inv\"}],\"amount\":[{\"numeric\":[\">\",10,\"<=\",100]}]} | a",
        "MessageAttributes | {\"kind\":[{\"anything-but\":[\"refund\"]}]} | ab",
        "MessageAttributes | {\"amount\":[{\"exists\":false}]} | c",
        "MessageAttributes | {\"$or\":[{\"kind\":[\"refund\"]},{\"amount\":[{\"numeric\":[\"=\",500]}]}]} | bc",
        "MessageBody | {\"order\":{\"sku\":[{\"suffix\":\"-9\"}]}} | a",
        "MessageBody | {\"ip\":[{\"cidr\":\"10.0.0.0/24\"}]} | d",
        "MessageBody | {\"state\":[null,true,{\"equals-ignore-case\":\"OPEN\"}]} | bc",
    })
    void filters(String scope, String policy, String admitted) {
        String topic = topic(Map.of());
        String url = subscribed(topic, with(with(RAW, "FilterPolicyScope", scope), "FilterPolicy", policy));
        MessageAttributeValue invoice = value("String", "invoice");
        publish(topic, "{\"label\":\"a\",\"order\":[{\"sku\":\"x-1\"},{\"sku\":\"y-9\"}]}",
                r -> r.messageAttributes(Map.of("kind", invoice, "amount", value("Number", "50"))));
        publish(topic, "{\"label\":\"b\",\"state\":\"open\"}",
                r -> r.messageAttributes(Map.of("kind", invoice, "amount", value("Number", "5e2"))));
        publish(topic, "{\"label\":\"c\",\"state\":null}", kind("refund"));
        publish(topic, "{\"label\":\"d\",\"ip\":\"10.0.0.77\",\"state\":false}");
        String got = envelopes(url, admitted.length()).stream().map(body -> body.get("label").toString()).sorted()
                .collect(Collectors.joining());
        assertEquals(admitted, got);
        assertEquals(List.of(), take(url, 10));
    }

    @Test
    void aFilterThatIsChangedHoldsForWhatComesNext() {
        String topic = topic(Map.of());
        String url = queue();
        String policy = "{ \"kind\" : [\"a\"] }";
        String subscription = subscribe(topic, "sqs", arn(url), with(RAW, "FilterPolicy", policy));
        assertEquals(policy, shown(subscription).get("FilterPolicy"));
        assertEquals("MessageAttributes", shown(subscription).get("FilterPolicyScope"));
        publish(topic, "refused", kind("b"));
        change(subscription, "FilterPolicy", "{\"kind\":[\"b\"]}");
        publish(topic, "admitted", kind("b"));
        change(subscription, "FilterPolicy", "");
        assertNull(shown(subscription).get("FilterPolicyScope"));
        publish(topic, "all");
        assertEquals(Set.of("admitted", "all"), Set.copyOf(bodies(drain(url, 2))));
    }

    @Test
    void attributesAreChecked() {
        String topic = topic(Map.of());
        String queue = arn(queue());
        String subscription = subscribe(topic, "sqs", queue, Map.of());
        wrong("Invalid parameter: RawMessageDelivery: Invalid value [x]. Must be true or false.",
                () -> change(subscription, "RawMessageDelivery", "x"));
        wrong("Invalid parameter: Attributes Reason: RawMessageDelivery: Invalid value [x]. Must be true or false.",
                () -> subscribe(topic, "sqs", queue + "x", Map.of("RawMessageDelivery", "x")));
        wrong("Invalid parameter: FilterPolicyScope: Invalid value [x]. Please use either MessageBody or "
                + "MessageAttributes", () -> change(subscription, "FilterPolicyScope", "x"));
        for (String bad : List.of("no json", "{\"a\":\"b\"}", "{\"a\":[]}", "{\"a\":[{\"colour\":1}]}",
                "{\"a\":{\"b\":[\"c\"]}}", "{\"a\":[1],\"b\":[1],\"c\":[1],\"d\":[1],\"e\":[1],\"f\":[1]}")) {
            wrongSomehow(() -> change(subscription, "FilterPolicy", bad));
        }
        wrong("Invalid parameter: AttributeName", () -> change(subscription, "Colour", "red"));
        wrongSomehow(() -> change(subscription, "RedrivePolicy", "{\"deadLetterTargetArn\":\"x\"}"));
        wrongSomehow(() -> change(subscription, "DeliveryPolicy", "{\"healthyRetryPolicy\":{\"numRetries\":1}}"));
    }

    @Test
    void endpointsAreChecked() {
        String topic = topic(Map.of());
        wrong("Invalid parameter: Amazon SNS does not support this protocol string: pigeon",
                () -> subscribe(topic, "pigeon", "x", Map.of()));
        wrong("Invalid parameter: SQS endpoint ARN", () -> subscribe(topic, "sqs", "http://q/", Map.of()));
        wrongSomehow(() -> subscribe(topic, "http", "https://example.com/", Map.of()));
        wrong("Invalid parameter: Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to "
                + "standard SNS topics", () -> subscribedFifo(topic, Map.of()));
        wrong("Invalid parameter: SubscriptionId", () -> sns.unsubscribe(r -> r.subscriptionArn(topic + ":x")));
    }

    @Test
    void listsHaveAHundredToAPage() {
        String topic = topic(Map.of());
        Set<String> wanted = IntStream.range(0, 103)
                .mapToObj(n -> "arn:aws:sqs:us-east-1:" + account + ":no-" + n).collect(Collectors.toSet());
        wanted.forEach(queue -> subscribe(topic, "sqs", queue, Map.of()));
        var pages = sns.listSubscriptionsByTopicPaginator(r -> r.topicArn(topic));
        assertEquals(List.of(100, 3), pages.stream().map(page -> page.subscriptions().size()).toList());
        assertEquals(wanted,
                sns.listSubscriptionsPaginator().subscriptions().stream().map(Subscription::endpoint)
                        .collect(Collectors.toSet()));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatAQueueThatIsGoneWouldHaveGotIsInTheDeadLetterQueue(boolean raw) {
        String topic = topic(Map.of());
        String dead = queue();
        Map<String, String> attributes = Map.of("RedrivePolicy", deadLetters(arn(dead)));
        lose(subscribed(topic, raw ? with(attributes, "RawMessageDelivery", "true") : attributes));
        PublishResponse sent = publish(topic, "lost", r -> r.messageAttributes(EVERY_TYPE));
        Message message = next(dead);
        if (raw) {
            assertEquals("lost", message.body());
            assertEquals(EVERY_TYPE, published(message));
        } else {
            assertEquals(sent.messageId(), parsed(message.body()).get("MessageId"));
            assertFalse(message.hasMessageAttributes());
        }
        assertEquals(List.of("1", "0", "0"), counted(topic));
    }

    @Test
    void structures() {
        String topic = topic(Map.of());
        String url = subscribed(topic, RAW);
        publish(topic, "{\"default\":\"d\",\"sqs\":\"q\"}", r -> r.messageStructure("json"));
        assertEquals(List.of("q"), bodies(ordered(url, 1)));
        publish(topic, "{\"default\":\"d\",\"sqs\":1,\"http\":\"h\"}", r -> r.messageStructure("json"));
        assertEquals(List.of("d"), bodies(ordered(url, 1)));
        String reason = "Invalid parameter: Message Structure - ";
        wrong(reason + "No default entry in JSON message body",
                () -> publish(topic, "{\"sqs\":\"q\"}", r -> r.messageStructure("json")));
        wrong(reason + "JSON message body failed to parse",
                () -> publish(topic, "no json", r -> r.messageStructure("json")));
    }

    @Test
    void subjectsSizesAndGroups() {
        String topic = topic(Map.of());
        String url = subscribed(topic, RAW);
        for (String bad : List.of("", "a\nb", "x".repeat(101))) {
            wrong("Invalid parameter: Subject", () -> publish(topic, "x", r -> r.subject(bad)));
        }
        wrong("Invalid parameter: Empty message", () -> publish(topic, ""));
        wrong(LONG, () -> publish(topic, "x".repeat(262_145)));
        set(topic, "MaximumMessageSize", "1048576");
        wrong(LONG, () -> publish(topic, "x".repeat(1_048_577)));
        publish(topic, "x".repeat(1_048_576));
        assertEquals(1_048_576, ordered(url, 1).get(0).body().length());
        publish(topic, "grouped", "tenant");
        assertEquals("tenant", group(next(url)));
        wrong("Invalid parameter: MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter "
                + "that is not valid for this topic type",
                () -> publish(topic, "x", r -> r.messageDeduplicationId("d")));
    }

    @Test
    void attributesOfMessagesAreChecked() {
        String topic = topic(Map.of());
        Map<MessageAttributeValue, String> bad = Map.of(
                value("Colour", "red"), "The message attribute 'a' has an invalid message attribute type, the set of "
                        + "supported type prefixes is Binary, Number, and String.",
                value("String", ""), "The message attribute 'a' must contain non-empty message attribute value for "
                        + "message attribute type 'String'.",
                value("Binary", "x"), "The message attribute 'a' with type 'Binary' must use field 'Binary'.");
        bad.forEach((value, message) -> assertEquals(message,
                failed(InvalidParameterValueException.class, 400, "ParameterValueInvalid",
                        () -> publish(topic, "x", r -> r.messageAttributes(Map.of("a", value))))));
    }

    private static PublishBatchRequestEntry entry(String id, String message) {
        return PublishBatchRequestEntry.builder().id(id).message(message).build();
    }

    private PublishBatchResponse batch(String topic, PublishBatchRequestEntry... entries) {
        return sns.publishBatch(r -> r.topicArn(topic).publishBatchRequestEntries(entries));
    }

    @Test
    void batches() {
        String topic = topic(Map.of());
        String url = subscribed(topic, RAW);
        PublishBatchResponse sent = batch(topic, entry("a", "1"), entry("b", "2"), entry("c", ""));
        assertEquals(Set.of("a", "b"),
                sent.successful().stream().map(PublishBatchResultEntry::id).collect(Collectors.toSet()));
        assertEquals(1, sent.failed().size());
        assertEquals("c", sent.failed().get(0).id());
        assertEquals("InvalidParameter", sent.failed().get(0).code());
        assertTrue(sent.failed().get(0).senderFault());
        assertEquals(Set.of("1", "2"), Set.copyOf(bodies(drain(url, 2))));
        failed(TooManyEntriesInBatchRequestException.class, 400, "TooManyEntriesInBatchRequest",
                () -> batch(topic, IntStream.range(0, 11).mapToObj(n -> entry("n" + n, "x"))
                        .toArray(PublishBatchRequestEntry[]::new)));
        failed(BatchEntryIdsNotDistinctException.class, 400, "BatchEntryIdsNotDistinct",
                () -> batch(topic, entry("a", "x"), entry("a", "y")));
        failed(InvalidBatchEntryIdException.class, 400, "InvalidBatchEntryId", () -> batch(topic, entry("a b", "x")));
        String large = "x".repeat(131_073);
        failed(BatchRequestTooLongException.class, 400, "BatchRequestTooLong",
                () -> batch(topic, entry("a", large), entry("b", large)));
    }

    @Test
    void manyQueuesGetEverything() {
        String topic = topic(Map.of());
        List<String> urls = IntStream.range(0, 20).mapToObj(n -> subscribed(topic, RAW)).toList();
        batch(topic, entry("a", "1"), entry("b", "2"), entry("c", "3"));
        urls.forEach(url -> assertEquals(Set.of("1", "2", "3"), Set.copyOf(bodies(drain(url, 3)))));
    }
}

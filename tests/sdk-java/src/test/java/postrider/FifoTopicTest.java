package postrider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.sns.model.PublishBatchRequestEntry;
import software.amazon.awssdk.services.sns.model.PublishBatchResponse;
import software.amazon.awssdk.services.sns.model.PublishResponse;
import software.amazon.awssdk.services.sqs.model.Message;

/** Sections 13 and 14: FIFO topics, their archives, and replays. */
final class FifoTopicTest extends SnsFixture {
    private static final Map<String, String> ARCHIVED =
            with(FIFO, "ArchivePolicy", "{\"MessageRetentionPeriod\":\"7\"}");

    private static String since(String start, String end) {
        String ending = end == null ? "" : ",\"EndingPoint\":\"" + end + "\"";
        return "{\"PointType\":\"Timestamp\",\"StartingPoint\":\"" + start + "\"" + ending + "}";
    }

    private void awaitReplayed(String subscription) {
        eventually("a completed replay", () -> {
            String status = shown(subscription).get("ReplayStatus");
            return status != null && status.contains("Completed");
        });
    }

    @Test
    void attributes() {
        String topic = topic(Map.of("FifoTopic", "true"));
        assertEquals("true", attributesOf(topic).get("FifoTopic"));
        assertEquals("false", attributesOf(topic).get("ContentBasedDeduplication"));
        set(topic, "ContentBasedDeduplication", "true");
        set(topic, "FifoThroughputScope", "MessageGroup");
        assertEquals("true", attributesOf(topic).get("ContentBasedDeduplication"));
        assertEquals("MessageGroup", attributesOf(topic).get("FifoThroughputScope"));
        wrongSomehow(() -> set(topic, "FifoThroughputScope", "Somewhere"));
        wrongSomehow(() -> subscribe(topic, "http", "http://127.0.0.1:9/x", Map.of()));
    }

    @Test
    void theOrderOfGroupsAndSequenceNumbers() {
        String topic = topic(FIFO);
        String url = subscribedFifo(topic, Map.of());
        List<PublishResponse> sent =
                IntStream.range(0, 20).mapToObj(n -> publish(topic, "m" + n, n % 2 == 0 ? "a" : "b")).toList();
        List<String> numbers = sent.stream().map(PublishResponse::sequenceNumber).toList();
        assertEquals(numbers, List.copyOf(new TreeSet<>(numbers)));
        numbers.forEach(number -> assertTrue(number.matches("\\d{20}"), number));
        List<Message> messages = ordered(url, 20);
        for (String group : List.of("a", "b")) {
            List<PublishResponse> wanted = IntStream.range(0, 20).filter(n -> (n % 2 == 0) == group.equals("a"))
                    .mapToObj(sent::get).toList();
            List<LinkedHashMap<String, Object>> got =
                    messages.stream().filter(m -> group(m).equals(group)).map(m -> parsed(m.body())).toList();
            assertEquals(wanted.stream().map(PublishResponse::messageId).toList(),
                    got.stream().map(envelope -> envelope.get("MessageId")).toList());
            assertEquals(wanted.stream().map(PublishResponse::sequenceNumber).toList(),
                    got.stream().map(envelope -> envelope.get("SequenceNumber")).toList());
        }
    }

    @Test
    void theEnvelopeHasANumberAndNoSignature() {
        String topic = topic(FIFO);
        String url = subscribedFifo(topic, Map.of());
        publish(topic, "x", r -> r.messageGroupId("g").messageDeduplicationId("mine").subject("s"));
        Message message = next(url);
        assertEquals(List.of("Type", "MessageId", "SequenceNumber", "TopicArn", "Subject", "Message", "Timestamp",
                "UnsubscribeURL"), List.copyOf(parsed(message.body()).keySet()));
        assertEquals("g", group(message));
        assertEquals("mine", message.attributesAsStrings().get("MessageDeduplicationId"));
        assertNotNull(message.attributesAsStrings().get("SequenceNumber"));
    }

    @Test
    void duplicatesGetTheAnswerOfTheFirst() {
        String topic = topic(FIFO);
        String url = subscribedFifo(topic, RAW);
        PublishResponse first = publish(topic, "same", "a");
        PublishResponse second = publish(topic, "same", "b");
        assertEquals(List.of(first.messageId(), first.sequenceNumber()),
                List.of(second.messageId(), second.sequenceNumber()));
        publish(topic, "one", r -> r.messageGroupId("a").messageDeduplicationId("d"));
        publish(topic, "two", r -> r.messageGroupId("a").messageDeduplicationId("d"));
        publish(topic, "last", "a");
        assertEquals(List.of("same", "one", "last"), bodies(ordered(url, 3)));
    }

    @Test
    void duplicatesWithinAGroup() {
        String topic = topic(with(FIFO, "FifoThroughputScope", "MessageGroup"));
        String first = publish(topic, "same", "a").messageId();
        assertNotEquals(first, publish(topic, "same", "b").messageId());
        assertEquals(first, publish(topic, "same", "a").messageId());
    }

    @Test
    void batches() {
        String topic = topic(FIFO);
        String url = subscribedFifo(topic, RAW);
        List<PublishBatchRequestEntry> entries = new ArrayList<>(IntStream.range(0, 9)
                .mapToObj(n -> PublishBatchRequestEntry.builder().id("n" + n).message("m" + n % 8).messageGroupId("g")
                        .build())
                .toList());
        PublishBatchResponse sent = sns.publishBatch(r -> r.topicArn(topic).publishBatchRequestEntries(entries));
        assertFalse(sent.hasFailed() && !sent.failed().isEmpty());
        assertEquals(sent.successful().get(0).messageId(), sent.successful().get(8).messageId());
        assertEquals(sent.successful().get(0).sequenceNumber(), sent.successful().get(8).sequenceNumber());
        assertEquals(IntStream.range(0, 8).mapToObj(n -> "m" + n).toList(), bodies(ordered(url, 8)));
    }

    @Test
    void publicationsAreChecked() {
        String topic = topic(Map.of("FifoTopic", "true"));
        wrong("Invalid parameter: The MessageGroupId parameter is required for FIFO topics",
                () -> publish(topic, "x", r -> r.messageDeduplicationId("d")));
        wrong("Invalid parameter: The topic should either have ContentBasedDeduplication enabled or "
                + "MessageDeduplicationId provided explicitly", () -> publish(topic, "x", "g"));
    }

    @Test
    void aStandardQueueHasNoGroups() {
        String topic = topic(FIFO);
        String url = subscribed(topic, Map.of());
        PublishResponse sent = publish(topic, "x", "g");
        Message message = next(url);
        assertEquals(sent.sequenceNumber(), parsed(message.body()).get("SequenceNumber"));
        assertNull(group(message));
    }

    @Test
    void filtersSkip() {
        String topic = topic(FIFO);
        String url = subscribedFifo(topic, with(RAW, "FilterPolicy", "{\"kind\":[\"a\"]}"));
        IntStream.range(0, 9).forEach(
                n -> publish(topic, "m" + n, r -> kind(n % 3 == 0 ? "b" : "a").accept(r.messageGroupId("g"))));
        assertEquals(List.of("m1", "m2", "m4", "m5", "m7", "m8"), bodies(ordered(url, 6)));
    }

    @Test
    void theDeadLetterQueueIsFifo() {
        String topic = topic(FIFO);
        String dead = fifo(Map.of());
        wrongSomehow(() -> subscribedFifo(topic, Map.of("RedrivePolicy", deadLetters(arn(queue())))));
        lose(subscribedFifo(topic, with(RAW, "RedrivePolicy", deadLetters(arn(dead)))));
        List.of("1", "2", "3").forEach(text -> publish(topic, text, "g"));
        List<Message> messages = ordered(dead, 3);
        assertEquals(List.of("1", "2", "3"), bodies(messages));
        assertEquals("g", group(messages.get(2)));
    }

    @Test
    void archivePolicies() {
        String topic = topic(FIFO);
        set(topic, "ArchivePolicy", "{\"MessageRetentionPeriod\":30}");
        assertTrue(attributesOf(topic).get("ArchivePolicy").contains("30"));
        Instant begins = Instant.parse(attributesOf(topic).get("BeginningArchiveTime"));
        assertTrue(Duration.between(begins, Instant.now()).abs().toSeconds() < 60, begins.toString());
        for (String bad : List.of("{\"MessageRetentionPeriod\":0}", "{\"MessageRetentionPeriod\":366}", "no json")) {
            wrongSomehow(() -> set(topic, "ArchivePolicy", bad));
        }
        set(topic, "ArchivePolicy", "{}");
        assertNull(attributesOf(topic).get("BeginningArchiveTime"));
        String standard = topic(Map.of());
        wrongSomehow(() -> set(standard, "ArchivePolicy", "{\"MessageRetentionPeriod\":1}"));
    }

    @Test
    void aNewSubscriptionIsReplayedWhatWasBeforeIt() {
        String topic = topic(ARCHIVED);
        String policy = since(attributesOf(topic).get("BeginningArchiveTime"), null);
        List<String> ids = new ArrayList<>();
        IntStream.range(0, 12).forEach(n -> ids.add(publish(topic, "m" + n, "g").messageId()));
        String url = fifo(Map.of());
        String subscription = subscribe(topic, "sqs", arn(url), Map.of("ReplayPolicy", policy));
        // It comes behind what is replayed, whether it finds the replay running or not.
        ids.add(publish(topic, "meanwhile", "g").messageId());
        List<LinkedHashMap<String, Object>> got = envelopes(url, 13);
        assertEquals(ids, got.stream().map(envelope -> envelope.get("MessageId")).toList());
        got.subList(0, 12).forEach(envelope -> assertEquals("true", String.valueOf(envelope.get("Replayed"))));
        awaitReplayed(subscription);
        publish(topic, "new", "g");
        assertNull(envelopes(url, 1).get(0).get("Replayed"));
    }

    @Test
    void aReplayUpToAnEndIsTheLastThatComes() {
        String topic = topic(ARCHIVED);
        String begins = attributesOf(topic).get("BeginningArchiveTime");
        IntStream.range(0, 6).forEach(
                n -> publish(topic, "m" + n, r -> kind(n % 2 == 0 ? "b" : "a").accept(r.messageGroupId("g"))));
        String url = fifo(Map.of());
        String subscription =
                subscribe(topic, "sqs", arn(url), with(RAW, "FilterPolicy", "{\"kind\":[\"a\"]}"));
        String end = Instant.now().truncatedTo(ChronoUnit.MILLIS).plusMillis(1).toString();
        change(subscription, "ReplayPolicy", since(begins, end));
        assertEquals(List.of("m1", "m3", "m5"), bodies(ordered(url, 3)));
        awaitReplayed(subscription);
        publish(topic, "too late", r -> kind("a").accept(r.messageGroupId("g")));
        assertEquals(List.of(), receive(url, r -> r.waitTimeSeconds(1)));
    }

    @Test
    void replayPoliciesAreChecked() {
        String archived = topic(ARCHIVED);
        String subscription = subscribe(archived, "sqs", arn(fifo(Map.of())), Map.of());
        Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        for (String bad : List.of("no json", "{\"PointType\":\"Timestamp\"}", since("yesterday", null),
                since(now.toString(), now.minusSeconds(3600).toString()))) {
            wrongSomehow(() -> change(subscription, "ReplayPolicy", bad));
        }
        String other = subscribe(topic(FIFO), "sqs", arn(fifo(Map.of())), Map.of());
        wrongSomehow(() -> change(other, "ReplayPolicy", since(now.toString(), null)));
    }
}

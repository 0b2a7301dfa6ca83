package postrider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.sqs.model.InvalidAttributeNameException;
import software.amazon.awssdk.services.sqs.model.InvalidAttributeValueException;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchResultEntry;
import software.amazon.awssdk.services.sqs.model.SendMessageResponse;
import software.amazon.awssdk.services.sqs.model.SqsException;

/** Section 10: order, group lock, deduplication and its scope, sequence numbers, receive attempts. */
final class FifoTest extends Fixture {
    private static final Map<QueueAttributeName, String> BY_CONTENT =
            Map.of(QueueAttributeName.CONTENT_BASED_DEDUPLICATION, "true");
    private static final Map<QueueAttributeName, String> BY_GROUP =
            Map.of(QueueAttributeName.DEDUPLICATION_SCOPE, "messageGroup");
    private static final String NO_DEDUPLICATION = "The queue should either have ContentBasedDeduplication enabled "
            + "or MessageDeduplicationId provided explicitly";

    private SendMessageResponse send(String url, String group, String deduplication, String body) {
        return sqs.sendMessage(r -> r.queueUrl(url).messageGroupId(group).messageDeduplicationId(deduplication)
                .messageBody(body));
    }

    private void show(String url, Message message) {
        sqs.changeMessageVisibility(r -> r.queueUrl(url).receiptHandle(message.receiptHandle()).visibilityTimeout(0));
    }

    @Test
    void attributes() {
        String url = fifo(Map.of());
        assertEquals("true", attribute(url, QueueAttributeName.FIFO_QUEUE));
        assertEquals("false", attribute(url, QueueAttributeName.CONTENT_BASED_DEDUPLICATION));
        assertEquals("queue", attribute(url, QueueAttributeName.DEDUPLICATION_SCOPE));
        assertEquals("perQueue", attribute(url, QueueAttributeName.FIFO_THROUGHPUT_LIMIT));
        Map<QueueAttributeName, String> perGroup =
                Map.of(QueueAttributeName.FIFO_THROUGHPUT_LIMIT, "perMessageGroupId");
        refused(InvalidAttributeValueException.class, 400, "InvalidAttributeValue",
                () -> sqs.setQueueAttributes(r -> r.queueUrl(url).attributes(perGroup)));
        sqs.setQueueAttributes(r -> r.queueUrl(url).attributes(BY_GROUP));
        sqs.setQueueAttributes(r -> r.queueUrl(url).attributes(perGroup));
        assertEquals("perMessageGroupId", attribute(url, QueueAttributeName.FIFO_THROUGHPUT_LIMIT));
        assertEquals("Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.",
                refused(InvalidAttributeValueException.class, 400, "InvalidAttributeValue",
                        () -> sqs.setQueueAttributes(
                                r -> r.queueUrl(url).attributes(Map.of(QueueAttributeName.FIFO_QUEUE, "false")))));
    }

    @Test
    void typeAndNameGoTogether() {
        assertEquals("The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, "
                        + "must end with .fifo suffix and be 1 to 80 in length.",
                invalid(() -> queue(Map.of(QueueAttributeName.FIFO_QUEUE, "true"))));
        assertEquals("Unknown Attribute ContentBasedDeduplication.",
                refused(InvalidAttributeNameException.class, 400, "InvalidAttributeName", () -> queue(BY_CONTENT)));
        assertEquals("You can specify the DeduplicationScope only when FifoQueue is set to true.",
                refused(InvalidAttributeNameException.class, 400, "InvalidAttributeName", () -> queue(BY_GROUP)));
    }

    @Test
    void sequenceNumbersIncrease() {
        String url = fifo(Map.of());
        List<String> numbers = new ArrayList<>();
        for (int n = 0; n < 5; n++) {
            numbers.add(send(url, "g" + n % 2, "d" + n, "b" + n).sequenceNumber());
        }
        assertTrue(numbers.stream().allMatch(number -> number.matches("[0-9]{20}")), numbers.toString());
        assertEquals(numbers.stream().sorted().distinct().toList(), numbers);
        Message first = next(url);
        Map<MessageSystemAttributeName, String> attributes = first.attributes();
        int n = first.body().charAt(1) - '0';
        assertEquals(numbers.get(n), attributes.get(MessageSystemAttributeName.SEQUENCE_NUMBER));
        assertEquals("g" + n % 2, attributes.get(MessageSystemAttributeName.MESSAGE_GROUP_ID));
        assertEquals("d" + n, attributes.get(MessageSystemAttributeName.MESSAGE_DEDUPLICATION_ID));
    }

    @Test
    void aGroupComesInOrderAndOneReceiveMayHoldSeveral() {
        String url = fifo(BY_CONTENT);
        List<String> sent = IntStream.range(0, 25).mapToObj(n -> "m" + n).toList();
        for (String body : sent) {
            sqs.sendMessage(r -> r.queueUrl(url).messageGroupId("g").messageBody(body));
        }
        List<String> got = new ArrayList<>();
        while (got.size() < sent.size()) {
            List<Message> some = receive(url, r -> r.maxNumberOfMessages(10).waitTimeSeconds(5));
            assertEquals(Math.min(10, sent.size() - got.size()), some.size());
            for (Message message : some) {
                got.add(message.body());
                delete(url, message);
            }
        }
        assertEquals(sent, got);
    }

    @Test
    void aGroupIsLockedWhileAnythingOfItIsInFlight() {
        String url = fifo(Map.of());
        for (String body : List.of("a1", "a2", "b1")) {
            send(url, body.substring(0, 1), body, body);
        }
        Message a1 = next(url);
        assertEquals("a1", a1.body());
        assertEquals(List.of("b1"), bodies(take(url, 10)));
        assertEquals(List.of(), take(url, 10));
        // Only what was received counts as in flight, not what is blocked behind it.
        assertEquals(List.of("1", "2", "0"), counts(url));
        delete(url, a1);
        assertEquals(List.of("a2"), bodies(take(url, 10)));
    }

    @Test
    void whatComesBackComesBeforeWhatIsStillHidden() {
        String url = fifo(Map.of());
        for (String body : List.of("foo", "bar", "baz")) {
            send(url, "g", body, body);
        }
        List<Message> all = take(url, 10);
        assertEquals(List.of("foo", "bar", "baz"), bodies(all));
        show(url, all.get(0));
        show(url, all.get(1));
        List<Message> two = take(url, 10);
        assertEquals(List.of("foo", "bar"), bodies(two));
        show(url, two.get(0));
        assertEquals(List.of("foo"), bodies(take(url, 10)));
        assertEquals(List.of(), take(url, 10));
    }

    @Test
    void aRepeatedIdIsAnsweredAsTheFirstWasAndSendsNothing() {
        String url = fifo(Map.of());
        SendMessageResponse first = send(url, "g", "same", "first");
        delete(url, next(url));
        SendMessageResponse again = send(url, "other", "same", "second");
        assertEquals(first.messageId(), again.messageId());
        assertEquals(first.sequenceNumber(), again.sequenceNumber());
        assertEquals(List.of("0", "0", "0"), counts(url));
    }

    @Test
    void contentIsTheIdWhereNoneIsGiven() {
        String url = fifo(BY_CONTENT);
        String sha256OfX = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
        var sent = sqs.sendMessage(r -> r.queueUrl(url).messageGroupId("g").messageBody("x")
                .messageAttributes(Map.of("not", string("hashed"))));
        assertEquals(sent.messageId(),
                sqs.sendMessage(r -> r.queueUrl(url).messageGroupId("h").messageBody("x")).messageId());
        assertEquals(sent.messageId(), send(url, "g", sha256OfX, "y").messageId());
        assertNotEquals(sent.messageId(), send(url, "h", "explicit", "x").messageId());
        Message got = drain(url, 2).stream().filter(m -> m.messageId().equals(sent.messageId())).findFirst().get();
        assertEquals(sha256OfX, got.attributes().get(MessageSystemAttributeName.MESSAGE_DEDUPLICATION_ID));
    }

    @Test
    void theScopeMayBeTheGroup() {
        String url = fifo(BY_GROUP);
        SendMessageResponse first = send(url, "a", "same", "1");
        assertEquals(first.messageId(), send(url, "a", "same", "2").messageId());
        assertNotEquals(first.messageId(), send(url, "b", "same", "3").messageId());
        assertEquals(List.of("2", "0", "0"), counts(url));
    }

    @Test
    void aPurgeForgetsIds() {
        String url = fifo(Map.of());
        SendMessageResponse first = send(url, "g", "same", "1");
        sqs.purgeQueue(r -> r.queueUrl(url));
        assertNotEquals(first.messageId(), send(url, "g", "same", "2").messageId());
        assertEquals("2", next(url).body());
    }

    @Test
    void aReceiveAttemptIsRepeated() {
        String url = fifo(Map.of());
        for (String body : List.of("1", "2", "3")) {
            send(url, "g", body, body);
        }
        List<Message> first = receive(url, r -> r.maxNumberOfMessages(2).receiveRequestAttemptId("attempt"));
        List<Message> again = receive(url, r -> r.maxNumberOfMessages(2).receiveRequestAttemptId("attempt"));
        assertEquals(List.of("1", "2"), bodies(first));
        assertEquals(first.stream().map(Message::messageId).toList(), again.stream().map(Message::messageId).toList());
        assertEquals(first.stream().map(Message::receiptHandle).toList(),
                again.stream().map(Message::receiptHandle).toList());
        assertEquals(List.of(), receive(url, r -> r.receiveRequestAttemptId("another")));
        delete(url, first.get(0));
        // Something of it was deleted, so it is a new receive, and the group is locked.
        assertEquals(List.of(), receive(url, r -> r.maxNumberOfMessages(2).receiveRequestAttemptId("attempt")));
    }

    @Test
    void anExpiredHandleDeletesNothing() {
        String url = fifo(Map.of(QueueAttributeName.VISIBILITY_TIMEOUT, "1"));
        send(url, "g", "d", "x");
        Message first = next(url);
        eventually("the timeout has ended", () -> counts(url).equals(List.of("1", "0", "0")));
        String message = invalid(() -> delete(url, first));
        assertTrue(message.endsWith("The receipt handle has expired."), message);
        Message second = next(url);
        assertEquals(first.messageId(), second.messageId());
        sqs.changeMessageVisibility(
                r -> r.queueUrl(url).receiptHandle(second.receiptHandle()).visibilityTimeout(60));
        delete(url, second);
        assertEquals(List.of("0", "0", "0"), counts(url));
    }

    @Test
    void whatASendNeeds() {
        String url = fifo(Map.of());
        assertEquals("The request must contain the parameter MessageGroupId.",
                refused(SqsException.class, 400, "MissingParameter",
                        () -> sqs.sendMessage(r -> r.queueUrl(url).messageBody("x").messageDeduplicationId("d"))));
        assertEquals(NO_DEDUPLICATION,
                invalid(() -> sqs.sendMessage(r -> r.queueUrl(url).messageBody("x").messageGroupId("g"))));
        invalid(() -> send(url, "with space", "d", "x"));
        invalid(() -> send(url, "g", "x".repeat(129), "x"));
        String message = invalid(() -> sqs.sendMessage(
                r -> r.queueUrl(url).messageBody("x").messageGroupId("g").messageDeduplicationId("d").delaySeconds(1)));
        assertTrue(message.startsWith("Value 1 for parameter DelaySeconds is invalid."), message);
        sqs.sendMessage(
                r -> r.queueUrl(url).messageBody("x").messageGroupId("g").messageDeduplicationId("d").delaySeconds(0));
        assertEquals("x", next(url).body());
    }

    @Test
    void batchesKeepTheirOrderAndDeduplicateWithinThemselves() {
        String url = fifo(Map.of());
        List<SendMessageBatchRequestEntry> entries = IntStream.range(0, 10)
                .mapToObj(n -> SendMessageBatchRequestEntry.builder().id("e" + n).messageBody("m" + n)
                        .messageGroupId("g").messageDeduplicationId("d" + n % 9).build())
                .toList();
        var sent = sqs.sendMessageBatch(r -> r.queueUrl(url).entries(entries));
        assertFalse(sent.hasFailed());
        List<SendMessageBatchResultEntry> results = sent.successful();
        assertEquals(results.get(0).messageId(), results.get(9).messageId());
        assertEquals(results.get(0).sequenceNumber(), results.get(9).sequenceNumber());
        assertEquals(IntStream.range(0, 9).mapToObj(n -> "m" + n).toList(), bodies(take(url, 10)));
        // What fails one entry of a batch elsewhere fails all of it here.
        invalid(() -> sqs.sendMessageBatch(r -> r.queueUrl(url).entries(
                e -> e.id("good").messageBody("x").messageGroupId("h").messageDeduplicationId("new"),
                e -> e.id("bad").messageBody("x").messageGroupId("h"))));
        assertEquals(List.of("0", "9", "0"), counts(url));
    }

    @Test
    void theQueueDelaysItsGroups() {
        String url = fifo(Map.of(QueueAttributeName.DELAY_SECONDS, "1"));
        send(url, "g", "1", "1");
        send(url, "g", "2", "2");
        assertEquals(List.of(), take(url, 10));
        assertEquals("1", next(url).body());
    }
}

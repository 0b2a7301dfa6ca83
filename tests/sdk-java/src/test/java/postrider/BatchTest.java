package postrider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.services.sqs.model.BatchEntryIdsNotDistinctException;
import software.amazon.awssdk.services.sqs.model.BatchRequestTooLongException;
import software.amazon.awssdk.services.sqs.model.BatchResultErrorEntry;
import software.amazon.awssdk.services.sqs.model.ChangeMessageVisibilityBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.DeleteMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.EmptyBatchRequestException;
import software.amazon.awssdk.services.sqs.model.InvalidBatchEntryIdException;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchResultEntry;
import software.amazon.awssdk.services.sqs.model.TooManyEntriesInBatchRequestException;

/** Section 2 and 6: batches, what fails as a whole and what fails alone. */
final class BatchTest extends Fixture {
    private static final String PREFIX = "AWS.SimpleQueueService.";

    private static SendMessageBatchRequestEntry entry(String id, String body) {
        return SendMessageBatchRequestEntry.builder().id(id).messageBody(body).build();
    }

    private static List<SendMessageBatchRequestEntry> entries(int count) {
        return IntStream.range(0, count).mapToObj(n -> entry("e" + n, "body " + n)).toList();
    }

    @Test
    void tenThereAndBack() {
        String url = queue();
        var sent = sqs.sendMessageBatch(r -> r.queueUrl(url).entries(entries(10)));
        assertFalse(sent.hasFailed());
        Map<String, SendMessageBatchResultEntry> byId = sent.successful().stream()
                .collect(Collectors.toMap(SendMessageBatchResultEntry::id, Function.identity()));
        assertEquals(10, byId.size());
        List<Message> got = drain(url, 10);
        for (Message message : got) {
            String id = "e" + message.body().substring("body ".length());
            assertEquals(byId.get(id).messageId(), message.messageId());
            assertEquals(byId.get(id).md5OfMessageBody(), message.md5OfBody());
        }
        var changed = sqs.changeMessageVisibilityBatch(r -> r.queueUrl(url).entries(IntStream.range(0, 10)
                .mapToObj(n -> ChangeMessageVisibilityBatchRequestEntry
                        .builder().id("e" + n).receiptHandle(got.get(n).receiptHandle()).visibilityTimeout(0).build())
                .toList()));
        assertEquals(10, changed.successful().size());
        assertEquals(List.of("10", "0", "0"), counts(url));
        var deleted = sqs.deleteMessageBatch(r -> r.queueUrl(url).entries(IntStream.range(0, 10)
                .mapToObj(n -> DeleteMessageBatchRequestEntry
                        .builder().id("e" + n).receiptHandle(got.get(n).receiptHandle()).build())
                .toList()));
        assertEquals(10, deleted.successful().size());
        assertEquals(List.of("0", "0", "0"), counts(url));
    }

    @Test
    void oneBadEntryFailsAlone() {
        String url = queue();
        var sent = sqs.sendMessageBatch(r -> r.queueUrl(url).entries(
                entry("good", "x"),
                entry("bad", "\u0001"),
                entry("late", "x").toBuilder().delaySeconds(901).build()));
        assertEquals(List.of("good"), sent.successful().stream().map(SendMessageBatchResultEntry::id).toList());
        Map<String, BatchResultErrorEntry> failed = sent.failed().stream()
                .collect(Collectors.toMap(BatchResultErrorEntry::id, Function.identity()));
        assertEquals("InvalidMessageContents", failed.get("bad").code());
        assertEquals("InvalidParameterValue", failed.get("late").code());
        assertTrue(failed.get("bad").senderFault() && failed.get("late").senderFault());
        var deleted = sqs.deleteMessageBatch(r -> r.queueUrl(url).entries(
                e -> e.id("good").receiptHandle(next(url).receiptHandle()), e -> e.id("bad").receiptHandle("made-up")));
        assertEquals("good", deleted.successful().get(0).id());
        assertEquals("ReceiptHandleIsInvalid", deleted.failed().get(0).code());
        var changed = sqs.changeMessageVisibilityBatch(r -> r.queueUrl(url).entries(
                e -> e.id("bad").receiptHandle("made-up").visibilityTimeout(0)));
        assertFalse(changed.hasSuccessful());
        assertEquals("ReceiptHandleIsInvalid", changed.failed().get(0).code());
    }

    @Test
    void howMany() {
        String url = queue();
        assertEquals("There should be at least one SendMessageBatchRequestEntry in the request.",
                refused(EmptyBatchRequestException.class, 400, PREFIX + "EmptyBatchRequest",
                        () -> sqs.sendMessageBatch(r -> r.queueUrl(url).entries(List.of()))));
        assertEquals("Maximum number of entries per request are 10. You have sent 11.",
                refused(TooManyEntriesInBatchRequestException.class, 400, PREFIX + "TooManyEntriesInBatchRequest",
                        () -> sqs.sendMessageBatch(r -> r.queueUrl(url).entries(entries(11)))));
    }

    @Test
    void idsAreDistinct() {
        assertEquals("Id a repeated.",
                refused(BatchEntryIdsNotDistinctException.class, 400, PREFIX + "BatchEntryIdsNotDistinct",
                        () -> sqs.sendMessageBatch(
                                r -> r.queueUrl(queue()).entries(entry("a", "1"), entry("b", "2"), entry("a", "3")))));
    }

    @ParameterizedTest
    @ValueSource(strings = {"with space", "dot.ted", ""})
    void idsAreChecked(String id) {
        refused(InvalidBatchEntryIdException.class, 400, PREFIX + "InvalidBatchEntryId",
                () -> sqs.sendMessageBatch(r -> r.queueUrl(queue()).entries(entry(id, "x"))));
    }

    @Test
    void bytesOfAllEntriesAreCounted() {
        String url = queue();
        String half = "x".repeat(524_288);
        var sent = sqs.sendMessageBatch(r -> r.queueUrl(url).entries(entry("a", half), entry("b", half)));
        assertEquals(2, sent.successful().size());
        assertEquals("Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes.",
                refused(BatchRequestTooLongException.class, 400, PREFIX + "BatchRequestTooLong",
                        () -> sqs.sendMessageBatch(
                                r -> r.queueUrl(url).entries(entry("a", half), entry("b", half + "x")))));
        String small = queue(Map.of(QueueAttributeName.MAXIMUM_MESSAGE_SIZE, "1024"));
        var mixed = sqs.sendMessageBatch(
                r -> r.queueUrl(small).entries(entry("a", "x".repeat(1_024)), entry("b", "x".repeat(1_025))));
        assertEquals("a", mixed.successful().get(0).id());
        assertEquals("One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes.",
                mixed.failed().get(0).message());
    }
}

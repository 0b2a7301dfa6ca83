package postrider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.sqs.SqsAsyncClient;
import software.amazon.awssdk.services.sqs.batchmanager.SqsAsyncBatchManager;
import software.amazon.awssdk.services.sqs.model.DeleteMessageResponse;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;
import software.amazon.awssdk.services.sqs.model.SendMessageResponse;
import software.amazon.awssdk.services.sqs.model.SqsException;

/**
 * The batch manager of the SDK collects sends, deletes and changes of visibility into batches, hands the results of
 * the entries to their callers, reads two attributes of the queue, and receives ahead of its callers.
 */
final class BatchManagerTest extends Fixture {
    private final SqsAsyncClient async = Server.asyncClient(account);
    private final ScheduledExecutorService clock = Executors.newScheduledThreadPool(1);
    private final SqsAsyncBatchManager batches = SqsAsyncBatchManager.builder()
            .client(async)
            .scheduledExecutor(clock)
            .overrideConfiguration(o -> o
                    .sendRequestFrequency(Duration.ofMillis(50))
                    .receiveMessageMinWaitDuration(Duration.ofMillis(500))
                    .receiveMessageSystemAttributeNames(List.of(MessageSystemAttributeName.ALL))
                    .receiveMessageAttributeNames(List.of("All")))
            .build();

    @AfterEach
    void close() {
        batches.close();
        clock.shutdownNow();
        async.close();
    }

    private List<SendMessageResponse> sendAll(String url, int count) {
        List<CompletableFuture<SendMessageResponse>> sends = IntStream.range(0, count)
                .mapToObj(n -> batches.sendMessage(
                        r -> r.queueUrl(url).messageBody("m" + n).messageAttributes(Map.of("n", string("" + n)))))
                .toList();
        return sends.stream().map(CompletableFuture::join).toList();
    }

    private List<Message> receiveAll(String url, int count) {
        List<Message> all = new ArrayList<>();
        Instant deadline = Instant.now().plus(BOUND);
        while (all.size() < count && Instant.now().isBefore(deadline)) {
            int max = Math.min(10, count - all.size());
            all.addAll(batches.receiveMessage(r -> r.queueUrl(url).maxNumberOfMessages(max)).join().messages());
        }
        assertEquals(count, all.size());
        return all;
    }

    @Test
    void thereAndBack() {
        String url = queue();
        List<SendMessageResponse> sent = sendAll(url, 25);
        assertEquals(List.of("25", "0", "0"), counts(url));
        List<Message> got = receiveAll(url, 25);
        for (Message message : got) {
            int n = Integer.parseInt(message.body().substring(1));
            assertEquals(sent.get(n).messageId(), message.messageId());
            assertEquals(sent.get(n).md5OfMessageAttributes(), message.md5OfMessageAttributes());
            assertEquals("1", message.attributes().get(MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT));
        }
        List<CompletableFuture<DeleteMessageResponse>> deletes = got.stream()
                .map(m -> batches.deleteMessage(r -> r.queueUrl(url).receiptHandle(m.receiptHandle())))
                .toList();
        deletes.forEach(CompletableFuture::join);
        assertEquals(List.of("0", "0", "0"), counts(url));
    }

    @Test
    void oneBadEntryFailsItsCallerAlone() {
        String url = queue();
        var good = batches.sendMessage(r -> r.queueUrl(url).messageBody("good"));
        var bad = batches.sendMessage(r -> r.queueUrl(url).messageBody("\u0001"));
        good.join();
        CompletionException error = assertThrows(CompletionException.class, bad::join);
        SqsException cause = assertInstanceOf(SqsException.class, error.getCause());
        assertEquals("InvalidMessageContents", cause.awsErrorDetails().errorCode());
        assertEquals(List.of("1", "0", "0"), counts(url));
        CompletionException deletion = assertThrows(CompletionException.class,
                batches.deleteMessage(r -> r.queueUrl(url).receiptHandle("made-up"))::join);
        assertEquals("ReceiptHandleIsInvalid",
                assertInstanceOf(SqsException.class, deletion.getCause()).awsErrorDetails().errorCode());
    }

    @Test
    void visibilityIsChangedInBatches() {
        String url = queue();
        send(url, "a", "b", "c");
        List<Message> got = drain(url, 3);
        got.stream()
                .map(m -> batches.changeMessageVisibility(
                        r -> r.queueUrl(url).receiptHandle(m.receiptHandle()).visibilityTimeout(0)))
                .toList()
                .forEach(CompletableFuture::join);
        assertEquals(List.of("3", "0", "0"), counts(url));
    }

    @Test
    void anEmptyQueueIsAnsweredByTheManagerItself() {
        String url = queue();
        assertEquals(List.of(), batches.receiveMessage(r -> r.queueUrl(url)).join().messages());
        send(url, "x");
        assertEquals(List.of("x"), bodies(receiveAll(url, 1)));
    }

    @Test
    void whatWasReceivedAheadComesBackWhenTheManagerIsClosed() {
        String url = queue(Map.of(QueueAttributeName.VISIBILITY_TIMEOUT, "2"));
        send(url, IntStream.range(0, 10).mapToObj(n -> "m" + n).toArray(String[]::new));
        // The manager asks for ten and hands out one.
        delete(url, receiveAll(url, 1).get(0));
        batches.close();
        List<String> rest = new ArrayList<>();
        eventually("the other nine are there", () -> {
            receive(url, r -> r.maxNumberOfMessages(10).waitTimeSeconds(1)).forEach(m -> {
                rest.add(m.body());
                delete(url, m);
            });
            return counts(url).equals(List.of("0", "0", "0"));
        });
        assertEquals(9, rest.stream().distinct().count());
    }

    @Test
    void aFifoQueueKeepsItsOrder() {
        String url = fifo(Map.of());
        List<CompletableFuture<SendMessageResponse>> sends = IntStream.range(0, 25)
                .mapToObj(n -> batches.sendMessage(
                        r -> r.queueUrl(url).messageBody("m" + n).messageGroupId("g").messageDeduplicationId("d" + n)))
                .toList();
        sends.forEach(CompletableFuture::join);
        List<String> got = new ArrayList<>();
        while (got.size() < 25) {
            List<Message> some = receiveAll(url, Math.min(10, 25 - got.size()));
            got.addAll(bodies(some));
            some.forEach(m -> delete(url, m));
        }
        // Batches are sent side by side, so only the order within a batch is the caller's.
        assertEquals(25, got.stream().distinct().count());
        assertEquals(got.indexOf("m0") + 1, got.indexOf("m1"));
    }
}

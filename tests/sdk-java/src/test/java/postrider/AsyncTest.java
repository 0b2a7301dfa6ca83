package postrider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.sqs.SqsAsyncClient;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;
import software.amazon.awssdk.services.sqs.model.QueueDoesNotExistException;
import software.amazon.awssdk.services.sqs.model.ReceiveMessageResponse;
import software.amazon.awssdk.services.sqs.model.SendMessageResponse;

/** Section 9: the asynchronous client, with many requests on the way and polls that wait. */
final class AsyncTest extends Fixture {
    private final SqsAsyncClient async = Server.asyncClient(account);

    @AfterEach
    void close() {
        async.close();
    }

    @Test
    void manyAtOnce() {
        String url = queue();
        List<CompletableFuture<SendMessageResponse>> sends = IntStream.range(0, 100)
                .mapToObj(n -> async.sendMessage(r -> r.queueUrl(url).messageBody("m" + n)))
                .toList();
        Set<String> ids = sends.stream().map(CompletableFuture::join).map(SendMessageResponse::messageId)
                .collect(Collectors.toSet());
        assertEquals(100, ids.size());
        assertEquals(ids, drain(url, 100).stream().map(m -> m.messageId()).collect(Collectors.toSet()));
    }

    @Test
    void errorsComeThroughTheFuture() {
        CompletionException error = assertThrows(CompletionException.class,
                () -> async.getQueueUrl(r -> r.queueName("nowhere")).join());
        QueueDoesNotExistException cause = assertInstanceOf(QueueDoesNotExistException.class, error.getCause());
        assertEquals("AWS.SimpleQueueService.NonExistentQueue", cause.awsErrorDetails().errorCode());
        assertEquals(400, cause.statusCode());
    }

    @Test
    void aPollWaitsForAMessage() {
        String url = queue();
        CompletableFuture<ReceiveMessageResponse> poll =
                async.receiveMessage(r -> r.queueUrl(url).waitTimeSeconds(20).maxNumberOfMessages(10));
        // Something else is asked meanwhile: the server has had time to answer the poll if it did not wait.
        assertEquals(List.of("0", "0", "0"), counts(url));
        assertFalse(poll.isDone());
        Instant sent = Instant.now();
        send(url, "x");
        assertEquals(List.of("x"), bodies(poll.join().messages()));
        assertTrue(Duration.between(sent, Instant.now()).compareTo(Duration.ofSeconds(10)) < 0);
    }

    @Test
    void aPollThatGetsNothingEndsInTime() {
        String url = queue(Map.of(QueueAttributeName.RECEIVE_MESSAGE_WAIT_TIME_SECONDS, "20"));
        Instant start = Instant.now();
        ReceiveMessageResponse nothing = async.receiveMessage(r -> r.queueUrl(url).waitTimeSeconds(1)).join();
        assertFalse(nothing.hasMessages());
        Duration waited = Duration.between(start, Instant.now());
        assertTrue(waited.toMillis() >= 900 && waited.toSeconds() < 15, waited.toString());
        // An explicit 0 is a short poll, whatever the queue says.
        assertFalse(async.receiveMessage(r -> r.queueUrl(url).waitTimeSeconds(0)).join().hasMessages());
        assertTrue(Duration.between(start, Instant.now()).toSeconds() < 18);
    }

    @Test
    void aDelayedMessageEndsAPoll() {
        String url = queue();
        sqs.sendMessage(r -> r.queueUrl(url).messageBody("later").delaySeconds(1));
        assertEquals(List.of("later"),
                bodies(async.receiveMessage(r -> r.queueUrl(url).waitTimeSeconds(20)).join().messages()));
    }

    @Test
    void onePollEachWhenManyWait() {
        String url = queue();
        List<CompletableFuture<ReceiveMessageResponse>> polls = IntStream.range(0, 20)
                .mapToObj(n -> async.receiveMessage(r -> r.queueUrl(url).waitTimeSeconds(20)))
                .toList();
        send(url, IntStream.range(0, 20).mapToObj(n -> "m" + n).toArray(String[]::new));
        Set<String> got = polls.stream().map(CompletableFuture::join).flatMap(r -> r.messages().stream())
                .map(m -> m.body()).collect(Collectors.toSet());
        assertEquals(20, got.size());
    }

    @Test
    void aCancelledPollLosesNothing() {
        String url = queue(Map.of(QueueAttributeName.VISIBILITY_TIMEOUT, "1"));
        CompletableFuture<ReceiveMessageResponse> poll =
                async.receiveMessage(r -> r.queueUrl(url).waitTimeSeconds(20));
        assertEquals(List.of("0", "0", "0"), counts(url));
        poll.cancel(true);
        send(url, "x");
        // Should the message have gone to the poll on its way out, it is back after its timeout.
        assertEquals("x", next(url).body());
    }
}

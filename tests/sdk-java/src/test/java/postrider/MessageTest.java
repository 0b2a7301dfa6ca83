package postrider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.client.config.ClientOverrideConfiguration;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.InvalidMessageContentsException;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageAttributeValue;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeNameForSends;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeValue;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;
import software.amazon.awssdk.services.sqs.model.ReceiptHandleIsInvalidException;
import software.amazon.awssdk.services.sqs.model.SqsException;
import software.amazon.awssdk.services.sqs.model.UnsupportedOperationException;

/** Sections 7 to 9: one message from send to delete. The SDK checks the MD5 of everything that it sends and gets. */
final class MessageTest extends Fixture {
    private static final int SIZE_MAX = 1_048_576;

    @ParameterizedTest(name = "[{index}]")
    @ValueSource(strings = {"plain", "\"&quot;<&>\r\n\t", "grüße 你好 \uD83D\uDE80 \uFFFD", " "})
    void bodiesSurvive(String body) {
        String url = queue();
        var sent = sqs.sendMessage(r -> r.queueUrl(url).messageBody(body));
        Message got = next(url);
        assertEquals(body, got.body());
        assertEquals(sent.messageId(), got.messageId());
        assertEquals(sent.md5OfMessageBody(), got.md5OfBody());
        assertNull(sent.sequenceNumber());
        assertNull(sent.md5OfMessageAttributes());
        delete(url, got);
        assertEquals(List.of("0", "0", "0"), counts(url));
    }

    @Test
    void attributesSurviveWithTheirDigest() {
        String url = queue();
        byte[] bytes = {0, 1, (byte) 0xFE, (byte) 0xFF};
        Map<String, MessageAttributeValue> attributes = Map.of(
                "text", string("grüße"),
                "labelled", MessageAttributeValue.builder().dataType("String.json").stringValue("{}").build(),
                "number", MessageAttributeValue.builder().dataType("Number.int").stringValue("-1.5e3").build(),
                "bytes", MessageAttributeValue.builder().dataType("Binary")
                        .binaryValue(SdkBytes.fromByteArray(bytes)).build());
        var sent = sqs.sendMessage(r -> r.queueUrl(url).messageBody("x").messageAttributes(attributes));
        Message got = next(url);
        assertEquals(attributes, got.messageAttributes());
        assertEquals(sent.md5OfMessageAttributes(), got.md5OfMessageAttributes());
    }

    @Test
    void digestsAreThoseThatAwsGives() {
        String url = queue();
        var attributes = Map.of("General", string("Kenobi"), "Hello", string("There"));
        var sent = sqs.sendMessage(r -> r.queueUrl(url).messageBody("x").messageAttributes(attributes));
        assertEquals("fca026605781cb4126a1e9044df24232", sent.md5OfMessageAttributes());
        assertEquals("9dd4e461268c8034f5c8564e155c67a6", sent.md5OfMessageBody());
    }

    /** That a wrong digest is noticed at all: what would pass silently proves nothing. */
    @Test
    void theSdkChecksDigests() {
        String url = queue();
        SqsClient tampering = Server.client(account, ClientOverrideConfiguration.builder()
                .addExecutionInterceptor(new ReplaceInResponse("9dd4e461268c8034f5c8564e155c67a6",
                        "9dd4e461268c8034f5c8564e155c67a7"))
                .build());
        SdkClientException error = assertThrows(SdkClientException.class,
                () -> tampering.sendMessage(r -> r.queueUrl(url).messageBody("x")));
        assertTrue(error.getMessage().contains("MD5"), error.getMessage());
        assertThrows(SdkClientException.class, () -> tampering.receiveMessage(r -> r.queueUrl(url)));
    }

    @Test
    void attributesAreChosenByName() {
        String url = queue();
        var attributes = Map.of("a.one", string("1"), "a.two", string("2"), "b", string("3"));
        sqs.sendMessage(r -> r.queueUrl(url).messageBody("x").messageAttributes(attributes));
        for (Map.Entry<String, Integer> asked : Map.of("a.*", 2, "b", 1, "All", 3, ".*", 3, "none", 0).entrySet()) {
            Message got = sqs.receiveMessage(r -> r.queueUrl(url).messageAttributeNames(asked.getKey())
                    .visibilityTimeout(0)).messages().get(0);
            assertEquals(asked.getValue(), got.messageAttributes().size(), asked.getKey());
            assertEquals(asked.getValue() > 0, got.md5OfMessageAttributes() != null, asked.getKey());
        }
    }

    @Test
    void systemAttributes() {
        String url = queue();
        long before = System.currentTimeMillis();
        String trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1";
        var sent = sqs.sendMessage(r -> r.queueUrl(url).messageBody("x").messageSystemAttributes(
                Map.of(MessageSystemAttributeNameForSends.AWS_TRACE_HEADER,
                        MessageSystemAttributeValue.builder().dataType("String").stringValue(trace).build())));
        assertEquals(32, sent.md5OfMessageSystemAttributes().length());
        receive(url, r -> r.visibilityTimeout(0));
        Map<MessageSystemAttributeName, String> got = next(url).attributes();
        assertEquals(trace, got.get(MessageSystemAttributeName.AWS_TRACE_HEADER));
        assertEquals("2", got.get(MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT));
        long sentAt = Long.parseLong(got.get(MessageSystemAttributeName.SENT_TIMESTAMP));
        long firstAt = Long.parseLong(got.get(MessageSystemAttributeName.APPROXIMATE_FIRST_RECEIVE_TIMESTAMP));
        assertTrue(before - 1_000 <= sentAt && sentAt <= firstAt, before + " " + sentAt + " " + firstAt);
        assertFalse(got.get(MessageSystemAttributeName.SENDER_ID).isEmpty());
        assertFalse(got.containsKey(MessageSystemAttributeName.SEQUENCE_NUMBER));
        Message bare = sqs.receiveMessage(r -> r.queueUrl(queueWith("y"))).messages().get(0);
        assertFalse(bare.hasAttributes());
    }

    private String queueWith(String body) {
        String url = queue();
        send(url, body);
        return url;
    }

    @Test
    void aReceivedMessageIsHiddenUntilItsTimeoutEnds() {
        String url = queue(Map.of(QueueAttributeName.VISIBILITY_TIMEOUT, "1"));
        send(url, "again");
        Message first = next(url);
        Instant received = Instant.now();
        assertTrue(take(url, 10).isEmpty());
        Message second = next(url);
        // The timeout counts from the response, which is before this clock was read.
        assertTrue(received.plusMillis(700).isBefore(Instant.now()));
        assertEquals(first.messageId(), second.messageId());
        assertNotEquals(first.receiptHandle(), second.receiptHandle());
        // On a standard queue any handle of the message deletes it.
        delete(url, first);
    }

    @Test
    void visibilityIsChanged() {
        String url = queueWith("x");
        Message got = next(url);
        sqs.changeMessageVisibility(r -> r.queueUrl(url).receiptHandle(got.receiptHandle()).visibilityTimeout(0));
        Message again = next(url);
        sqs.changeMessageVisibility(r -> r.queueUrl(url).receiptHandle(again.receiptHandle()).visibilityTimeout(900));
        assertEquals(List.of("0", "1", "0"), counts(url));
        invalid(() -> sqs.changeMessageVisibility(
                r -> r.queueUrl(url).receiptHandle(again.receiptHandle()).visibilityTimeout(43_201)));
        delete(url, again);
        delete(url, again);
        String message = invalid(() -> sqs.changeMessageVisibility(
                r -> r.queueUrl(url).receiptHandle(again.receiptHandle()).visibilityTimeout(0)));
        assertTrue(message.endsWith("Message does not exist or is not available for visibility timeout change."),
                message);
    }

    @Test
    void handlesThatWereNeverIssued() {
        String url = queueWith("x");
        assertEquals("The input receipt handle \"made-up\" is not a valid receipt handle.",
                refused(ReceiptHandleIsInvalidException.class, 404, "ReceiptHandleIsInvalid",
                        () -> sqs.deleteMessage(r -> r.queueUrl(url).receiptHandle("made-up"))));
        String other = queue();
        Message got = next(url);
        refused(ReceiptHandleIsInvalidException.class, 404, "ReceiptHandleIsInvalid",
                () -> sqs.changeMessageVisibility(
                        r -> r.queueUrl(other).receiptHandle(got.receiptHandle()).visibilityTimeout(0)));
    }

    @Test
    void delays() {
        String url = queue(Map.of(QueueAttributeName.DELAY_SECONDS, "900"));
        send(url, "by the queue");
        Instant sent = Instant.now();
        sqs.sendMessage(r -> r.queueUrl(url).messageBody("soon").delaySeconds(1));
        sqs.sendMessage(r -> r.queueUrl(url).messageBody("now").delaySeconds(0));
        assertEquals(List.of("now"), bodies(take(url, 10)));
        assertEquals("soon", next(url).body());
        assertTrue(sent.plusMillis(900).isBefore(Instant.now()));
        assertEquals(List.of("0", "2", "1"), counts(url));
        assertEquals("Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.",
                invalid(() -> sqs.sendMessage(r -> r.queueUrl(url).messageBody("x").delaySeconds(901))));
    }

    @Test
    void sizes() {
        String url = queue();
        String largest = "x".repeat(SIZE_MAX);
        send(url, largest);
        assertEquals(largest, next(url).body());
        assertEquals("One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.",
                invalid(() -> send(url, largest + "x")));
        String small = queue(Map.of(QueueAttributeName.MAXIMUM_MESSAGE_SIZE, "1024"));
        // 1,014 of the body, 1 of the name, 6 of the type, 3 of the value.
        Map<String, MessageAttributeValue> ten = Map.of("a", string("123"));
        sqs.sendMessage(r -> r.queueUrl(small).messageBody("x".repeat(1_014)).messageAttributes(ten));
        invalid(() -> sqs.sendMessage(r -> r.queueUrl(small).messageBody("x".repeat(1_015)).messageAttributes(ten)));
    }

    @ParameterizedTest(name = "[{index}]")
    @ValueSource(strings = {"\u0000", "\u0008", "\uFFFF", "fine until \u001B"})
    void charactersThatXmlHasNot(String body) {
        String message = refused(InvalidMessageContentsException.class, 400, "InvalidMessageContents",
                () -> send(queue(), body));
        assertTrue(message.startsWith("Invalid characters found."), message);
    }

    @Test
    void attributesAreChecked() {
        String url = queue();
        Map<String, MessageAttributeValue> eleven = new HashMap<>();
        for (int n = 0; n < 11; n++) {
            eleven.put("a" + n, string("x"));
        }
        assertEquals("Number of message attributes [11] exceeds the allowed maximum [10].",
                invalid(() -> sqs.sendMessage(r -> r.queueUrl(url).messageBody("x").messageAttributes(eleven))));
        eleven.remove("a10");
        sqs.sendMessage(r -> r.queueUrl(url).messageBody("x").messageAttributes(eleven));
        assertEquals(10, next(url).messageAttributes().size());
        var number = MessageAttributeValue.builder().dataType("Number").stringValue("seven").build();
        var list = MessageAttributeValue.builder().dataType("String").stringListValues("a", "b").build();
        for (var bad : Map.of("AWS.x", string("x"), "a..b", string("x"), "empty", string(""), "number", number)
                .entrySet()) {
            invalid(() -> sqs.sendMessage(r -> r.queueUrl(url).messageBody("x")
                    .messageAttributes(Map.of(bad.getKey(), bad.getValue()))));
        }
        refused(UnsupportedOperationException.class, 400, "AWS.SimpleQueueService.UnsupportedOperation",
                () -> sqs.sendMessage(r -> r.queueUrl(url).messageBody("x").messageAttributes(Map.of("list", list))));
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0, 30, MaxNumberOfMessages", "11, 0, 30, MaxNumberOfMessages", "1, 21, 30, WaitTimeSeconds",
        "1, -1, 30, WaitTimeSeconds", "1, 0, 43201, VisibilityTimeout", "1, 0, -1, VisibilityTimeout",
    })
    void receivesAreChecked(int max, int wait, int timeout, String blamed) {
        String message = invalid(() -> receive(queue(),
                r -> r.maxNumberOfMessages(max).waitTimeSeconds(wait).visibilityTimeout(timeout)));
        assertTrue(message.contains("for parameter " + blamed + " is invalid."), message);
    }

    @Test
    void whatIsRequired() {
        String url = queue();
        assertEquals("The request must contain the parameter MessageBody.",
                refused(SqsException.class, 400, "MissingParameter", () -> sqs.sendMessage(r -> r.queueUrl(url))));
        assertEquals("The request must contain the parameter ReceiptHandle.",
                refused(SqsException.class, 400, "MissingParameter", () -> sqs.deleteMessage(r -> r.queueUrl(url))));
    }

    /** Section 12: a group on a standard queue is remembered and holds nothing back. */
    @Test
    void groupsOnAStandardQueue() {
        String url = queue();
        for (String body : List.of("1", "2")) {
            sqs.sendMessage(r -> r.queueUrl(url).messageBody(body).messageGroupId("tenant"));
        }
        for (int n = 0; n < 2; n++) {
            assertEquals("tenant", next(url).attributes().get(MessageSystemAttributeName.MESSAGE_GROUP_ID));
        }
        String message = invalid(() -> sqs.sendMessage(
                r -> r.queueUrl(url).messageBody("x").messageGroupId("tenant").messageDeduplicationId("d")));
        assertTrue(message.startsWith("Value d for parameter MessageDeduplicationId is invalid."), message);
    }

    /** Changes a text in every response before the SDK reads it. */
    private record ReplaceInResponse(String from, String to) implements ExecutionInterceptor {
        @Override
        public Optional<InputStream> modifyHttpResponseContent(
                Context.ModifyHttpResponse context, ExecutionAttributes attributes) {
            return context.responseBody().map(body -> {
                try {
                    String text = new String(body.readAllBytes(), StandardCharsets.UTF_8);
                    return new ByteArrayInputStream(text.replace(from, to).getBytes(StandardCharsets.UTF_8));
                } catch (IOException error) {
                    throw new UncheckedIOException(error);
                }
            });
        }
    }
}

package postrider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.adobe.testing.s3mock.S3MockApplication;
import com.amazon.sqs.javamessaging.AmazonSQSExtendedAsyncClient;
import com.amazon.sqs.javamessaging.AmazonSQSExtendedClient;
import com.amazon.sqs.javamessaging.ExtendedAsyncClientConfiguration;
import com.amazon.sqs.javamessaging.ExtendedClientConfiguration;
import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.sqs.model.ChangeMessageVisibilityBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.DeleteMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageAttributeValue;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequestEntry;

/**
 * The extended client puts bodies above 256 KiB into S3 and sends a pointer to them: an attribute more, a receipt
 * handle that it decorates, and an object that it removes on delete. The S3 server runs in this process.
 */
final class ExtendedClientTest extends Fixture {
    private static final int THRESHOLD = 262_144;
    private static final String SIZE_ATTRIBUTE = "SQSLargePayloadSize";
    private static final String HUGE = "x".repeat(1_600_000);

    private static S3MockApplication s3Server;

    private final String bucket = name();
    private final S3Client s3 = S3Client.builder()
            .endpointOverride(URI.create("http://127.0.0.1:" + s3Server.getHttpPort()))
            .region(Region.of(Server.REGION))
            .credentialsProvider(Server.credentials(account))
            .forcePathStyle(true)
            .build();
    private final AmazonSQSExtendedClient extended = new AmazonSQSExtendedClient(
            sqs, new ExtendedClientConfiguration().withPayloadSupportEnabled(s3, bucket, true));

    @BeforeAll
    static void startS3() {
        // It adds to the map, so it has to be one that can grow.
        s3Server = S3MockApplication.start(new HashMap<>(Map.of(
                S3MockApplication.PROP_HTTP_PORT, 0,
                S3MockApplication.PROP_HTTPS_PORT, 0,
                S3MockApplication.PROP_SILENT, true)));
    }

    @AfterAll
    static void stopS3() {
        s3Server.stop();
    }

    @BeforeEach
    void makeBucket() {
        s3.createBucket(r -> r.bucket(bucket));
    }

    private int objects() {
        return s3.listObjectsV2(r -> r.bucket(bucket)).keyCount();
    }

    private Message nextExtended(String url) {
        return extended.receiveMessage(r -> r.queueUrl(url).waitTimeSeconds(20).messageAttributeNames("All"))
                .messages().get(0);
    }

    @Test
    void moreThanTheLimitOfSqsThereAndBack() {
        String url = queue();
        extended.sendMessage(r -> r.queueUrl(url).messageBody(HUGE).messageAttributes(Map.of("a", string("b"))));
        assertEquals(1, objects());
        // What the server has is a pointer and the size.
        Message pointer = receive(url, r -> r.visibilityTimeout(0)).get(0);
        assertTrue(pointer.body().contains("PayloadS3Pointer") && pointer.body().contains(bucket), pointer.body());
        assertEquals("1600000", pointer.messageAttributes().get(SIZE_ATTRIBUTE).stringValue());
        Message got = nextExtended(url);
        assertEquals(HUGE, got.body());
        assertEquals(Map.of("a", string("b")), got.messageAttributes());
        extended.deleteMessage(r -> r.queueUrl(url).receiptHandle(got.receiptHandle()));
        assertEquals(0, objects());
        assertEquals(List.of("0", "0", "0"), counts(url));
    }

    @Test
    void theThreshold() {
        String url = queue();
        extended.sendMessage(r -> r.queueUrl(url).messageBody("x".repeat(THRESHOLD)));
        assertEquals(0, objects());
        extended.sendMessage(r -> r.queueUrl(url).messageBody("x".repeat(THRESHOLD + 1)));
        assertEquals(1, objects());
        Set<Integer> lengths = Set.of(nextExtended(url).body().length(), nextExtended(url).body().length());
        assertEquals(Set.of(THRESHOLD, THRESHOLD + 1), lengths);
    }

    @Test
    void decoratedHandlesChangeVisibility() {
        String url = queue();
        extended.sendMessage(r -> r.queueUrl(url).messageBody(HUGE));
        Message got = nextExtended(url);
        assertTrue(got.receiptHandle().contains(bucket), "the handle names the object");
        extended.changeMessageVisibility(
                r -> r.queueUrl(url).receiptHandle(got.receiptHandle()).visibilityTimeout(0));
        assertEquals(List.of("1", "0", "0"), counts(url));
        Message again = nextExtended(url);
        var changed = extended.changeMessageVisibilityBatch(r -> r.queueUrl(url)
                .entries(ChangeMessageVisibilityBatchRequestEntry.builder().id("a")
                        .receiptHandle(again.receiptHandle()).visibilityTimeout(0).build()));
        assertFalse(changed.hasFailed());
        assertEquals(HUGE, nextExtended(url).body());
    }

    @Test
    void batchesOfSmallAndLarge() {
        String url = queue();
        List<SendMessageBatchRequestEntry> entries = IntStream.range(0, 6)
                .mapToObj(n -> SendMessageBatchRequestEntry.builder().id("e" + n)
                        .messageBody(n + (n % 2 == 0 ? "small" : "x".repeat(600_000))).build())
                .toList();
        assertEquals(6, extended.sendMessageBatch(r -> r.queueUrl(url).entries(entries)).successful().size());
        assertEquals(3, objects());
        List<Message> got = extended.receiveMessage(r -> r.queueUrl(url).maxNumberOfMessages(10).waitTimeSeconds(5))
                .messages();
        assertEquals(entries.stream().map(SendMessageBatchRequestEntry::messageBody).collect(Collectors.toSet()),
                Set.copyOf(bodies(got)));
        var deleted = extended.deleteMessageBatch(r -> r.queueUrl(url).entries(IntStream.range(0, got.size())
                .mapToObj(n -> DeleteMessageBatchRequestEntry.builder().id("e" + n)
                        .receiptHandle(got.get(n).receiptHandle()).build())
                .toList()));
        assertEquals(6, deleted.successful().size());
        assertEquals(0, objects());
        assertEquals(List.of("0", "0", "0"), counts(url));
    }

    @Test
    void oneOfTheTenAttributesIsTheClients() {
        String url = queue();
        Map<String, MessageAttributeValue> nine = new HashMap<>();
        for (int n = 0; n < 9; n++) {
            nine.put("a" + n, string("x"));
        }
        extended.sendMessage(r -> r.queueUrl(url).messageBody(HUGE).messageAttributes(nine));
        assertEquals(10, receive(url, r -> r.visibilityTimeout(0)).get(0).messageAttributes().size());
        assertEquals(nine, nextExtended(url).messageAttributes());
        Map<String, MessageAttributeValue> ten = new HashMap<>(nine);
        ten.put("a9", string("x"));
        assertThrows(SdkClientException.class,
                () -> extended.sendMessage(r -> r.queueUrl(url).messageBody(HUGE).messageAttributes(ten)));
        // The client counts to nine even where it needs no pointer, but reads what others sent with ten.
        assertThrows(SdkClientException.class,
                () -> extended.sendMessage(r -> r.queueUrl(url).messageBody("small").messageAttributes(ten)));
        String other = queue();
        sqs.sendMessage(r -> r.queueUrl(other).messageBody("small").messageAttributes(ten));
        assertEquals(ten, nextExtended(other).messageAttributes());
    }

    @Test
    void withoutS3TheServerRefuses() {
        String url = queue();
        AmazonSQSExtendedClient off =
                new AmazonSQSExtendedClient(sqs, new ExtendedClientConfiguration().withPayloadSupportDisabled());
        assertEquals("One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.",
                invalid(() -> off.sendMessage(r -> r.queueUrl(url).messageBody(HUGE))));
    }

    @Test
    void theNewNameOfTheAttribute() {
        String url = queue();
        AmazonSQSExtendedClient client = new AmazonSQSExtendedClient(sqs, new ExtendedClientConfiguration()
                .withPayloadSupportEnabled(s3, bucket, true)
                .withLegacyReservedAttributeNameDisabled()
                .withAlwaysThroughS3(true));
        client.sendMessage(r -> r.queueUrl(url).messageBody("small"));
        Message pointer = receive(url, r -> r.visibilityTimeout(0)).get(0);
        assertEquals("5", pointer.messageAttributes().get("ExtendedPayloadSize").stringValue());
        assertEquals("small", nextExtended(url).body());
    }

    @Test
    void theAsynchronousClient() {
        String url = queue();
        try (S3AsyncClient s3Async = S3AsyncClient.builder()
                        .endpointOverride(URI.create("http://127.0.0.1:" + s3Server.getHttpPort()))
                        .region(Region.of(Server.REGION))
                        .credentialsProvider(Server.credentials(account))
                        .forcePathStyle(true)
                        .build();
                AmazonSQSExtendedAsyncClient client = new AmazonSQSExtendedAsyncClient(Server.asyncClient(account),
                        new ExtendedAsyncClientConfiguration().withPayloadSupportEnabled(s3Async, bucket, true))) {
            client.sendMessage(r -> r.queueUrl(url).messageBody(HUGE)).join();
            Message got = client.receiveMessage(r -> r.queueUrl(url).waitTimeSeconds(20)).join().messages().get(0);
            assertEquals(HUGE, got.body());
            client.deleteMessage(r -> r.queueUrl(url).receiptHandle(got.receiptHandle())).join();
        }
        assertEquals(0, objects());
    }

    @Test
    void largeMessagesKeepTheOrderOfTheirGroup() {
        String url = fifo(Map.of());
        for (int n = 0; n < 3; n++) {
            String id = "" + n;
            extended.sendMessage(r -> r.queueUrl(url).messageGroupId("g").messageDeduplicationId(id)
                    .messageBody(id + HUGE));
        }
        for (int n = 0; n < 3; n++) {
            Message got = nextExtended(url);
            assertEquals(n + HUGE, got.body());
            extended.deleteMessage(r -> r.queueUrl(url).receiptHandle(got.receiptHandle()));
        }
        assertEquals(0, objects());
    }

    @Test
    void aLargeMessageIsStillWholeInADeadLetterQueue() {
        String dead = queue();
        String url = queue(Map.of(QueueAttributeName.REDRIVE_POLICY, redrive(arn(dead), 1),
                QueueAttributeName.VISIBILITY_TIMEOUT, "0"));
        extended.sendMessage(r -> r.queueUrl(url).messageBody(HUGE));
        nextExtended(url);
        assertEquals(List.of(), take(url, 1));
        Message got = nextExtended(dead);
        assertEquals(HUGE, got.body());
        extended.deleteMessage(r -> r.queueUrl(dead).receiptHandle(got.receiptHandle()));
        assertEquals(0, objects());
    }
}

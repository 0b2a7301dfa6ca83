package postrider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrowsExactly;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.function.Executable;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.client.config.ClientOverrideConfiguration;
import software.amazon.awssdk.services.sns.SnsClient;
import software.amazon.awssdk.services.sns.model.InvalidParameterException;
import software.amazon.awssdk.services.sns.model.MessageAttributeValue;
import software.amazon.awssdk.services.sns.model.NotFoundException;
import software.amazon.awssdk.services.sns.model.PublishRequest;
import software.amazon.awssdk.services.sns.model.PublishResponse;
import software.amazon.awssdk.services.sns.model.SnsException;
import software.amazon.awssdk.services.sqs.model.Message;

/** What tests of topics start from, besides what {@link Fixture} has. */
abstract class SnsFixture extends Fixture {
    static final Map<String, String> RAW = Map.of("RawMessageDelivery", "true");
    static final Map<String, String> FIFO = Map.of("FifoTopic", "true", "ContentBasedDeduplication", "true");
    private static final ObjectMapper JSON = new ObjectMapper();

    final SnsClient sns = Server.topics(account, ClientOverrideConfiguration.builder().build());

    /** The ARN of a new topic, whose name ends as its attributes say. */
    String topic(Map<String, String> attributes) {
        String name = attributes.containsKey("FifoTopic") ? fifoName() : name();
        return sns.createTopic(r -> r.name(name).attributes(attributes)).topicArn();
    }

    Map<String, String> attributesOf(String topic) {
        return sns.getTopicAttributes(r -> r.topicArn(topic)).attributes();
    }

    void set(String topic, String name, String value) {
        sns.setTopicAttributes(r -> r.topicArn(topic).attributeName(name).attributeValue(value));
    }

    Map<String, String> shown(String subscription) {
        return sns.getSubscriptionAttributes(r -> r.subscriptionArn(subscription)).attributes();
    }

    void change(String subscription, String name, String value) {
        sns.setSubscriptionAttributes(r -> r.subscriptionArn(subscription).attributeName(name).attributeValue(value));
    }

    /** Confirmed, pending and deleted subscriptions. */
    List<String> counted(String topic) {
        Map<String, String> all = attributesOf(topic);
        return List.of(all.get("SubscriptionsConfirmed"), all.get("SubscriptionsPending"),
                all.get("SubscriptionsDeleted"));
    }

    String subscribe(String topic, String protocol, String endpoint, Map<String, String> attributes) {
        return sns.subscribe(r -> r.topicArn(topic)
                        .protocol(protocol)
                        .endpoint(endpoint)
                        .attributes(attributes)
                        .returnSubscriptionArn(true))
                .subscriptionArn();
    }

    /** The URL of a new queue that is subscribed. */
    String subscribed(String topic, Map<String, String> attributes) {
        String url = queue();
        subscribe(topic, "sqs", arn(url), attributes);
        return url;
    }

    /** The URL of a new FIFO queue that is subscribed. */
    String subscribedFifo(String topic, Map<String, String> attributes) {
        String url = fifo(Map.of());
        subscribe(topic, "sqs", arn(url), attributes);
        return url;
    }

    PublishResponse publish(String topic, String message) {
        return publish(topic, message, r -> {});
    }

    PublishResponse publish(String topic, String message, Consumer<PublishRequest.Builder> more) {
        return sns.publish(r -> more.accept(r.topicArn(topic).message(message)));
    }

    PublishResponse publish(String topic, String message, String group) {
        return publish(topic, message, r -> r.messageGroupId(group));
    }

    static MessageAttributeValue value(String type, String text) {
        return MessageAttributeValue.builder().dataType(type).stringValue(text).build();
    }

    static MessageAttributeValue value(byte... bytes) {
        return MessageAttributeValue.builder().dataType("Binary").binaryValue(SdkBytes.fromByteArray(bytes)).build();
    }

    static Consumer<PublishRequest.Builder> kind(String kind) {
        return r -> r.messageAttributes(Map.of("kind", value("String", kind)));
    }

    static Map<String, String> with(Map<String, String> attributes, String name, String value) {
        Map<String, String> all = new HashMap<>(attributes);
        all.put(name, value);
        return all;
    }

    static String deadLetters(String arn) {
        return "{\"deadLetterTargetArn\":\"" + arn + "\"}";
    }

    /** A JSON object; its keys are in the order of the text. */
    static LinkedHashMap<String, Object> parsed(String text) {
        try {
            return JSON.readValue(text, new TypeReference<LinkedHashMap<String, Object>>() {});
        } catch (JsonProcessingException error) {
            throw new AssertionError(text, error);
        }
    }

    /** That many messages, in the order in which they came; each is deleted so that its group goes on. */
    List<Message> ordered(String url, int count) {
        List<Message> all = new ArrayList<>();
        Instant deadline = Instant.now().plus(BOUND);
        while (all.size() < count && Instant.now().isBefore(deadline)) {
            List<Message> some = receive(url, r -> r.maxNumberOfMessages(10).waitTimeSeconds(1));
            some.forEach(message -> delete(url, message));
            all.addAll(some);
        }
        assertEquals(count, all.size(), () -> bodies(all).toString());
        return all;
    }

    List<LinkedHashMap<String, Object>> envelopes(String url, int count) {
        return bodies(ordered(url, count)).stream().map(SnsFixture::parsed).toList();
    }

    static String group(Message message) {
        return message.attributesAsStrings().get("MessageGroupId");
    }

    /** Demands the error as a program sees it: exactly that class, status and code. Gives the message. */
    static String failed(Class<? extends SnsException> kind, int status, String code, Executable call) {
        SnsException error = assertThrowsExactly(kind, call);
        assertEquals(status, error.statusCode(), error.getMessage());
        assertEquals(code, error.awsErrorDetails().errorCode());
        assertNotNull(error.requestId(), "an error names its request");
        return error.awsErrorDetails().errorMessage();
    }

    /** Demands the error that most bad values have. */
    static void wrong(String message, Executable call) {
        assertEquals(message, failed(InvalidParameterException.class, 400, "InvalidParameter", call));
    }

    /** The same, when only the beginning of what is said is known. */
    static void wrongSomehow(Executable call) {
        String message = failed(InvalidParameterException.class, 400, "InvalidParameter", call);
        assertTrue(message.startsWith("Invalid parameter: "), message);
    }

    static void missing(String message, Executable call) {
        assertEquals(message, failed(NotFoundException.class, 404, "NotFound", call));
    }

    /** Deletes the queue behind a URL, so that deliveries to it fail for good. */
    void lose(String url) {
        sqs.deleteQueue(r -> r.queueUrl(url));
    }
}

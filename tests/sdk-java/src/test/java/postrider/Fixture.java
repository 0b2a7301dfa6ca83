package postrider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrowsExactly;
import static org.junit.jupiter.api.Assertions.fail;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.junit.jupiter.api.function.Executable;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageAttributeValue;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;
import software.amazon.awssdk.services.sqs.model.ReceiveMessageRequest;
import software.amazon.awssdk.services.sqs.model.SqsException;

/**
 * What every test starts from: an account of its own with a client, and short words for what is done often.
 *
 * <p>Nothing here sleeps for a time that is hoped to be enough: waiting is a long poll or {@link #eventually}.
 */
abstract class Fixture {
    /** How long anything that must happen may take on a busy machine. */
    static final Duration BOUND = Duration.ofSeconds(20);

    private static final AtomicInteger NAMES = new AtomicInteger();

    final String account = Server.account();
    final SqsClient sqs = Server.client(account);

    /** A name that nothing else has. */
    static String name() {
        return "java-" + NAMES.incrementAndGet();
    }

    static String fifoName() {
        return name() + ".fifo";
    }

    /** The URL of a new standard queue. */
    String queue() {
        return queue(Map.of());
    }

    String queue(Map<QueueAttributeName, String> attributes) {
        return sqs.createQueue(r -> r.queueName(name()).attributes(attributes)).queueUrl();
    }

    /** The URL of a new FIFO queue. */
    String fifo(Map<QueueAttributeName, String> more) {
        Map<QueueAttributeName, String> attributes = new HashMap<>(more);
        attributes.put(QueueAttributeName.FIFO_QUEUE, "true");
        return sqs.createQueue(r -> r.queueName(fifoName()).attributes(attributes)).queueUrl();
    }

    String attribute(String url, QueueAttributeName name) {
        return sqs.getQueueAttributes(r -> r.queueUrl(url).attributeNames(name)).attributes().get(name);
    }

    String arn(String url) {
        return attribute(url, QueueAttributeName.QUEUE_ARN);
    }

    /** The RedrivePolicy as AWS gives it back: the count is a number. */
    static String redrive(String arn, int receives) {
        return "{\"deadLetterTargetArn\":\"" + arn + "\",\"maxReceiveCount\":" + receives + "}";
    }

    void send(String url, String... bodies) {
        for (String body : bodies) {
            sqs.sendMessage(r -> r.queueUrl(url).messageBody(body));
        }
    }

    /** What a receive that does not wait gives. */
    List<Message> take(String url, int max) {
        return receive(url, r -> r.maxNumberOfMessages(max).waitTimeSeconds(0));
    }

    List<Message> receive(String url, Consumer<ReceiveMessageRequest.Builder> more) {
        return sqs.receiveMessage(r -> {
            r.queueUrl(url).messageAttributeNames("All").messageSystemAttributeNames(MessageSystemAttributeName.ALL);
            more.accept(r);
        }).messages();
    }

    /** The next message, which must come within the bound. */
    Message next(String url) {
        List<Message> messages = receive(url, r -> r.maxNumberOfMessages(1).waitTimeSeconds((int) BOUND.toSeconds()));
        assertEquals(1, messages.size(), "no message within " + BOUND);
        return messages.get(0);
    }

    /** That many messages, in the order in which they came. */
    List<Message> drain(String url, int count) {
        List<Message> all = new ArrayList<>();
        Instant deadline = Instant.now().plus(BOUND);
        while (all.size() < count && Instant.now().isBefore(deadline)) {
            all.addAll(receive(url, r -> r.maxNumberOfMessages(10).waitTimeSeconds(1)));
        }
        assertEquals(count, all.size());
        return all;
    }

    void delete(String url, Message message) {
        sqs.deleteMessage(r -> r.queueUrl(url).receiptHandle(message.receiptHandle()));
    }

    static List<String> bodies(List<Message> messages) {
        return messages.stream().map(Message::body).toList();
    }

    static MessageAttributeValue string(String value) {
        return MessageAttributeValue.builder().dataType("String").stringValue(value).build();
    }

    /** Visible, in flight, delayed. */
    List<String> counts(String url) {
        Map<QueueAttributeName, String> all =
                sqs.getQueueAttributes(r -> r.queueUrl(url).attributeNames(QueueAttributeName.ALL)).attributes();
        return List.of(
                all.get(QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES),
                all.get(QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES_NOT_VISIBLE),
                all.get(QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES_DELAYED));
    }

    /** Asks until it is so, within the bound. */
    static void eventually(String what, BooleanSupplier question) {
        Instant deadline = Instant.now().plus(BOUND);
        while (!question.getAsBoolean()) {
            if (Instant.now().isAfter(deadline)) {
                fail("not within " + BOUND + ": " + what);
            }
            LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
        }
    }

    /** Demands the error as a program sees it: exactly that class, status and code. Gives the message. */
    static String refused(Class<? extends SqsException> kind, int status, String code, Executable call) {
        SqsException error = assertThrowsExactly(kind, call);
        assertEquals(status, error.statusCode(), error.getMessage());
        assertEquals(code, error.awsErrorDetails().errorCode());
        assertNotNull(error.requestId(), "an error names its request");
        return error.awsErrorDetails().errorMessage();
    }

    /** A refusal with the code that most bad values have, which has no class of its own. */
    static String invalid(Executable call) {
        return refused(SqsException.class, 400, "InvalidParameterValue", call);
    }
}

package postrider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.sqs.model.InvalidAttributeValueException;
import software.amazon.awssdk.services.sqs.model.ListMessageMoveTasksResultEntry;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageAttributeValue;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;
import software.amazon.awssdk.services.sqs.model.ResourceNotFoundException;
import software.amazon.awssdk.services.sqs.model.SqsException;

/** Section 11: dead-letter queues and the tasks that move messages out of them. */
final class RedriveTest extends Fixture {
    /** A source of `dead` whose messages are received `receives` times and are visible again at once. */
    private String source(String dead, int receives) {
        return queue(Map.of(
                QueueAttributeName.REDRIVE_POLICY, redrive(arn(dead), receives),
                QueueAttributeName.VISIBILITY_TIMEOUT, "0"));
    }

    /** Sends a message that ends in the dead-letter queue. */
    private void fail(String source, String body) {
        send(source, body);
        assertEquals(List.of(body), bodies(take(source, 1)));
        assertEquals(List.of(), take(source, 1));
    }

    private ListMessageMoveTasksResultEntry task(String source) {
        return sqs.listMessageMoveTasks(r -> r.sourceArn(arn(source))).results().get(0);
    }

    private void awaitStatus(String source, String status) {
        eventually("task is " + status, () -> task(source).status().equals(status));
    }

    @Test
    void aMessageMovesWhenItWouldBeReceivedOnceTooOften() {
        String dead = queue();
        String url = source(dead, 2);
        Map<String, MessageAttributeValue> more = Map.of("a", string("b"));
        var sent = sqs.sendMessage(r -> r.queueUrl(url).messageBody("poison").messageAttributes(more));
        Message first = take(url, 10).get(0);
        assertEquals(1, take(url, 10).size());
        assertEquals(List.of("0", "0", "0"), counts(dead));
        assertEquals(List.of(), take(url, 10));
        Message moved = next(dead);
        assertEquals(List.of("0", "0", "0"), counts(url));
        assertEquals(sent.messageId(), moved.messageId());
        assertEquals("poison", moved.body());
        assertEquals(more, moved.messageAttributes());
        assertEquals(sent.md5OfMessageAttributes(), moved.md5OfMessageAttributes());
        Map<MessageSystemAttributeName, String> attributes = moved.attributes();
        assertEquals(arn(url), attributes.get(MessageSystemAttributeName.DEAD_LETTER_QUEUE_SOURCE_ARN));
        assertEquals("3", attributes.get(MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT));
        assertEquals(first.attributes().get(MessageSystemAttributeName.SENT_TIMESTAMP),
                attributes.get(MessageSystemAttributeName.SENT_TIMESTAMP));
    }

    @Test
    void aFifoGroupGoesOnWithTheNext() {
        String dead = fifo(Map.of(QueueAttributeName.CONTENT_BASED_DEDUPLICATION, "true"));
        String url = fifo(Map.of(QueueAttributeName.REDRIVE_POLICY, redrive(arn(dead), 1)));
        for (String body : List.of("poison", "fine")) {
            sqs.sendMessage(r -> r.queueUrl(url).messageGroupId("g").messageDeduplicationId(body).messageBody(body));
        }
        // The same content came before: a moved message is no fresh send, so it arrives all the same.
        sqs.sendMessage(r -> r.queueUrl(dead).messageGroupId("other").messageBody("poison"));
        assertEquals(List.of("poison"), bodies(receive(url, r -> r.maxNumberOfMessages(1).visibilityTimeout(0))));
        assertEquals("fine", next(url).body());
        Message moved = drain(dead, 2).stream()
                .filter(m -> "g".equals(m.attributes().get(MessageSystemAttributeName.MESSAGE_GROUP_ID)))
                .findFirst()
                .get();
        assertEquals("poison", moved.attributes().get(MessageSystemAttributeName.MESSAGE_DEDUPLICATION_ID));
        assertNotNull(moved.attributes().get(MessageSystemAttributeName.SEQUENCE_NUMBER));
    }

    @Test
    void policiesAreStoredCanonicallyAndRemoved() {
        String dead = queue();
        String url = queue();
        String text = "{ \"maxReceiveCount\": \"7\", \"deadLetterTargetArn\": \"" + arn(dead) + "\" }";
        sqs.setQueueAttributes(r -> r.queueUrl(url).attributes(Map.of(QueueAttributeName.REDRIVE_POLICY, text)));
        assertEquals(redrive(arn(dead), 7), attribute(url, QueueAttributeName.REDRIVE_POLICY));
        sqs.setQueueAttributes(r -> r.queueUrl(url).attributes(Map.of(QueueAttributeName.REDRIVE_POLICY, "")));
        assertNull(attribute(url, QueueAttributeName.REDRIVE_POLICY));
    }

    @Test
    void policiesAreChecked() {
        String dead = queue();
        String fifo = fifo(Map.of());
        for (String bad : List.of(
                redrive(arn(dead), 0), redrive(arn(dead), 1001), redrive(arn(dead) + "-nowhere", 1),
                redrive(arn(fifo), 1), "{\"deadLetterTargetArn\":\"" + arn(dead) + "\"}")) {
            invalid(() -> queue(Map.of(QueueAttributeName.REDRIVE_POLICY, bad)));
        }
        assertEquals("Invalid value for the parameter RedrivePolicy. Reason: Redrive policy is not a valid JSON map.",
                refused(InvalidAttributeValueException.class, 400, "InvalidAttributeValue",
                        () -> queue(Map.of(QueueAttributeName.REDRIVE_POLICY, "no policy"))));
    }

    @Test
    void aDeadLetterQueueChoosesItsSources() {
        String dead = queue(Map.of(QueueAttributeName.REDRIVE_ALLOW_POLICY, "{\"redrivePermission\":\"denyAll\"}"));
        invalid(() -> source(dead, 1));
        String chosen = queue();
        String policy = "{\"redrivePermission\":\"byQueue\",\"sourceQueueArns\":[\"" + arn(chosen) + "\"]}";
        sqs.setQueueAttributes(
                r -> r.queueUrl(dead).attributes(Map.of(QueueAttributeName.REDRIVE_ALLOW_POLICY, policy)));
        invalid(() -> source(dead, 1));
        sqs.setQueueAttributes(r -> r.queueUrl(chosen)
                .attributes(Map.of(QueueAttributeName.REDRIVE_POLICY, redrive(arn(dead), 1))));
        assertEquals(List.of(chosen), sqs.listDeadLetterSourceQueues(r -> r.queueUrl(dead)).queueUrls());
    }

    @Test
    void sourcesAreListedInPages() {
        String dead = queue();
        Set<String> sources = IntStream.range(0, 5).mapToObj(n -> source(dead, 1)).collect(Collectors.toSet());
        var pages = sqs.listDeadLetterSourceQueuesPaginator(r -> r.queueUrl(dead).maxResults(2));
        assertEquals(sources, pages.queueUrls().stream().collect(Collectors.toSet()));
        assertEquals(List.of(2, 2, 1), pages.stream().map(page -> page.queueUrls().size()).toList());
        assertTrue(sqs.listDeadLetterSourceQueues(r -> r.queueUrl(queue())).queueUrls().isEmpty());
    }

    @Test
    void aTaskBringsEachMessageBackToItsSource() {
        String dead = queue();
        String one = source(dead, 1);
        String two = source(dead, 1);
        fail(one, "from one");
        fail(two, "from two");
        eventually("both have arrived", () -> counts(dead).equals(List.of("2", "0", "0")));
        assertNotNull(sqs.startMessageMoveTask(r -> r.sourceArn(arn(dead))).taskHandle());
        awaitStatus(dead, "COMPLETED");
        ListMessageMoveTasksResultEntry done = task(dead);
        assertEquals(2, done.approximateNumberOfMessagesMoved());
        assertEquals(2, done.approximateNumberOfMessagesToMove());
        assertEquals(arn(dead), done.sourceArn());
        assertNull(done.destinationArn());
        assertNull(done.taskHandle());
        assertTrue(done.startedTimestamp() > 1_500_000_000_000L);
        Message back = next(one);
        assertEquals("from one", back.body());
        assertEquals("1", back.attributes().get(MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT));
        assertEquals("from two", next(two).body());
        assertEquals(List.of("0", "0", "0"), counts(dead));
    }

    @Test
    void aTaskMayHaveADestination() {
        String dead = queue();
        String url = source(dead, 1);
        String elsewhere = queue();
        fail(url, "x");
        eventually("it has arrived", () -> counts(dead).equals(List.of("1", "0", "0")));
        sqs.startMessageMoveTask(r -> r.sourceArn(arn(dead)).destinationArn(arn(elsewhere)));
        assertEquals("x", next(elsewhere).body());
        awaitStatus(dead, "COMPLETED");
        assertEquals(arn(elsewhere), task(dead).destinationArn());
        assertEquals(List.of("0", "0", "0"), counts(url));
    }

    @Test
    void aTaskIsCancelledAndLosesNothing() {
        String dead = queue();
        source(dead, 1);
        String elsewhere = queue();
        List<String> sent = IntStream.range(0, 10).mapToObj(n -> "m" + n).toList();
        send(dead, sent.toArray(String[]::new));
        String handle = sqs.startMessageMoveTask(r -> r.sourceArn(arn(dead)).destinationArn(arn(elsewhere))
                .maxNumberOfMessagesPerSecond(1)).taskHandle();
        ListMessageMoveTasksResultEntry running = task(dead);
        assertEquals("RUNNING", running.status());
        assertEquals(handle, running.taskHandle());
        assertEquals(1, running.maxNumberOfMessagesPerSecond());
        assertEquals("There is already a task running. Only one active task is allowed for a source queue arn at a "
                        + "given time.",
                invalid(() -> sqs.startMessageMoveTask(r -> r.sourceArn(arn(dead)))));
        assertTrue(sqs.cancelMessageMoveTask(r -> r.taskHandle(handle)).approximateNumberOfMessagesMoved() < 10);
        awaitStatus(dead, "CANCELLED");
        int moved = Integer.parseInt(attribute(elsewhere, QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES));
        Set<String> all = bodies(drain(dead, 10 - moved)).stream().collect(Collectors.toSet());
        all.addAll(bodies(drain(elsewhere, moved)));
        assertEquals(Set.copyOf(sent), all);
        // Only a running task can be cancelled.
        assertThrows(SqsException.class, () -> sqs.cancelMessageMoveTask(r -> r.taskHandle(handle)));
    }

    @Test
    void tasksAreChecked() {
        String dead = queue();
        assertEquals("Source queue must be configured as a Dead Letter Queue.",
                invalid(() -> sqs.startMessageMoveTask(r -> r.sourceArn(arn(dead)))));
        source(dead, 1);
        String nowhere = arn(dead) + "-nowhere";
        assertEquals("The resource that you specified for the SourceArn parameter doesn't exist.",
                refused(ResourceNotFoundException.class, 404, "ResourceNotFoundException",
                        () -> sqs.startMessageMoveTask(r -> r.sourceArn(nowhere))));
        assertEquals("The resource that you specified for the DestinationArn parameter doesn't exist.",
                refused(ResourceNotFoundException.class, 404, "ResourceNotFoundException",
                        () -> sqs.startMessageMoveTask(r -> r.sourceArn(arn(dead)).destinationArn(nowhere))));
        assertEquals("Value for parameter TaskHandle is invalid.",
                invalid(() -> sqs.cancelMessageMoveTask(r -> r.taskHandle("garbage"))));
        assertTrue(sqs.listMessageMoveTasks(r -> r.sourceArn(arn(dead))).results().isEmpty());
    }
}

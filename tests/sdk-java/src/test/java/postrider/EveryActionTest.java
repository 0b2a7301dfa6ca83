package postrider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.client.config.ClientOverrideConfiguration;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.core.interceptor.SdkExecutionAttribute;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;
import software.amazon.awssdk.services.sqs.model.SqsRequest;

/** Section 6: every action that this release of the SDK knows is answered with success. */
final class EveryActionTest extends Fixture {
    /** The actions that were answered with success. */
    private final Set<String> answered = new ConcurrentSkipListSet<>();

    private final SqsClient sqs = Server.client(
            account,
            ClientOverrideConfiguration.builder()
                    .addExecutionInterceptor(new ExecutionInterceptor() {
                        @Override
                        public void afterExecution(Context.AfterExecution context, ExecutionAttributes attributes) {
                            answered.add(attributes.getAttribute(SdkExecutionAttribute.OPERATION_NAME));
                        }
                    })
                    .build());

    @Test
    void all() {
        String name = name();
        String dead = sqs.createQueue(r -> r.queueName(name + "-dead")).queueUrl();
        String url = sqs.createQueue(r -> r.queueName(name)).queueUrl();
        assertEquals(url, sqs.getQueueUrl(r -> r.queueName(name)).queueUrl());
        assertEquals(2, sqs.listQueues().queueUrls().size());

        messages(url);
        settings(url, dead);
        moves(url, dead);

        sqs.purgeQueue(r -> r.queueUrl(url));
        sqs.deleteQueue(r -> r.queueUrl(url));
        assertEquals(known(), new TreeSet<>(answered));
        assertEquals(23, answered.size());
    }

    private void messages(String url) {
        sqs.sendMessage(r -> r.queueUrl(url).messageBody("one"));
        var sent = sqs.sendMessageBatch(r -> r.queueUrl(url)
                .entries(e -> e.id("2").messageBody("two"), e -> e.id("3").messageBody("three")));
        assertEquals(2, sent.successful().size());
        assertFalse(sent.hasFailed());
        Message one = next(url);
        Message two = next(url);
        Message three = next(url);
        sqs.changeMessageVisibility(r -> r.queueUrl(url).receiptHandle(one.receiptHandle()).visibilityTimeout(60));
        var changed = sqs.changeMessageVisibilityBatch(r -> r.queueUrl(url)
                .entries(e -> e.id("2").receiptHandle(two.receiptHandle()).visibilityTimeout(60)));
        assertEquals("2", changed.successful().get(0).id());
        delete(url, one);
        sqs.deleteMessage(r -> r.queueUrl(url).receiptHandle(one.receiptHandle()));
        var deleted = sqs.deleteMessageBatch(r -> r.queueUrl(url)
                .entries(e -> e.id("2").receiptHandle(two.receiptHandle()),
                        e -> e.id("3").receiptHandle(three.receiptHandle())));
        assertEquals(2, deleted.successful().size());
        sqs.receiveMessage(r -> r.queueUrl(url));
    }

    private void settings(String url, String dead) {
        sqs.tagQueue(r -> r.queueUrl(url).tags(Map.of("team", "billing")));
        assertEquals(Map.of("team", "billing"), sqs.listQueueTags(r -> r.queueUrl(url)).tags());
        sqs.untagQueue(r -> r.queueUrl(url).tagKeys("team"));
        sqs.addPermission(r -> r.queueUrl(url).label("readers").awsAccountIds(account).actions("ReceiveMessage"));
        sqs.removePermission(r -> r.queueUrl(url).label("readers"));
        String policy = redrive(arn(dead), 1);
        sqs.setQueueAttributes(r -> r.queueUrl(url).attributes(Map.of(QueueAttributeName.REDRIVE_POLICY, policy)));
        var attributes = sqs.getQueueAttributes(r -> r.queueUrl(url).attributeNames(QueueAttributeName.ALL));
        assertEquals(policy, attributes.attributes().get(QueueAttributeName.REDRIVE_POLICY));
        assertEquals(url, sqs.listDeadLetterSourceQueues(r -> r.queueUrl(dead)).queueUrls().get(0));
    }

    private void moves(String url, String dead) {
        send(dead, "1", "2", "3", "4", "5");
        String handle = sqs.startMessageMoveTask(r -> r.sourceArn(arn(dead))
                        .destinationArn(arn(url))
                        .maxNumberOfMessagesPerSecond(1))
                .taskHandle();
        var running = sqs.listMessageMoveTasks(r -> r.sourceArn(arn(dead))).results().get(0);
        assertEquals(handle, running.taskHandle());
        assertTrue(sqs.cancelMessageMoveTask(r -> r.taskHandle(handle)).approximateNumberOfMessagesMoved() < 5);
    }

    /** The names of the methods of the client that take one request. */
    private static Set<String> known() {
        return Arrays.stream(SqsClient.class.getMethods())
                .filter(method -> method.getParameterCount() == 1
                        && SqsRequest.class.isAssignableFrom(method.getParameterTypes()[0])
                        && !method.getName().endsWith("Paginator"))
                .map(method -> method.getName().substring(0, 1).toUpperCase() + method.getName().substring(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }
}

package postrider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.services.sqs.model.InvalidAttributeNameException;
import software.amazon.awssdk.services.sqs.model.InvalidAttributeValueException;
import software.amazon.awssdk.services.sqs.model.OverLimitException;
import software.amazon.awssdk.services.sqs.model.PurgeQueueInProgressException;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;
import software.amazon.awssdk.services.sqs.model.QueueDeletedRecentlyException;
import software.amazon.awssdk.services.sqs.model.QueueDoesNotExistException;
import software.amazon.awssdk.services.sqs.model.QueueNameExistsException;

/** Sections 3 to 6: queues, their attributes, tags and policies, and the errors as this SDK sees them. */
final class QueueTest extends Fixture {
    private static final String NO_QUEUE = "AWS.SimpleQueueService.NonExistentQueue";

    @Test
    void createSaysWhereTheQueueIs() {
        String name = name();
        String url = sqs.createQueue(r -> r.queueName(name)).queueUrl();
        assertEquals(Server.ENDPOINT + "/" + account + "/" + name, url);
        assertEquals("arn:aws:sqs:us-east-1:" + account + ":" + name, arn(url));
        assertEquals(url, sqs.getQueueUrl(r -> r.queueName(name).queueOwnerAWSAccountId(account)).queueUrl());
    }

    @Test
    void defaults() {
        Map<String, String> all = new HashMap<>(sqs.getQueueAttributes(r -> r.queueUrl(queue())
                        .attributeNames(QueueAttributeName.ALL))
                .attributesAsStrings());
        assertEquals(all.remove("CreatedTimestamp"), all.remove("LastModifiedTimestamp"));
        assertTrue(all.remove("QueueArn").startsWith("arn:aws:sqs:"));
        Map<String, String> expected = Map.of(
                "ApproximateNumberOfMessages", "0",
                "ApproximateNumberOfMessagesNotVisible", "0",
                "ApproximateNumberOfMessagesDelayed", "0",
                "VisibilityTimeout", "30",
                "MaximumMessageSize", "1048576",
                "MessageRetentionPeriod", "345600",
                "DelaySeconds", "0",
                "ReceiveMessageWaitTimeSeconds", "0",
                "SqsManagedSseEnabled", "true");
        assertEquals(expected, all);
    }

    @Test
    void attributesAreSetAllOrNothing() {
        String url = queue(Map.of(QueueAttributeName.DELAY_SECONDS, "900"));
        Map<QueueAttributeName, String> values = Map.of(
                QueueAttributeName.VISIBILITY_TIMEOUT, "0",
                QueueAttributeName.DELAY_SECONDS, "1",
                QueueAttributeName.MESSAGE_RETENTION_PERIOD, "60",
                QueueAttributeName.MAXIMUM_MESSAGE_SIZE, "1024",
                QueueAttributeName.RECEIVE_MESSAGE_WAIT_TIME_SECONDS, "20");
        sqs.setQueueAttributes(r -> r.queueUrl(url).attributes(values));
        Map<QueueAttributeName, String> bad =
                Map.of(QueueAttributeName.VISIBILITY_TIMEOUT, "7", QueueAttributeName.DELAY_SECONDS, "901");
        String message = refused(InvalidAttributeValueException.class, 400, "InvalidAttributeValue",
                () -> sqs.setQueueAttributes(r -> r.queueUrl(url).attributes(bad)));
        assertTrue(message.startsWith("Invalid value for the parameter DelaySeconds."), message);
        assertEquals(values, sqs.getQueueAttributes(r -> r.queueUrl(url).attributeNames(values.keySet())).attributes());
        assertFalse(sqs.getQueueAttributes(r -> r.queueUrl(url)).hasAttributes());
    }

    @Test
    void unknownAttributes() {
        String url = queue();
        assertEquals("Unknown Attribute Colour.",
                refused(InvalidAttributeNameException.class, 400, "InvalidAttributeName",
                        () -> sqs.getQueueAttributes(r -> r.queueUrl(url).attributeNamesWithStrings("Colour"))));
        assertEquals("Unknown Attribute QueueArn.",
                refused(InvalidAttributeNameException.class, 400, "InvalidAttributeName",
                        () -> sqs.setQueueAttributes(
                                r -> r.queueUrl(url).attributes(Map.of(QueueAttributeName.QUEUE_ARN, "x")))));
    }

    @Test
    void createAgainComparesWhatIsGiven() {
        String name = name();
        Map<QueueAttributeName, String> timeout = Map.of(QueueAttributeName.VISIBILITY_TIMEOUT, "45");
        String url = sqs.createQueue(r -> r.queueName(name).attributes(timeout)).queueUrl();
        assertEquals(url, sqs.createQueue(r -> r.queueName(name)).queueUrl());
        assertEquals(url, sqs.createQueue(r -> r.queueName(name).attributes(timeout)).queueUrl());
        assertEquals(
                "A queue already exists with the same name and a different value for attribute VisibilityTimeout",
                refused(QueueNameExistsException.class, 400, "QueueAlreadyExists",
                        () -> sqs.createQueue(r -> r.queueName(name)
                                .attributes(Map.of(QueueAttributeName.VISIBILITY_TIMEOUT, "46")))));
    }

    @ParameterizedTest
    @ValueSource(strings = {"with space", "dot.ted", "star*", "sums.fifo"})
    void namesAreChecked(String bad) {
        assertEquals("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
                invalid(() -> sqs.createQueue(r -> r.queueName(bad))));
    }

    @ParameterizedTest
    @CsvSource({
        "VISIBILITY_TIMEOUT, 43201", "VISIBILITY_TIMEOUT, -1", "MESSAGE_RETENTION_PERIOD, 59",
        "MAXIMUM_MESSAGE_SIZE, 1023", "RECEIVE_MESSAGE_WAIT_TIME_SECONDS, 21", "DELAY_SECONDS, 1.5",
    })
    void valuesAreChecked(QueueAttributeName name, String value) {
        refused(InvalidAttributeValueException.class, 400, "InvalidAttributeValue", () -> queue(Map.of(name, value)));
    }

    @Test
    void listInPages() {
        Set<String> urls = IntStream.range(0, 12)
                .mapToObj(n -> sqs.createQueue(r -> r.queueName("page-" + n)).queueUrl())
                .collect(Collectors.toSet());
        queue();
        var pages = sqs.listQueuesPaginator(r -> r.queueNamePrefix("page-").maxResults(5));
        assertEquals(List.of(5, 5, 2), pages.stream().map(page -> page.queueUrls().size()).toList());
        assertEquals(urls, pages.queueUrls().stream().collect(Collectors.toSet()));
        assertNull(sqs.listQueues().nextToken());
        assertEquals(13, sqs.listQueues().queueUrls().size());
        invalid(() -> sqs.listQueues(r -> r.maxResults(1001)));
    }

    @Test
    void missingQueues() {
        String url = Server.ENDPOINT + "/" + account + "/nowhere";
        assertEquals("The specified queue does not exist.",
                refused(QueueDoesNotExistException.class, 400, NO_QUEUE,
                        () -> sqs.getQueueUrl(r -> r.queueName("nowhere"))));
        refused(QueueDoesNotExistException.class, 400, NO_QUEUE, () -> send(url, "x"));
        refused(QueueDoesNotExistException.class, 400, NO_QUEUE, () -> take(url, 1));
        refused(QueueDoesNotExistException.class, 400, NO_QUEUE, () -> sqs.deleteQueue(r -> r.queueUrl(url)));
        refused(QueueDoesNotExistException.class, 400, NO_QUEUE,
                () -> Server.client(Server.account()).getQueueUrl(r -> r.queueName("nowhere")));
    }

    @Test
    void onlyThePathOfAQueueUrlCounts() {
        String url = queue();
        String path = url.substring(Server.ENDPOINT.toString().length());
        send("https://sqs.us-east-1.amazonaws.com" + path, "elsewhere");
        assertEquals("elsewhere", next(url).body());
    }

    @Test
    void aDeletedQueueIsGoneAndItsNameBlocked() {
        String name = name();
        String url = sqs.createQueue(r -> r.queueName(name)).queueUrl();
        sqs.deleteQueue(r -> r.queueUrl(url));
        refused(QueueDoesNotExistException.class, 400, NO_QUEUE, () -> send(url, "x"));
        assertFalse(sqs.listQueues().hasQueueUrls());
        assertEquals(
                "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
                refused(QueueDeletedRecentlyException.class, 400, "AWS.SimpleQueueService.QueueDeletedRecently",
                        () -> sqs.createQueue(r -> r.queueName(name))));
    }

    @Test
    void purgeTakesEverythingOnceAMinute() {
        String name = name();
        String url = sqs.createQueue(r -> r.queueName(name)).queueUrl();
        send(url, "in flight", "visible");
        next(url);
        sqs.sendMessage(r -> r.queueUrl(url).messageBody("later").delaySeconds(900));
        assertEquals(List.of("1", "1", "1"), counts(url));
        sqs.purgeQueue(r -> r.queueUrl(url));
        assertEquals(List.of("0", "0", "0"), counts(url));
        assertEquals("Only one PurgeQueue operation on " + name + " is allowed every 60 seconds.",
                refused(PurgeQueueInProgressException.class, 403, "AWS.SimpleQueueService.PurgeQueueInProgress",
                        () -> sqs.purgeQueue(r -> r.queueUrl(url))));
        send(url, "after");
        assertEquals("after", next(url).body());
    }

    @Test
    void tags() {
        String url = sqs.createQueue(r -> r.queueName(name()).tags(Map.of("team", "billing", "note", ""))).queueUrl();
        sqs.tagQueue(r -> r.queueUrl(url).tags(Map.of("team", "sales + marketing")));
        assertEquals(Map.of("team", "sales + marketing", "note", ""),
                sqs.listQueueTags(r -> r.queueUrl(url)).tags());
        sqs.untagQueue(r -> r.queueUrl(url).tagKeys("note", "team", "unknown"));
        assertFalse(sqs.listQueueTags(r -> r.queueUrl(url)).hasTags());
        invalid(() -> sqs.tagQueue(r -> r.queueUrl(url).tags(Map.of("aws:team", "x"))));
    }

    @Test
    void aPolicyIsReturnedAsItWasGiven() {
        String policy = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"topics\",\"Effect\":\"Allow\","
                + "\"Principal\":{\"Service\":\"sns.amazonaws.com\"},\"Action\":\"sqs:SendMessage\","
                + "\"Resource\":\"*\"}]}";
        String url = queue(Map.of(QueueAttributeName.POLICY, policy));
        assertEquals(policy, attribute(url, QueueAttributeName.POLICY));
        sqs.setQueueAttributes(r -> r.queueUrl(url).attributes(Map.of(QueueAttributeName.POLICY, "")));
        assertNull(attribute(url, QueueAttributeName.POLICY));
        refused(InvalidAttributeValueException.class, 400, "InvalidAttributeValue",
                () -> sqs.setQueueAttributes(
                        r -> r.queueUrl(url).attributes(Map.of(QueueAttributeName.POLICY, "no policy"))));
    }

    @Test
    void permissionsAreStatementsOfThePolicy() {
        String url = queue();
        String other = Server.account();
        sqs.addPermission(r -> r.queueUrl(url).label("readers").awsAccountIds(other).actions("ReceiveMessage"));
        sqs.addPermission(r -> r.queueUrl(url).label("all").awsAccountIds(other).actions("*"));
        String policy = attribute(url, QueueAttributeName.POLICY);
        assertTrue(policy.contains("\"readers\"") && policy.contains(other) && policy.contains(arn(url)), policy);
        assertEquals("Value readers for parameter Label is invalid. Reason: Already exists.",
                invalid(() -> sqs.addPermission(
                        r -> r.queueUrl(url).label("readers").awsAccountIds(other).actions("ReceiveMessage"))));
        assertEquals("8 Actions were found, maximum allowed is 7.",
                refused(OverLimitException.class, 403, "OverLimit",
                        () -> sqs.addPermission(r -> r.queueUrl(url).label("many").awsAccountIds(other)
                                .actions("SendMessage", "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility",
                                        "GetQueueAttributes", "GetQueueUrl", "ListDeadLetterSourceQueues",
                                        "PurgeQueue"))));
        sqs.removePermission(r -> r.queueUrl(url).label("readers"));
        sqs.removePermission(r -> r.queueUrl(url).label("all"));
        assertNull(attribute(url, QueueAttributeName.POLICY));
        assertEquals("Value all for parameter Label is invalid. Reason: can't find label.",
                invalid(() -> sqs.removePermission(r -> r.queueUrl(url).label("all"))));
    }

    @Test
    void oneKindOfEncryptionAtATime() {
        String url = queue(Map.of(QueueAttributeName.KMS_MASTER_KEY_ID, "alias/aws/sqs"));
        assertEquals("false", attribute(url, QueueAttributeName.SQS_MANAGED_SSE_ENABLED));
        assertEquals("300", attribute(url, QueueAttributeName.KMS_DATA_KEY_REUSE_PERIOD_SECONDS));
        assertEquals("You can use one type of server-side encryption (SSE) at one time. "
                        + "You can either enable KMS SSE or SQS SSE.",
                refused(InvalidAttributeNameException.class, 400, "InvalidAttributeName",
                        () -> sqs.setQueueAttributes(r -> r.queueUrl(url)
                                .attributes(Map.of(QueueAttributeName.SQS_MANAGED_SSE_ENABLED, "true")))));
        sqs.setQueueAttributes(r -> r.queueUrl(url).attributes(Map.of(QueueAttributeName.KMS_MASTER_KEY_ID, "")));
        assertNull(attribute(url, QueueAttributeName.KMS_DATA_KEY_REUSE_PERIOD_SECONDS));
        assertEquals("false", attribute(url, QueueAttributeName.SQS_MANAGED_SSE_ENABLED));
    }
}

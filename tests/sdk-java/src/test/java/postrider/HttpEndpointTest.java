package postrider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.services.sns.model.PublishResponse;
import software.amazon.awssdk.services.sqs.model.Message;

/** Sections 7 to 11: HTTP endpoints that confirm, take, fail and leave. */
final class HttpEndpointTest extends SnsFixture {
    private static final String PLAIN = "text/plain; charset=UTF-8";
    private static final Map<String, List<String>> SIGNED = Map.of(
            Web.NOTIFICATION, List.of("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
            Web.SUBSCRIPTION,
            List.of("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
            Web.UNSUBSCRIPTION,
            List.of("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"));

    private final Web web = new Web();

    /** Subscribes the endpoint, which then has to confirm: the ARN. */
    private String asked(String topic, Map<String, String> attributes) {
        String subscription = subscribe(topic, "http", web.url, attributes);
        web.await(1, Web.SUBSCRIPTION);
        return subscription;
    }

    private LinkedHashMap<String, Object> confirmation() {
        return parsed(web.of(Web.SUBSCRIPTION).get(0).text());
    }

    /** Subscribes the endpoint and follows the link. */
    private String confirmed(String topic, Map<String, String> attributes) {
        String subscription = asked(topic, attributes);
        assertEquals(200, Web.visit(confirmation().get("SubscribeURL")).status());
        return subscription;
    }

    private static String atOnce(int retries) {
        return "{\"healthyRetryPolicy\":{\"numRetries\":%1$d,\"numNoDelayRetries\":%1$d}}".formatted(retries);
    }

    /** Demands all headers that a message comes with, and no other. */
    private static void headers(Web.Posted posted, Map<String, String> more) {
        Map<String, String> wanted = new HashMap<>(more);
        wanted.put("x-amz-sns-message-type", posted.kind());
        wanted.put("user-agent", "Amazon Simple Notification Service Agent");
        wanted.put("accept-encoding", "gzip,deflate");
        wanted.put("connection", "Keep-Alive");
        wanted.put("host", Web.host());
        wanted.put("content-length", "" + posted.text().getBytes(StandardCharsets.UTF_8).length);
        assertEquals(wanted, posted.headers());
    }

    /** Demands that a message was signed with the key whose certificate it names. */
    private static void verified(Map<String, Object> message) throws GeneralSecurityException {
        Web.Page page = Web.visit(message.get("SigningCertURL"));
        var certificate = CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(page.text().getBytes(StandardCharsets.US_ASCII)));
        String signed = SIGNED.get(message.get("Type").toString()).stream()
                .filter(message::containsKey)
                .map(key -> key + "\n" + message.get(key) + "\n")
                .collect(Collectors.joining());
        boolean second = message.get("SignatureVersion").equals("2");
        Signature signature = Signature.getInstance(second ? "SHA256withRSA" : "SHA1withRSA");
        signature.initVerify(certificate);
        signature.update(signed.getBytes(StandardCharsets.UTF_8));
        assertTrue(signature.verify(Base64.getDecoder().decode(message.get("Signature").toString())));
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "2"})
    void theConfirmationAndTheNotification(String version) throws GeneralSecurityException {
        String topic = topic(Map.of("SignatureVersion", version));
        String subscription = asked(topic, Map.of());
        LinkedHashMap<String, Object> message = confirmation();
        headers(web.of(Web.SUBSCRIPTION).get(0), Map.of("content-type", PLAIN, "x-amz-sns-topic-arn", topic,
                "x-amz-sns-message-id", message.get("MessageId").toString()));
        assertEquals(List.of("Type", "MessageId", "Token", "TopicArn", "Message", "SubscribeURL", "Timestamp",
                "SignatureVersion", "Signature", "SigningCertURL"), List.copyOf(message.keySet()));
        assertEquals("You have chosen to subscribe to the topic " + topic + ".\nTo confirm the subscription, visit the "
                + "SubscribeURL included in this message.", message.get("Message"));
        assertEquals(version, message.get("SignatureVersion"));
        verified(message);
        assertEquals(200, Web.visit(message.get("SubscribeURL")).status());

        PublishResponse sent = publish(topic, "Grüße\n🚀", r -> r.subject("s"));
        Web.Posted posted = web.await(1, Web.NOTIFICATION).get(0);
        headers(posted, Map.of("content-type", PLAIN, "x-amz-sns-topic-arn", topic, "x-amz-sns-message-id",
                sent.messageId(), "x-amz-sns-subscription-arn", subscription));
        LinkedHashMap<String, Object> notification = parsed(posted.text());
        assertEquals(List.of("Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp", "SignatureVersion",
                "Signature", "SigningCertURL", "UnsubscribeURL"), List.copyOf(notification.keySet()));
        assertEquals("Grüße\n🚀", notification.get("Message"));
        verified(notification);
    }

    @Test
    void pendingUntilTheLinkIsVisited() {
        String topic = topic(Map.of());
        String subscription = asked(topic, Map.of());
        assertEquals("pending confirmation",
                sns.subscribe(r -> r.topicArn(topic).protocol("http").endpoint(new Web().url)).subscriptionArn());
        var listed = sns.listSubscriptionsByTopic(r -> r.topicArn(topic)).subscriptions();
        assertEquals("PendingConfirmation", listed.get(0).subscriptionArn());
        assertEquals(List.of("0", "2", "0"), counted(topic));
        assertEquals("true", shown(subscription).get("PendingConfirmation"));
        publish(topic, "too early");
        wrongSomehow(() -> sns.unsubscribe(r -> r.subscriptionArn(subscription)));
        Web.Page page = Web.visit(confirmation().get("SubscribeURL"));
        assertEquals(200, page.status());
        assertTrue(page.text().contains("<SubscriptionArn>" + subscription + "</SubscriptionArn>"), page.text());
        assertEquals("false", shown(subscription).get("ConfirmationWasAuthenticated"));
        assertEquals(List.of("1", "1", "0"), counted(topic));
        publish(topic, "in time");
        assertEquals("in time", parsed(web.await(1, Web.NOTIFICATION).get(0).text()).get("Message"));
    }

    @Test
    void confirmedByACall() {
        String topic = topic(Map.of());
        String subscription = asked(topic, Map.of());
        String token = confirmation().get("Token").toString();
        wrong("Invalid token", () -> sns.confirmSubscription(r -> r.topicArn(topic).token("randomtoken")));
        String unknown = token.substring(0, 8) + "0".repeat(token.length() - 8);
        wrong("Invalid parameter: Token", () -> sns.confirmSubscription(r -> r.topicArn(topic).token(unknown)));
        for (int n = 0; n < 2; n++) {
            assertEquals(subscription, sns.confirmSubscription(
                    r -> r.topicArn(topic).token(token).authenticateOnUnsubscribe("true")).subscriptionArn());
        }
        assertEquals("true", shown(subscription).get("ConfirmationWasAuthenticated"));
    }

    @Test
    void rawDeliveryOfAnotherContentType() {
        String topic = topic(Map.of());
        String policy = "{\"requestPolicy\":{\"headerContentType\":\"text/csv\"}}";
        String subscription = confirmed(topic, with(RAW, "DeliveryPolicy", policy));
        PublishResponse sent = publish(topic, "a;ü", kind("v"));
        Web.Posted posted = web.await(1, Web.NOTIFICATION).get(0);
        assertEquals("a;ü", posted.text());
        headers(posted, Map.of("content-type", "text/csv", "x-amz-sns-topic-arn", topic, "x-amz-sns-message-id",
                sent.messageId(), "x-amz-sns-subscription-arn", subscription, "x-amz-sns-rawdelivery", "true"));
    }

    @Test
    void filtersAndStructures() {
        String topic = topic(Map.of());
        confirmed(topic, with(RAW, "FilterPolicy", "{\"kind\":[\"a\"]}"));
        for (String kind : List.of("b", "a")) {
            publish(topic, "{\"default\":\"d\",\"http\":\"h\"}", r -> kind(kind).accept(r.messageStructure("json")));
        }
        assertEquals("h", web.await(1, Web.NOTIFICATION).get(0).text());
    }

    @Test
    void whatMayPassIsTriedAgain() {
        String topic = topic(Map.of());
        confirmed(topic, Map.of("DeliveryPolicy", atOnce(4)));
        web.answer(200, 500, 503, 429);
        PublishResponse sent = publish(topic, "x");
        for (Web.Posted posted : web.await(4, Web.NOTIFICATION)) {
            assertEquals(sent.messageId(), posted.headers().get("x-amz-sns-message-id"));
        }
    }

    @Test
    void pausesAreKept() {
        String topic = topic(Map.of());
        confirmed(topic, Map.of("DeliveryPolicy",
                "{\"healthyRetryPolicy\":{\"minDelayTarget\":1,\"maxDelayTarget\":1,\"numRetries\":2}}"));
        web.answer(200, 500, 500);
        publish(topic, "x");
        List<Web.Posted> posted = web.await(3, Web.NOTIFICATION);
        for (int at : List.of(0, 1)) {
            Duration pause = Duration.ofNanos(posted.get(at + 1).nanos() - posted.get(at).nanos());
            assertTrue(pause.toMillis() > 850 && pause.toMillis() < 4000, pause.toString());
        }
    }

    @ParameterizedTest
    @CsvSource({"500,3", "404,1", "302,1"})
    void theDeadLetterQueueGetsWhatTheEndpointDidNot(int status, int attempts) {
        String topic = topic(Map.of());
        String dead = queue();
        confirmed(topic, Map.of("DeliveryPolicy", atOnce(2), "RedrivePolicy", deadLetters(arn(dead))));
        web.answer(status);
        publish(topic, "lost", kind("v"));
        Message letter = next(dead);
        List<Web.Posted> posted = web.await(attempts, Web.NOTIFICATION);
        assertEquals(posted.get(attempts - 1).text(), letter.body());
        assertFalse(letter.hasMessageAttributes());
        web.answer(200);
        publish(topic, "next");
        web.await(attempts + 1, Web.NOTIFICATION);
    }

    @Test
    void oneThatFailsDoesNotHoldUpOthers() {
        String topic = topic(Map.of());
        confirmed(topic, Map.of("DeliveryPolicy", atOnce(0)));
        web.answer(500);
        String well = subscribed(topic, RAW);
        IntStream.range(0, 5).forEach(n -> publish(topic, "m" + n));
        assertEquals(5, drain(well, 5).size());
    }

    @Test
    void theEffectivePolicy() {
        String topic = topic(Map.of());
        String subscription = confirmed(topic, Map.of());
        String retries = "{\"http\":{\"defaultHealthyRetryPolicy\":{\"numRetries\":5}%s}}";
        assertTrue(shown(subscription).get("EffectiveDeliveryPolicy").contains("\"numRetries\":3"));
        set(topic, "DeliveryPolicy", retries.formatted(""));
        assertTrue(shown(subscription).get("EffectiveDeliveryPolicy").contains("\"numRetries\":5"));
        change(subscription, "DeliveryPolicy", atOnce(0));
        assertTrue(shown(subscription).get("EffectiveDeliveryPolicy").contains("\"numRetries\":0"));
        set(topic, "DeliveryPolicy", retries.formatted(",\"disableSubscriptionOverrides\":true"));
        assertTrue(shown(subscription).get("EffectiveDeliveryPolicy").contains("\"numRetries\":5"));
        wrongSomehow(() -> change(subscription, "DeliveryPolicy", atOnce(101)));
    }

    @Test
    void theUnsubscribeLinkAndTheWayBack() throws GeneralSecurityException {
        String topic = topic(Map.of());
        String subscription = confirmed(topic, Map.of());
        publish(topic, "one");
        Object link = parsed(web.await(1, Web.NOTIFICATION).get(0).text()).get("UnsubscribeURL");
        assertTrue(Web.visit(link).text().contains("<UnsubscribeResponse "));
        Web.Posted posted = web.await(1, Web.UNSUBSCRIPTION).get(0);
        LinkedHashMap<String, Object> farewell = parsed(posted.text());
        headers(posted, Map.of("content-type", PLAIN, "x-amz-sns-topic-arn", topic, "x-amz-sns-message-id",
                farewell.get("MessageId").toString(), "x-amz-sns-subscription-arn", subscription));
        verified(farewell);
        publish(topic, "between");
        assertEquals(200, Web.visit(farewell.get("SubscribeURL")).status());
        publish(topic, "two");
        assertEquals("two", parsed(web.await(2, Web.NOTIFICATION).get(1).text()).get("Message"));
    }
}

package postrider;

import static org.junit.jupiter.api.Assertions.assertEquals;

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
import software.amazon.awssdk.services.sns.SnsClient;
import software.amazon.awssdk.services.sns.model.SnsRequest;

/** Section 1: every action that this release of the SDK knows is answered with success. */
final class EveryTopicActionTest extends SnsFixture {
    private static final String PHONE = "+15550100";
    private static final String POLICY = "{\"Name\":\"p\",\"Version\":\"2021-06-01\",\"Statement\":[{\"DataDirection\":"
            + "\"Inbound\",\"Principal\":[\"*\"],\"DataIdentifier\":"
            + "[\"arn:aws:dataprotection::aws:data-identifier/Name\"],\"Operation\":{\"Deny\":{}}}]}";

    /** The actions that were answered with success. */
    private final Set<String> answered = new ConcurrentSkipListSet<>();

    private final SnsClient sns = Server.topics(
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
        String topic = sns.createTopic(r -> r.name(name())).topicArn();
        settings(topic);
        subscriptions(topic);
        platforms();
        phones();
        sns.deleteTopic(r -> r.topicArn(topic));
        // The password is on the phone, and a phone stays for a day.
        answered.addAll(Set.of("DeleteSMSSandboxPhoneNumber", "VerifySMSSandboxPhoneNumber"));
        assertEquals(known(), new TreeSet<>(answered));
        assertEquals(42, answered.size());
    }

    private void settings(String topic) {
        assertEquals(topic, sns.listTopics().topics().get(0).topicArn());
        sns.setTopicAttributes(r -> r.topicArn(topic).attributeName("DisplayName").attributeValue("News"));
        assertEquals("News", sns.getTopicAttributes(r -> r.topicArn(topic)).attributes().get("DisplayName"));
        sns.addPermission(r -> r.topicArn(topic).label("l").awsAccountIds(account).actionNames("Publish"));
        sns.removePermission(r -> r.topicArn(topic).label("l"));
        sns.tagResource(r -> r.resourceArn(topic).tags(t -> t.key("a").value("1")));
        assertEquals("a", sns.listTagsForResource(r -> r.resourceArn(topic)).tags().get(0).key());
        sns.untagResource(r -> r.resourceArn(topic).tagKeys("a"));
        sns.putDataProtectionPolicy(r -> r.resourceArn(topic).dataProtectionPolicy(POLICY));
        assertEquals(POLICY, sns.getDataProtectionPolicy(r -> r.resourceArn(topic)).dataProtectionPolicy());
    }

    private void subscriptions(String topic) {
        String url = queue();
        String endpoint = arn(url);
        String queue = sns.subscribe(r -> r.topicArn(topic).protocol("sqs").endpoint(endpoint)).subscriptionArn();
        sns.setSubscriptionAttributes(
                r -> r.subscriptionArn(queue).attributeName("RawMessageDelivery").attributeValue("true"));
        var shown = sns.getSubscriptionAttributes(r -> r.subscriptionArn(queue)).attributes();
        assertEquals("true", shown.get("RawMessageDelivery"));
        Web web = new Web();
        sns.subscribe(r -> r.topicArn(topic).protocol("http").endpoint(web.url));
        Object token = parsed(web.await(1, Web.SUBSCRIPTION).get(0).text()).get("Token");
        sns.confirmSubscription(r -> r.topicArn(topic).token(token.toString()));
        assertEquals(2, sns.listSubscriptionsByTopic(r -> r.topicArn(topic)).subscriptions().size());
        assertEquals(2, sns.listSubscriptions().subscriptions().size());
        sns.publish(r -> r.topicArn(topic).message("1"));
        sns.publishBatch(r -> r.topicArn(topic).publishBatchRequestEntries(e -> e.id("2").message("2")));
        drain(url, 2);
        sns.unsubscribe(r -> r.subscriptionArn(queue));
    }

    private void platforms() {
        Map<String, String> secret = Map.of("PlatformCredential", "secret");
        String app = sns.createPlatformApplication(r -> r.name(name()).platform("GCM").attributes(secret))
                .platformApplicationArn();
        sns.setPlatformApplicationAttributes(r -> r.platformApplicationArn(app).attributes(Map.of("Enabled", "true")));
        sns.getPlatformApplicationAttributes(r -> r.platformApplicationArn(app));
        assertEquals(1, sns.listPlatformApplications().platformApplications().size());
        String device = sns.createPlatformEndpoint(r -> r.platformApplicationArn(app).token("t")).endpointArn();
        sns.setEndpointAttributes(r -> r.endpointArn(device).attributes(Map.of("CustomUserData", "x")));
        assertEquals("x", sns.getEndpointAttributes(r -> r.endpointArn(device)).attributes().get("CustomUserData"));
        assertEquals(1,
                sns.listEndpointsByPlatformApplication(r -> r.platformApplicationArn(app)).endpoints().size());
        sns.deleteEndpoint(r -> r.endpointArn(device));
        sns.deletePlatformApplication(r -> r.platformApplicationArn(app));
    }

    private void phones() {
        sns.setSMSAttributes(r -> r.attributes(Map.of("DefaultSMSType", "Promotional")));
        assertEquals("Promotional", sns.getSMSAttributes(r -> {}).attributes().get("DefaultSMSType"));
        sns.checkIfPhoneNumberIsOptedOut(r -> r.phoneNumber(PHONE));
        sns.listPhoneNumbersOptedOut();
        sns.optInPhoneNumber(r -> r.phoneNumber(PHONE));
        sns.listOriginationNumbers(r -> {});
        sns.getSMSSandboxAccountStatus(r -> {});
        sns.createSMSSandboxPhoneNumber(r -> r.phoneNumber(PHONE));
        assertEquals(PHONE, sns.listSMSSandboxPhoneNumbers(r -> {}).phoneNumbers().get(0).phoneNumber());
    }

    /** The names of the methods of the client that take one request. */
    private static Set<String> known() {
        return Arrays.stream(SnsClient.class.getMethods())
                .filter(method -> method.getParameterCount() == 1
                        && SnsRequest.class.isAssignableFrom(method.getParameterTypes()[0])
                        && !method.getName().endsWith("Paginator"))
                .map(method -> method.getName().substring(0, 1).toUpperCase() + method.getName().substring(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }
}

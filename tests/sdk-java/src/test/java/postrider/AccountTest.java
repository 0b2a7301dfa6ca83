package postrider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.sns.model.Endpoint;
import software.amazon.awssdk.services.sns.model.EndpointDisabledException;
import software.amazon.awssdk.services.sns.model.PlatformApplicationDisabledException;
import software.amazon.awssdk.services.sns.model.ResourceNotFoundException;
import software.amazon.awssdk.services.sns.model.SMSSandboxPhoneNumber;
import software.amazon.awssdk.services.sns.model.UserErrorException;
import software.amazon.awssdk.services.sns.model.VerificationException;

/** Sections 18 and 19: platform applications and their endpoints, SMS attributes, the sandbox, phones. */
final class AccountTest extends SnsFixture {
    private static final String PHONE = "+15550100";
    private static final Map<String, String> SECRET = Map.of("PlatformCredential", "secret");

    private String application(String name, String platform, Map<String, String> attributes) {
        return sns.createPlatformApplication(r -> r.name(name).platform(platform).attributes(attributes))
                .platformApplicationArn();
    }

    private Map<String, String> applicationOf(String arn) {
        return sns.getPlatformApplicationAttributes(r -> r.platformApplicationArn(arn)).attributes();
    }

    private String device(String application, String token, String data) {
        return sns.createPlatformEndpoint(
                        r -> r.platformApplicationArn(application).token(token).customUserData(data))
                .endpointArn();
    }

    private Map<String, String> deviceOf(String arn) {
        return sns.getEndpointAttributes(r -> r.endpointArn(arn)).attributes();
    }

    private void enable(String arn, boolean yes) {
        sns.setEndpointAttributes(r -> r.endpointArn(arn).attributes(Map.of("Enabled", "" + yes)));
    }

    @Test
    void anApplication() {
        String name = name();
        Map<String, String> given = with(SECRET, "PlatformPrincipal", "who");
        String arn = application(name, "APNS", given);
        assertEquals("arn:aws:sns:us-east-1:" + account + ":app/APNS/" + name, arn);
        assertEquals(arn, application(name, "APNS", given));
        assertEquals(Map.of("Enabled", "true"), applicationOf(arn));
        Map<String, String> changed = Map.of("Enabled", "false", "EventEndpointDeleted", topic(Map.of()));
        sns.setPlatformApplicationAttributes(r -> r.platformApplicationArn(arn).attributes(changed));
        assertEquals(changed, applicationOf(arn));
        assertEquals(arn, sns.listPlatformApplications().platformApplications().get(0).platformApplicationArn());
        sns.deletePlatformApplication(r -> r.platformApplicationArn(arn));
        sns.deletePlatformApplication(r -> r.platformApplicationArn(arn));
        missing("PlatformApplication does not exist", () -> applicationOf(arn));
    }

    @Test
    void applicationsAreChecked() {
        wrong("Invalid parameter: Platform Reason: PIGEON is not supported",
                () -> application(name(), "PIGEON", SECRET));
        wrong("Invalid parameter: Attributes Reason: PlatformPrincipal attribute provided without PlatformCredential",
                () -> application(name(), "GCM", Map.of("PlatformPrincipal", "who")));
        wrong("Invalid parameter: Attributes Reason: Invalid attribute name: Colour",
                () -> application(name(), "GCM", with(SECRET, "Colour", "red")));
    }

    @Test
    void anEndpoint() {
        String app = application(name(), "GCM", SECRET);
        String arn = device(app, "t-1", "mine");
        assertTrue(arn.startsWith(app.replace(":app/", ":endpoint/") + "/"), arn);
        assertEquals(arn, device(app, "t-1", "mine"));
        assertEquals(Map.of("Enabled", "true", "Token", "t-1", "CustomUserData", "mine"), deviceOf(arn));
        wrong("Invalid parameter: Token Reason: Endpoint " + arn
                + " already exists with the same Token, but different attributes.", () -> device(app, "t-1", "other"));
        enable(arn, false);
        assertEquals("false", deviceOf(arn).get("Enabled"));
        wrong("Invalid parameter: EndpointArn Reason: Wrong number of slashes in relative portion of the ARN.",
                () -> deviceOf(app));
        sns.deleteEndpoint(r -> r.endpointArn(arn));
        sns.deleteEndpoint(r -> r.endpointArn(arn));
        missing("Endpoint does not exist", () -> deviceOf(arn));
    }

    @Test
    void endpointsAreListedAndGoWithTheirApplication() {
        String app = application(name(), "GCM", SECRET);
        Set<String> wanted =
                IntStream.range(0, 102).mapToObj(n -> device(app, "t" + n, null)).collect(Collectors.toSet());
        var pages = sns.listEndpointsByPlatformApplicationPaginator(r -> r.platformApplicationArn(app));
        assertEquals(List.of(100, 2), pages.stream().map(page -> page.endpoints().size()).toList());
        assertEquals(wanted, pages.endpoints().stream().map(Endpoint::endpointArn).collect(Collectors.toSet()));
        sns.deletePlatformApplication(r -> r.platformApplicationArn(app));
        missing("PlatformApplication does not exist",
                () -> sns.listEndpointsByPlatformApplication(r -> r.platformApplicationArn(app)));
        missing("Endpoint does not exist", () -> deviceOf(wanted.iterator().next()));
    }

    @Test
    void publishingToWhatIsDisabledOrNotThere() {
        String app = application(name(), "GCM", SECRET);
        String arn = device(app, "t", null);
        wrong("Invalid parameter: TargetArn Reason: No endpoint found for the target arn specified",
                () -> sns.publish(r -> r.targetArn(arn.substring(0, arn.length() - 1)).message("x")));
        enable(arn, false);
        assertEquals("Endpoint is disabled", failed(EndpointDisabledException.class, 400, "EndpointDisabled",
                () -> sns.publish(r -> r.targetArn(arn).message("x"))));
        enable(arn, true);
        sns.setPlatformApplicationAttributes(
                r -> r.platformApplicationArn(app).attributes(Map.of("Enabled", "false")));
        failed(PlatformApplicationDisabledException.class, 400, "PlatformApplicationDisabled",
                () -> sns.publish(r -> r.targetArn(arn).message("x")));
    }

    @Test
    void smsAttributes() {
        assertEquals(Map.of("MonthlySpendLimit", "1"), sns.getSMSAttributes(r -> {}).attributes());
        Map<String, String> given = Map.of("DefaultSMSType", "Transactional", "DefaultSenderID", "shop1");
        sns.setSMSAttributes(r -> r.attributes(given));
        assertEquals(with(given, "MonthlySpendLimit", "1"), sns.getSMSAttributes(r -> {}).attributes());
        assertEquals(Map.of("DefaultSenderID", "shop1"),
                sns.getSMSAttributes(r -> r.attributes("DefaultSenderID")).attributes());
        wrong("Colour is not a valid attribute", () -> sns.setSMSAttributes(r -> r.attributes(Map.of("Colour", "x"))));
        wrong("DefaultSMSType is invalid",
                () -> sns.setSMSAttributes(r -> r.attributes(Map.of("DefaultSMSType", "x"))));
    }

    @Test
    void theSandbox() {
        List<String> phones = IntStream.range(0, 10).mapToObj(n -> "+1555010" + n).toList();
        phones.forEach(phone -> sns.createSMSSandboxPhoneNumber(r -> r.phoneNumber(phone)));
        failed(UserErrorException.class, 400, "UserError",
                () -> sns.createSMSSandboxPhoneNumber(r -> r.phoneNumber("+15550110")));
        var pages = sns.listSMSSandboxPhoneNumbersPaginator(r -> r.maxResults(4));
        assertEquals(List.of(4, 4, 2), pages.stream().map(page -> page.phoneNumbers().size()).toList());
        assertEquals(phones, pages.phoneNumbers().stream().map(SMSSandboxPhoneNumber::phoneNumber).toList());
        // Passwords have six digits, so this is none of them.
        failed(VerificationException.class, 400, "VerificationException",
                () -> sns.verifySMSSandboxPhoneNumber(r -> r.phoneNumber(PHONE).oneTimePassword("00000000")));
        failed(UserErrorException.class, 400, "UserError",
                () -> sns.deleteSMSSandboxPhoneNumber(r -> r.phoneNumber(PHONE)));
        failed(ResourceNotFoundException.class, 404, "ResourceNotFound",
                () -> sns.deleteSMSSandboxPhoneNumber(r -> r.phoneNumber("+15550199")));
    }

    @Test
    void optingOutAndIn() {
        assertFalse(sns.checkIfPhoneNumberIsOptedOut(r -> r.phoneNumber(PHONE)).isOptedOut());
        assertEquals(List.of(), sns.listPhoneNumbersOptedOut().phoneNumbers());
        sns.optInPhoneNumber(r -> r.phoneNumber(PHONE));
        wrong("Invalid parameter: PhoneNumber Reason: input incorrectly formatted",
                () -> sns.optInPhoneNumber(r -> r.phoneNumber("5550100")));
        assertEquals(List.of(), sns.listOriginationNumbers(r -> {}).phoneNumbers());
    }
}

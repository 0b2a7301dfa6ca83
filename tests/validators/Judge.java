import com.amazonaws.services.sns.message.SnsMessageManager;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.util.Base64;
import java.util.function.Consumer;
import software.amazon.awssdk.regions.Region;

/**
 * Judges messages with the validators of the AWS SDKs for Java, unmodified: {@code java Judge.java sdk-v1}.
 *
 * <p>A message is a line of base64; the verdict on it is a line, {@code ok} or {@code refused <why>}. The JVM is told
 * by its properties where the host is that has the certificate, and what it may trust.
 */
public final class Judge {
    private static final String REGION = "us-east-1";

    private Judge() {}

    public static void main(String[] arguments) throws Exception {
        Consumer<byte[]> judge = judge(arguments[0]);
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            try {
                judge.accept(Base64.getDecoder().decode(line));
                System.out.println("ok");
            } catch (RuntimeException e) {
                System.out.println("refused " + reasons(e).replace('\n', ' '));
            }
        }
    }

    private static Consumer<byte[]> judge(String name) {
        switch (name) {
            case "sdk-v1": {
                SnsMessageManager manager = new SnsMessageManager(REGION);
                return body -> manager.parseMessage(new ByteArrayInputStream(body));
            }
            case "sdk-v2": {
                software.amazon.awssdk.messagemanager.sns.SnsMessageManager manager =
                        software.amazon.awssdk.messagemanager.sns.SnsMessageManager.builder()
                                .region(Region.of(REGION))
                                .build();
                return body -> manager.parseMessage(new ByteArrayInputStream(body));
            }
            default:
                throw new IllegalArgumentException(name);
        }
    }

    private static String reasons(Throwable thrown) {
        String said = thrown.toString();
        return thrown.getCause() == null ? said : said + ": " + reasons(thrown.getCause());
    }
}

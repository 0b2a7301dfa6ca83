package postrider;

import java.net.URI;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.client.config.ClientOverrideConfiguration;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.apache5.Apache5HttpClient;
import software.amazon.awssdk.http.async.SdkAsyncHttpClient;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.sns.SnsClient;
import software.amazon.awssdk.services.sqs.SqsAsyncClient;
import software.amazon.awssdk.services.sqs.SqsClient;

/**
 * The server under test, which somebody else has started, and unmodified SDK clients of it.
 *
 * <p>The server is open: an access key id of 12 digits is the account, so a test that takes a new account shares
 * nothing with any other test, nor with an earlier run on the same server.
 */
final class Server {
    static final URI ENDPOINT = URI.create(endpoint());
    static final String REGION = "us-east-1";

    private static final AtomicLong ACCOUNTS =
            new AtomicLong(400_000_000_000L + System.currentTimeMillis() % 100_000_000 * 1_000);
    private static final SdkHttpClient HTTP = Apache5HttpClient.builder().maxConnections(200).build();
    private static final SdkAsyncHttpClient HTTP_ASYNC =
            NettyNioAsyncHttpClient.builder().maxConcurrency(200).build();

    private Server() {}

    private static String endpoint() {
        String given = System.getenv("POSTRIDER_ENDPOINT");
        if (given == null) {
            throw new IllegalStateException("POSTRIDER_ENDPOINT names the server, for example http://127.0.0.1:4566");
        }
        return given;
    }

    /** An account that no other test uses. */
    static String account() {
        return Long.toString(ACCOUNTS.incrementAndGet());
    }

    static SqsClient client(String account) {
        return client(account, ClientOverrideConfiguration.builder().build());
    }

    static SqsClient client(String account, ClientOverrideConfiguration more) {
        return SqsClient.builder()
                .endpointOverride(ENDPOINT)
                .region(Region.of(REGION))
                .credentialsProvider(credentials(account))
                .httpClient(HTTP)
                .overrideConfiguration(more)
                .build();
    }

    static SnsClient topics(String account, ClientOverrideConfiguration more) {
        return SnsClient.builder()
                .endpointOverride(ENDPOINT)
                .region(Region.of(REGION))
                .credentialsProvider(credentials(account))
                .httpClient(HTTP)
                .overrideConfiguration(more)
                .build();
    }

    static SqsAsyncClient asyncClient(String account) {
        return SqsAsyncClient.builder()
                .endpointOverride(ENDPOINT)
                .region(Region.of(REGION))
                .credentialsProvider(credentials(account))
                .httpClient(HTTP_ASYNC)
                .overrideConfiguration(o -> o.apiCallTimeout(Duration.ofSeconds(30)))
                .build();
    }

    static StaticCredentialsProvider credentials(String account) {
        return StaticCredentialsProvider.create(AwsBasicCredentials.create(account, "any"));
    }
}

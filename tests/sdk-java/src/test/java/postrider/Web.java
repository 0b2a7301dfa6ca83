package postrider;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One endpoint that topics post to: it keeps what came, and answers notifications as its test says.
 *
 * <p>All of them are paths of one server, which lives as long as the tests.
 */
final class Web {
    static final String NOTIFICATION = "Notification";
    static final String SUBSCRIPTION = "SubscriptionConfirmation";
    static final String UNSUBSCRIPTION = "UnsubscribeConfirmation";

    /** What came; the names of headers are in lower case. */
    record Posted(String kind, Map<String, String> headers, String text, long nanos) {}

    /** What a link led to. */
    record Page(int status, String text) {}

    private static final HttpServer SERVER = start();
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static final AtomicInteger PATHS = new AtomicInteger();

    final String url;
    private final List<Posted> came = new ArrayList<>();
    private final Deque<Integer> first = new ArrayDeque<>();
    private int otherwise = 200;

    Web() {
        String path = "/sns/" + PATHS.incrementAndGet() + "/in";
        url = "http://" + host() + path;
        SERVER.createContext(path, this::handle);
    }

    private static HttpServer start() {
        try {
            HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
            server.setExecutor(Executors.newCachedThreadPool(work -> {
                Thread thread = new Thread(work);
                thread.setDaemon(true);
                return thread;
            }));
            server.start();
            return server;
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    static String host() {
        return "127.0.0.1:" + SERVER.getAddress().getPort();
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            String text = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            Map<String, String> headers = new TreeMap<>();
            exchange.getRequestHeaders()
                    .forEach((name, all) -> headers.put(name.toLowerCase(), String.join(", ", all)));
            exchange.sendResponseHeaders(take(headers, text), -1);
        }
    }

    private synchronized int take(Map<String, String> headers, String text) {
        String kind = headers.get("x-amz-sns-message-type");
        came.add(new Posted(kind, headers, text, System.nanoTime()));
        if (!NOTIFICATION.equals(kind)) {
            return 200;
        }
        return first.isEmpty() ? otherwise : first.poll();
    }

    /** Answers the next notifications with the later statuses, one each, and all others with the first. */
    synchronized void answer(int otherwise, Integer... first) {
        this.otherwise = otherwise;
        this.first.clear();
        this.first.addAll(List.of(first));
    }

    synchronized List<Posted> of(String kind) {
        return came.stream().filter(posted -> posted.kind().equals(kind)).toList();
    }

    /** Waits until that many requests of a kind have come; more are a failure. */
    List<Posted> await(int count, String kind) {
        Fixture.eventually(count + " " + kind, () -> of(kind).size() >= count);
        List<Posted> found = of(kind);
        assertEquals(count, found.size());
        return found;
    }

    /** Follows a link as whoever got it does. */
    static Page visit(Object link) {
        try {
            HttpRequest request = HttpRequest.newBuilder(URI.create(link.toString())).build();
            HttpResponse<String> response = CLIENT.send(request, HttpResponse.BodyHandlers.ofString());
            return new Page(response.statusCode(), response.body());
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        } catch (InterruptedException error) {
            throw new AssertionError(error);
        }
    }
}

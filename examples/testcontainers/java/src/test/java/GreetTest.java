import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.kafka.KafkaContainer;
import org.testcontainers.utility.DockerImageName;

/** A suite in Java: Sendoff as a GenericContainer beside a KafkaContainer. `mvn test` runs it. */
class GreetTest {
  private static final String IMAGE = Optional.ofNullable(System.getenv("SENDOFF_IMAGE")).orElse("sendoff:latest");
  private static final Network NETWORK = Network.newNetwork();
  private static final KafkaContainer KAFKA =
      new KafkaContainer(DockerImageName.parse("apache/kafka:4.3.0")).withNetwork(NETWORK).withListener("kafka:19092");
  private static final GenericContainer<?> SENDOFF =
      new GenericContainer<>(DockerImageName.parse(IMAGE))
          .withNetwork(NETWORK)
          .withCommand("standalone")
          .withExposedPorts(8700)
          .withEnv("KAFKA_BROKERS", "kafka:19092")
          .withEnv("KAFKA_PARTITIONS", "1")
          .withEnv("SENDOFF_PROJECT_ID", "test")
          .withEnv("SENDOFF_TOKEN", "test-token")
          .waitingFor(Wait.forHttp("/readyz").forPort(8700).forStatusCode(200))
          .withStartupTimeout(Duration.ofMinutes(2));

  private final HttpClient client = HttpClient.newHttpClient();

  @BeforeAll
  static void start() {
    KAFKA.start();
    SENDOFF.start();
  }

  @AfterAll
  static void stop() {
    SENDOFF.stop();
    KAFKA.stop();
    NETWORK.close();
  }

  @Test
  void anInvocationEndsWithSuccess() throws Exception {
    String code = encoded("exports.handler = async (event) => `hello ${event.name}`;");
    call("POST", "/fgs/functions", """
        {"func_name": "greet", "package": "default", "runtime": "Node.js20.15", "handler": "index.handler", "timeout": 3,
         "memory_size": 128, "code_type": "inline", "func_code": {"file": "%s"}}""".formatted(code));
    String accepted = call("POST", "/fgs/functions/greet/invocations-async", "{\"name\": \"world\"}");
    Matcher requestId = Pattern.compile("\"request_id\":\"([^\"]+)\"").matcher(accepted);
    assertTrue(requestId.find(), accepted);
    String record = settled("/fgs/functions/greet/async-invocations?request_id=" + requestId.group(1));
    assertTrue(record.contains("\"status\":\"SUCCESS\""), record);
  }

  /** Asks for a record until the invocation has ended. */
  private String settled(String path) throws Exception {
    long giveUpAt = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    String record = call("GET", path, null);
    while (!record.matches("(?s).*\"status\":\"(SUCCESS|FAIL|DISCARD)\".*") && System.nanoTime() < giveUpAt) {
      Thread.sleep(100);
      record = call("GET", path, null);
    }
    return record;
  }

  private String call(String method, String path, String body) throws Exception {
    String api = "http://%s:%d/v2/test".formatted(SENDOFF.getHost(), SENDOFF.getMappedPort(8700));
    HttpRequest.BodyPublisher content =
        body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body);
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(api + path))
            .header("Content-Type", "application/json")
            .header("X-Auth-Token", "test-token")
            .method(method, content)
            .build();
    HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
    assertEquals(2, response.statusCode() / 100, response.body());
    return response.body();
  }

  private static String encoded(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }
}

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.StringSerializer;

/** Starts a function by writing to Kafka: mvn -q compile exec:java -Dexec.args="function [count]" */
public final class Producer {
  public static void main(String[] args) throws Exception {
    if (args.length == 0) throw new IllegalArgumentException("usage: <function> [count]");
    String function = args[0];
    int count = args.length > 1 ? Integer.parseInt(args[1]) : 1;
    String running = Files.readString(Path.of(System.getenv().getOrDefault("SENDOFF_DATA_DIR", ".sendoff"), "running.json"));
    String brokers = field(running, "\"kafkaBrokers\":\\[([^\\]]*)\\]").replace("\"", "");
    String project = field(running, "\"projectId\":\"([^\"]*)\"");
    String topic = System.getenv().getOrDefault("KAFKA_TOPIC_PREFIX", "sendoff.") + "intake";

    Map<String, Object> settings = new HashMap<>(Map.of("bootstrap.servers", brokers, "acks", "all"));
    settings.putAll(access(running));
    List<Future<RecordMetadata>> writes = new ArrayList<>();
    try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
      for (int n = 0; n < count; n++) {
        // A request id of your own is optional: with one, a write that is repeated is the same invocation.
        String requestId = UUID.randomUUID().toString();
        var record = new ProducerRecord<>(topic, requestId, "{\"n\":" + n + ",\"from\":\"java\"}");
        record.headers().add("sendoff-function", function.getBytes(UTF_8));
        record.headers().add("sendoff-project", project.getBytes(UTF_8));
        record.headers().add("sendoff-request-id", requestId.getBytes(UTF_8));
        writes.add(producer.send(record));
        System.out.println(requestId);
      }
    }
    for (var write : writes) write.get();
  }

  /** The account of npm start's broker; for brokers of your own, the same variables as for the services. */
  private static Map<String, Object> access(String running) {
    boolean isOwn = running.contains("\"kafkaAccount\"");
    String protocol = isOwn ? "sasl_plaintext" : System.getenv().getOrDefault("KAFKA_SECURITY_PROTOCOL", "plaintext");
    Map<String, Object> settings = new HashMap<>(Map.of("security.protocol", protocol.toUpperCase()));
    if (protocol.startsWith("sasl_")) {
      String mechanism = isOwn ? "SCRAM-SHA-512" : System.getenv().getOrDefault("KAFKA_SASL_MECHANISM", "SCRAM-SHA-512");
      String username = isOwn ? field(running, "\"username\":\"([^\"]*)\"") : System.getenv("KAFKA_USERNAME");
      String password = isOwn ? field(running, "\"password\":\"([^\"]*)\"") : System.getenv("KAFKA_PASSWORD");
      String module = mechanism.equals("PLAIN") ? "plain.PlainLoginModule" : "scram.ScramLoginModule";
      settings.put("sasl.mechanism", mechanism);
      settings.put(
          "sasl.jaas.config",
          "org.apache.kafka.common.security." + module + " required username=\"" + username + "\" password=\"" + password + "\";");
    }
    String caFile = System.getenv("KAFKA_CA_FILE");
    if (protocol.endsWith("ssl") && caFile != null) {
      settings.put("ssl.truststore.type", "PEM");
      settings.put("ssl.truststore.location", caFile);
    }
    return settings;
  }

  private static String field(String json, String pattern) {
    Matcher matcher = Pattern.compile(pattern).matcher(json);
    if (!matcher.find()) throw new IllegalStateException("running.json has no " + pattern);
    return matcher.group(1);
  }
}

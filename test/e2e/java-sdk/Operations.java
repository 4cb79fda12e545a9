import com.fasterxml.jackson.databind.ObjectMapper;
import com.huaweicloud.sdk.core.auth.BasicCredentials;
import com.huaweicloud.sdk.core.exception.ServiceResponseException;
import com.huaweicloud.sdk.functiongraph.v2.FunctionGraphAsyncClient;
import com.huaweicloud.sdk.functiongraph.v2.FunctionGraphClient;
import com.huaweicloud.sdk.functiongraph.v2.model.*;
import com.huaweicloud.sdk.smn.v2.SmnClient;
import com.huaweicloud.sdk.smn.v2.model.*;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Drives the official Java SDK over every operation of the compatibility table, unchanged but for the endpoint.
 *
 * Prints a line of JSON an operation: its name, and why it failed, if it did. Reads SENDOFF_URL, SENDOFF_PROJECT_ID, SENDOFF_ACCESS_KEY
 * and SENDOFF_SECRET_KEY.
 */
class Operations {
  static final String name = "from-java";
  static final String source =
      "exports.handler = async (event) => { if (event.wait) await new Promise((done) => setTimeout(done, event.wait)); return event; };";
  static final String url = System.getenv("SENDOFF_URL");
  static final BasicCredentials credentials = credentialsWith(System.getenv("SENDOFF_SECRET_KEY"));
  static final FunctionGraphClient functions = functionsWith(credentials);
  static final SmnClient topics = SmnClient.newBuilder().withCredential(credentials).withEndpoints(List.of(url)).build();

  static final Map<String, Operation> operations = new LinkedHashMap<>();
  static String topicUrn;
  static String subscriptionUrn;

  interface Operation {
    void run() throws Exception;
  }

  static BasicCredentials credentialsWith(String secretKey) {
    return new BasicCredentials()
        .withAk(System.getenv("SENDOFF_ACCESS_KEY"))
        .withSk(secretKey)
        .withProjectId(System.getenv("SENDOFF_PROJECT_ID"));
  }

  static FunctionGraphClient functionsWith(BasicCredentials credentials) {
    return FunctionGraphClient.newBuilder().withCredential(credentials).withEndpoints(List.of(url)).build();
  }

  static void check(boolean holds, Object seen) {
    if (!holds) throw new AssertionError(String.valueOf(seen));
  }

  static void refused(int status, String code, Operation call) throws Exception {
    try {
      call.run();
    } catch (ServiceResponseException refusal) {
      check(refusal.getHttpStatusCode() == status && code.equals(refusal.getErrorCode()), refusal);
      check(refusal.getErrorMsg() != null && refusal.getRequestId() != null, refusal);
      return;
    }
    throw new AssertionError("not refused");
  }

  /** Asks until there is an answer. */
  static <T> T eventually(Supplier<T> ask) throws InterruptedException {
    for (long end = System.nanoTime() + 30_000_000_000L; System.nanoTime() < end; Thread.sleep(100)) {
      T answer = ask.get();
      if (answer != null) return answer;
    }
    throw new AssertionError("not within 30 s");
  }

  static String encoded(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }

  static FuncCode code(String source) {
    return new FuncCode().withFile(encoded(source.getBytes(StandardCharsets.UTF_8)));
  }

  static FuncCode archive(Map<String, String> files) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream archive = new ZipOutputStream(bytes)) {
      for (Map.Entry<String, String> file : files.entrySet()) {
        archive.putNextEntry(new ZipEntry(file.getKey()));
        archive.write(file.getValue().getBytes(StandardCharsets.UTF_8));
      }
    }
    return new FuncCode().withFile(encoded(bytes.toByteArray()));
  }

  static String invoke(Map<String, Object> event) {
    return functions.asyncInvokeFunction(new AsyncInvokeFunctionRequest().withFunctionUrn(name).withBody(event)).getRequestId();
  }

  static ListFunctionAsyncInvocationsResult ended(String requestId) throws InterruptedException {
    ListAsyncInvocationsRequest request = new ListAsyncInvocationsRequest().withFunctionUrn(name).withRequestId(requestId);
    return eventually(() -> functions.listAsyncInvocations(request).getInvocations().stream()
        .filter(record -> !List.of("WAIT", "RUNNING").contains(record.getStatus().getValue()))
        .findFirst()
        .orElse(null));
  }

  static UpdateFunctionCodeResponse updateCode(UpdateFunctionCodeRequestBody body) {
    return functions.updateFunctionCode(new UpdateFunctionCodeRequest().withFunctionUrn(name).withBody(body));
  }

  static UpdateFunctionTagsRequestBody tag(String value) {
    return new UpdateFunctionTagsRequestBody().withTags(List.of(new KvItem().withKey("team").withValue(value)));
  }

  static ListFunctionTagsResponse tags() {
    return functions.listFunctionTags(new ListFunctionTagsRequest().withResourceType("functions").withResourceId(name));
  }

  static void functionOperations() {
    operations.put("wrong_secret", () ->
        refused(401, "APIG.0301", () -> functionsWith(credentialsWith("another secret")).listFunctions(new ListFunctionsRequest())));
    operations.put("create_function", () -> {
      CreateFunctionRequest request = new CreateFunctionRequest().withBody(new CreateFunctionRequestBody()
          .withFuncName(name)
          .withPackage("default")
          .withRuntime(CreateFunctionRequestBody.RuntimeEnum.NODE_JS18_15)
          .withHandler("index.handler")
          .withTimeout(30)
          .withMemorySize(128)
          .withCodeType(CreateFunctionRequestBody.CodeTypeEnum.INLINE)
          .withFuncCode(code(source)));
      CreateFunctionResponse made = functions.createFunction(request);
      check(made.getFuncUrn().endsWith(":function:default:from-java:latest"), made);
      refused(409, "FSS.1061", () -> functions.createFunction(request));
    });
    operations.put("list_functions", () -> {
      ListFunctionsResponse page = functions.listFunctions(new ListFunctionsRequest().withMarker("0").withMaxitems("400").withFuncName("from-ja"));
      check(page.getFunctions().size() == 1 && page.getCount() == 1, page);
    });
    operations.put("show_function_config", () -> {
      ShowFunctionConfigResponse shown = functions.showFunctionConfig(new ShowFunctionConfigRequest().withFunctionUrn(name));
      check(shown.getTimeout() == 30 && shown.getMemorySize() == 128, shown);
      check(shown.getLastModified().isAfter(OffsetDateTime.now().minusMinutes(5)), shown);
      refused(404, "FSS.1051", () -> functions.showFunctionConfig(new ShowFunctionConfigRequest().withFunctionUrn("absent")));
    });
    operations.put("update_function_config", () -> {
      UpdateFunctionConfigResponse changed = functions.updateFunctionConfig(new UpdateFunctionConfigRequest()
          .withFunctionUrn(name)
          .withBody(new UpdateFunctionConfigRequestBody()
              .withFuncName(name)
              .withRuntime(UpdateFunctionConfigRequestBody.RuntimeEnum.NODE_JS18_15)
              .withHandler("index.handler")
              .withTimeout(30)
              .withMemorySize(128)
              .withUserData("{\"greeting\":\"hello\"}")
              .withStrategyConfig(new StrategyConfig().withConcurrency(10).withConcurrentNum(5))));
      check(changed.getStrategyConfig().getConcurrentNum() == 5, changed);
    });
    operations.put("show_function_code", () -> {
      ShowFunctionCodeResponse shown = functions.showFunctionCode(new ShowFunctionCodeRequest().withFunctionUrn(name));
      check(shown.getFuncCode().getFile().equals(code(source).getFile()), shown);
    });
    operations.put("update_function_code", () -> {
      UpdateFunctionCodeResponse changed = updateCode(new UpdateFunctionCodeRequestBody()
          .withCodeType(UpdateFunctionCodeRequestBody.CodeTypeEnum.ZIP)
          .withCodeFilename("code.zip")
          .withFuncCode(archive(Map.of(
              "index.js", "const { answer } = require('./lib/answer'); exports.handler = async () => ({ answer });",
              "lib/answer.js", "exports.answer = 42;"))));
      check(changed.getCodeType().getValue().equals("zip"), changed);
      InvokeFunctionResponse answer = functions.invokeFunction(
          new InvokeFunctionRequest().withFunctionUrn(name).withXCFFRequestVersion("v1").withBody(Map.of()));
      check(answer.getResult().equals("{\"answer\":42}"), answer);
      updateCode(new UpdateFunctionCodeRequestBody()
          .withCodeType(UpdateFunctionCodeRequestBody.CodeTypeEnum.INLINE)
          .withFuncCode(code(source)));
    });
    operations.put("update_function_max_instance_config", () -> {
      UpdateFunctionMaxInstanceConfigResponse changed = functions.updateFunctionMaxInstanceConfig(
          new UpdateFunctionMaxInstanceConfigRequest()
              .withFunctionUrn(name)
              .withBody(new UpdateFunctionMaxInstanceConfigRequestBody().withMaxInstanceNum(20)));
      check(changed.getStrategyConfig().getConcurrency() == 20, changed);
    });
    operations.put("list_reserved_instance_configs", () -> {
      ListReservedInstanceConfigsResponse page = functions.listReservedInstanceConfigs(
          new ListReservedInstanceConfigsRequest().withFunctionUrn(name).withMarker("0").withLimit("10"));
      check(page.getReservedInstances().isEmpty() && page.getCount() == 0, page);
    });
    operations.put("list_function_triggers", () ->
        check(functions.listFunctionTriggers(new ListFunctionTriggersRequest().withFunctionUrn(name)).getBody().isEmpty(), "triggers"));
    operations.put("list_events", () ->
        check(functions.listEvents(new ListEventsRequest().withFunctionUrn(name)).getEvents().isEmpty(), "events"));
    operations.put("list_dependencies", () ->
        check(functions.listDependencies(new ListDependenciesRequest()).getDependencies().isEmpty(), "dependencies"));
    operations.put("list_quotas", () ->
        check(functions.listQuotas(new ListQuotasRequest()).getQuotas().getResources().isEmpty(), "quotas"));
    operations.put("list_function_reserved_instances", () ->
        check(functions.listFunctionReservedInstances(new ListFunctionReservedInstancesRequest()).getReservedinstances().isEmpty(), "reserved"));
    operations.put("show_lts_log_details", () ->
        check(functions.showLtsLogDetails(new ShowLtsLogDetailsRequest().withFunctionUrn(name)).getGroupName().isEmpty(), "log"));
    operations.put("create_tags", () -> {
      functions.createTags(new CreateTagsRequest().withResourceType("functions").withResourceId(name).withBody(tag("orders")));
      check(tags().getTags().get(0).getValue().equals("orders"), tags());
    });
    operations.put("delete_tags", () -> {
      functions.deleteTags(new DeleteTagsRequest().withResourceType("functions").withResourceId(name).withBody(tag("orders")));
      check(tags().getTags().isEmpty(), tags());
    });
  }

  static void versionOperations() {
    operations.put("create_function_version", () -> {
      CreateFunctionVersionResponse made = functions.createFunctionVersion(new CreateFunctionVersionRequest()
          .withFunctionUrn(name)
          .withBody(new CreateFunctionVersionRequestBody().withVersion("v1").withDescription("the first")));
      check(made.getVersion().equals("v1") && made.getFuncUrn().endsWith(":v1"), made);
    });
    operations.put("list_function_versions", () -> {
      ListFunctionVersionsResponse page = functions.listFunctionVersions(
          new ListFunctionVersionsRequest().withFunctionUrn(name).withMarker("0").withMaxitems("100"));
      check(page.getVersions().size() == 2, page);
    });
    operations.put("create_version_alias", () -> {
      CreateVersionAliasResponse made = functions.createVersionAlias(new CreateVersionAliasRequest()
          .withFunctionUrn(name)
          .withBody(new CreateVersionAliasRequestBody().withName("prod").withVersion("v1").withDescription("what is live")));
      check(made.getAliasUrn().endsWith(":!prod"), made);
    });
    operations.put("list_version_aliases", () -> {
      ListVersionAliasesResponse page = functions.listVersionAliases(new ListVersionAliasesRequest().withFunctionUrn(name));
      check(page.getBody().size() == 1, page);
    });
    operations.put("show_version_alias", () -> {
      ShowVersionAliasResponse shown = functions.showVersionAlias(
          new ShowVersionAliasRequest().withFunctionUrn(name).withAliasName("prod"));
      check(shown.getVersion().equals("v1"), shown);
    });
    operations.put("update_version_alias", () -> {
      UpdateVersionAliasResponse changed = functions.updateVersionAlias(new UpdateVersionAliasRequest()
          .withFunctionUrn(name)
          .withAliasName("prod")
          .withBody(new UpdateVersionAliasRequestBody().withVersion("v1").withDescription("changed")));
      check(changed.getDescription().equals("changed"), changed);
    });
  }

  static void invocationOperations() {
    operations.put("invoke_function", () -> {
      InvokeFunctionResponse answer = functions.invokeFunction(new InvokeFunctionRequest()
          .withFunctionUrn(name)
          .withXCffLogType("tail")
          .withXCFFRequestVersion("v1")
          .withBody(Map.of("key", "héllo")));
      check(answer.getResult().equals("{\"key\":\"héllo\"}") && answer.getStatus() == 200 && answer.getXCffRequestId() != null, answer);
    });
    operations.put("update_function_async_invoke_config", () -> {
      UpdateFunctionAsyncInvokeConfigResponse changed = functions.updateFunctionAsyncInvokeConfig(
          new UpdateFunctionAsyncInvokeConfigRequest()
              .withFunctionUrn(name)
              .withBody(new UpdateFunctionAsyncInvokeConfigRequestBody()
                  .withMaxAsyncEventAgeInSeconds(600)
                  .withMaxAsyncRetryAttempts(2)
                  .withDestinationConfig(new FuncAsyncDestinationConfig())));
      check(changed.getMaxAsyncRetryAttempts() == 2, changed);
    });
    operations.put("show_function_async_invoke_config", () -> {
      ShowFunctionAsyncInvokeConfigResponse shown = functions.showFunctionAsyncInvokeConfig(
          new ShowFunctionAsyncInvokeConfigRequest().withFunctionUrn(name));
      check(shown.getMaxAsyncEventAgeInSeconds() == 600 && shown.getFuncUrn().endsWith(":latest"), shown);
    });
    operations.put("list_function_async_invoke_config", () -> {
      ListFunctionAsyncInvokeConfigResponse page = functions.listFunctionAsyncInvokeConfig(
          new ListFunctionAsyncInvokeConfigRequest().withFunctionUrn(name).withMarker("0").withLimit("10"));
      check(page.getCount() == 1 && page.getPageInfo().getNextMarker() == 0, page);
    });
    operations.put("async_invoke_function", () -> {
      ListFunctionAsyncInvocationsResult record = ended(invoke(Map.of("key", "value")));
      check(record.getStatus().getValue().equals("SUCCESS"), record);
    });
    operations.put("list_async_invocations", () -> {
      String requestId = invoke(Map.of());
      ended(requestId);
      // The SDK says UTC, and writes the time without its offset.
      OffsetDateTime now = OffsetDateTime.now(ZoneOffset.UTC);
      ListAsyncInvocationsResponse page = functions.listAsyncInvocations(new ListAsyncInvocationsRequest()
          .withFunctionUrn(name)
          .withStatus("SUCCESS")
          .withLimit("500")
          .withMarker("0")
          .withQueryBeginTime(now.minusMinutes(30))
          .withQueryEndTime(now.plusMinutes(1)));
      check(page.getInvocations().stream().anyMatch(record -> record.getRequestId().equals(requestId)) && page.getCount() >= 2, page);
      check(page.getInvocations().get(0).getStartTime().isAfter(now.minusMinutes(5)), page);
    });
    operations.put("list_active_async_invocations", () -> {
      String requestId = invoke(Map.of("wait", 5_000));
      eventually(() -> functions
          .listActiveAsyncInvocations(new ListActiveAsyncInvocationsRequest().withFunctionUrn(name).withRequests(requestId))
          .getInvocations()
          .stream()
          .filter(record -> record.getStatus().getValue().equals("RUNNING"))
          .findFirst()
          .orElse(null));
      check(ended(requestId).getStatus().getValue().equals("SUCCESS"), requestId);
    });
    operations.put("cancel_async_invocation", () -> {
      String requestId = invoke(Map.of("wait", 25_000));
      functions.cancelAsyncInvocation(new CancelAsyncInvocationRequest()
          .withFunctionUrn(name)
          .withBody(new CancelAsyncInvocationRequestBody()
              .withRequestId(requestId)
              .withType(CancelAsyncInvocationRequestBody.TypeEnum.FORCE)));
      ListFunctionAsyncInvocationsResult record = ended(requestId);
      check(record.getStatus().getValue().equals("FAIL") && record.getErrorCode() == 4208, record);
    });
    operations.put("async_client", () -> {
      FunctionGraphAsyncClient client =
          FunctionGraphAsyncClient.newBuilder().withCredential(credentials).withEndpoints(List.of(url)).build();
      String requestId = client
          .asyncInvokeFunctionAsync(new AsyncInvokeFunctionRequest().withFunctionUrn(name).withBody(Map.of()))
          .get()
          .getRequestId();
      check(ended(requestId).getStatus().getValue().equals("SUCCESS"), requestId);
    });
    operations.put("enable_async_status_log", () -> functions.enableAsyncStatusLog(new EnableAsyncStatusLogRequest()));
    operations.put("show_project_async_status_log_info", () -> {
      ShowProjectAsyncStatusLogInfoResponse shown =
          functions.showProjectAsyncStatusLogInfo(new ShowProjectAsyncStatusLogInfoRequest());
      check(shown.getGroupId().length() == 36, shown);
    });
  }

  static void removals() {
    operations.put("delete_function_async_invoke_config", () -> {
      functions.deleteFunctionAsyncInvokeConfig(new DeleteFunctionAsyncInvokeConfigRequest().withFunctionUrn(name));
      refused(404, "FSS.0404", () ->
          functions.showFunctionAsyncInvokeConfig(new ShowFunctionAsyncInvokeConfigRequest().withFunctionUrn(name)));
    });
    operations.put("delete_version_alias", () -> {
      functions.deleteVersionAlias(new DeleteVersionAliasRequest().withFunctionUrn(name).withAliasName("prod"));
      refused(404, "FSS.1053", () ->
          functions.showVersionAlias(new ShowVersionAliasRequest().withFunctionUrn(name).withAliasName("prod")));
    });
    operations.put("delete_function_version", () -> {
      String urn = functions.showFunctionConfig(new ShowFunctionConfigRequest().withFunctionUrn(name)).getFuncUrn();
      functions.deleteFunction(new DeleteFunctionRequest().withFunctionUrn(urn.replaceFirst(":latest$", ":v1")));
      ListFunctionVersionsResponse page = functions.listFunctionVersions(new ListFunctionVersionsRequest().withFunctionUrn(name));
      check(page.getVersions().size() == 1, page);
    });
    operations.put("delete_function", () -> {
      functions.deleteFunction(new DeleteFunctionRequest().withFunctionUrn(name));
      refused(404, "FSS.1051", () -> functions.showFunctionConfig(new ShowFunctionConfigRequest().withFunctionUrn(name)));
    });
  }

  static void topicOperations() {
    operations.put("create_topic", () -> {
      topicUrn = topics
          .createTopic(new CreateTopicRequest().withBody(new CreateTopicRequestBody().withName(name).withDisplayName("Java")))
          .getTopicUrn();
      check(topicUrn.endsWith(":from-java"), topicUrn);
    });
    operations.put("list_topics", () -> {
      ListTopicsResponse page = topics.listTopics(new ListTopicsRequest().withOffset(0).withLimit(100));
      check(page.getTopics().stream().anyMatch(topic -> topic.getTopicUrn().equals(topicUrn)) && page.getTopicCount() >= 1, page);
    });
    operations.put("update_topic", () -> {
      topics.updateTopic(new UpdateTopicRequest()
          .withTopicUrn(topicUrn)
          .withBody(new UpdateTopicRequestBody().withDisplayName("Changed")));
      ListTopicDetailsResponse shown = topics.listTopicDetails(new ListTopicDetailsRequest().withTopicUrn(topicUrn));
      check(shown.getDisplayName().equals("Changed"), shown);
    });
    operations.put("list_topic_attributes", () ->
        topics.listTopicAttributes(new ListTopicAttributesRequest().withTopicUrn(topicUrn).withName("access_policy")));
    operations.put("list_resource_tags", () -> {
      String topicId = topics.listTopicDetails(new ListTopicDetailsRequest().withTopicUrn(topicUrn)).getTopicId();
      check(topics.listResourceTags(new ListResourceTagsRequest().withResourceType("smn_topic").withResourceId(topicId)).getTags().isEmpty(), topicId);
    });
    operations.put("add_subscription", () -> {
      AddSubscriptionResponse made = topics.addSubscription(new AddSubscriptionRequest()
          .withTopicUrn(topicUrn)
          .withBody(new AddSubscriptionRequestBody()
              .withProtocol("https")
              .withEndpoint("https://receiver.example.com/hook")
              .withRemark("mine")));
      subscriptionUrn = made.getSubscriptionUrn();
      check(subscriptionUrn.startsWith(topicUrn + ":"), made);
    });
    operations.put("list_subscriptions", () -> {
      ListSubscriptionsResponse page = topics.listSubscriptions(new ListSubscriptionsRequest().withOffset(0).withLimit(100));
      check(page.getSubscriptions().stream().anyMatch(one -> one.getSubscriptionUrn().equals(subscriptionUrn)), page);
    });
    operations.put("update_subscription", () -> {
      topics.updateSubscription(new UpdateSubscriptionRequest()
          .withTopicUrn(topicUrn)
          .withSubscriptionUrn(subscriptionUrn)
          .withBody(new UpdateSubscriptionRequestBody().withRemark("changed")));
      ListSubscriptionsByTopicResponse page = topics.listSubscriptionsByTopic(
          new ListSubscriptionsByTopicRequest().withTopicUrn(topicUrn).withOffset(0).withLimit(100));
      check(page.getSubscriptions().get(0).getRemark().equals("changed"), page);
    });
    operations.put("cancel_subscription", () -> {
      topics.cancelSubscription(new CancelSubscriptionRequest().withSubscriptionUrn(subscriptionUrn));
      ListSubscriptionsByTopicResponse page = topics.listSubscriptionsByTopic(
          new ListSubscriptionsByTopicRequest().withTopicUrn(topicUrn).withOffset(0).withLimit(100));
      check(page.getSubscriptionCount() == 0, page);
    });
    operations.put("publish_message", () -> {
      PublishMessageResponse published = topics.publishMessage(new PublishMessageRequest()
          .withTopicUrn(topicUrn)
          .withBody(new PublishMessageRequestBody().withSubject("hello").withMessage("from Java")));
      check(published.getMessageId().length() == 32 && published.getRequestId() != null, published);
    });
    operations.put("delete_topic", () -> {
      topics.deleteTopic(new DeleteTopicRequest().withTopicUrn(topicUrn));
      try {
        topics.listTopicDetails(new ListTopicDetailsRequest().withTopicUrn(topicUrn));
      } catch (ServiceResponseException refusal) {
        check(refusal.getHttpStatusCode() == 404, refusal);
        return;
      }
      throw new AssertionError("the topic is still there");
    });
  }

  static String faultOf(Operation operation) {
    try {
      operation.run();
      return null;
    } catch (Throwable thrown) {
      String where = Arrays.stream(thrown.getStackTrace())
          .filter(frame -> frame.getClassName().startsWith("Operations"))
          .findFirst()
          .map(frame -> " at line " + frame.getLineNumber())
          .orElse("");
      String text = thrown + where;
      return text.substring(0, Math.min(500, text.length()));
    }
  }

  public static void main(String[] arguments) throws Exception {
    functionOperations();
    versionOperations();
    invocationOperations();
    removals();
    topicOperations();
    ObjectMapper json = new ObjectMapper();
    for (Map.Entry<String, Operation> operation : operations.entrySet()) {
      Map<String, String> line = new LinkedHashMap<>();
      line.put("operation", operation.getKey());
      line.put("fault", faultOf(operation.getValue()));
      System.out.println(json.writeValueAsString(line));
    }
    // The HTTP client's threads would keep the process for a minute.
    System.exit(0);
  }
}

"""Drives the official Python SDK over every operation of the compatibility table, unchanged but for the endpoint.

Prints a line of JSON an operation: its name, and why it failed, if it did. Reads SENDOFF_URL, SENDOFF_PROJECT_ID, SENDOFF_ACCESS_KEY and
SENDOFF_SECRET_KEY.
"""

import base64
import datetime
import io
import json
import os
import time
import zipfile

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkfunctiongraph.v2 import *  # noqa: F403
from huaweicloudsdkfunctiongraph.v2 import FunctionGraphClient
from huaweicloudsdksmn.v2 import *  # noqa: F403
from huaweicloudsdksmn.v2 import SmnClient

url, project = os.environ["SENDOFF_URL"], os.environ["SENDOFF_PROJECT_ID"]
credentials = BasicCredentials(os.environ["SENDOFF_ACCESS_KEY"], os.environ["SENDOFF_SECRET_KEY"], project)
functions = FunctionGraphClient.new_builder().with_credentials(credentials).with_endpoints([url]).build()
topics = SmnClient.new_builder().with_credentials(credentials).with_endpoints([url]).build()
stranger = (
    FunctionGraphClient.new_builder()
    .with_credentials(BasicCredentials(credentials.ak, "another secret", project))
    .with_endpoints([url])
    .build()
)
operations = []


def operation(run):
    operations.append(run)
    return run


def refused(status, code, call):
    """Expects an answer with this status and code."""
    try:
        call()
    except ClientRequestException as refusal:
        assert (refusal.status_code, refusal.error_code) == (status, code), (refusal.status_code, refusal.error_code)
        assert refusal.request_id, "the refusal has no request id"
        return
    raise AssertionError(f"not refused with {status}")


def eventually(ask, seconds=30):
    """Asks until the answer is there, or the time is over."""
    end = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.1)


def code(source):
    return FuncCode(file=base64.b64encode(source.encode()).decode())


def records(name, **more):
    return functions.list_async_invocations(ListAsyncInvocationsRequest(function_urn=name, **more))


def ended(name, request_id):
    def ask():
        page = records(name, request_id=request_id)
        return page.invocations[0] if page.invocations and page.invocations[0].status in ("SUCCESS", "FAIL", "DISCARD") else None

    return eventually(ask)


def invoke(name, body):
    return functions.async_invoke_function(AsyncInvokeFunctionRequest(function_urn=name, body=body)).request_id


source = "exports.handler = async (event, context) => { if (event.wait) await new Promise((done) => setTimeout(done, event.wait)); return event; };"
basic = {"func_name": "from-python", "runtime": "Node.js18.15", "handler": "index.handler", "timeout": 30, "memory_size": 128}


@operation
def wrong_secret():
    refused(401, "APIG.0301", lambda: stranger.list_functions(ListFunctionsRequest()))


@operation
def create_function():
    body = CreateFunctionRequestBody(**basic, package="default", code_type="inline", func_code=code(source))
    made = functions.create_function(CreateFunctionRequest(body=body))
    assert made.func_urn.endswith(":function:default:from-python:latest"), made.func_urn
    refused(409, "FSS.1061", lambda: functions.create_function(CreateFunctionRequest(body=body)))


@operation
def list_functions():
    page = functions.list_functions(ListFunctionsRequest(marker="0", maxitems="400", func_name="from-py"))
    assert [one.func_name for one in page.functions] == ["from-python"], page
    assert page.count == 1, page.count


@operation
def show_function_config():
    shown = functions.show_function_config(ShowFunctionConfigRequest(function_urn="from-python"))
    assert (shown.runtime, shown.timeout, shown.memory_size) == ("Node.js18.15", 30, 128), shown
    refused(404, "FSS.1051", lambda: functions.show_function_config(ShowFunctionConfigRequest(function_urn="absent")))


@operation
def update_function_config():
    body = UpdateFunctionConfigRequestBody(
        **basic,
        description="changed",
        user_data=json.dumps({"greeting": "hello"}),
        strategy_config=StrategyConfig(concurrency=10, concurrent_num=5),
    )
    changed = functions.update_function_config(UpdateFunctionConfigRequest(function_urn="from-python", body=body))
    assert changed.description == "changed" and changed.strategy_config.concurrent_num == 5, changed


@operation
def show_function_code():
    shown = functions.show_function_code(ShowFunctionCodeRequest(function_urn="from-python"))
    assert base64.b64decode(shown.func_code.file).decode() == source, shown


@operation
def update_function_code():
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as files:
        files.writestr("index.js", "const { answer } = require('./lib/answer'); exports.handler = async (event) => ({ ...event, answer });")
        files.writestr("lib/answer.js", "exports.answer = 42;")
    body = UpdateFunctionCodeRequestBody(
        code_type="zip", code_filename="code.zip", func_code=FuncCode(file=base64.b64encode(archive.getvalue()).decode())
    )
    changed = functions.update_function_code(UpdateFunctionCodeRequest(function_urn="from-python", body=body))
    assert changed.code_type == "zip", changed
    answer = functions.invoke_function(InvokeFunctionRequest(function_urn="from-python", x_cff_request_version="v1", body={}))
    assert json.loads(answer.result) == {"answer": 42}, answer
    functions.update_function_code(
        UpdateFunctionCodeRequest(function_urn="from-python", body=UpdateFunctionCodeRequestBody(code_type="inline", func_code=code(source)))
    )


@operation
def update_function_max_instance_config():
    body = UpdateFunctionMaxInstanceConfigRequestBody(max_instance_num=20)
    changed = functions.update_function_max_instance_config(
        UpdateFunctionMaxInstanceConfigRequest(function_urn="from-python", body=body)
    )
    assert changed.strategy_config.concurrency == 20, changed


@operation
def create_function_version():
    body = CreateFunctionVersionRequestBody(version="v1", description="the first")
    made = functions.create_function_version(CreateFunctionVersionRequest(function_urn="from-python", body=body))
    assert made.version == "v1" and made.func_urn.endswith(":v1"), made


@operation
def list_function_versions():
    page = functions.list_function_versions(ListFunctionVersionsRequest(function_urn="from-python", marker="0", maxitems="100"))
    assert sorted(one.version for one in page.versions) == ["latest", "v1"], page


@operation
def create_version_alias():
    body = CreateVersionAliasRequestBody(name="prod", version="v1", description="what is live")
    made = functions.create_version_alias(CreateVersionAliasRequest(function_urn="from-python", body=body))
    assert made.name == "prod" and made.alias_urn.endswith(":!prod"), made


@operation
def list_version_aliases():
    page = functions.list_version_aliases(ListVersionAliasesRequest(function_urn="from-python"))
    assert [one.name for one in page.body] == ["prod"], page


@operation
def show_version_alias():
    shown = functions.show_version_alias(ShowVersionAliasRequest(function_urn="from-python", alias_name="prod"))
    assert shown.version == "v1", shown


@operation
def update_version_alias():
    body = UpdateVersionAliasRequestBody(version="v1", description="changed")
    changed = functions.update_version_alias(UpdateVersionAliasRequest(function_urn="from-python", alias_name="prod", body=body))
    assert changed.description == "changed", changed


@operation
def invoke_function():
    answer = functions.invoke_function(
        InvokeFunctionRequest(
            function_urn="from-python",
            x_cff_log_type="tail",
            x_cff_request_version="v1",
            body={"key": "héllo"},
        )
    )
    assert json.loads(answer.result) == {"key": "héllo"} and answer.status == 200 and answer.request_id, answer


@operation
def update_function_async_invoke_config():
    body = UpdateFunctionAsyncInvokeConfigRequestBody(
        max_async_event_age_in_seconds=600, max_async_retry_attempts=2, destination_config=FuncAsyncDestinationConfig()
    )
    changed = functions.update_function_async_invoke_config(
        UpdateFunctionAsyncInvokeConfigRequest(function_urn="from-python", body=body)
    )
    assert (changed.max_async_event_age_in_seconds, changed.max_async_retry_attempts) == (600, 2), changed


@operation
def show_function_async_invoke_config():
    shown = functions.show_function_async_invoke_config(ShowFunctionAsyncInvokeConfigRequest(function_urn="from-python"))
    assert shown.max_async_retry_attempts == 2 and shown.func_urn.endswith(":latest"), shown


@operation
def list_function_async_invoke_config():
    page = functions.list_function_async_invoke_config(
        ListFunctionAsyncInvokeConfigRequest(function_urn="from-python", marker="0", limit="10")
    )
    assert page.count == 1 and len(page.async_invoke_configs) == 1 and page.page_info.next_marker == 0, page


@operation
def async_invoke_function():
    request_id = invoke("from-python", {"key": "value"})
    assert ended("from-python", request_id).status == "SUCCESS"


@operation
def list_async_invocations():
    request_id = invoke("from-python", {})
    ended("from-python", request_id)
    now = datetime.datetime.utcnow()
    page = records(
        "from-python",
        status="SUCCESS",
        limit="500",
        marker="0",
        query_begin_time=now - datetime.timedelta(minutes=30),
        query_end_time=now + datetime.timedelta(minutes=1),
    )
    assert request_id in [one.request_id for one in page.invocations], page
    assert page.count >= 2, page.count
    assert records("from-python", request_id="00000000-0000-4000-8000-000000000000").invocations == []


@operation
def list_active_async_invocations():
    request_id = invoke("from-python", {"wait": 5000})

    def ask():
        page = functions.list_active_async_invocations(ListActiveAsyncInvocationsRequest(function_urn="from-python", requests=request_id))
        return [one.status for one in page.invocations] == ["RUNNING"]

    eventually(ask)
    assert ended("from-python", request_id).status == "SUCCESS"


@operation
def cancel_async_invocation():
    request_id = invoke("from-python", {"wait": 25000})
    body = CancelAsyncInvocationRequestBody(request_id=request_id, type="force")
    functions.cancel_async_invocation(CancelAsyncInvocationRequest(function_urn="from-python", body=body))
    record = ended("from-python", request_id)
    assert (record.status, record.error_code) == ("FAIL", 4208), record


@operation
def enable_async_status_log():
    functions.enable_async_status_log(EnableAsyncStatusLogRequest())


@operation
def show_project_async_status_log_info():
    shown = functions.show_project_async_status_log_info(ShowProjectAsyncStatusLogInfoRequest())
    assert shown.group_name.startswith("function-async-log-group") and len(shown.group_id) == 36, shown


@operation
def delete_function_async_invoke_config():
    functions.delete_function_async_invoke_config(DeleteFunctionAsyncInvokeConfigRequest(function_urn="from-python"))
    refused(
        404,
        "FSS.0404",
        lambda: functions.show_function_async_invoke_config(ShowFunctionAsyncInvokeConfigRequest(function_urn="from-python")),
    )


@operation
def delete_version_alias():
    functions.delete_version_alias(DeleteVersionAliasRequest(function_urn="from-python", alias_name="prod"))
    refused(
        404,
        "FSS.1053",
        lambda: functions.show_version_alias(ShowVersionAliasRequest(function_urn="from-python", alias_name="prod")),
    )


@operation
def delete_function_version():
    shown = functions.show_function_config(ShowFunctionConfigRequest(function_urn="from-python"))
    functions.delete_function(DeleteFunctionRequest(function_urn=shown.func_urn.rsplit(":", 1)[0] + ":v1"))
    page = functions.list_function_versions(ListFunctionVersionsRequest(function_urn="from-python"))
    assert [one.version for one in page.versions] == ["latest"], page


@operation
def delete_function():
    functions.delete_function(DeleteFunctionRequest(function_urn="from-python"))
    refused(404, "FSS.1051", lambda: functions.show_function_config(ShowFunctionConfigRequest(function_urn="from-python")))


topic = {}


@operation
def create_topic():
    made = topics.create_topic(CreateTopicRequest(body=CreateTopicRequestBody(name="from-python", display_name="Python")))
    assert made.topic_urn.endswith(":from-python"), made
    topic["urn"] = made.topic_urn


@operation
def list_topics():
    page = topics.list_topics(ListTopicsRequest(offset=0, limit=100))
    assert topic["urn"] in [one.topic_urn for one in page.topics] and page.topic_count >= 1, page


@operation
def list_topic_details():
    shown = topics.list_topic_details(ListTopicDetailsRequest(topic_urn=topic["urn"]))
    assert shown.display_name == "Python", shown


@operation
def update_topic():
    topics.update_topic(UpdateTopicRequest(topic_urn=topic["urn"], body=UpdateTopicRequestBody(display_name="Changed")))
    assert topics.list_topic_details(ListTopicDetailsRequest(topic_urn=topic["urn"])).display_name == "Changed"


@operation
def add_subscription():
    body = AddSubscriptionRequestBody(protocol="https", endpoint="https://receiver.example.com/hook", remark="mine")
    made = topics.add_subscription(AddSubscriptionRequest(topic_urn=topic["urn"], body=body))
    assert made.subscription_urn.startswith(topic["urn"] + ":"), made
    topic["subscription"] = made.subscription_urn


@operation
def list_subscriptions():
    page = topics.list_subscriptions(ListSubscriptionsRequest(offset=0, limit=100))
    assert topic["subscription"] in [one.subscription_urn for one in page.subscriptions], page


@operation
def list_subscriptions_by_topic():
    page = topics.list_subscriptions_by_topic(ListSubscriptionsByTopicRequest(topic_urn=topic["urn"], offset=0, limit=100))
    assert [one.endpoint for one in page.subscriptions] == ["https://receiver.example.com/hook"], page


@operation
def cancel_subscription():
    topics.cancel_subscription(CancelSubscriptionRequest(subscription_urn=topic["subscription"]))
    page = topics.list_subscriptions_by_topic(ListSubscriptionsByTopicRequest(topic_urn=topic["urn"], offset=0, limit=100))
    assert page.subscription_count == 0, page


@operation
def publish_message():
    body = PublishMessageRequestBody(subject="hello", message="from python")
    published = topics.publish_message(PublishMessageRequest(topic_urn=topic["urn"], body=body))
    assert len(published.message_id) == 32 and published.request_id, published


@operation
def delete_topic():
    topics.delete_topic(DeleteTopicRequest(topic_urn=topic["urn"]))
    try:
        topics.list_topic_details(ListTopicDetailsRequest(topic_urn=topic["urn"]))
    except ClientRequestException as refusal:
        assert refusal.status_code == 404, refusal
    else:
        raise AssertionError("the topic is still there")


for run in operations:
    try:
        run()
        fault = None
    except Exception as error:  # noqa: BLE001 - whatever goes wrong is the finding
        fault = f"{type(error).__name__}: {error}"[:500]
    print(json.dumps({"operation": run.__name__, "fault": fault}), flush=True)

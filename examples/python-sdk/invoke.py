"""Invokes a function with the official Python SDK: python invoke.py <function>"""

import json
import os
import sys
import time

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkfunctiongraph.v2 import AsyncInvokeFunctionRequest, FunctionGraphClient, ListAsyncInvocationsRequest

if len(sys.argv) < 2:
    sys.exit("usage: python invoke.py <function>")
function = sys.argv[1]
data_dir = os.environ.get("SENDOFF_DATA_DIR", ".sendoff")


def read(name):
    with open(os.path.join(data_dir, name), encoding="utf-8") as file:
        return json.load(file)


keys, running = read("credentials.json"), read("running.json")
client = (
    FunctionGraphClient.new_builder()
    .with_credentials(BasicCredentials(keys["accessKey"], keys["secretKey"], keys["projectId"]))
    .with_endpoints([running["url"]])
    .build()
)
request = AsyncInvokeFunctionRequest(function_urn=function, body={"name": "world", "from": "python"})
request_id = client.async_invoke_function(request).request_id
print(request_id)
while True:
    page = client.list_async_invocations(ListAsyncInvocationsRequest(function_urn=function, request_id=request_id))
    status = page.invocations[0].status if page.invocations else "WAIT"
    if status not in ("WAIT", "RUNNING"):
        print(status)
        break
    time.sleep(0.2)

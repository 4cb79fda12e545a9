// Invokes a function with the official Node SDK: node invoke.mjs <function>
// npm install @huaweicloud/huaweicloud-sdk-functiongraph uuid   (the SDK needs uuid and does not
// say so)
import { readFileSync } from 'node:fs';
import core from '@huaweicloud/huaweicloud-sdk-core';
import functiongraph from '@huaweicloud/huaweicloud-sdk-functiongraph/v2/public-api.js';

const [functionName] = process.argv.slice(2);
if (functionName === undefined) throw new Error('usage: node invoke.mjs <function>');
const dataDir = process.env.SENDOFF_DATA_DIR ?? '.sendoff';
const { accessKey, secretKey, projectId } = JSON.parse(readFileSync(`${dataDir}/credentials.json`, 'utf8'));
const { url } = JSON.parse(readFileSync(`${dataDir}/running.json`, 'utf8'));

const client = functiongraph.FunctionGraphClient.newBuilder()
  .withCredential(new core.BasicCredentials().withAk(accessKey).withSk(secretKey).withProjectId(projectId))
  .withEndpoint(url)
  .withOptions({ customUserAgent: 'example' })
  .build();

// Answers are as they come over the wire: request_id, not requestId.
const { request_id: requestId } = await client.asyncInvokeFunction(
  new functiongraph.AsyncInvokeFunctionRequest().withFunctionUrn(functionName).withBody({ name: 'world', from: 'node' }),
);
console.log(requestId);
for (;;) {
  const { invocations } = await client.listAsyncInvocations(
    new functiongraph.ListAsyncInvocationsRequest().withFunctionUrn(functionName).withRequestId(requestId),
  );
  const status = invocations[0]?.status;
  if (status !== undefined && status !== 'WAIT' && status !== 'RUNNING') {
    console.log(status);
    break;
  }
  await new Promise((resolve) => setTimeout(resolve, 200));
}

/**
 * Goal: the official Node.js SDK works against an installation, with nothing told to it but the
 * endpoint. Method: the real SDK, signing with the first access key; one table of operations, in
 * the order a user would call them.
 */
import { createRequire } from 'node:module';
import * as core from '@huaweicloud/huaweicloud-sdk-core';
import { ClientRequestException } from '@huaweicloud/huaweicloud-sdk-core/exception/ClientRequestException.js';
import * as sdk from '@huaweicloud/huaweicloud-sdk-functiongraph';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { eventually, zipOf } from '#testing';
import { Installation } from './installation.ts';

const keys = { accessKey: 'AKE2EFIRST', secretKey: 'sk-of-the-first-key' };
const functionUrn = 'urn:fss:local:p1:function:default:hello:latest';
const versionUrn = functionUrn.replace(':latest', ':v1');
const aliasUrn = functionUrn.replace(':latest', ':!prod');
const json = 'application/json';

let installation: Installation;
let client: sdk.FunctionGraphClient;

/**
 * A client as the SDK's own guide builds it. Without an agent of its own it would write to the home
 * folder.
 */
function clientOf({ accessKey, secretKey }: typeof keys, project = 'p1'): sdk.FunctionGraphClient {
  const credentials = new core.BasicCredentials().withAk(accessKey).withSk(secretKey).withProjectId(project);
  return sdk.FunctionGraphClient.newBuilder()
    .withCredential(credentials)
    .withEndpoint(installation.url)
    .withOptions({ customUserAgent: 'sendoff-tests' })
    .build();
}

beforeAll(async () => {
  // The SDK logs whole requests on errors, through a log4js of its own.
  const requireOfSdk = createRequire(createRequire(import.meta.url).resolve('@huaweicloud/huaweicloud-sdk-core'));
  (requireOfSdk('log4js') as { configure: (settings: object) => void }).configure({
    appenders: { none: { type: 'stdout' } },
    categories: { default: { appenders: ['none'], level: 'off' } },
  });
  installation = await Installation.start({
    brokers: inject('kafkaBrokers'),
    env: { SENDOFF_ACCESS_KEY: keys.accessKey, SENDOFF_SECRET_KEY: keys.secretKey },
  });
  client = clientOf(keys);
});
afterAll(async () => installation?.stop());

/**
 * An operation and its answer. The SDK passes the properties through as they come on the wire, and
 * adds `httpStatusCode`.
 */
type Operation = [name: string, call: () => Promise<unknown>, answer: Record<string, unknown>];

const func = (more: Record<string, unknown> = {}) => expect.objectContaining({ func_name: 'hello', ...more });

const points = expect.arrayContaining([{ timestamp: expect.any(Number), value: expect.any(Number) }]);

const operations: Operation[] = [
  ['list no functions', async () => client.listFunctions(new sdk.ListFunctionsRequest()), { functions: [], count: 0 }],
  [
    'find its project by the name of the region, when it is told none',
    async () => {
      const credentials = new core.BasicCredentials().withAk(keys.accessKey).withSk(keys.secretKey);
      return sdk.FunctionGraphClient.newBuilder()
        .withCredential(credentials.withIamEndpoint(installation.url))
        .withRegion(new core.Region('local', [installation.url]))
        .withOptions({ customUserAgent: 'sendoff-tests' })
        .build()
        .listFunctions(new sdk.ListFunctionsRequest());
    },
    { functions: [], count: 0 },
  ],
  [
    'create a function',
    async () => {
      const file = Buffer.from('exports.handler = async (event) => `hello ${event.name}`;').toString('base64');
      const body = new sdk.CreateFunctionRequestBody('hello', 'default', 'Node.js20.15', 3, 'index.handler', 128)
        .withCodeType('inline')
        .withFuncCode(new sdk.FuncCode().withFile(file));
      return client.createFunction(new sdk.CreateFunctionRequest(json).withBody(body));
    },
    { httpStatusCode: 200, func_urn: functionUrn },
  ],
  [
    'list it',
    async () => client.listFunctions(new sdk.ListFunctionsRequest().withMaxitems('10')),
    { functions: [func()], count: 1 },
  ],
  [
    'show its configuration',
    async () => client.showFunctionConfig(new sdk.ShowFunctionConfigRequest(functionUrn, json)),
    { func_urn: functionUrn, handler: 'index.handler', memory_size: 128 },
  ],
  [
    'show its code',
    async () => client.showFunctionCode(new sdk.ShowFunctionCodeRequest(functionUrn, json)),
    { code_type: 'inline' },
  ],
  [
    'set an asynchronous configuration',
    async () => {
      const body = new sdk.UpdateFunctionAsyncInvokeConfigRequestBody()
        .withMaxAsyncRetryAttempts(2)
        .withMaxAsyncEventAgeInSeconds(600)
        .withDestinationConfig(new sdk.FuncAsyncDestinationConfig());
      return client.updateFunctionAsyncInvokeConfig(
        new sdk.UpdateFunctionAsyncInvokeConfigRequest(functionUrn, json).withBody(body),
      );
    },
    { httpStatusCode: 200, max_async_retry_attempts: 2, max_async_event_age_in_seconds: 600 },
  ],
  [
    'show it',
    async () => client.showFunctionAsyncInvokeConfig(new sdk.ShowFunctionAsyncInvokeConfigRequest(functionUrn, json)),
    { func_urn: functionUrn, max_async_retry_attempts: 2 },
  ],
  [
    'list it among all of the function',
    async () => client.listFunctionAsyncInvokeConfig(new sdk.ListFunctionAsyncInvokeConfigRequest(functionUrn, json)),
    { count: 1, async_invoke_configs: [expect.objectContaining({ func_urn: functionUrn })] },
  ],
  [
    'delete it',
    async () => client.deleteFunctionAsyncInvokeConfig(new sdk.DeleteFunctionAsyncInvokeConfigRequest(functionUrn, json)),
    { httpStatusCode: 204 },
  ],
  [
    'invoke asynchronously',
    async () =>
      client.asyncInvokeFunction(new sdk.AsyncInvokeFunctionRequest(functionUrn, json).withBody({ name: 'wörld' as never })),
    { httpStatusCode: 202, request_id: expect.stringMatching(/^[0-9a-f-]{36}$/) },
  ],
  [
    'list the invocation once it has ended',
    async () =>
      eventually(async () => {
        const request = new sdk.ListAsyncInvocationsRequest(functionUrn, json).withStatus('SUCCESS').withLimit('5');
        const page = (await client.listAsyncInvocations(request)) as { readonly count?: number };
        return page.count === 1 ? page : undefined;
      }),
    { count: 1, invocations: [expect.objectContaining({ status: 'SUCCESS', error_code: 0 })] },
  ],
  [
    'show statistics of the function',
    async () => client.listFunctionStatistics(new sdk.ListFunctionStatisticsRequest(functionUrn, '5', json)),
    { count: points, duration: points, fail_count: points, max_duration: points, min_duration: points, reject_count: points },
  ],
  [
    'show metrics of the function',
    async () => client.showFunctionMetrics(new sdk.ShowFunctionMetricsRequest(functionUrn, '15', json)),
    { count: points, function_error_count: points, system_error_count: points },
  ],
  [
    'show statistics of the tenant, in which the invocation counts',
    async () => {
      const request = new sdk.ListStatisticsRequest('monitor_data', json).withPeriod('60');
      const { statistics } = (await client.listStatistics(request)) as { readonly statistics?: { count?: { value?: number }[] } };
      return { ended: statistics?.count?.reduce((sum, { value = 0 }) => sum + value, 0) };
    },
    { ended: 1 },
  ],
  [
    'show the monthly report',
    async () => client.listStatistics(new sdk.ListStatisticsRequest('monthly_report', json).withOption('0')),
    { count: [{ date: expect.any(String), value: 1 }], gbs: [] },
  ],
  [
    'list invocations of a time',
    async () => {
      const request = new sdk.ListAsyncInvocationsRequest(functionUrn, json);
      // The SDK sends a Date other than it signs it.
      return client.listAsyncInvocations(request.withQueryBeginTime('2026-01-01T00:00:00' as never));
    },
    { count: 1 },
  ],
  [
    'invoke synchronously, and be given an object with the return value in it',
    async () => {
      const request = new sdk.InvokeFunctionRequest(functionUrn, json).withXCFFRequestVersion('v1').withXCffLogType('tail');
      return client.invokeFunction(request.withBody({ name: 'wörld' as never }));
    },
    { httpStatusCode: 200, status: 200, result: '"hello wörld"', log: expect.stringContaining('Finish invoke request') },
  ],
  [
    'cancel an invocation',
    async () => {
      const invoked = await client.asyncInvokeFunction(new sdk.AsyncInvokeFunctionRequest(functionUrn, json).withBody({}));
      const { request_id: requestId } = invoked as unknown as { request_id: string };
      const body = new sdk.CancelAsyncInvocationRequestBody(requestId).withType('force');
      return client.cancelAsyncInvocation(new sdk.CancelAsyncInvocationRequest(functionUrn, json).withBody(body));
    },
    { httpStatusCode: 200 },
  ],
  [
    'list active invocations',
    async () =>
      eventually(async () => {
        const page = await client.listActiveAsyncInvocations(new sdk.ListActiveAsyncInvocationsRequest(functionUrn, json));
        return (page as { readonly count?: number }).count === 0 ? page : undefined;
      }),
    { count: 0, invocations: [] },
  ],
  [
    'enable the status log',
    async () => client.enableAsyncStatusLog(new sdk.EnableAsyncStatusLogRequest(json)),
    { httpStatusCode: 200 },
  ],
  [
    'show where the status log is',
    async () => client.showProjectAsyncStatusLogInfo(new sdk.ShowProjectAsyncStatusLogInfoRequest(json)),
    { group_name: 'function-async-log-group-p1' },
  ],
  [
    'bring other code as a ZIP',
    async () => {
      const file = zipOf({
        'index.js': "exports.handler = require('./lib.js').handler;",
        'lib.js': 'exports.handler = async () => 2;',
      });
      const body = new sdk.UpdateFunctionCodeRequestBody('zip').withFuncCode(
        new sdk.FuncCode().withFile(file.toString('base64')),
      );
      return client.updateFunctionCode(new sdk.UpdateFunctionCodeRequest(functionUrn, json).withBody(body));
    },
    { code_type: 'zip', digest: expect.stringMatching(/^[0-9a-f]{128}$/) },
  ],
  [
    'export it, import it under another name, and run what came',
    async () => {
      const request = new sdk.ExportFunctionRequest(functionUrn, json).withConfig(true).withCode(true);
      const { file_name: name, code_url: link } = (await client.exportFunction(request)) as unknown as Record<string, string>;
      const fetched = await fetch(String(link), { headers: { 'x-auth-token': 'e2e-token' } });
      const file = Buffer.from(await fetched.arrayBuffer()).toString('base64');
      const body = new sdk.ImportFunctionRequestBody('again', name, 'zip', file);
      const made = await client.importFunction(new sdk.ImportFunctionRequest(json).withBody(body));
      const { func_urn: urn, code_type } = made as unknown as { readonly func_urn: string; readonly code_type: string };
      const answer = await installation.client.call('POST', `/fgs/functions/${urn}/invocations`, {});
      await client.deleteFunction(new sdk.DeleteFunctionRequest(urn.replace(':latest', ''), json));
      return { func_urn: urn, code_type, answer: answer.body };
    },
    { func_urn: functionUrn.replace('hello', 'again'), code_type: 'zip', answer: 2 },
  ],
  [
    'publish a version',
    async () => {
      const body = new sdk.CreateFunctionVersionRequestBody().withVersion('v1').withDescription('the first');
      return client.createFunctionVersion(new sdk.CreateFunctionVersionRequest(functionUrn, json).withBody(body));
    },
    { httpStatusCode: 200, func_urn: versionUrn, version: 'v1', version_description: 'the first' },
  ],
  [
    'list versions',
    async () => client.listFunctionVersions(new sdk.ListFunctionVersionsRequest(functionUrn, json).withMaxitems('10')),
    { count: 2, versions: [func({ version: 'latest' }), func({ version: 'v1' })] },
  ],
  [
    'make an alias with rules',
    async () => {
      const rules = [{ rule_type: 'Header', param: 'x-group', op: '=', value: 'beta' }] as unknown as sdk.VersionStrategyRules[];
      const body = new sdk.CreateVersionAliasRequestBody('prod', 'latest').withAdditionalVersionStrategy({
        v1: new sdk.VersionStrategy().withCombineType('and').withRules(rules),
      });
      return client.createVersionAlias(new sdk.CreateVersionAliasRequest(functionUrn, json).withBody(body));
    },
    { httpStatusCode: 200, name: 'prod', alias_urn: aliasUrn, additional_version_strategy: { v1: { combine_type: 'and' } } },
  ],
  [
    'move the alias, with a weight',
    async () => {
      const body = new sdk.UpdateVersionAliasRequestBody('latest').withAdditionalVersionWeights({ v1: 100 });
      return client.updateVersionAlias(new sdk.UpdateVersionAliasRequest(functionUrn, 'prod', json).withBody(body));
    },
    { httpStatusCode: 200, additional_version_weights: { v1: 100 } },
  ],
  [
    'show the alias',
    async () => client.showVersionAlias(new sdk.ShowVersionAliasRequest(functionUrn, 'prod', json)),
    { name: 'prod', version: 'latest' },
  ],
  [
    'list aliases',
    async () => ({
      aliases: [...((await client.listVersionAliases(new sdk.ListVersionAliasesRequest(functionUrn, json))) as never)],
    }),
    { aliases: [{ name: 'prod' }] },
  ],
  [
    'invoke by the alias, and find the invocation under the version that ran',
    async () => {
      await client.asyncInvokeFunction(new sdk.AsyncInvokeFunctionRequest(aliasUrn, json).withBody({} as never));
      return eventually(async () => {
        const request = new sdk.ListAsyncInvocationsRequest(versionUrn, json).withStatus('SUCCESS');
        const page = (await client.listAsyncInvocations(request)) as { readonly count?: number };
        return page.count === 1 ? page : undefined;
      });
    },
    { count: 1 },
  ],
  [
    'delete the alias',
    async () => client.deleteVersionAlias(new sdk.DeleteVersionAliasRequest(functionUrn, 'prod', json)),
    { httpStatusCode: 204 },
  ],
  [
    'delete the version',
    async () => client.deleteFunction(new sdk.DeleteFunctionRequest(versionUrn, json)),
    { httpStatusCode: 204 },
  ],
  [
    'delete the function',
    async () => client.deleteFunction(new sdk.DeleteFunctionRequest(functionUrn.replace(':latest', ''), json)),
    { httpStatusCode: 204 },
  ],
];

describe('the official Node.js SDK can', () => {
  it.each(operations)('%s', async (_name, call, answer) => {
    expect(await call()).toMatchObject(answer);
  });
});

describe('the official Node.js SDK reads', () => {
  const failure = async (failing: sdk.FunctionGraphClient) =>
    failing.listFunctions(new sdk.ListFunctionsRequest()).then(
      () => undefined,
      (error: unknown) => error,
    );

  it.each<[what: string, secret: typeof keys, project: string, status: number, code: string]>([
    ['a wrong secret', { ...keys, secretKey: 'wrong' }, 'p1', 401, 'APIG.0301'],
    ['an unknown access key', { ...keys, accessKey: 'AKNOBODY' }, 'p1', 401, 'APIG.0301'],
    ['a project of somebody else', keys, 'p2', 403, 'FSS.0403'],
  ])('what is wrong: %s', async (_what, secret, project, httpStatusCode, errorCode) => {
    const error = await failure(clientOf(secret, project));
    expect(error).toBeInstanceOf(ClientRequestException);
    expect(error).toMatchObject({ httpStatusCode, errorCode, requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) });
  });
});

import { functionCodes } from '../names/function-codes.ts';
import type { OperationSpec } from '../document/operation.ts';
import { exampleProject, functionUrn, inQuery, wholeOrEmpty } from '../document/parameters.ts';
import { PolicyDto } from './policy.dto.ts';

/** Bounds of one page of a list of policies. */
export const policiesPage = { byDefault: 10, max: 100 } as const;

const destinations = {
  on_success: { destination: 'OBS', param: '{"bucket":"results","prefix":"hello","expires":7}' },
  on_failure: { destination: 'SMN', param: `{"topic_urn":"urn:smn:local:${exampleProject}:alerts"}` },
};
const shown = {
  func_urn: `urn:fss:local:${exampleProject}:function:default:hello:latest`,
  max_async_event_age_in_seconds: 600,
  max_async_retry_attempts: 3,
  destination_config: destinations,
  created_time: '2026-11-25T09:45:00+00:00',
  last_modified: '2026-11-25T09:45:00+00:00',
  enable_async_status_log: false,
  retry_wait_base_in_seconds: 0.5,
  retry_wait_max_in_seconds: 90.5,
};

/** Operations on policies. */
export const policyOperations = {
  set: {
    id: 'setAsyncInvokeConfig',
    tag: 'Asynchronous configurations',
    right: 'manage',
    shownWithoutRead: ['func_urn', 'created_time', 'last_modified'],
    reach: 'function',
    summary: 'Replaces the policy of a function.',
    description:
      'A field that the body leaves out takes its default. Every target must exist, and the agency of the function must grant it.',
    parameters: [functionUrn],
    body: {
      of: PolicyDto,
      example: { max_async_retry_attempts: 3, max_async_event_age_in_seconds: 600, destination_config: destinations },
    },
    answer: { status: 200, example: shown },
    codes: [...functionCodes, 'FSS.0404', 'FSS.0503', 'FSS.1121', 'FSS.1171'],
  },
  show: {
    id: 'showAsyncInvokeConfig',
    tag: 'Asynchronous configurations',
    right: 'read',
    reach: 'function',
    summary: 'Shows the policy of a function.',
    parameters: [functionUrn],
    answer: { status: 200, example: shown },
    codes: [...functionCodes, 'FSS.0404'],
  },
  list: {
    id: 'listAsyncInvokeConfigs',
    tag: 'Asynchronous configurations',
    right: 'read',
    reach: 'function',
    summary: 'Lists the policies of a function and its versions.',
    parameters: [
      functionUrn,
      inQuery('marker', wholeOrEmpty(0, Number.MAX_SAFE_INTEGER), {
        description: 'Number of policies to skip: the `next_marker` of the previous page.',
        example: 0,
      }),
      inQuery('limit', wholeOrEmpty(0, Number.MAX_SAFE_INTEGER), {
        description: `Number of policies to return. 0 means ${policiesPage.byDefault}; more than ${policiesPage.max} means ${policiesPage.max}.`,
        example: 10,
      }),
    ],
    answer: {
      status: 200,
      example: {
        async_invoke_configs: [shown],
        count: 1,
        page_info: { next_marker: 0, previous_marker: 0, current_count: 1 },
      },
    },
    codes: [...functionCodes, 'FSS.1001'],
  },
  remove: {
    id: 'deleteAsyncInvokeConfig',
    tag: 'Asynchronous configurations',
    right: 'manage',
    reach: 'function',
    summary: 'Deletes the policy of a function, which then has no retries and no destinations.',
    parameters: [functionUrn],
    answer: { status: 204 },
    codes: [...functionCodes, 'FSS.0404', 'FSS.0503'],
  },
} as const satisfies Record<string, OperationSpec>;

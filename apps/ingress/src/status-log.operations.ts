import type { OperationSpec } from './operation.ts';
import { exampleProject } from './parameters.ts';

/** What the operations on the status log say of themselves. */
export const statusLogOperations = {
  enable: {
    id: 'enableAsyncStatusLogs',
    tag: 'Invocations',
    summary: 'Enables the status log of the project; asking again changes nothing.',
    answer: { status: 200 },
    codes: ['FSS.0503'],
  },
  detail: {
    id: 'showAsyncStatusLogDetail',
    tag: 'Invocations',
    summary: 'Shows in which group and stream the status log of the project is.',
    answer: {
      status: 200,
      example: {
        group_name: `function-async-log-group-${exampleProject}`,
        group_id: '0b7e5f0c-3f0e-4b0a-8f57-5a1e9d6f2c33',
        stream_id: '5d2a9b1e-7c44-4a6e-b3d8-9e0f1a2b3c4d',
        stream_name: `function-async-log-stream-${exampleProject}`,
      },
    },
    codes: ['FSS.0404'],
  },
} as const satisfies Record<string, OperationSpec>;

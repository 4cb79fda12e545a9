import type { OperationSpec } from '../document/operation.ts';
import { exampleProject, inPath } from '../document/parameters.ts';

/** Operations on the status log. */
export const statusLogOperations = {
  enable: {
    id: 'enableAsyncStatusLogs',
    tag: 'Invocations',
    right: 'manage',
    reach: 'project',
    summary: 'Enables the status log of the project; a repeated call changes nothing.',
    answer: { status: 200 },
    codes: ['FSS.0503'],
  },
  detail: {
    id: 'showAsyncStatusLogDetail',
    tag: 'Invocations',
    right: 'read',
    reach: 'everyone',
    summary: 'Shows the log group and stream of the status log.',
    answer: {
      status: 200,
      example: {
        group_name: `function-async-log-group-${exampleProject}`,
        group_id: '0b7e5f0c-3f0e-4b0a-8f57-5a1e9d6f2c33',
        stream_id: '5d2a9b1e-7c44-4a6e-b3d8-9e0f1a2b3c4d',
        stream_name: `function-async-log-stream-${exampleProject}`,
      },
      leadsTo: { listLogStreams: { group: '/group_id' } },
    },
    codes: ['FSS.0404'],
  },
  streams: {
    id: 'listLogStreams',
    tag: 'Invocations',
    right: 'read',
    reach: 'everyone',
    summary: 'Lists the streams of a log group, which is that of the status log.',
    parameters: [
      inPath(
        'group',
        { type: 'string', minLength: 1 },
        { description: 'The id of the group.', example: '0b7e5f0c-3f0e-4b0a-8f57-5a1e9d6f2c33' },
      ),
    ],
    answer: {
      status: 200,
      example: {
        log_streams: [
          {
            log_stream_id: '5d2a9b1e-7c44-4a6e-b3d8-9e0f1a2b3c4d',
            log_stream_name: `function-async-log-stream-${exampleProject}`,
            filter_count: 0,
            is_favorite: false,
          },
        ],
      },
    },
    codes: ['FSS.0404'],
  },
} as const satisfies Record<string, OperationSpec>;

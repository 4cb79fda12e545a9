import type { OperationSpec } from './operation.ts';
import { exampleProject, inQuery } from './parameters.ts';

/** What the operations of IAM that are answered here say of themselves. */
export const iamOperations = {
  projects: {
    id: 'listProjects',
    tag: 'Before the first request',
    summary: 'Shows the project of the credentials, by the name of the region or its id.',
    isOfProject: false,
    parameters: [inQuery('name', { type: 'string' }, { description: 'Only the project of this name.', example: 'local' })],
    answer: {
      status: 200,
      example: {
        projects: [
          {
            id: exampleProject,
            name: 'local',
            domain_id: exampleProject,
            parent_id: exampleProject,
            description: '',
            enabled: true,
            is_domain: false,
          },
        ],
        links: { self: '/v3/projects' },
      },
    },
  },
  domains: {
    id: 'listDomains',
    tag: 'Before the first request',
    summary: 'Shows the account of the credentials, which is their project.',
    isOfProject: false,
    answer: {
      status: 200,
      example: {
        domains: [{ id: exampleProject, name: exampleProject, description: '', enabled: true }],
        links: { self: '/v3/auth/domains' },
      },
    },
  },
} as const satisfies Record<string, OperationSpec>;

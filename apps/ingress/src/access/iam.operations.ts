import { accessRights } from '#contracts';
import type { OperationSpec } from '../document/operation.ts';
import { exampleProject, inHeader, inQuery } from '../document/parameters.ts';

const domain = { id: exampleProject, name: exampleProject };
const catalog = [
  {
    id: 'functiongraph',
    name: 'functiongraph',
    type: 'functiongraph',
    endpoints: [
      {
        id: 'functiongraph',
        interface: 'public',
        region: 'local',
        region_id: 'local',
        url: `http://127.0.0.1:8700/v2/${exampleProject}`,
      },
    ],
  },
];

/** Operations of IAM that this service answers. */
export const iamOperations = {
  projects: {
    id: 'listProjects',
    tag: 'Before the first request',
    right: accessRights,
    reach: 'everyone',
    shownWithoutRead: ['projects', 'links'],
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
    right: accessRights,
    reach: 'everyone',
    shownWithoutRead: ['domains', 'links'],
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
  catalog: {
    id: 'showCatalog',
    tag: 'Before the first request',
    right: accessRights,
    reach: 'everyone',
    shownWithoutRead: ['catalog', 'links'],
    summary: 'Lists the services of this installation with their URLs.',
    isOfProject: false,
    answer: { status: 200, example: { catalog, links: { self: '/v3/auth/catalog' } } },
  },
  token: {
    id: 'showToken',
    tag: 'Before the first request',
    right: accessRights,
    reach: 'everyone',
    shownWithoutRead: ['token'],
    summary: "Describes the caller's token, which is the only one.",
    isOfProject: false,
    parameters: [inHeader('X-Subject-Token', { type: 'string' }, { description: 'The same token again.', example: 'a-token' })],
    answer: {
      status: 200,
      example: {
        token: {
          methods: ['token'],
          issued_at: '1970-01-01T00:00:00.000000Z',
          expires_at: '9999-12-31T23:59:59.000000Z',
          user: { ...domain, domain },
          project: { id: exampleProject, name: 'local', domain },
          roles: [],
          catalog,
        },
      },
    },
    codes: ['FSS.0404'],
  },
} as const satisfies Record<string, OperationSpec>;

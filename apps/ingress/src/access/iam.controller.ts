import { Controller, Get, Headers, Inject, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isSameSecret } from '#platform';
import { ApiError } from '../http/api-error.ts';
import { CalledBy, type Caller } from './caller.ts';
import { iamOperations as operations } from './iam.operations.ts';
import { Operation } from '../document/operation.ts';
import type { Query as QueryString } from '../http/query.ts';
import { type Home, HOME } from '../names/home.ts';
import { OwnAddress } from '../http/own-address.ts';

/**
 * The services of this installation, by the type that clients look for, each with its path. The
 * type `volumev2` is block storage, from whose address gophertelekomcloud derives that of
 * FunctionGraph. It calls SMN `smnv2`.
 */
const services = (project: string) =>
  [
    ['identity', '/v3'],
    ...['functiongraph', 'volumev2', 'smn', 'smnv2'].map((type) => [type, `/v2/${project}`] as const),
  ] as const;

/** Tokens do not expire here, but clients require an expiry date. */
const never = '9999-12-31T23:59:59.000000Z';

/**
 * Answers what clients ask of IAM before their first request: the project of a region, the account,
 * the services, and the owner of a token. The credentials answer all of it; no IAM runs here.
 * @see IAM API reference, querying projects; accessible accounts; the service catalog; verifying a
 *   token
 */
@Controller('v3')
export class IamController {
  constructor(
    @Inject(HOME) private readonly home: Home,
    @Inject(OwnAddress) private readonly address: OwnAddress,
  ) {}

  /** The caller's project. Its name is the region, as for a region's own project, or its id. */
  @Operation(operations.projects)
  @Get('projects')
  projects(@CalledBy() { project }: Caller, @Query() { name }: QueryString): Record<string, unknown> {
    const { region } = this.home;
    const callersProject = {
      id: project,
      name: region,
      domain_id: project,
      parent_id: project,
      description: '',
      enabled: true,
      is_domain: false,
    };
    return {
      projects: name === undefined || name === region || name === project ? [callersProject] : [],
      links: { self: '/v3/projects' },
    };
  }

  /** The account of the caller. Each project is its own account. */
  @Operation(operations.domains)
  @Get('auth/domains')
  domains(@CalledBy() { project }: Caller): Record<string, unknown> {
    return { domains: [{ id: project, name: project, description: '', enabled: true }], links: { self: '/v3/auth/domains' } };
  }
  @Operation(operations.catalog)
  @Get('auth/catalog')
  catalog(@CalledBy() { project }: Caller, @Req() request: FastifyRequest): Record<string, unknown> {
    return { catalog: this.catalogOf(project, request), links: { self: '/v3/auth/catalog' } };
  }

  /**
   * Describes the caller's own token.
   * @throws ApiError FSS.0404 for any other token, as IAM does it: the only token is the one that
   *   the caller sends.
   */
  @Operation(operations.token)
  @Get('auth/tokens')
  token(
    @CalledBy() { project, accessKey }: Caller,
    @Headers() {
      'x-auth-token': callersToken = '',
      'x-subject-token': subject = '',
    }: Readonly<Record<string, string | undefined>>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Record<string, unknown> {
    if (accessKey !== undefined || !isSameSecret(subject, callersToken))
      throw new ApiError('FSS.0404', 'X-Subject-Token is not the token of the caller');
    void reply.header('x-subject-token', subject);
    const domain = { id: project, name: project };
    const catalog = this.catalogOf(project, request);
    const token = {
      methods: ['token'],
      issued_at: '1970-01-01T00:00:00.000000Z',
      expires_at: never,
      user: { id: project, name: project, domain },
      project: { id: project, name: this.home.region, domain },
      roles: [],
      catalog,
    };
    return { token };
  }

  private catalogOf(project: string, request: FastifyRequest): readonly Record<string, unknown>[] {
    const { region } = this.home;
    const address = this.address.of(request);
    return services(project).map(([type, path]) => ({
      id: type,
      name: type,
      type,
      endpoints: [{ id: type, interface: 'public', region, region_id: region, url: `${address}${path}` }],
    }));
  }
}

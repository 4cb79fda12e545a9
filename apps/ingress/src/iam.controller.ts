import { Controller, Get, Inject, Query } from '@nestjs/common';
import { CalledBy, type Caller } from './caller.ts';
import { iamOperations as operations } from './iam.operations.ts';
import { Operation } from './operation.ts';
import type { Query as QueryString } from './query.ts';
import { INGRESS_OPTIONS, type IngressOptions } from './tokens.ts';

/**
 * The two questions that clients put to IAM before they ask anything else: which project a region's name stands for, and whose it is.
 * There is no IAM here; both answers are told by the credentials.
 * @see IAM API reference, querying projects; querying accessible accounts
 */
@Controller('v3')
export class IamController {
  constructor(@Inject(INGRESS_OPTIONS) private readonly options: IngressOptions) {}

  /** The caller's project. It goes by the name of the region, as a region's own project does, and by its id. */
  @Operation(operations.projects)
  @Get('projects')
  projects(@CalledBy() { project }: Caller, @Query() { name }: QueryString): Record<string, unknown> {
    const { region } = this.options;
    const own = {
      id: project,
      name: region,
      domain_id: project,
      parent_id: project,
      description: '',
      enabled: true,
      is_domain: false,
    };
    return { projects: name === undefined || name === region || name === project ? [own] : [], links: { self: '/v3/projects' } };
  }

  /** The account: a project here is its own. */
  @Operation(operations.domains)
  @Get('auth/domains')
  domains(@CalledBy() { project }: Caller): Record<string, unknown> {
    return { domains: [{ id: project, name: project, description: '', enabled: true }], links: { self: '/v3/auth/domains' } };
  }
}

import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Put } from '@nestjs/common';
import { type AgencyDocument, agencyKey, physicalTopic, type PlaceDocument, placeKey, topicDeclarations } from '#contracts';
import { type Clock, CLOCK } from '#platform';
import type { Registry, RegistryWriter } from '#registry';
import { ApiError } from './api-error.ts';
import { Operation } from './operation.ts';
import { checkName } from './place-names.ts';
import { placeOperations as operations } from './places.operations.ts';
import { AgencyDto, PlaceDto } from './places.dto.ts';
import { INGRESS_OPTIONS, type IngressOptions, REGISTRY, REGISTRY_WRITER } from './tokens.ts';
import { ValidatedBody } from './validated.ts';

const placeTypes = { buckets: 'OBS', streams: 'DIS' } as const;

/** A stream leads to a topic of its users: written to one of the platform's own, a notification would be a record of another shape, or cancel what it tells of. */
function mayBeStream(topic: string, prefix: string): boolean {
  const isOwn = topicDeclarations.some(({ name }) => physicalTopic(prefix, name) === topic);
  return !isOwn && !topic.startsWith('__') && topic !== '.' && topic !== '..';
}

function placeKindOf(kind: string): keyof typeof placeTypes {
  if (kind !== 'buckets' && kind !== 'streams') throw new ApiError('FSS.0404', 'no such operation');
  return kind;
}

function agencyAnswer({ name, grants }: AgencyDocument): Record<string, unknown> {
  return { name, grants };
}

function placeAnswer({ name, topic }: Pick<PlaceDocument, 'name' | 'topic'>): Record<string, unknown> {
  return { name, ...(topic === undefined ? {} : { topic }) };
}

/** Our own small API beside FunctionGraph's: agencies and their grants, and the buckets and streams that policies may name. */
@Controller('v2/:project/sendoff')
export class PlacesController {
  constructor(
    @Inject(REGISTRY) private readonly registry: Registry,
    @Inject(REGISTRY_WRITER) private readonly writer: RegistryWriter,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(INGRESS_OPTIONS) private readonly options: IngressOptions,
  ) {}

  @Operation(operations.agencies)
  @Get('agencies')
  agencies(@Param('project') project: string): Record<string, unknown> {
    return { agencies: this.registry.list('agency', project).map(agencyAnswer) };
  }

  @Operation(operations.agency)
  @Get('agencies/:name')
  agency(@Param('project') project: string, @Param('name') name: string): Record<string, unknown> {
    const agency = this.registry.agency(project, name);
    if (agency === undefined) throw new ApiError('FSS.0404', `no agency ${name}`);
    return agencyAnswer(agency);
  }

  @Operation(operations.setAgency)
  @Put('agencies/:name')
  async setAgency(
    @Param('project') project: string,
    @Param('name') name: string,
    @Body(new ValidatedBody(AgencyDto, { refuseUnknown: true })) dto: AgencyDto,
  ): Promise<Record<string, unknown>> {
    checkName('agencies', name);
    const agency: AgencyDocument = {
      kind: 'agency',
      project,
      name,
      grants: dto.grants.map(({ type, resource }) => ({ type, resource })),
    };
    await this.writer.write([agency]);
    return agencyAnswer(agency);
  }

  @Operation(operations.removeAgency)
  @Delete('agencies/:name')
  @HttpCode(204)
  async removeAgency(@Param('project') project: string, @Param('name') name: string): Promise<void> {
    await this.writer.mutate((registry) => {
      if (registry.agency(project, name) === undefined) throw new ApiError('FSS.0404', `no agency ${name}`);
      return [{ delete: agencyKey(project, name) }];
    });
  }

  @Operation(operations.places)
  @Get(':kind')
  places(@Param('project') project: string, @Param('kind') kind: string): Record<string, unknown> {
    const known = placeKindOf(kind);
    const places = this.registry.list('place', project).filter(({ type }) => type === placeTypes[known]);
    return { [known]: places.map(placeAnswer) };
  }

  @Operation(operations.setPlace)
  @Put(':kind/:name')
  async setPlace(
    @Param('project') project: string,
    @Param('kind') kind: string,
    @Param('name') name: string,
    @Body(new ValidatedBody(PlaceDto, { refuseUnknown: true, isOptional: true })) dto: PlaceDto,
  ): Promise<Record<string, unknown>> {
    const known = placeKindOf(kind);
    checkName(known, name);
    if (dto.topic !== undefined && (known !== 'streams' || !mayBeStream(dto.topic, this.options.topicPrefix)))
      throw new ApiError('FSS.0400', `topic ${dto.topic} cannot stand behind one of the ${known}`);
    const type = placeTypes[known];
    const place = { kind: 'place', type, project, name, ...(dto.topic === undefined ? {} : { topic: dto.topic }) } as const;
    await this.writer.mutate((registry) => [
      { ...place, createdAt: registry.place(project, type, name)?.createdAt ?? this.clock.now() },
    ]);
    return placeAnswer(place);
  }

  @Operation(operations.removePlace)
  @Delete(':kind/:name')
  @HttpCode(204)
  async removePlace(@Param('project') project: string, @Param('kind') kind: string, @Param('name') name: string): Promise<void> {
    const known = placeKindOf(kind);
    await this.writer.mutate((registry) => {
      if (registry.place(project, placeTypes[known], name) === undefined)
        throw new ApiError('FSS.0404', `no such one among the ${known}: ${name.slice(0, 100)}`);
      return [{ delete: placeKey(project, placeTypes[known], name) }];
    });
  }
}

import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Put } from '@nestjs/common';
import {
  type AgencyDocument,
  agencyKey,
  type PlaceDocument,
  placeKey,
  placeKind,
  type PlaceType,
  placeTypes,
  type Topics,
} from '#contracts';
import { mayPass } from '#lifecycle';
import { KAFKA, type KafkaGateway } from '#kafka';
import { type Clock, CLOCK } from '#platform';
import { Registry, RegistryWriter } from '#registry';
import { CalledBy, type Caller } from '../access/caller.ts';
import { ApiError } from '../http/api-error.ts';
import { Operation } from '../document/operation.ts';
import { type Home, HOME } from '../names/home.ts';
import { checkAgencyName, checkPlaceName } from '../names/place-names.ts';
import { checkGrants } from './check-grants.ts';
import { mayKnowPlace, placeOf } from './known-place.ts';
import { placeOperations as operations } from './places.operations.ts';
import { AgencyDto, PlaceDto } from './places.dto.ts';
import { ValidatedBody } from '../http/validated.ts';

/** The most agencies of a project; also the most places of all kinds together. */
const namesMax = 1_000;

/**
 * Tells whether a stream may write to a Kafka topic. Notifications on a topic of the platform would
 * be read as invocations or cancellations. Notifications on the topic of another stream, or of a
 * pub/sub topic, would be read as records of that stream or topic.
 */
function mayBeStream(topic: string, stream: string, topics: Topics): boolean {
  if (topic === topics.ofStream(stream)) return true;
  const isOfPlatform = topics.has(topic);
  const isOfAnother = [topics.ofStream(''), topics.ofPubSubTopic('')].some((begin) => topic.startsWith(begin));
  return !isOfPlatform && !isOfAnother && !topic.startsWith('__') && topic !== '.' && topic !== '..';
}

/** The kind of place that a segment of the path names. @throws ApiError FSS.0404. */
function placeTypeOf(path: string): PlaceType {
  const type = placeTypes.find((known) => placeKind(known).path === path);
  if (type === undefined) throw new ApiError('FSS.0404', 'no such operation');
  return type;
}

/**
 * Sorts by name, because the registry lists in no promised order and two ingresses would differ.
 */
function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}

/** @throws ApiError FSS.0404 if no such agency exists, or the caller may not pass it. */
function agencyOf(registry: Registry, caller: Caller, name: string): AgencyDocument {
  const agency = registry.agency(caller.project, name);
  if (agency === undefined || !mayPass(caller, name)) throw new ApiError('FSS.0404', `no agency ${name.slice(0, 100)}`);
  return agency;
}

/**
 * Checks that the project may have one more agency or place.
 * @throws ApiError FSS.0400.
 */
function checkMayAdd(registry: Registry, kind: 'agency' | 'place', project: string): void {
  if (registry.list(kind, project).length < namesMax) return;
  const what = kind === 'agency' ? 'agencies' : 'buckets and streams';
  throw new ApiError('FSS.0400', `a project may have ${namesMax} ${what} at most: delete unused ones`);
}

function agencyAnswer({ name, grants }: AgencyDocument): Record<string, unknown> {
  return { name, grants };
}

function placeAnswer({ name, topic }: Pick<PlaceDocument, 'name' | 'topic'>): Record<string, unknown> {
  return { name, ...(topic === undefined ? {} : { topic }) };
}

/**
 * An API of Sendoff itself: agencies with their grants, and the buckets and streams that policies
 * may name.
 */
@Controller('v2/:project/sendoff')
export class PlacesController {
  constructor(
    @Inject(Registry) private readonly registry: Registry,
    @Inject(RegistryWriter) private readonly writer: RegistryWriter,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(KAFKA) private readonly kafka: KafkaGateway,
    @Inject(HOME) private readonly home: Home,
  ) {}

  @Operation(operations.agencies)
  @Get('agencies')
  agencies(@CalledBy() caller: Caller): Record<string, unknown> {
    const known = this.registry.list('agency', caller.project).filter(({ name }) => mayPass(caller, name));
    return { agencies: known.toSorted(byName).map(agencyAnswer) };
  }

  @Operation(operations.agency)
  @Get('agencies/:name')
  agency(@CalledBy() caller: Caller, @Param('name') name: string): Record<string, unknown> {
    return agencyAnswer(agencyOf(this.registry, caller, name));
  }

  @Operation(operations.setAgency)
  @Put('agencies/:name')
  async setAgency(
    @Param('project') project: string,
    @Param('name') name: string,
    @Body(new ValidatedBody(AgencyDto, { rejectUnknown: true })) dto: AgencyDto,
  ): Promise<Record<string, unknown>> {
    checkAgencyName(name);
    checkGrants(dto.grants, this.home);
    const agency: AgencyDocument = {
      kind: 'agency',
      project,
      name,
      grants: dto.grants.map(({ type, resource }) => ({ type, resource })),
    };
    await this.writer.mutate((registry) => {
      if (registry.agency(project, name) === undefined) checkMayAdd(registry, 'agency', project);
      return { changes: [agency] };
    });
    return agencyAnswer(agency);
  }

  @Operation(operations.removeAgency)
  @Delete('agencies/:name')
  @HttpCode(204)
  async removeAgency(@CalledBy() caller: Caller, @Param('name') name: string): Promise<void> {
    await this.writer.mutate((registry) => {
      agencyOf(registry, caller, name);
      return { changes: [{ delete: agencyKey(caller.project, name) }] };
    });
  }

  @Operation(operations.places)
  @Get(':kind')
  places(@CalledBy() caller: Caller, @Param('kind') kind: string): Record<string, unknown> {
    const type = placeTypeOf(kind);
    const places = this.registry
      .list('place', caller.project)
      .filter((place) => place.type === type && mayKnowPlace(this.registry, caller, type, place.name));
    return { [kind]: places.toSorted(byName).map(placeAnswer) };
  }

  @Operation(operations.place)
  @Get(':kind/:name')
  place(@CalledBy() caller: Caller, @Param('kind') kind: string, @Param('name') name: string): Record<string, unknown> {
    return placeAnswer(placeOf(this.registry, caller, placeTypeOf(kind), name));
  }

  @Operation(operations.setPlace)
  @Put(':kind/:name')
  async setPlace(
    @Param('project') project: string,
    @Param('kind') kind: string,
    @Param('name') name: string,
    @Body(new ValidatedBody(PlaceDto, { rejectUnknown: true, isOptional: true })) dto: PlaceDto,
  ): Promise<Record<string, unknown>> {
    const type = placeTypeOf(kind);
    checkPlaceName(type, name);
    if (dto.topic !== undefined && type !== 'DIS')
      throw new ApiError('FSS.0400', 'topic is allowed for streams only: a bucket has no Kafka topic');
    if (dto.topic !== undefined && !mayBeStream(dto.topic, name, this.kafka.topics))
      throw new ApiError(
        'FSS.0400',
        `topic ${dto.topic} cannot be the topic of stream ${name}: it belongs to Kafka, the platform, another stream or a pub/sub topic`,
      );
    const place = { kind: 'place', type, project, name, ...(dto.topic === undefined ? {} : { topic: dto.topic }) } as const;
    await this.writer.mutate((registry) => {
      const before = registry.place(project, type, name);
      if (before === undefined) checkMayAdd(registry, 'place', project);
      return { changes: [{ ...place, createdAt: before?.createdAt ?? this.clock.now() }] };
    });
    return placeAnswer(place);
  }

  @Operation(operations.removePlace)
  @Delete(':kind/:name')
  @HttpCode(204)
  async removePlace(@CalledBy() caller: Caller, @Param('kind') kind: string, @Param('name') name: string): Promise<void> {
    const type = placeTypeOf(kind);
    await this.writer.mutate((registry) => {
      placeOf(registry, caller, type, name);
      return { changes: [{ delete: placeKey(caller.project, type, name) }] };
    });
  }
}

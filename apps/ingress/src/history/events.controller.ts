import { Controller, Get, Headers, Inject, Param, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { bareUrnOf, formatFunctionUrn, type LiveTransition, parseFunctionUrn, type Status, statuses } from '#contracts';
import { mayUse } from '#lifecycle';
import { type Clock, CLOCK } from '#platform';
import { CalledBy, type Caller } from '../access/caller.ts';
import { EndedKeys } from '../access/ended-keys.ts';
import { Operation } from '../document/operation.ts';
import { ApiError } from '../http/api-error.ts';
import { boundedQuery, type Query as QueryString, textQuery } from '../http/query.ts';
import { FunctionNames, isQualified } from '../names/function-names.ts';
import { type Home, HOME } from '../names/home.ts';
import { TopicNames } from '../names/topic-names.ts';
import { KnownFunctions } from '../records/known-functions.ts';
import { knownTo } from '../records/record-answer.ts';
import { eventBounds, eventOperations as operations } from './events.operations.ts';
import { LiveFeed } from './live-feed.ts';
import { type LivePlaces, placesText, readPlaces } from './live-places.ts';
import { transitionAnswer } from './transition-answer.ts';

const { clientsMax, bytesMax, lastsMs, heartbeatMs } = eventBounds;

/**
 * Server-sent events of transitions.
 * @see WHATWG HTML, server-sent events
 */
@Controller('v2/:project/sendoff/events')
export class EventsController {
  constructor(
    @Inject(LiveFeed) private readonly feed: LiveFeed,
    @Inject(FunctionNames) private readonly names: FunctionNames,
    @Inject(KnownFunctions) private readonly known: KnownFunctions,
    @Inject(TopicNames) private readonly topics: TopicNames,
    @Inject(EndedKeys) private readonly keys: EndedKeys,
    @Inject(HOME) private readonly home: Home,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Operation(operations.events)
  @Get()
  async events(
    @Param('project') project: string,
    @Query() query: QueryString,
    @Headers('accept') accept: string | undefined,
    @Headers('last-event-id') lastEventId: string | undefined,
    @CalledBy() caller: Caller,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const isWanted = this.filterOf(project, query, caller);
    await this.known.check(caller, project, boundedQuery(query, 'function', eventBounds.functionLengthMax));
    const from = lastEventId === undefined || lastEventId === '' ? undefined : readPlaces(lastEventId);
    if (lastEventId !== undefined && lastEventId !== '' && from === undefined)
      throw new ApiError('FSS.0400', 'Last-Event-ID must be the id of an event of this operation');
    const isOnce = accept?.includes('text/event-stream') !== true;
    if (!isOnce && this.feed.size >= clientsMax)
      throw new ApiError('FSS.0503', `${clientsMax} clients follow events here already; try again`, 5);
    const { raw } = reply.hijack();
    raw.writeHead(200, { 'content-type': 'text/event-stream' });
    const end = () => void raw.end();
    const write = (text: string) => {
      // A client that does not read is cut off. It goes on with its Last-Event-ID.
      if (raw.writableLength > bytesMax) raw.destroy();
      else if (raw.writable) raw.write(text);
    };
    const send = (event: string, data: object, places: LivePlaces) =>
      write(`event: ${event}\nid: ${placesText(places)}\ndata: ${JSON.stringify(data)}\n\n`);
    const listener = {
      onTransition: (transition: LiveTransition, places: LivePlaces) => {
        if (isWanted(transition)) send('transition', eventAnswer(transition), places);
      },
      onGap: (places: LivePlaces) => send('gap', { reason: 'transitions were missed; read the records' }, places),
      onDrain: end,
    };
    const { places, leave } = await this.feed.join(listener, from, isOnce);
    send('open', {}, places);
    if (isOnce) return end();
    const stopWatching = this.keys.watch(caller.accessKey, end);
    const last = this.clock.setTimer(lastsMs, end);
    let beat = this.clock.setTimer(heartbeatMs, () => beatOn());
    const beatOn = () => {
      write(': heartbeat\n\n');
      beat = this.clock.setTimer(heartbeatMs, beatOn);
    };
    const close = () => {
      for (const timer of [last, beat]) timer.cancel();
      stopWatching();
      leave();
    };
    if (request.raw.destroyed || raw.destroyed) close();
    else raw.once('close', close);
  }

  /** Checks the filters. The returned function tells whether a caller gets a transition. */
  private filterOf(project: string, query: QueryString, caller: Caller): (one: LiveTransition) => boolean {
    const status = textQuery(query, 'status');
    if (status !== undefined && !statuses.includes(status as Status))
      throw new ApiError('FSS.1001', `status must be one of ${statuses.join(', ')}`);
    const requestId = boundedQuery(query, 'request_id', eventBounds.requestIdLengthMax);
    const isOfFunction = this.functionFilter(project, boundedQuery(query, 'function', eventBounds.functionLengthMax));
    const isKnown = knownTo(caller, this.topics);
    return ({ functionUrn, requestId: id, status: reached, transition: { deliveryId } }) => {
      const urn = parseFunctionUrn(functionUrn, this.home);
      if (urn === undefined || !mayUse(caller, urn)) return false;
      if (deliveryId !== undefined && !isKnown({ deliveryId })) return false;
      if (status !== undefined && status !== reached) return false;
      return (requestId === undefined || requestId === id) && isOfFunction(functionUrn);
    };
  }

  private functionFilter(project: string, name: string | undefined): (functionUrn: string) => boolean {
    if (name === undefined) return () => true;
    if (isQualified(name)) {
      const versions = this.names.versionsNamed(name, project);
      return (functionUrn) => versions.includes(functionUrn);
    }
    const bareUrn = bareUrnOf(formatFunctionUrn(this.names.parse(name, project)));
    return (functionUrn) => bareUrnOf(functionUrn) === bareUrn;
  }
}

function eventAnswer({ requestId, functionUrn, status, transition }: LiveTransition) {
  return { request_id: requestId, function_urn: functionUrn, status, ...transitionAnswer(transition) };
}

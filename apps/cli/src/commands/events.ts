import type { EventSourceMessage } from 'eventsource-parser';
import { CommandFailure } from '../command-failure.ts';
import type { Session } from '../session.ts';

/** Options of `sendoff events`. */
export interface EventsOptions {
  readonly function?: string;
  readonly status?: string;
  readonly request?: string;
  readonly follow?: boolean;
  readonly since?: string;
}

interface Event {
  readonly event: string;
  readonly id: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Time until a stream that ended is asked for again, in milliseconds. */
const againMs = 1_000;

/**
 * Prints transitions of invocations. With `--follow` it goes on until interrupted: a stream that
 * ends or breaks is asked for again, from the last event on.
 * @throws CommandFailure also if the first stream cannot be had.
 */
export async function showEvents(session: Session, options: EventsOptions): Promise<void> {
  const { since, follow } = options;
  if (follow !== true && since === undefined)
    throw new CommandFailure('usage', 'events come from now on: add -f, or --since with the id of an event', 'sendoff events -f');
  const { note, wait } = session.surroundings;
  let last = since ?? '';
  let hasBegun = false;
  for (;;) {
    try {
      for await (const { event: name = '', id = '', data } of await stream(session, options, last)) {
        hasBegun = true;
        last = id;
        const event: Event = { event: name, id, data: dataOf(data) };
        if (name !== 'open') session.show(event, () => [eventLine(event)]);
      }
      if (follow !== true) return;
    } catch (error) {
      if (!hasBegun || !(error instanceof CommandFailure) || error.exit !== 'unavailable') throw error;
      note(`sendoff: ${error.message}; trying again`);
    }
    await wait(againMs);
  }
}

async function stream(
  session: Session,
  { function: fn, status, request, follow }: EventsOptions,
  last: string,
): Promise<AsyncIterable<EventSourceMessage>> {
  const api = await session.api();
  return api.events({
    path: ['sendoff', 'events'],
    query: { function: fn, status: status?.toUpperCase(), request_id: request },
    headers: {
      // Without a stream the answer ends after the events that have come.
      ...(follow === true ? {} : { accept: 'application/json' }),
      ...(last === '' ? {} : { 'last-event-id': last }),
    },
  });
}

/** @throws CommandFailure if the data of an event is no JSON object. */
function dataOf(text: string): Event['data'] {
  try {
    const data: unknown = JSON.parse(text);
    if (typeof data === 'object' && data !== null) return data as Event['data'];
  } catch {
    // As for other data.
  }
  throw new CommandFailure('failed', 'the stream holds an event without JSON: is it Sendoff?');
}

function eventLine({ event, data }: Event): string {
  if (event === 'gap') return 'transitions were missed: see sendoff search';
  const { time, request_id: requestId, function_urn: urn, kind, attempt, status, condition, error } = data;
  const details = [condition, error].filter((detail) => detail !== undefined && detail !== '').join(', ');
  return `${String(time)}  ${String(requestId)}  ${String(urn).split(':').slice(-2).join(':')}  ${String(kind)} ${String(attempt)}  ${String(status)}  ${details}`;
}

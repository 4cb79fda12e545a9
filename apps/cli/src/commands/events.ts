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

const askEveryMs = 500;

/**
 * Prints transitions of invocations. With `--follow` it goes on until interrupted: it asks each
 * half second for what came after the last event.
 */
export async function showEvents(session: Session, options: EventsOptions): Promise<void> {
  if (options.follow !== true && options.since === undefined)
    throw new CommandFailure('usage', 'events come from now on: add -f, or --since with the id of an event', 'sendoff events -f');
  let last = options.since ?? '';
  for (;;) {
    for (const event of eventsIn(await ask(session, options, last))) {
      last = event.id;
      if (event.event !== 'open') session.show(event, () => [eventLine(event)]);
    }
    if (options.follow !== true) return;
    await session.surroundings.wait(askEveryMs);
  }
}

async function ask(session: Session, { function: fn, status, request }: EventsOptions, last: string): Promise<string> {
  const api = await session.api();
  return api.text({
    path: ['sendoff', 'events'],
    query: { function: fn, status: status?.toUpperCase(), request_id: request },
    headers: last === '' ? {} : { 'last-event-id': last },
  });
}

function eventsIn(text: string): Event[] {
  return text
    .split('\n\n')
    .filter((block) => block.startsWith('event: '))
    .map((block) => {
      const [event = '', id = '', data = ''] = block.split('\n').map((line) => line.slice(line.indexOf(': ') + 2));
      return { event, id, data: JSON.parse(data) as Event['data'] };
    });
}

function eventLine({ event, data }: Event): string {
  if (event === 'gap') return 'transitions were missed: see sendoff search';
  const { time, request_id: requestId, function_urn: urn, kind, attempt, status, condition, error } = data;
  const details = [condition, error].filter((detail) => detail !== undefined && detail !== '').join(', ');
  return `${String(time)}  ${String(requestId)}  ${String(urn).split(':').slice(-2).join(':')}  ${String(kind)} ${String(attempt)}  ${String(status)}  ${details}`;
}

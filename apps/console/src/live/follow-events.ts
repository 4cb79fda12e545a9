import { createParser, type EventSourceMessage } from 'eventsource-parser';
import type { Api } from '../api/client.ts';
import { problemOf } from '../api/problem.ts';

/** A change of an invocation, as the stream of events shows it. */
export interface Transition {
  readonly request_id: string;
  readonly function_urn: string;
  readonly status: string;
  readonly time: string;
  readonly kind: string;
  readonly attempt?: number;
  readonly error?: string;
}

/** Whether the stream runs: `connecting` before the first event, `away` after a failure. */
export type LiveState = 'connecting' | 'live' | 'away';

interface Follower {
  readonly onTransition: (transition: Transition) => void;
  /** Some transitions were missed, so everything may have changed. */
  readonly onGap: () => void;
  readonly onState: (state: LiveState) => void;
}

/** Time until a stream that broke is asked for again, in milliseconds. */
const againMs = 3_000;
/** Characters of one event that is not whole yet. A longer one breaks the stream. */
const eventLengthMax = 1_000_000;

async function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, againMs);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

async function* eventsOf(response: Response): AsyncGenerator<EventSourceMessage> {
  if (response.body === null) return;
  const events: EventSourceMessage[] = [];
  let fault: Error | undefined;
  const parser = createParser({
    maxBufferSize: eventLengthMax,
    onEvent: (event) => void events.push(event),
    onError: (error) => void (fault = error),
  });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parser.feed(part.value);
    if (fault !== undefined) throw fault;
    yield* events.splice(0);
  }
}

/**
 * Follows transitions until `signal` aborts. A stream that ends or breaks is asked for again, from
 * the last event on. `EventSource` cannot send the credentials, so this reads the body of `fetch`.
 * @param filter the query of the operation.
 */
export async function followEvents(
  api: Api,
  filter: Readonly<Record<string, string>>,
  { onTransition, onGap, onState }: Follower,
  signal: AbortSignal,
): Promise<void> {
  const path = `/sendoff/events?${new URLSearchParams(filter)}`;
  let lastId = '';
  while (!signal.aborted) {
    try {
      const headers = { accept: 'text/event-stream', ...(lastId === '' ? {} : { 'last-event-id': lastId }) };
      const response = await api.send('GET', path, { headers, signal });
      if (!response.ok) throw problemOf(response, undefined);
      for await (const { event: name, id = '', data } of eventsOf(response)) {
        lastId = id;
        onState('live');
        if (name === 'transition') onTransition(JSON.parse(data) as Transition);
        if (name === 'gap') onGap();
      }
    } catch {
      if (signal.aborted) return;
      // Pages ask for everything again at intervals, so a broken stream costs only time.
      onState('away');
      await pause(signal);
    }
  }
}

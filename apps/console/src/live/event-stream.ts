/** An event of a stream of server-sent events. */
export interface StreamEvent {
  readonly name: string;
  /** The id with which a later request goes on after this event. */
  readonly id: string;
  readonly data: string;
}

function eventOf(block: string): StreamEvent {
  const fields = new Map<string, string>();
  for (const line of block.split('\n')) {
    const [name = '', value = ''] = line.split(/: ?(.*)/s, 2);
    // Several lines of data are one text.
    fields.set(name, name === 'data' && fields.has(name) ? `${fields.get(name)}\n${value}` : value);
  }
  return { name: fields.get('event') ?? 'message', id: fields.get('id') ?? '', data: fields.get('data') ?? '' };
}

/**
 * Reads the events that a text holds whole.
 * @param text what came so far and is not read yet.
 * @returns the events, and the rest that the next piece of the stream completes.
 * @see WHATWG HTML, server-sent events
 */
export function eventsIn(text: string): { readonly events: readonly StreamEvent[]; readonly rest: string } {
  const blocks = text.replaceAll('\r\n', '\n').split('\n\n');
  const rest = blocks.pop() ?? '';
  // A block without data is a comment, which only keeps the connection open.
  return { events: blocks.map(eventOf).filter(({ data }) => data !== ''), rest };
}

import { describe, expect, it } from 'vitest';
import { eventsIn } from './event-stream.ts';

const event = (name: string, id: string, data: string) => ({ name, id, data });

describe('eventsIn', () => {
  it.each([
    ['one event', 'event: open\nid: a:1\ndata: {}\n\n', [event('open', 'a:1', '{}')], ''],
    ['two events', 'id: 1\ndata: x\n\nid: 2\ndata: y\n\n', [event('message', '1', 'x'), event('message', '2', 'y')], ''],
    ['an event that is not whole yet', 'id: 1\ndata: x\n\nid: 2\nda', [event('message', '1', 'x')], 'id: 2\nda'],
    ['a comment', ': heartbeat\n\nid: 1\ndata: x\n\n', [event('message', '1', 'x')], ''],
    ['data with colons and spaces', 'data: {"a": "b: c"}\n\n', [event('message', '', '{"a": "b: c"}')], ''],
    ['several lines of data', 'data: a\ndata: b\n\n', [event('message', '', 'a\nb')], ''],
    ['line ends of Windows', 'id: 1\r\ndata: x\r\n\r\n', [event('message', '1', 'x')], ''],
  ])('reads %s', (_name, text, events, rest) => {
    expect(eventsIn(text)).toEqual({ events, rest });
  });
});

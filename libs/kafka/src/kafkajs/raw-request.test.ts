import { expect, it } from 'vitest';
import type { AskedBroker, Exchange } from './kafka-answers.ts';
import { askRaw, type Decoder, Encoder } from './raw-request.ts';

/** Reads an answer of tagged fields and a number behind them. */
async function numberBehindTags(hex: string): Promise<number> {
  const connectionPool = {
    send: async <Decoded, Answer>({ response }: Exchange<Decoded, Answer>) =>
      response.parse(await response.decode(Buffer.from(hex, 'hex'))),
  };
  const broker = { connectionPool, lookupRequest: () => expect.unreachable() } as unknown as AskedBroker;
  return askRaw(broker, { apiKey: 3, apiVersion: 10, apiName: 'Metadata' }, new Encoder(), (decoder: Decoder) => {
    decoder.readTaggedFields();
    return decoder.readInt32();
  });
}

it.each([
  ['none', '0000000007'],
  ['one of three bytes', '010003616263' + '00000007'],
  ['two, one of them empty', '020000050161' + '00000007'],
])('reads what stands behind tagged fields: %s', async (_what, hex) => {
  expect(await numberBehindTags(hex)).toBe(7);
});

it.each([
  ['more fields than bytes', 'ffffffff0f00'],
  ['a longer field than the answer', '0100ffffffff0f'],
])('refuses an answer with %s', async (_what, hex) => {
  await expect(numberBehindTags(hex)).rejects.toThrow('the answer ends within its tagged fields');
});

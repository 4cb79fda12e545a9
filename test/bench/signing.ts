/**
 * Measures what it costs the ingress to verify one signed invocation, in microseconds of one core,
 * and prints JSON.
 */
import pino from 'pino';
import { epochMs } from '#contracts';
import { MemoryKafka } from '#kafka/memory';
import { Sealer, Verifier } from '#platform';
import { Registry } from '#registry';
import { KeyRing } from '../../apps/ingress/src/access/key-ring.ts';
import { sha256Hex } from '../../apps/ingress/src/access/signature.ts';
import { SignatureAuthenticator } from '../../apps/ingress/src/access/signature-authenticator.ts';
import { sdkDate, signed } from '../request-signer.ts';

const rounds = 50_000;
const now = Date.now();
const path = ['v2', 'p1', 'fgs', 'functions', 'urn:fss:local:p1:function:default:hello:latest', 'invocations-async'];
const headers = { 'content-type': 'application/json', host: '127.0.0.1:8700', 'x-project-id': 'p1' };

const authenticator = new SignatureAuthenticator(
  new KeyRing({
    registry: new Registry({ gateway: new MemoryKafka(), verifier: new Verifier([]) }),
    sealer: new Sealer('k'.repeat(32)),
    logger: pino({ level: 'silent' }),
    first: { accessKey: 'AKFIRST', secretKey: 'a-secret', project: 'p1' },
  }),
  { now: () => epochMs(now), elapsedMs: () => 0, stoodStillMs: () => 0, setTimer: () => ({ cancel: () => undefined }) },
);

function microseconds(body: Buffer, secretKey: string, accessKey = 'AKFIRST'): number {
  const sent = signed({ method: 'POST', path, headers, body }, { accessKey, secretKey, date: sdkDate(now) });
  const request = { method: 'POST', url: `/${path.join('/')}`, headers: sent };
  let known = 0;
  const once = () => {
    const answer = authenticator.authenticate(request);
    if (answer.kind === 'unverified' && answer.verify(sha256Hex(body)).kind === 'known') known++;
  };
  for (let round = 0; round < rounds / 10; round++) once();
  const startedAt = performance.now();
  for (let round = 0; round < rounds; round++) once();
  const cost = ((performance.now() - startedAt) * 1_000) / rounds;
  if (known !== (secretKey === 'a-secret' && accessKey === 'AKFIRST' ? rounds + rounds / 10 : 0))
    throw new Error(`${known} were known`);
  return Number(cost.toFixed(1));
}

const small = Buffer.from('{"key":"value"}');
console.log(
  JSON.stringify(
    {
      rightMicroseconds: microseconds(small, 'a-secret'),
      wrongMicroseconds: microseconds(small, 'other'),
      unknownKeyMicroseconds: microseconds(small, 'other', 'AKOTHER'),
      rightOf256KiBMicroseconds: microseconds(Buffer.alloc(262_144, 'a'), 'a-secret'),
    },
    null,
    2,
  ),
);

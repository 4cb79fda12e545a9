import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { CommandFailure } from '../command-failure.ts';
import { findContext, findKafka } from '../contexts.ts';
import { parseWhole, Session } from '../session.ts';
import type { KafkaDoor } from '../verify/kafka-door.ts';
import { awaitLedger, awaitOutcome, latenessOf, noticesOf } from '../verify/outcome.ts';
import { makeSubject, namedSubject } from '../verify/subject.ts';
import { Traffic } from '../verify/traffic.ts';
import { judge, type Measured, verdictLines } from '../verify/verdict.ts';

/** Options of `sendoff verify`. */
export interface VerifyOptions {
  readonly minutes: string;
  /** Invocations a second, both doors together. */
  readonly rate: string;
  readonly function?: string;
  readonly brokers?: string;
  readonly topic?: string;
  /** Seconds to wait for what has not ended after the traffic. */
  readonly patience: string;
  /** Milliseconds. */
  readonly lateness: string;
}

const minutesMax = 60;
const rateMax = 100;
const invocationsMax = 20_000;
const waitingMax = 200;
const delaySeconds = 2;
/** The ledger is compared every 15 s, and a comparison takes 10 s at most. */
const ledgerPatienceMs = 60_000;

/** Reads the sizes of a run. @throws CommandFailure if they are out of bounds. */
function sizesOf({ minutes, rate, patience, lateness }: VerifyOptions) {
  const durationMs = Number(minutes) * 60_000;
  if (!(durationMs > 0 && durationMs <= minutesMax * 60_000))
    throw new CommandFailure('usage', `--minutes must be above 0, and ${minutesMax} at most`);
  const perSecond = parseWhole(rate, '--rate');
  if (perSecond < 1 || perSecond > rateMax) throw new CommandFailure('usage', `--rate must be 1 to ${rateMax}`);
  const count = Math.ceil((perSecond * durationMs) / 1_000);
  if (count > invocationsMax)
    throw new CommandFailure('usage', `${count} invocations are too many: ${invocationsMax} are allowed`, 'lower --rate');
  const patienceMs = parseWhole(patience, '--patience') * 1_000;
  return { count, perSecond, patienceMs, latenessMsMax: parseWhole(lateness, '--lateness') };
}

/**
 * Sends marked invocations through both doors, and judges what became of them. Ctrl-C ends the
 * traffic early: what was sent is judged, and what was made is removed.
 * @throws CommandFailure `promiseBroken`.
 */
export async function verify(session: Session, options: VerifyOptions): Promise<void> {
  const { surroundings } = session;
  const note = noteOf(session);
  const sizes = sizesOf(options);
  const context = await findContext(surroundings, session.options.context);
  const access = await findKafka(surroundings, context, options);
  if (session.options.dryRun === true) {
    const act = `invoke ${options.function ?? 'a function of its own'} ${sizes.count} times`;
    return session.show({ dryRun: true, act, kafka: access?.brokers ?? [] }, () => [`would ${act}`]);
  }
  // After Ctrl-C the rest goes on. A second Ctrl-C ends the process.
  const lasting = new Session(
    { ...surroundings, interrupted: new AbortController().signal, wait: async (ms) => delay(ms) },
    session.options,
  );
  if (access === undefined) note('only HTTP is tried: name the brokers with --brokers to try the Kafka door too');
  const kafka = access === undefined ? undefined : await openKafka(access);
  try {
    const run = randomUUID().slice(0, 8);
    const subject = await (options.function === undefined ? makeSubject(lasting, run) : namedSubject(lasting, options.function));
    let measured: Measured;
    try {
      const load = { fn: subject.name, projectId: context.projectId, tag: `verify-${run}`, delaySeconds };
      measured = await measure(session, lasting, new Traffic(lasting, load, kafka), {
        ...sizes,
        ...load,
        isHttpOnly: kafka === undefined,
      });
    } finally {
      await subject.remove();
    }
    const checks = judge(measured, { latenessMsMax: sizes.latenessMsMax, mustSucceed: options.function === undefined });
    const isHeld = checks.every(({ is_held: isOne }) => isOne);
    session.show({ ...measured, checks, is_held: isHeld }, () => verdictLines(measured, checks));
    if (!isHeld) throw new CommandFailure('promiseBroken', 'not all promises were held', 'sendoff ledger');
  } finally {
    await kafka?.close();
  }
}

/** Tells people how far it is. Programs get one line of JSON. */
function noteOf({ surroundings, options }: Session): (line: string) => void {
  return options.json === true ? () => undefined : surroundings.note;
}

/** @throws CommandFailure `unavailable` if the brokers do not answer. */
async function openKafka(access: NonNullable<Awaited<ReturnType<typeof findKafka>>>): Promise<KafkaDoor> {
  // Other commands need no Kafka client.
  const { KafkaDoor: Door } = await import('../verify/kafka-door.ts');
  try {
    return await Door.open(access);
  } catch (error) {
    throw new CommandFailure(
      'unavailable',
      `${access.brokers.join(',')} cannot be used: ${(error as Error).message}`,
      'check --brokers, KAFKA_USERNAME and KAFKA_PASSWORD',
    );
  }
}

interface Run {
  readonly fn: string;
  readonly tag: string;
  readonly count: number;
  readonly perSecond: number;
  readonly patienceMs: number;
  /** No brokers are known. */
  readonly isHttpOnly: boolean;
}

/** Sends the traffic, then asks what became of it. */
async function measure(session: Session, lasting: Session, traffic: Traffic, run: Run): Promise<Measured> {
  const { now, interrupted } = session.surroundings;
  const note = noteOf(session);
  const beganAt = now();
  note(`invoking ${run.fn}; Ctrl-C ends early with a verdict`);
  // A function of the user may have had notices before.
  const before = await noticesOf(lasting, run.fn);
  const isWhole = await sendAll(session, traffic, run);
  const seconds = Math.round((now() - beganAt) / 1_000);
  await traffic.settled();
  const requestIds = new Set([...traffic.accepted.http, ...traffic.accepted.kafka]);
  note(`${requestIds.size} are accepted; waiting until they have ended`);
  // Clocks of machines differ.
  const beginTime = new Date(beganAt - 3_600_000).toISOString().slice(0, 19);
  const outcome = await awaitOutcome(lasting, { ...run, requestIds, beginTime }, run.patienceMs);
  note('waiting until the ledger is compared with the topics');
  const { functionUrn, notices, unaccounted } = await awaitLedger(lasting, run.fn, ledgerPatienceMs);
  return {
    function: run.fn,
    seconds,
    accepted: { http: traffic.accepted.http.size, kafka: traffic.accepted.kafka.size },
    refused: traffic.refused,
    ...outcome,
    unaccounted,
    notices: {
      pending: notices.pending,
      delivered: notices.delivered - before.delivered,
      undelivered: notices.undelivered - before.undelivered,
    },
    lateness: await latenessOf(lasting, functionUrn),
    is_http_only: run.isHttpOnly,
    is_ended_early: interrupted.aborted || !isWhole,
  };
}

/** Keeps to the rate. @returns false if the user ended it early. */
async function sendAll(session: Session, traffic: Traffic, { count, perSecond }: Run): Promise<boolean> {
  const { now, wait, interrupted } = session.surroundings;
  const beganAt = now();
  for (let sent = 0; sent < count; ) {
    const isDue = sent < ((now() - beganAt) / 1_000) * perSecond + 1;
    if (isDue && traffic.waiting < waitingMax) {
      traffic.sendOne();
      sent += 1;
      continue;
    }
    await wait(Math.min(50, 1_000 / perSecond)).catch(() => undefined);
    if (interrupted.aborted) return false;
  }
  return true;
}

import { endedStatuses } from '#contracts';
import { CommandFailure } from '../command-failure.ts';
import { parseJson, parseWhole, type Session } from '../session.ts';
import { type InvocationRecord, recordLines } from './records.ts';

/** Options of `sendoff invoke`. */
export interface InvokeOptions {
  readonly async?: boolean;
  readonly wait?: boolean;
  /** Seconds until the first attempt. */
  readonly delay?: string;
  readonly key?: string;
  /** Names by which the invocation is found. */
  readonly tag?: readonly string[];
  /** Seconds after which `--wait` gives up. */
  readonly patience: string;
}

/** Largest event that an invocation carries itself, in bytes. */
const eventBytesMax = 262_144;
const pollMsFirst = 200;
const pollMsMax = 2_000;

/**
 * Runs a function and prints what it returned; asynchronously, prints the request id or waits for
 * the end.
 * @param event JSON; `-` reads it from the standard input.
 * @throws CommandFailure `functionFailed` if the function failed.
 */
export async function invoke(session: Session, fn: string, event: string, options: InvokeOptions): Promise<void> {
  const text = event === '-' ? await session.surroundings.readInput() : event;
  const body = parseJson(text, 'the event');
  const isAsync =
    options.async === true ||
    options.wait === true ||
    options.delay !== undefined ||
    options.key !== undefined ||
    options.tag !== undefined;
  if (!isAsync) return invokeNow(session, fn, body);
  const patienceSeconds = parseWhole(options.patience, '--patience');
  const headers = {
    ...(options.delay === undefined ? {} : { 'x-sendoff-delay-seconds': options.delay }),
    ...(options.key === undefined ? {} : { 'idempotency-key': options.key }),
    ...(options.tag === undefined ? {} : { 'x-sendoff-tags': options.tag.join(',') }),
  };
  const changed = await session.change<{ request_id: string }>(`invoke ${fn}`, {
    method: 'POST',
    path: ['fgs', 'functions', fn, 'invocations-async'],
    ...(await eventOf(session, fn, body, headers)),
  });
  if (changed === undefined) return;
  const { request_id: requestId } = changed.answer;
  if (options.wait !== true) return session.show({ request_id: requestId }, () => [requestId]);
  if (session.options.json !== true) session.surroundings.note(`${requestId} is accepted`);
  const record = await waitForEnd(session, fn, requestId, patienceSeconds * 1_000);
  session.show(record, () => recordLines([record]));
  if (record.status !== 'SUCCESS')
    throw new CommandFailure(
      'functionFailed',
      `${record.status}: ${record.error_message}`,
      `sendoff logs ${fn} --request ${requestId}`,
    );
}

/** The event of an asynchronous invocation. A large one is uploaded first. */
async function eventOf(session: Session, fn: string, body: unknown, headers: Record<string, string>) {
  if (Buffer.byteLength(JSON.stringify(body)) <= eventBytesMax || session.options.dryRun === true) return { headers, body };
  const { payload_ref: reference } = await session.ask<{ payload_ref: string }>({
    method: 'POST',
    path: ['sendoff', 'functions', fn, 'payloads'],
    body,
  });
  return { headers: { ...headers, 'x-sendoff-payload-ref': reference } };
}

async function invokeNow(session: Session, fn: string, body: unknown): Promise<void> {
  const request = { method: 'POST', path: ['fgs', 'functions', fn, 'invocations'], body };
  if (session.options.dryRun === true) return void (await session.change(`run ${fn}`, request));
  const { headers, body: returned } = await (await session.api()).call<unknown>(request);
  const text = typeof returned === 'string' ? returned : (JSON.stringify(returned, null, 2) ?? '');
  session.show(returned ?? null, () => text.split(/\r?\n/));
  if (headers['x-is-func-err'] === 'true')
    throw new CommandFailure('functionFailed', 'the function failed', `sendoff logs ${fn}`);
}

async function waitForEnd(session: Session, fn: string, requestId: string, patienceMs: number): Promise<InvocationRecord> {
  const { now, wait } = session.surroundings;
  const until = now() + patienceMs;
  for (let pollMs = pollMsFirst; ; pollMs = Math.min(pollMs * 1.5, pollMsMax)) {
    const { invocations } = await session.ask<{ invocations: readonly InvocationRecord[] }>({
      path: ['fgs', 'functions', fn, 'async-invocations'],
      query: { request_id: requestId },
    });
    const [record] = invocations;
    if (record !== undefined && endedStatuses.has(record.status)) return record;
    if (now() + pollMs > until)
      throw new CommandFailure(
        'unavailable',
        `${requestId} has not ended in ${patienceMs / 1_000} s`,
        `sendoff records ${fn} --request ${requestId}`,
      );
    await wait(pollMs);
  }
}

import { CommandFailure } from '../command-failure.ts';
import { counted, tableLines } from '../print-table.ts';
import type { Session } from '../session.ts';
import type { InvocationRecord } from './records.ts';
import type { SearchPage } from './search.ts';

interface Transition {
  readonly time: string;
  readonly service: string;
  readonly kind: string;
  readonly attempt: number;
  readonly error?: string;
  readonly due_time?: string;
  readonly condition?: string;
  readonly delivery_id?: string;
}

interface Explanation {
  readonly invocation: InvocationRecord & { readonly function_urn: string };
  readonly valid_until?: string;
  readonly waits: readonly {
    readonly words: string;
    readonly change: string;
    readonly since?: string;
    readonly until?: string;
    readonly unknown_until?: string;
  }[];
  readonly transitions: readonly Transition[];
  readonly left_out_after?: number;
  readonly logs: readonly { readonly time: string; readonly content: string }[];
  readonly log_executors: readonly { readonly executor: number; readonly answered: boolean }[];
}

/** Options of `sendoff explain`. */
export interface ExplainOptions {
  readonly function?: string;
}

/** Tells what happened to an invocation, and what it waits for. */
export async function explainInvocation(session: Session, requestId: string, options: ExplainOptions): Promise<void> {
  const fn = options.function ?? (await functionOf(session, requestId));
  const explanation = await session.ask<Explanation>({
    path: ['sendoff', 'functions', fn, 'invocations', requestId, 'explanation'],
  });
  session.show(explanation, () => explanationLines(explanation));
}

async function functionOf(session: Session, requestId: string): Promise<string> {
  const { invocations } = await session.ask<SearchPage>({ path: ['sendoff', 'invocations'], query: { request_id: requestId } });
  const [found] = invocations;
  if (found === undefined) throw new CommandFailure('notFound', `there is no invocation ${requestId}`, 'sendoff search');
  return found.function_urn;
}

function explanationLines({ invocation, valid_until, waits, transitions, left_out_after, logs, log_executors }: Explanation) {
  const { request_id, function_urn, status, approximate_invoke_count: attempts, error_message: error } = invocation;
  return [
    `${request_id} of ${function_urn}: ${status} after ${counted(attempts, 'attempt')}${error === '' ? '' : `: ${error}`}`,
    ...(valid_until === undefined ? [] : [`valid until ${valid_until}`]),
    ...waits.flatMap(({ words, change, since, until, unknown_until: unknown }) => [
      `waits${since === undefined ? '' : ` since ${since}`}${until === undefined ? '' : ` until ${until}`}${unknown === undefined ? '' : `, unknown until ${unknown}`}: ${words}`,
      `  to change that: ${change}`,
    ]),
    ...(waits.length === 0 ? ['waits for nothing: it is over'] : []),
    ...referenceLines(invocation),
    '',
    ...tableLines(['TIME', 'SERVICE', 'TRANSITION', 'ATTEMPT', 'DETAILS'], transitions.map(transitionRow)),
    ...(left_out_after === undefined ? [] : [`some transitions after the first ${left_out_after} were left out`]),
    ...(logs.length === 0 ? [] : ['', ...logs.map(({ time, content }) => `${time}  ${content}`)]),
    ...log_executors
      .filter(({ answered }) => !answered)
      .map(({ executor }) => `executor ${executor} did not answer: its lines are missing`),
  ];
}

/** The stored payload and the stored return value, if there are any. */
function referenceLines({ payload_ref: payload, response_payload_ref: result }: InvocationRecord): string[] {
  return [
    ...(payload === undefined ? [] : [`stored payload: ${payload}`]),
    ...(result === undefined ? [] : [`stored result: ${result}`]),
  ];
}

/** One transition as a row of a table. */
function transitionRow({ time, service, kind, attempt, error, due_time, condition, delivery_id }: Transition) {
  const details = [condition, delivery_id, due_time === undefined ? undefined : `due ${due_time}`, error];
  return [time, service, kind, attempt, details.filter((detail) => detail !== undefined && detail !== '').join(', ')];
}

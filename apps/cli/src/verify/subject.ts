import { CommandFailure } from '../command-failure.ts';
import type { Session } from '../session.ts';

/** The function that `verify` invokes, and how it is removed. */
export interface Subject {
  readonly name: string;
  /** Removes what `verify` made. Tries everything, then throws the first failure. */
  remove(): Promise<void>;
}

const source = 'exports.handler = async (event) => event;';

/**
 * Makes a function that succeeds, one that gets its notices, and an agency for the way between.
 * @param run a name for this run, of small letters and digits.
 */
export async function makeSubject(session: Session, run: string): Promise<Subject> {
  const name = `sendoff-verify-${run}`;
  const [receiver, agency] = [`${name}-notices`, name];
  const steps: (() => Promise<unknown>)[] = [];
  const remove = async () => {
    const failures: unknown[] = [];
    for (const step of steps.toReversed()) await step().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  };
  const drop = (...path: string[]) => steps.push(async () => session.ask({ method: 'DELETE', path }));
  try {
    const { func_urn: receiverUrn } = await createFunction(session, receiver);
    drop('fgs', 'functions', receiver);
    const grants = [{ type: 'FunctionGraph', resource: receiverUrn }];
    await session.ask({ method: 'PUT', path: ['sendoff', 'agencies', agency], body: { grants } });
    drop('sendoff', 'agencies', agency);
    await createFunction(session, name, { xrole: agency });
    drop('fgs', 'functions', name);
    const notice = { destination: 'FunctionGraph', param: JSON.stringify({ func_urn: receiverUrn }) };
    await session.ask({
      method: 'PUT',
      path: ['fgs', 'functions', name, 'async-invoke-config'],
      body: { max_async_retry_attempts: 3, destination_config: { on_success: notice, on_failure: notice } },
    });
  } catch (error) {
    await remove().catch(() => undefined);
    throw error;
  }
  return { name, remove };
}

async function createFunction(session: Session, name: string, more: object = {}): Promise<{ readonly func_urn: string }> {
  return session.ask({
    method: 'POST',
    path: ['fgs', 'functions'],
    body: {
      ...{ func_name: name, package: 'default', runtime: 'Node.js20.15', handler: 'index.handler', timeout: 10 },
      ...{ memory_size: 128, code_type: 'inline', func_code: { file: Buffer.from(source).toString('base64') }, ...more },
    },
  });
}

/** A function of the user: it stays. @throws CommandFailure if it does not exist. */
export async function namedSubject(session: Session, name: string): Promise<Subject> {
  if (name === '') throw new CommandFailure('usage', '--function needs a name');
  await session.ask({ path: ['fgs', 'functions', name, 'config'] });
  return { name, remove: async () => undefined };
}

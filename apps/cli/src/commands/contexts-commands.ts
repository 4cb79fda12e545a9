import { CommandFailure } from '../command-failure.ts';
import { ApiClient } from '../api-client.ts';
import { type Context, readContexts, writeContexts } from '../contexts.ts';
import { tableLines } from '../print-table.ts';
import type { Session } from '../session.ts';

/** Options of `sendoff login`. */
export interface LoginOptions {
  readonly url: string;
  readonly project?: string;
  readonly token?: string;
  readonly accessKey?: string;
  /** Reads the token, or the secret of the access key, from the standard input. */
  readonly secretStdin?: boolean;
}

async function credentialsOf(session: Session, { token, accessKey, secretStdin = false }: LoginOptions) {
  const { env, readInput } = session.surroundings;
  const typed = secretStdin ? (await readInput()).trim() : undefined;
  if (accessKey !== undefined) {
    const secretKey = typed ?? env['SENDOFF_SECRET_KEY'] ?? '';
    if (secretKey !== '') return { accessKey, secretKey };
    throw new CommandFailure(
      'usage',
      'the secret of the access key is missing',
      'give it with --secret-stdin, or in SENDOFF_SECRET_KEY',
    );
  }
  const given = token ?? typed ?? env['SENDOFF_TOKEN'] ?? '';
  if (given !== '') return { token: given };
  throw new CommandFailure('usage', 'neither a token nor an access key is given', 'see sendoff login --help');
}

/**
 * Stores an address with credentials under a name, and makes it the current one. The credentials
 * are tried first.
 */
export async function login(session: Session, name: string, options: LoginOptions): Promise<void> {
  const credentials = await credentialsOf(session, options);
  const { now, interrupted } = session.surroundings;
  const unchecked: Context = { url: options.url, projectId: options.project ?? '', ...credentials };
  const { body } = await new ApiClient(unchecked, now, interrupted).call<{ projects?: unknown } | null | undefined>({
    path: ['v3', 'projects'],
    isGlobal: true,
  });
  if (!Array.isArray(body?.projects)) throw new CommandFailure('failed', `${options.url} lists no projects: is it Sendoff?`);
  const projects = body.projects as readonly { readonly id: string }[];
  const projectId = options.project ?? projects[0]?.id ?? '';
  if (!projects.some(({ id }) => id === projectId))
    throw new CommandFailure('notFound', `the installation has no project ${projectId}`);
  const stored = await readContexts(session.surroundings);
  await writeContexts(session.surroundings, {
    current: name,
    contexts: { ...stored.contexts, [name]: { ...unchecked, projectId } },
  });
  session.show({ context: name, url: options.url, projectId }, () => [`${name} is now the current context: ${options.url}`]);
}

/** Shows the stored contexts, without their secrets. */
export async function listContexts(session: Session): Promise<void> {
  const { current, contexts } = await readContexts(session.surroundings);
  const shown = Object.entries(contexts).map(([name, { url, projectId, accessKey }]) => ({
    name,
    isCurrent: name === current,
    url,
    projectId,
    credentials: accessKey ?? 'token',
  }));
  session.show(shown, () =>
    tableLines(
      ['', 'CONTEXT', 'ADDRESS', 'PROJECT', 'CREDENTIALS'],
      shown.map(({ name, isCurrent, url, projectId, credentials }) => [isCurrent ? '*' : '', name, url, projectId, credentials]),
    ),
  );
}

/** Makes a stored context the current one. */
export async function useContext(session: Session, name: string): Promise<void> {
  const stored = await readContexts(session.surroundings);
  if (!Object.hasOwn(stored.contexts, name))
    throw new CommandFailure('notFound', `there is no context ${name}`, 'sendoff contexts list');
  await writeContexts(session.surroundings, { ...stored, current: name });
  session.show({ context: name }, () => [`${name} is now the current context`]);
}

/** Removes a context and its secrets. */
export async function removeContext(session: Session, name: string): Promise<void> {
  const { current, contexts } = await readContexts(session.surroundings);
  if (!Object.hasOwn(contexts, name))
    throw new CommandFailure('notFound', `there is no context ${name}`, 'sendoff contexts list');
  const { [name]: _removed, ...left } = contexts;
  await writeContexts(session.surroundings, { current: current === name ? '' : current, contexts: left });
  session.show({ removed: name }, () => [`${name} is removed`]);
}

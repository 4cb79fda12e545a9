/**
 * `npm run credentials`: creates and changes access keys of a running installation. Exits with 0,
 * with 1 if the API refused, with 2 for wrong arguments.
 */
import { printable } from '#contracts';
import { directRequest } from '#platform';
import { readRunning } from '../read-running.ts';
import { type Command, readArguments, usage } from './arguments.ts';

interface Credential {
  readonly access_key: string;
  readonly secret_key?: string;
  readonly description: string;
  readonly rights: readonly string[];
  readonly functions: readonly string[];
  readonly agencies: readonly string[];
  readonly topics: readonly string[];
  readonly enabled: boolean;
  readonly previous_secret_ends_at?: string;
}

const say = (line: string) => void process.stdout.write(`${printable(line)}\n`);

/** Calls the API. @throws Error with the API's message for any status but 2xx. */
async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const { url, projectId, token } = await readRunning();
  const { status, text } = await directRequest(`${url}/v2/${projectId}/sendoff/credentials${path}`, {
    method,
    headers: { 'content-type': 'application/json', 'x-auth-token': token },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = (text === '' ? {} : JSON.parse(text)) as T & { readonly error_msg?: string };
  if (status >= 300) throw new Error(answer.error_msg ?? `the API answered with status ${status}`);
  return answer;
}

function showSecret({ access_key: accessKey, secret_key: secretKey = '', previous_secret_ends_at: endsAt }: Credential): void {
  say(`access key  ${accessKey}`);
  say(`secret key  ${secretKey}`);
  say('Store the secret now: it is not shown again.');
  if (endsAt !== undefined) say(`The previous secret is valid until ${endsAt}.`);
}

function rowOf({ access_key: accessKey, enabled, rights, functions, agencies, topics, description }: Credential): string {
  const state = (enabled ? 'enabled' : 'disabled').padEnd(8);
  const patterns = [functions, agencies, topics].map((list) => (list.length === 0 ? '-' : list.join(',')));
  return [accessKey.padEnd(20), state, rights.join(','), ...patterns, description].join('  ').trimEnd();
}

async function run(command: Command): Promise<void> {
  switch (command.kind) {
    case 'create': {
      const { kind: _kind, ...body } = command;
      return showSecret(await call('POST', '', body));
    }
    case 'list': {
      const { credentials } = await call<{ credentials: readonly Credential[] }>('GET', '');
      for (const credential of credentials) say(rowOf(credential));
      return;
    }
    case 'rotate':
      return showSecret(
        await call('POST', `/${encodeURIComponent(command.accessKey)}/rotate`, { grace_in_seconds: command.graceSeconds }),
      );
    case 'delete':
      await call('DELETE', `/${encodeURIComponent(command.accessKey)}`);
      return say(`${command.accessKey} is deleted`);
    case 'disable':
    case 'enable':
      await call('POST', `/${encodeURIComponent(command.accessKey)}/${command.kind}`);
      return say(`${command.accessKey} is ${command.kind}d`);
    default:
      command satisfies never;
  }
}

function readCommand(): Command | undefined {
  try {
    return readArguments(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`credentials: ${printable((error as Error).message)}\n\n${usage}\n`);
    return undefined;
  }
}

const command = readCommand();
if (command === undefined) process.exitCode = 2;
else
  await run(command).catch((error: unknown) => {
    process.stderr.write(`credentials: ${printable((error as Error).message)}\n`);
    process.exitCode = 1;
  });

/** Makes and changes access keys of a running `npm start`. Ends with 0 when it did, 1 when it could not, 2 when it was asked wrongly. */
import { readRunning } from '../read-running.ts';
import { type Asked, readArguments, usage } from './arguments.ts';

interface Credential {
  readonly access_key: string;
  readonly secret_key?: string;
  readonly description: string;
  readonly rights: readonly string[];
  readonly functions: readonly string[];
  readonly enabled: boolean;
  readonly previous_secret_ends_at?: string;
}

const say = (line: string) => void process.stdout.write(`${line}\n`);

/** @throws Error with the API's own words, for anything but 2xx. */
async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const { url, projectId, token } = await readRunning();
  const response = await fetch(`${url}/v2/${projectId}/sendoff/credentials${path}`, {
    method,
    headers: { 'content-type': 'application/json', 'x-auth-token': token },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const answer = (text === '' ? {} : JSON.parse(text)) as T & { readonly error_msg?: string };
  if (!response.ok) throw new Error(answer.error_msg ?? `the answer was ${response.status}`);
  return answer;
}

function tellSecret({ access_key: accessKey, secret_key: secretKey = '', previous_secret_ends_at: endsAt }: Credential): void {
  say(`access key  ${accessKey}`);
  say(`secret key  ${secretKey}`);
  say('The secret is not shown again: keep it now.');
  if (endsAt !== undefined) say(`The secret before it is good until ${endsAt}.`);
}

function rowOf({ access_key: accessKey, enabled, rights, functions, description }: Credential): string {
  return [accessKey.padEnd(20), (enabled ? 'enabled' : 'disabled').padEnd(8), rights.join(','), functions.join(','), description]
    .join('  ')
    .trimEnd();
}

async function run(asked: Asked): Promise<void> {
  switch (asked.kind) {
    case 'create': {
      const { rights, functions, description } = asked;
      return tellSecret(await call('POST', '', { rights, functions, description }));
    }
    case 'list': {
      const { credentials } = await call<{ credentials: readonly Credential[] }>('GET', '');
      for (const credential of credentials) say(rowOf(credential));
      return;
    }
    case 'rotate':
      return tellSecret(
        await call('POST', `/${encodeURIComponent(asked.accessKey)}/rotate`, { grace_in_seconds: asked.graceSeconds }),
      );
    case 'delete':
      await call('DELETE', `/${encodeURIComponent(asked.accessKey)}`);
      return say(`${asked.accessKey} is deleted`);
    case 'disable':
    case 'enable':
      await call('POST', `/${encodeURIComponent(asked.accessKey)}/${asked.kind}`);
      return say(`${asked.accessKey} is ${asked.kind}d`);
    default:
      asked satisfies never;
  }
}

function asked(): Asked | undefined {
  try {
    return readArguments(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`credentials: ${(error as Error).message}\n\n${usage}\n`);
    return undefined;
  }
}

const what = asked();
if (what === undefined) process.exitCode = 2;
else
  await run(what).catch((error: unknown) => {
    process.stderr.write(`credentials: ${(error as Error).message}\n`);
    process.exitCode = 1;
  });

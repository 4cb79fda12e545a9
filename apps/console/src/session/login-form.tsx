import { Alert, Button, Checkbox, PasswordInput, SegmentedControl, Stack, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { projectOf } from '../api/client.ts';
import { type ApiProblem, asProblem } from '../api/problem.ts';
import type { Credentials } from './session.ts';
import { useSession } from './session-context.tsx';
import { canSign } from './sign-request.ts';

function messageOf(problem: ApiProblem): string {
  if (problem.kind !== 'expired') return problem.message;
  return `These credentials are not valid here: ${problem.message}`;
}

/** Logs in with a token, or with an access key and its secret. */
export function LoginForm() {
  const { logIn } = useSession();
  const [kind, setKind] = useState<Credentials['kind']>('token');
  const [token, setToken] = useState('');
  const [accessKey, setAccessKey] = useState('');
  const [secretKey, setSecretKey] = useState('');
  const [isRemembered, setRemembered] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem>();

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    const credentials: Credentials =
      kind === 'token' ? { kind, token: token.trim() } : { kind, accessKey: accessKey.trim(), secretKey: secretKey.trim() };
    try {
      logIn({ credentials, project: await projectOf(credentials) }, isRemembered);
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  }

  const isKey = kind === 'key';
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack gap="md">
        <SegmentedControl
          fullWidth
          aria-label="Kind of login"
          value={kind}
          onChange={(value) => setKind(value as Credentials['kind'])}
          data={[
            { value: 'token', label: 'Token' },
            { value: 'key', label: 'Access key' },
          ]}
        />
        {isKey ? (
          <>
            <TextInput
              label="Access key"
              required
              autoComplete="username"
              value={accessKey}
              onChange={(event) => setAccessKey(event.currentTarget.value)}
            />
            <PasswordInput
              label="Secret"
              description="It signs requests in your browser and is never sent."
              required
              autoComplete="current-password"
              value={secretKey}
              onChange={(event) => setSecretKey(event.currentTarget.value)}
            />
          </>
        ) : (
          <PasswordInput
            label="Token"
            description="npm start writes the first one to .sendoff/credentials.json."
            required
            autoComplete="current-password"
            value={token}
            onChange={(event) => setToken(event.currentTarget.value)}
          />
        )}
        {isKey && !canSign() && (
          <Alert color="yellow" title="Signing needs HTTPS or localhost">
            This page was opened without TLS, so the browser offers no signing. Open it over HTTPS, or use a token.
          </Alert>
        )}
        <Checkbox
          label="Remember on this device"
          description="Otherwise the login ends with this tab."
          checked={isRemembered}
          onChange={(event) => setRemembered(event.currentTarget.checked)}
        />
        {problem !== undefined && (
          <Alert color="red" role="alert" title="The login did not work">
            {messageOf(problem)}
          </Alert>
        )}
        <Button type="submit" loading={isBusy} disabled={isKey && !canSign()}>
          Log in
        </Button>
      </Stack>
    </form>
  );
}

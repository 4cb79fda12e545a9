import { Stack, Text } from '@mantine/core';
import { SecretOnce } from '../ui/secret-once.tsx';

interface KeySecretProps {
  readonly of: { readonly access_key?: string; readonly secret_key?: string };
  readonly onDone: () => void;
}

/** An access key with its secret. */
export function KeySecret({ of: { access_key: accessKey = '', secret_key: secret = '' }, onDone }: KeySecretProps) {
  return (
    <Stack gap="md">
      <Text size="sm">
        Access key: <span className="code">{accessKey}</span>
      </Text>
      <SecretOnce of={secret} onDone={onDone}>
        Requests are signed with this secret. If it is lost, rotate the key.
      </SecretOnce>
    </Stack>
  );
}

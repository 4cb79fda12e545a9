import { Alert, Button, CopyButton, Group, Stack, Text } from '@mantine/core';

interface SecretOnceProps {
  readonly of: string;
  /** The use of the secret, in a sentence. */
  readonly children: string;
  readonly onDone: () => void;
}

/** A secret that no answer will show again. */
export function SecretOnce({ of, children, onDone }: SecretOnceProps) {
  return (
    <Stack gap="md">
      <Alert color="yellow" title="Copy it now: it is shown only once">
        <Text size="sm">{children}</Text>
      </Alert>
      <div className="block" tabIndex={0} role="group" aria-label="Secret">
        {of}
      </div>
      <Group justify="flex-end">
        <CopyButton value={of}>
          {({ copied, copy }) => (
            <Button variant="default" onClick={copy}>
              {copied ? 'Copied' : 'Copy'}
            </Button>
          )}
        </CopyButton>
        <Button onClick={onDone}>I have it</Button>
      </Group>
    </Stack>
  );
}

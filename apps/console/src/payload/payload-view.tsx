import { Button, Group, Stack, Textarea } from '@mantine/core';
import { useState } from 'react';
import { pathsIn, redacted } from './redaction.ts';

const storageKey = 'sendoff-hidden-paths';
/** Hidden until the viewer says otherwise. */
const firstPaths = '*.password, password, *.token, token, *.secret, secret';

interface PayloadViewProps {
  /** JSON text. */
  readonly payload: string;
  /** Names it for screen readers. */
  readonly label?: string;
}

/**
 * A payload with values hidden by paths. The paths stay on this device, so a value is hidden from
 * the first look on.
 */
export function PayloadView({ payload, label = 'Payload' }: PayloadViewProps) {
  const [paths, setPaths] = useState(() => localStorage.getItem(storageKey) ?? firstPaths);
  const [isShown, setShown] = useState(false);
  const change = (text: string) => {
    localStorage.setItem(storageKey, text);
    setPaths(text);
  };
  return (
    <Stack gap="sm">
      <pre className="block" tabIndex={0} aria-label={label}>
        {redacted(payload, isShown ? [] : pathsIn(paths))}
      </pre>
      <Group align="flex-end">
        <Textarea
          label="Hidden paths"
          description="As user.password or cards.*.number, separated by commas."
          autosize
          minRows={1}
          maxRows={4}
          spellCheck={false}
          flex={1}
          miw={240}
          value={paths}
          onChange={(event) => change(event.currentTarget.value)}
        />
        <Button variant="default" onClick={() => setShown(!isShown)}>
          {isShown ? 'Hide values' : 'Show hidden values'}
        </Button>
      </Group>
    </Stack>
  );
}

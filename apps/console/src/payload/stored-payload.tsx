import { Button, Group, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { problemOf } from '../api/problem.ts';
import { jsonOrText } from '../functions/calls.ts';
import { useApi } from '../session/session-context.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { saveFile } from '../ui/save-file.ts';

interface StoredPayloadProps {
  readonly urn: string;
  readonly reference: string;
  readonly kind: 'payload' | 'result';
  readonly requestId: string;
}

/** The reference of a large payload or result, with a download. */
export function StoredPayload({ urn, reference, kind, requestId }: StoredPayloadProps) {
  const api = useApi();
  const download = useMutation({
    mutationFn: async () => {
      const path = `/sendoff/functions/${encodeURIComponent(urn)}/payloads/${reference}`;
      const response = await api.send('GET', path);
      if (!response.ok) throw problemOf(response, await jsonOrText(response));
      saveFile(await response.blob(), `${kind}-${requestId}.json`);
    },
  });
  return (
    <Stack gap="xs">
      <Group gap="sm">
        <Text span className="code" style={{ overflowWrap: 'anywhere' }}>
          {reference.slice(0, 24)}…
        </Text>
        <Button size="xs" variant="default" loading={download.isPending} onClick={() => download.mutate()}>
          Download the {kind}
        </Button>
      </Group>
      {download.error !== null && <ProblemNotice error={download.error} />}
    </Stack>
  );
}

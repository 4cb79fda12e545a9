import { Alert, List, Text } from '@mantine/core';
import { nameOfUrn } from '../functions/function-name.ts';
import { Instant } from '../ui/instant.tsx';
import { TextLink } from '../ui/text-link.tsx';
import type { Unaccounted } from './queries.ts';

/** Says whether every accepted invocation is accounted for, and lists those that are not. */
export function UnaccountedNotice({ of }: { readonly of: Unaccounted }) {
  if (!of.is_proven)
    return (
      <Alert variant="default" title="Not checked yet">
        The status-logger compares its records with the topics every 15 s. If this stays, look whether Kafka and the store answer.
      </Alert>
    );
  if (of.count === 0)
    return (
      <Text size="sm">
        <span className="state state-good" style={{ whiteSpace: 'normal' }}>
          Every accepted invocation has ended or is in flight.
        </span>{' '}
        Checked: <Instant at={of.proven_at} />
      </Text>
    );
  return (
    <Alert color="red" role="alert" title={`Unaccounted invocations: ${of.count.toLocaleString()}`}>
      <Text size="sm" mb="xs">
        Nobody reads their topic any more; their records stay there for three days. Find out who moved the offsets of the group,
        and reset them to the offset before. Checked: <Instant at={of.proven_at} />
      </Text>
      <List size="sm">
        {of.invocations.map(({ request_id: requestId, func_urn: urn }) => (
          <List.Item key={requestId}>
            <TextLink href={`/invocations/${encodeURIComponent(urn)}/${requestId}`}>
              <span className="code">{requestId}</span>
            </TextLink>{' '}
            {nameOfUrn(urn)}
          </List.Item>
        ))}
      </List>
      {of.count > of.invocations.length && (
        <Text size="sm">The list holds the first {of.invocations.length.toLocaleString()}.</Text>
      )}
    </Alert>
  );
}

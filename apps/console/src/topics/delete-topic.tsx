import { Text } from '@mantine/core';
import { ConfirmButton } from '../ui/confirm-button.tsx';
import { useDeleteTopic, useSubscriptions } from './queries.ts';

function Effect({ urn }: { readonly urn: string }) {
  const { data } = useSubscriptions(urn);
  return (
    <>
      <p>Functions that name it as a target keep it, but their notices to it fail.</p>
      <Text size="sm" fw={600}>
        Subscriptions that end with it: {data?.length ?? '…'}
      </Text>
    </>
  );
}

interface DeleteTopicProps {
  readonly urn: string;
  readonly name: string;
  readonly onDeleted?: () => void;
}

/** Deletes a topic. It first tells how many subscriptions end. */
export function DeleteTopic({ urn, name, onDeleted }: DeleteTopicProps) {
  const remove = useDeleteTopic();
  return (
    <ConfirmButton
      size="xs"
      label="Delete"
      title={`Delete topic ${name}?`}
      question={<Effect urn={urn} />}
      onConfirm={async () => {
        await remove(urn);
        onDeleted?.();
      }}
    />
  );
}

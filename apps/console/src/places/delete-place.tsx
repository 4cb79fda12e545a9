import { Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { answerOf } from '../api/client.ts';
import { useApi } from '../session/session-context.tsx';
import { countText, useTargetsOfPlace } from '../targets/queries.ts';
import { ConfirmButton } from '../ui/confirm-button.tsx';
import { placeWords } from './place-kinds.ts';
import type { PlaceKind } from './queries.ts';

/** Counts the notices on their way to the place, as far as the viewer may know. */
function Effect({ kind, name }: { readonly kind: PlaceKind; readonly name: string }) {
  const { data } = useTargetsOfPlace(kind, name);
  const pending = data?.reduce((sum, target) => sum + target.pending, 0);
  return (
    <>
      <p>{placeWords[kind].afterDeletion}</p>
      {pending !== undefined && (
        <Text size="sm" fw={600}>
          Notices on their way to it: {countText(pending)}
        </Text>
      )}
    </>
  );
}

interface DeletePlaceProps {
  readonly kind: PlaceKind;
  readonly name: string;
  readonly onDeleted?: () => void;
}

/** Deletes a bucket or stream from the registry. It first tells how many notices would fail. */
export function DeletePlace({ kind, name, onDeleted }: DeletePlaceProps) {
  const { client, project } = useApi();
  const queries = useQueryClient();
  async function remove() {
    await answerOf(client.DELETE('/v2/{project}/sendoff/{kind}/{name}', { params: { path: { project, kind, name } } }));
    onDeleted?.();
    await queries.invalidateQueries({ queryKey: ['places', kind] });
  }
  return (
    <ConfirmButton
      size="xs"
      label="Delete"
      title={`Delete ${placeWords[kind].one} ${name}?`}
      question={<Effect kind={kind} name={name} />}
      onConfirm={remove}
    />
  );
}

import { NumberInput, Select, SimpleGrid, TextInput } from '@mantine/core';
import { useAliases, useVersions } from './queries.ts';

/** How the function is called, besides its event. */
export interface CallForm {
  /** A version, or an alias after `!`. */
  readonly version: string;
  /** Seconds; text while it is being typed. */
  readonly delaySeconds: number | string;
  readonly tags: string;
  readonly idempotencyKey: string;
}

export const firstCall: CallForm = { version: 'latest', delaySeconds: 0, tags: '', idempotencyKey: '' };

interface CallFieldsProps {
  readonly urn: string;
  readonly of: CallForm;
  readonly onChange: (part: Partial<CallForm>) => void;
}

/** The version that is called, and the options of asynchronous calls. */
export function CallFields({ urn, of, onChange }: CallFieldsProps) {
  const versions = useVersions(urn);
  const aliases = useAliases(urn);
  const versionNames = (versions.data ?? []).flatMap(({ version }) => version ?? []);
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="md">
      <Select
        label="Version or alias"
        description="Of both kinds of calls."
        allowDeselect={false}
        data={[
          { group: 'Versions', items: [...new Set(['latest', ...versionNames])] },
          { group: 'Aliases', items: (aliases.data ?? []).map(({ name }) => `!${name}`) },
        ]}
        value={of.version}
        onChange={(version) => onChange({ version: version ?? 'latest' })}
      />
      <NumberInput
        label="Delay (s)"
        description="Of an asynchronous call."
        min={0}
        max={86_400}
        value={of.delaySeconds}
        onChange={(delaySeconds) => onChange({ delaySeconds })}
      />
      <TextInput
        label="Tags"
        description="Up to 8, separated by commas."
        value={of.tags}
        onChange={(event) => onChange({ tags: event.currentTarget.value })}
      />
      <TextInput
        label="Idempotency key"
        description="No spaces. Same key, same call."
        value={of.idempotencyKey}
        onChange={(event) => onChange({ idempotencyKey: event.currentTarget.value })}
      />
    </SimpleGrid>
  );
}

import { Button, Group, Select, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { FunctionSelect } from '../functions/function-select.tsx';
import { useVersions } from '../functions/queries.ts';
import { type SearchKind, searchKinds } from './search.ts';
import { statusChoices } from './status-mark.tsx';

/** The value of the field "Accepted" for times of the viewer's choice. */
export const chosenTimes = 'chosen';

const periods = [
  { value: '1', label: 'Last hour' },
  { value: '24', label: 'Last day' },
  { value: '168', label: 'Last week' },
  { value: chosenTimes, label: 'From … to …' },
];

/** The filters as the address of the page has them. */
export interface Chosen {
  /** Empty for all functions. */
  readonly function: string;
  readonly version: string;
  readonly status: string;
  /** Hours, or {@link chosenTimes}. */
  readonly hours: string;
  /** Times of fields `datetime-local`. */
  readonly from: string;
  readonly to: string;
  readonly by: SearchKind;
  readonly text: string;
}

interface InvocationFiltersProps {
  readonly of: Chosen;
  readonly onChange: (part: Partial<Chosen>) => void;
}

function SearchForm({ of, onChange }: Pick<InvocationFiltersProps, 'of' | 'onChange'>) {
  const [text, setText] = useState(of.text);
  function submit(event: FormEvent) {
    event.preventDefault();
    onChange({ text: text.trim() });
  }
  return (
    <form onSubmit={submit}>
      <Group align="flex-start" gap="xs">
        <Select
          label="Search by"
          allowDeselect={false}
          data={[...searchKinds]}
          value={of.by}
          onChange={(by) => onChange({ by: (by ?? of.by) as SearchKind })}
          w={160}
        />
        <TextInput label="Text" value={text} onChange={(event) => setText(event.currentTarget.value)} w={330} maw="100%" />
        <Group gap="xs" pt={25}>
          <Button type="submit" variant="default">
            Search
          </Button>
          {of.text !== '' && (
            <Button
              variant="default"
              onClick={() => {
                setText('');
                onChange({ text: '' });
              }}
            >
              Clear
            </Button>
          )}
        </Group>
      </Group>
    </form>
  );
}

/** The fields that choose invocations. */
export function InvocationFilters({ of, onChange }: InvocationFiltersProps) {
  const versions = useVersions(of.function, of.function !== '');
  return (
    <>
      <Group align="flex-end" mb="sm">
        <FunctionSelect
          clearLabel="Show all functions"
          value={of.function}
          onChange={(name) => onChange({ function: name, version: '' })}
        />
        <Select
          label="Version"
          allowDeselect={false}
          disabled={of.function === ''}
          data={[...new Set(['latest', ...(versions.data ?? []).flatMap(({ version }) => version ?? [])])]}
          value={of.version === '' ? 'latest' : of.version}
          onChange={(version) => onChange({ version: version === 'latest' ? '' : (version ?? '') })}
          w={120}
        />
        <Select
          label="State"
          placeholder="All"
          clearable
          clearButtonProps={{ 'aria-label': 'Show all states' }}
          data={statusChoices}
          value={of.status === '' ? null : of.status}
          onChange={(status) => onChange({ status: status ?? '' })}
          w={150}
        />
        <Select
          label="Accepted"
          allowDeselect={false}
          data={periods}
          value={of.hours}
          onChange={(hours) => onChange({ hours: hours ?? of.hours })}
          w={150}
        />
        {of.hours === chosenTimes && (
          <>
            <TextInput
              type="datetime-local"
              label="From"
              value={of.from}
              onChange={(event) => onChange({ from: event.currentTarget.value })}
            />
            <TextInput
              type="datetime-local"
              label="To"
              value={of.to}
              onChange={(event) => onChange({ to: event.currentTarget.value })}
            />
          </>
        )}
      </Group>
      <Group mb="lg">
        <SearchForm key={of.text} of={of} onChange={onChange} />
      </Group>
    </>
  );
}

import { Group, NumberInput, Select, TextInput } from '@mantine/core';
import type { ReactNode } from 'react';
import { useAgencies } from '../agencies/queries.ts';
import { memorySizes } from './settings.ts';

/** The settings that a function gets at its creation and may change later. */
export interface FunctionFields {
  readonly handler: string;
  /** Seconds; text while it is being typed. */
  readonly timeout: number | string;
  /** MB. */
  readonly memory: string;
  readonly agency: string | null;
}

interface FunctionFieldsProps {
  readonly of: FunctionFields;
  readonly onChange: (part: Partial<FunctionFields>) => void;
  /** Stands in place of the handler, for a function that has none. */
  readonly insteadOfHandler?: ReactNode;
}

/** The fields for handler, limits and agency of a function. */
export function FunctionFieldset({ of, onChange, insteadOfHandler }: FunctionFieldsProps) {
  const agencies = useAgencies();
  // The chosen agency stays a choice when it was deleted, or may not be seen.
  const names = new Set([...(agencies.data ?? []).map(({ name }) => name), ...(of.agency === null ? [] : [of.agency])]);
  return (
    <>
      <Group grow align="flex-start">
        {insteadOfHandler ?? (
          <TextInput
            label="Handler"
            required
            value={of.handler}
            onChange={(event) => onChange({ handler: event.currentTarget.value })}
          />
        )}
        <NumberInput label="Time limit (s)" required value={of.timeout} onChange={(timeout) => onChange({ timeout })} />
        <Select
          label="Memory (MB)"
          data={memorySizes}
          allowDeselect={false}
          value={of.memory}
          onChange={(memory) => onChange({ memory: memory ?? of.memory })}
        />
      </Group>
      <Select
        label="Agency"
        description="Lists the targets that results of the function may go to."
        placeholder="None"
        clearable
        data={[...names]}
        value={of.agency}
        onChange={(agency) => onChange({ agency })}
      />
    </>
  );
}

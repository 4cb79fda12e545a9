import { Autocomplete, Checkbox, Group, NumberInput, Select, SimpleGrid, TextInput } from '@mantine/core';
import { FunctionSelect } from '../functions/function-select.tsx';
import { useTargets } from '../targets/queries.ts';
import { type Amount, amountBounds, conditionsOf, type Selection } from './selection.ts';

interface FieldsProps {
  readonly of: Selection;
  readonly onChange: (part: Partial<Selection>) => void;
}

const statusChoices = [
  { value: 'FAIL', label: 'Failed' },
  { value: 'DISCARD', label: 'Discarded' },
];

/** The fields for failed invocations. */
function InvocationFields({ of, onChange }: FieldsProps) {
  return (
    <>
      <Select
        label="State"
        placeholder="Failed or discarded"
        clearable
        clearButtonProps={{ 'aria-label': 'Choose both states' }}
        data={statusChoices}
        value={of.status === '' ? null : of.status}
        onChange={(status) =>
          onChange({ status: status ?? '', ...(conditionsOf(status ?? '').includes(of.condition) ? {} : { condition: '' }) })
        }
      />
      <Select
        label="Condition"
        placeholder="Any"
        clearable
        searchable
        clearButtonProps={{ 'aria-label': 'Choose all conditions' }}
        data={conditionsOf(of.status)}
        value={of.condition === '' ? null : of.condition}
        onChange={(condition) => onChange({ condition: condition ?? '' })}
      />
      <TextInput
        label="Error text"
        placeholder="A part of the message"
        maxLength={200}
        value={of.errorText}
        onChange={(event) => onChange({ errorText: event.currentTarget.value })}
      />
    </>
  );
}

/** The target of undelivered notices. A target that has failed offers itself. */
function TargetField({ of, onChange }: FieldsProps) {
  const targets = useTargets();
  const known = (targets.data?.pages ?? []).flatMap((page) => page.targets);
  return (
    <Autocomplete
      label="Target"
      placeholder="All"
      data={known.filter(({ undelivered }) => undelivered > 0).map(({ target }) => target)}
      value={of.target}
      onChange={(target) => onChange({ target })}
    />
  );
}

/** Lets functions run the events of their namesakes, which a redrive refuses by default. */
function MadeAnewField({ of, onChange }: FieldsProps) {
  return (
    <Checkbox
      label="Also events of removed functions, on those that were made anew under their names"
      checked={of.isMadeAnew}
      onChange={({ currentTarget: { checked } }) => onChange({ isMadeAnew: checked })}
    />
  );
}

/** The fields that select invocations or notices. */
export function SelectionFields({ of, onChange }: FieldsProps) {
  const time = (name: 'from' | 'to', label: string) => (
    <TextInput
      type="datetime-local"
      label={label}
      value={of[name]}
      onChange={(event) => onChange({ [name]: event.currentTarget.value })}
    />
  );
  const isFailed = of.of === 'failed';
  return (
    <>
      <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }} spacing="md">
        <FunctionSelect
          clearLabel="Choose all functions"
          value={of.function}
          onChange={(name) => onChange({ function: name })}
          w="auto"
        />
        {isFailed ? <InvocationFields of={of} onChange={onChange} /> : <TargetField of={of} onChange={onChange} />}
        {time('from', isFailed ? 'Accepted from' : 'Given up from')}
        {time('to', isFailed ? 'Accepted until' : 'Given up until')}
      </SimpleGrid>
      {isFailed && <MadeAnewField of={of} onChange={onChange} />}
    </>
  );
}

/** The fields that say how fast the selection starts, and when that stops. */
export function AmountFields({ of, onChange }: FieldsProps) {
  const field = (name: Amount, label: string) => (
    <NumberInput
      label={label}
      {...amountBounds[name]}
      allowDecimal={false}
      thousandSeparator=","
      value={of[name]}
      onChange={(value) => onChange({ [name]: value })}
      w={190}
    />
  );
  return (
    <Group align="flex-end">
      {field('limit', 'At most')}
      {field('rate', 'Per second')}
      {field('canary', 'Start so many first')}
      {field('stopPercent', of.of === 'failed' ? 'Stop at failures, in %' : 'Stop at undelivered, in %')}
    </Group>
  );
}

import { Select } from '@mantine/core';
import { shortName, useFunctions } from './queries.ts';

interface FunctionSelectProps {
  /** Default: `Function`. */
  readonly label?: string;
  /** Stands for no function. Default: `All`. */
  readonly placeholder?: string;
  /** Names the button that chooses no function. */
  readonly clearLabel: string;
  /** `package:name`; empty for no function. */
  readonly value: string;
  readonly onChange: (name: string) => void;
  /** Width in pixels, or as wide as its place. Default: 240. */
  readonly w?: number | 'auto';
}

/** Chooses one of the functions that the viewer may see, or none. */
export function FunctionSelect({ label = 'Function', placeholder = 'All', w = 240, ...props }: FunctionSelectProps) {
  const functions = useFunctions();
  return (
    <Select
      label={label}
      placeholder={placeholder}
      searchable
      clearable
      clearButtonProps={{ 'aria-label': props.clearLabel }}
      data={(functions.data ?? []).map(shortName)}
      value={props.value === '' ? null : props.value}
      onChange={(name) => props.onChange(name ?? '')}
      w={w}
    />
  );
}

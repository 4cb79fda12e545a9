import { Stack } from '@mantine/core';
import type { FormEvent } from 'react';
import { asProblem, type ProblemKind } from '../../api/problem.ts';
import { FormButtons } from '../../ui/form-buttons.tsx';
import { ProblemNotice } from '../../ui/problem-notice.tsx';
import { PolicyFields } from './policy-fields.tsx';
import type { PolicyForm } from './policy-form.ts';
import { useSetPolicy } from './queries.ts';
import { type Refusals, refusalsOf, type Side } from './refusals.ts';
import { TargetFields } from './target-fields.tsx';

interface PolicyEditorProps {
  readonly urn: string;
  readonly functionUrn: string;
  readonly form: PolicyForm;
  readonly onChange: (form: PolicyForm) => void;
  readonly onSaved: (form: PolicyForm) => void;
  readonly onCancel: () => void;
}

/** Kinds of problems that a value of the form can cause. A missing grant is `forbidden`. */
const judged: ReadonlySet<ProblemKind> = new Set(['refused', 'forbidden', 'missing']);

/** The form of the page. The API judges every value; its refusals stand at the fields. */
export function PolicyEditor({ urn, functionUrn, form, onChange, onSaved, onCancel }: PolicyEditorProps) {
  const saving = useSetPolicy(urn, functionUrn, onSaved);
  const problem = saving.error === null ? undefined : asProblem(saving.error);
  const refusals: Refusals = problem !== undefined && judged.has(problem.kind) ? refusalsOf(problem.message, form) : {};
  const isAtField = Object.keys(refusals).length > 0;

  function change(part: Partial<PolicyForm>) {
    if (isAtField) saving.reset();
    onChange({ ...form, ...part });
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    saving.mutate(form);
  }

  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="lg">
        <PolicyFields form={form} refusals={refusals} onChange={change} />
        {(['success', 'failure'] as const satisfies readonly Side[]).map((side) => (
          <TargetFields
            key={side}
            side={side}
            target={form[side]}
            refusals={refusals}
            onChange={(part) => change({ [side]: { ...form[side], ...part } })}
          />
        ))}
        {problem !== undefined && !isAtField && <ProblemNotice error={problem} />}
        <FormButtons action="OK" isPending={saving.isPending} onCancel={onCancel} />
      </Stack>
    </form>
  );
}

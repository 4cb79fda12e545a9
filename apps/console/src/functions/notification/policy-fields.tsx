import { Fieldset, Group, NumberInput, Select, Stack, Switch } from '@mantine/core';
import { useStatusLog } from './queries.ts';
import type { PolicyForm } from './policy-form.ts';
import type { Refusals } from './refusals.ts';

interface PolicyFieldsProps {
  readonly form: PolicyForm;
  readonly refusals: Refusals;
  readonly onChange: (part: Partial<PolicyForm>) => void;
}

/** The log group and stream. Switching persistence on chooses those of the project. */
function StatusLogFields({ form, refusals, onChange }: PolicyFieldsProps) {
  const { data: log } = useStatusLog();
  if (log == null && !form.isStatusLogged) return null;
  const choices = (known: string | undefined, chosen: string) =>
    [...new Set([known ?? '', chosen])].filter((name) => name !== '');
  return (
    <Stack gap="md">
      <Switch
        label="Asynchronous Invocation Status Persistence"
        description="Writes the status of each asynchronous invocation to the status log."
        checked={form.isStatusLogged}
        onChange={({ currentTarget: { checked } }) =>
          onChange({
            isStatusLogged: checked,
            ...(checked && form.logGroup === '' ? { logGroup: log?.group_name ?? '', logStream: log?.stream_name ?? '' } : {}),
          })
        }
      />
      {form.isStatusLogged && (
        <Group grow align="flex-start">
          <Select
            label="Log Group"
            data={choices(log?.group_name, form.logGroup)}
            value={form.logGroup === '' ? null : form.logGroup}
            onChange={(logGroup) => onChange({ logGroup: logGroup ?? '' })}
            error={refusals.logGroup}
          />
          <Select
            label="Log Stream"
            data={choices(log?.stream_name, form.logStream)}
            value={form.logStream === '' ? null : form.logStream}
            onChange={(logStream) => onChange({ logStream: logStream ?? '' })}
            error={refusals.logStream}
          />
        </Group>
      )}
    </Stack>
  );
}

/** The first part of the form: retries, validity period and status persistence. */
export function PolicyFields(props: PolicyFieldsProps) {
  const { form, refusals, onChange } = props;
  return (
    <Fieldset legend="Asynchronous Execution Notification Policy">
      <Stack gap="md">
        <Group grow align="flex-start">
          <NumberInput
            label="Max. Retries"
            description="Retries when the asynchronous invocation fails: 0 to 3."
            value={form.retries}
            onChange={(retries) => onChange({ retries })}
            error={refusals.retries}
          />
          <NumberInput
            label="Max. Validity Period (s)"
            description="The longest lifetime of a message: 1 to 86,400 s."
            value={form.validitySeconds}
            onChange={(validitySeconds) => onChange({ validitySeconds })}
            error={refusals.validitySeconds}
          />
        </Group>
        <Group grow align="flex-start">
          <NumberInput
            label="Wait before the first retry (s)"
            description="Sendoff only. It doubles with each retry."
            value={form.waitBaseSeconds}
            onChange={(waitBaseSeconds) => onChange({ waitBaseSeconds })}
            error={refusals.waitBaseSeconds}
          />
          <NumberInput
            label="Longest wait (s)"
            description="Sendoff only. No wait grows beyond it."
            value={form.waitMaxSeconds}
            onChange={(waitMaxSeconds) => onChange({ waitMaxSeconds })}
            error={refusals.waitMaxSeconds}
          />
        </Group>
        <StatusLogFields {...props} />
      </Stack>
    </Fieldset>
  );
}

import { Fieldset, Group, NumberInput, Select, Stack, TextInput } from '@mantine/core';
import { type Place, usePlaces } from '../../places/queries.ts';
import { useTopics } from '../../topics/queries.ts';
import { shortName, useAliases, useFunctions, useVersions } from '../queries.ts';
import { type Service, services, type TargetForm } from './policy-form.ts';
import type { Refusals, Side } from './refusals.ts';

interface TargetFieldsProps {
  readonly side: Side;
  readonly target: TargetForm;
  readonly refusals: Refusals;
  readonly onChange: (part: Partial<TargetForm>) => void;
}

const legends = { success: 'Success Notification', failure: 'Failure Notification' } as const;
const serviceWords: Readonly<Record<Service, string>> = {
  FunctionGraph: 'FunctionGraph: another function',
  OBS: 'OBS: an object in a bucket',
  DIS: 'DIS: a record in a stream',
  SMN: 'SMN: the subscribers of a topic',
};

function placeNames(places: readonly Place[] = []): string[] {
  return places.map(({ name }) => name);
}

/** Keeps a value in the choices that the list no longer has: it was deleted, or may not be seen. */
function withChosen(names: readonly string[], chosen: string): string[] {
  return chosen === '' || names.includes(chosen) ? [...names] : [chosen, ...names];
}

function FunctionFields({ side, target, refusals, onChange }: TargetFieldsProps) {
  const functions = useFunctions();
  const isChosen = target.functionName !== '';
  const versions = useVersions(target.functionName, isChosen);
  const aliases = useAliases(target.functionName, isChosen);
  const versionNames = (versions.data ?? []).flatMap(({ version }) => version ?? []);
  const aliasNames = (aliases.data ?? []).map(({ name }) => `!${name}`);
  return (
    <Group grow align="flex-start">
      <Select
        label="Function Name"
        description="The function that will receive the notification."
        placeholder="Select a function"
        searchable
        nothingFoundMessage="No function has that name"
        data={withChosen((functions.data ?? []).map(shortName), target.functionName)}
        value={target.functionName === '' ? null : target.functionName}
        onChange={(name) => onChange({ functionName: name ?? '', version: 'latest' })}
        error={refusals[`${side}.functionName`]}
      />
      <Select
        label="Version/Alias"
        description="The version or alias of the function."
        disabled={!isChosen}
        allowDeselect={false}
        data={[
          { group: 'Versions', items: withChosen(versionNames, target.version.startsWith('!') ? '' : target.version) },
          { group: 'Aliases', items: withChosen(aliasNames, target.version.startsWith('!') ? target.version : '') },
        ]}
        value={target.version}
        onChange={(version) => onChange({ version: version ?? 'latest' })}
      />
    </Group>
  );
}

function BucketFields({ side, target, refusals, onChange }: TargetFieldsProps) {
  const buckets = usePlaces('buckets');
  return (
    <Stack gap="md">
      <Select
        label="Target Bucket Directory"
        description="The bucket that stores the notification messages."
        placeholder="Select a bucket"
        searchable
        nothingFoundMessage="No bucket has that name. Create one at “Buckets”."
        data={withChosen(placeNames(buckets.data), target.bucket)}
        value={target.bucket === '' ? null : target.bucket}
        onChange={(bucket) => onChange({ bucket: bucket ?? '' })}
        error={refusals[`${side}.bucket`]}
      />
      <Group grow align="flex-start">
        <TextInput
          label="Object Prefix Directory"
          description="The folder of the objects in the bucket."
          value={target.prefix}
          onChange={(event) => onChange({ prefix: event.currentTarget.value })}
          error={refusals[`${side}.prefix`]}
        />
        <NumberInput
          label="Object Validity Period (Days)"
          description="0 to 365. With 0 the object does not expire."
          value={target.expires}
          onChange={(expires) => onChange({ expires })}
          error={refusals[`${side}.expires`]}
        />
      </Group>
    </Stack>
  );
}

function StreamFields({ side, target, refusals, onChange }: TargetFieldsProps) {
  const streams = usePlaces('streams');
  return (
    <Select
      label="Target Stream"
      description="The stream that receives the notification messages."
      placeholder="Select a stream"
      searchable
      nothingFoundMessage="No stream has that name. Create one at “Streams”."
      data={withChosen(placeNames(streams.data), target.stream)}
      value={target.stream === '' ? null : target.stream}
      onChange={(stream) => onChange({ stream: stream ?? '' })}
      error={refusals[`${side}.stream`]}
    />
  );
}

function TopicFields({ side, target, refusals, onChange }: TargetFieldsProps) {
  const topics = useTopics();
  const known = (topics.data ?? []).map(({ topic_urn, name }) => ({ value: topic_urn ?? '', label: name ?? '' }));
  const isKnown = target.topicUrn === '' || known.some(({ value }) => value === target.topicUrn);
  return (
    <Select
      label="Topic Name"
      description="The topic that receives the notification messages."
      placeholder="Select a topic"
      searchable
      nothingFoundMessage="No topic has that name. Create one at “Topics”."
      data={isKnown ? known : [{ value: target.topicUrn, label: target.topicUrn }, ...known]}
      value={target.topicUrn === '' ? null : target.topicUrn}
      onChange={(topicUrn) => onChange({ topicUrn: topicUrn ?? '' })}
      error={refusals[`${side}.topicUrn`]}
    />
  );
}

const fieldsOf = { FunctionGraph: FunctionFields, OBS: BucketFields, DIS: StreamFields, SMN: TopicFields } as const;

/** One side of the form: the service, and the fields that it needs. */
export function TargetFields(props: TargetFieldsProps) {
  const { side, target, refusals, onChange } = props;
  const Fields = target.service === 'none' ? undefined : fieldsOf[target.service];
  return (
    <Fieldset legend={legends[side]}>
      <Stack gap="md">
        <Select
          label="Target Service"
          description={`A notification is sent to it if a function ${side === 'success' ? 'is executed successfully' : 'fails to be executed'}.`}
          allowDeselect={false}
          data={[{ value: 'none', label: 'None' }, ...services.map((value) => ({ value, label: serviceWords[value] }))]}
          value={target.service}
          onChange={(service) => onChange({ service: (service ?? 'none') as TargetForm['service'] })}
          error={refusals[`${side}.service`]}
        />
        {Fields !== undefined && <Fields {...props} />}
      </Stack>
    </Fieldset>
  );
}

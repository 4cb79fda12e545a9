import { Button, Group, Table, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useState } from 'react';
import { ConfirmButton } from '../ui/confirm-button.tsx';
import { DataTable } from '../ui/data-table.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Instant } from '../ui/instant.tsx';
import { PageHead } from '../ui/page-head.tsx';
import { Panel } from '../ui/panel.tsx';
import { QueryView } from '../ui/query-view.tsx';
import { CreateKey } from './create-key.tsx';
import { type AccessKey, useKeyActs, useKeys } from './queries.ts';
import { RotateKey } from './rotate-key.tsx';

function Limits({ of: { functions, agencies, topics } }: { readonly of: AccessKey }) {
  const lists = [
    ['Functions', functions],
    ['Agencies', agencies],
    ['Topics', topics],
  ] as const;
  return (
    <>
      {lists.map(([name, patterns]) => (
        <Text key={name} size="xs" component="div">
          {name}: <span className="code">{patterns.length === 0 ? 'none' : patterns.join(', ')}</span>
        </Text>
      ))}
    </>
  );
}

function KeyActs({ of, onRotate }: { readonly of: AccessKey; readonly onRotate: () => void }) {
  const { access_key: accessKey, enabled } = of;
  const { disable, enable, remove } = useKeyActs(accessKey);
  if (of.first) return <>Set by the configuration</>;
  return (
    <Group gap="xs" wrap="nowrap">
      <Button size="xs" variant="default" onClick={onRotate}>
        Rotate
      </Button>
      {enabled ? (
        <ConfirmButton
          size="xs"
          label="Disable"
          title={`Disable ${accessKey}?`}
          question="Its requests are refused until it is enabled again. Synchronous calls that it has open end."
          onConfirm={disable}
        />
      ) : (
        <Button size="xs" variant="default" onClick={() => void enable()}>
          Enable
        </Button>
      )}
      <ConfirmButton
        size="xs"
        label="Delete"
        title={`Delete ${accessKey}?`}
        question="Its requests are refused for good. Invocations that it has started run on."
        onConfirm={remove}
      />
    </Group>
  );
}

function KeyRow({ of, onRotate }: { readonly of: AccessKey; readonly onRotate: () => void }) {
  return (
    <Table.Tr>
      <Table.Td>
        {of.enabled ? <span className="state state-good">Enabled</span> : <span className="state state-off">Disabled</span>}
      </Table.Td>
      <Table.Td>
        {of.description === '' ? '–' : of.description}
        <Text size="xs" c="dimmed" className="code">
          {of.access_key}
        </Text>
      </Table.Td>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>{of.rights.join(', ')}</Table.Td>
      <Table.Td>
        <Limits of={of} />
      </Table.Td>
      <Table.Td>
        <Instant at={of.create_time} />
        {of.previous_secret_ends_at !== undefined && (
          <Text size="xs" c="dimmed" component="div">
            old secret until <Instant at={of.previous_secret_ends_at} />
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <KeyActs of={of} onRotate={onRotate} />
      </Table.Td>
    </Table.Tr>
  );
}

/** The access keys of the project. */
export default function KeysPage() {
  const query = useKeys();
  const [isCreating, { open, close }] = useDisclosure();
  const [rotated, setRotated] = useState<string>();
  return (
    <>
      <PageHead title="Keys" actions={<Button onClick={open}>Create key</Button>}>
        Give each user of the API a key of its own, with only the rights that it needs.
      </PageHead>
      <Panel isFlush>
        <QueryView query={query}>
          {(keys) => (
            <DataTable label="Keys" headings={['State', 'Key', 'Rights', 'Limits', 'Created', 'Acts']} minWidth={980}>
              {keys.map((key) => (
                <KeyRow key={key.access_key} of={key} onRotate={() => setRotated(key.access_key)} />
              ))}
            </DataTable>
          )}
        </QueryView>
      </Panel>
      <Dialog opened={isCreating} onClose={close} title="Create key" size="lg" closeOnClickOutside={false}>
        <CreateKey onClose={close} />
      </Dialog>
      <Dialog
        opened={rotated !== undefined}
        onClose={() => setRotated(undefined)}
        title="Rotate the secret"
        closeOnClickOutside={false}
      >
        {rotated !== undefined && <RotateKey accessKey={rotated} onClose={() => setRotated(undefined)} />}
      </Dialog>
    </>
  );
}

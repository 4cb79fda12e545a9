import { Button, Table } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { answerOf } from '../api/client.ts';
import { useApi } from '../session/session-context.tsx';
import { ConfirmButton } from '../ui/confirm-button.tsx';
import { DataTable } from '../ui/data-table.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { isMissing, NoSuch } from '../ui/no-such.tsx';
import { PageHead } from '../ui/page-head.tsx';
import { Panel } from '../ui/panel.tsx';
import { QueryView } from '../ui/query-view.tsx';
import { Trail } from '../ui/trail.tsx';
import { useGoOn } from '../ui/use-go-on.ts';
import { AddSubscription } from './add-subscription.tsx';
import { DeleteTopic } from './delete-topic.tsx';
import { type Subscription, useSubscriptions, useTopic } from './queries.ts';
import { PublishMessage } from './publish-message.tsx';

const confirmed = 1;

function SubscriptionRow({ of, topicUrn }: { readonly of: Subscription; readonly topicUrn: string }) {
  const { client, project } = useApi();
  const queries = useQueryClient();
  const { subscription_urn: urn = '', endpoint = '', protocol, remark, status } = of;
  async function remove() {
    await answerOf(client.DELETE('/v2/{project}/notifications/subscriptions/{urn}', { params: { path: { project, urn } } }));
    await queries.invalidateQueries({ queryKey: ['topics', topicUrn] });
  }
  return (
    <Table.Tr>
      <Table.Td>
        {status === confirmed ? (
          <span className="state state-good">Confirmed</span>
        ) : (
          <span className="state state-waiting">Unconfirmed</span>
        )}
      </Table.Td>
      <Table.Td>{protocol === 'functionstage' ? 'Function' : 'Webhook'}</Table.Td>
      <Table.Td className="code">{endpoint}</Table.Td>
      <Table.Td>{remark}</Table.Td>
      <Table.Td>
        <ConfirmButton
          size="xs"
          label="Unsubscribe"
          title="End this subscription?"
          question={
            <>
              <span className="code">{endpoint}</span> gets no messages any more. Those on their way to it fail.
            </>
          }
          onConfirm={remove}
        />
      </Table.Td>
    </Table.Tr>
  );
}

function Subscriptions({ urn }: { readonly urn: string }) {
  const query = useSubscriptions(urn);
  const [isOpen, { open, close }] = useDisclosure();
  const add = <Button onClick={open}>Add subscription</Button>;
  return (
    <Panel title="Subscriptions" isFlush actions={add}>
      <QueryView query={query}>
        {(subscriptions) =>
          subscriptions.length === 0 ? (
            <EmptyState title="Nobody is subscribed yet">
              Messages stand on the Kafka topic only. Add a function or a webhook to pass them on.
            </EmptyState>
          ) : (
            <DataTable label="Subscriptions" headings={['State', 'Kind', 'Endpoint', 'Remark', 'Acts']} minWidth={720}>
              {subscriptions.map((subscription) => (
                <SubscriptionRow key={subscription.subscription_urn} of={subscription} topicUrn={urn} />
              ))}
            </DataTable>
          )
        }
      </QueryView>
      <Dialog opened={isOpen} onClose={close} title="Add subscription">
        <AddSubscription urn={urn} onClose={close} />
      </Dialog>
    </Panel>
  );
}

/** One topic with its subscriptions, and a form that publishes a message. */
export default function TopicPage({ urn }: { readonly urn: string }) {
  const query = useTopic(urn);
  const goOn = useGoOn();
  const name = urn.slice(urn.lastIndexOf(':') + 1);
  if (query.data === undefined && isMissing(query.error)) return <NoSuch kind="topic" name={urn} list="Topics" href="/topics" />;
  return (
    <>
      <Trail label="Topics" href="/topics" />
      <PageHead title={name} actions={<DeleteTopic urn={urn} name={name} onDeleted={() => goOn('/topics')} />}>
        <span className="code">{urn}</span>
      </PageHead>
      <QueryView query={query}>
        {() => (
          <>
            <Subscriptions urn={urn} />
            <PublishMessage urn={urn} />
          </>
        )}
      </QueryView>
    </>
  );
}

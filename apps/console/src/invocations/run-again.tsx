import { Alert, Button, Stack, Text, Textarea } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useAsyncCall } from '../functions/calls.ts';
import { nameOfUrn } from '../functions/function-name.ts';
import { type InvocationPayload, useInvocationPayload } from '../payload/invocation-payload.ts';
import { PayloadView } from '../payload/payload-view.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { FormButtons } from '../ui/form-buttons.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { QueryView } from '../ui/query-view.tsx';
import { useDraft } from '../ui/use-draft.ts';
import { useGoOn } from '../ui/use-go-on.ts';

interface RunAgainProps {
  readonly urn: string;
  readonly requestId: string;
}

interface RunAgainFormProps extends RunAgainProps {
  readonly payload: InvocationPayload;
  readonly onClose: () => void;
}

/** The payload of a new invocation: the same one, or edited by hand. */
function RunAgainForm({ urn, requestId, payload, onClose }: RunAgainFormProps) {
  const known = payload.kind === 'text' ? payload.text : undefined;
  const draft = useDraft<string>(`run again ${requestId}`);
  const [isEdited, setEdited] = useState(payload.kind === 'unknown' || draft.value !== undefined);
  const goOn = useGoOn();
  const call = useAsyncCall(urn);
  const event = draft.value ?? known ?? '{\n}';
  const same = payload.kind === 'stored' ? { reference: payload.reference } : (known ?? event);
  function submit(submitted: FormEvent) {
    submitted.preventDefault();
    call.mutate(
      { event: isEdited ? event : same },
      {
        onSuccess: (newId) => {
          draft.clear();
          onClose();
          goOn(`/invocations/${encodeURIComponent(urn)}/${newId}`);
        },
      },
    );
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        {payload.kind === 'unknown' && (
          <Alert variant="default" title="The payload is not known">
            {payload.reason} Paste or write it.
          </Alert>
        )}
        {isEdited ? (
          <Textarea
            className="editor"
            label="Event, a JSON object"
            autosize
            minRows={5}
            maxRows={18}
            spellCheck={false}
            value={event}
            onChange={({ currentTarget: { value } }) => draft.set(value)}
          />
        ) : (
          <>
            {payload.kind === 'stored' ? (
              <Text size="sm">
                The payload is large and still in the store. The new invocation uses it from there, for a day after its upload.
              </Text>
            ) : (
              <PayloadView payload={known ?? ''} />
            )}
            <div>
              <Button size="xs" variant="default" onClick={() => setEdited(true)}>
                {payload.kind === 'stored' ? 'Write another one' : 'Edit it, with all values shown'}
              </Button>
            </div>
          </>
        )}
        <Text size="sm">The function that has this name now runs it, with its present code.</Text>
        {call.error !== null && <ProblemNotice error={call.error} />}
        <FormButtons action="Run" isPending={call.isPending} onCancel={onClose} />
      </Stack>
    </form>
  );
}

function RunAgainContent(props: Omit<RunAgainFormProps, 'payload'>) {
  const payload = useInvocationPayload(props.urn, props.requestId);
  return <QueryView query={payload}>{(known) => <RunAgainForm {...props} payload={known} />}</QueryView>;
}

/** Makes a new invocation of the same function. The old one stays as it is. */
export function RunAgain({ urn, requestId }: RunAgainProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button variant="default" onClick={() => setOpen(true)}>
        Run again
      </Button>
      <Dialog opened={isOpen} onClose={() => setOpen(false)} size="lg" title={`Run ${nameOfUrn(urn)} again`}>
        <RunAgainContent urn={urn} requestId={requestId} onClose={() => setOpen(false)} />
      </Dialog>
    </>
  );
}

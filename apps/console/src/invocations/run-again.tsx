import { Alert, Button, Stack, Textarea } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useLocation } from 'wouter';
import { useAsyncCall } from '../functions/calls.ts';
import { nameOfUrn } from '../functions/function-name.ts';
import { knownPayload } from '../payload/known-payloads.ts';
import { PayloadView } from '../payload/payload-view.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { FormButtons } from '../ui/form-buttons.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { useDraft } from '../ui/use-draft.ts';

interface RunAgainProps {
  readonly urn: string;
  readonly requestId: string;
}

/** The payload of a new invocation: the same one, or edited by hand. */
function RunAgainForm({ urn, requestId, onClose }: RunAgainProps & { readonly onClose: () => void }) {
  const known = knownPayload(requestId);
  const draft = useDraft<string>(`run again ${requestId}`);
  const [isEdited, setEdited] = useState(known === undefined || draft.value !== undefined);
  const [, navigate] = useLocation();
  const call = useAsyncCall(urn);
  const event = draft.value ?? known ?? '{\n}';
  function submit(submitted: FormEvent) {
    submitted.preventDefault();
    call.mutate(
      { event: isEdited ? event : (known ?? event) },
      {
        onSuccess: (newId) => {
          draft.clear();
          onClose();
          navigate(`/invocations/${encodeURIComponent(urn)}/${newId}`);
        },
      },
    );
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        {known === undefined && (
          <Alert variant="default" title="The payload is not known here">
            Sendoff keeps no payload with its records, and this tab did not make the call. Paste or write it.
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
            <PayloadView payload={known ?? ''} />
            <div>
              <Button size="xs" variant="default" onClick={() => setEdited(true)}>
                Edit it, with all values shown
              </Button>
            </div>
          </>
        )}
        {call.error !== null && <ProblemNotice error={call.error} />}
        <FormButtons action="Run" isPending={call.isPending} onCancel={onClose} />
      </Stack>
    </form>
  );
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
        <RunAgainForm urn={urn} requestId={requestId} onClose={() => setOpen(false)} />
      </Dialog>
    </>
  );
}

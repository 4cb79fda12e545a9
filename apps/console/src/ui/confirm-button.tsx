import { Button, type ButtonProps, Group, Stack, Text } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { Dialog } from './dialog.tsx';
import { ProblemNotice } from './problem-notice.tsx';

interface ConfirmButtonProps extends ButtonProps {
  readonly label: string;
  readonly title: string;
  readonly question: ReactNode;
  /** Resolves when it is done; rejects with the problem that the dialog shows. */
  readonly onConfirm: () => Promise<unknown>;
}

/** A button for an act that cannot be undone: it asks first. */
export function ConfirmButton({ label, title, question, onConfirm, ...button }: ConfirmButtonProps) {
  const [isOpen, setOpen] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();

  async function confirm() {
    setBusy(true);
    setProblem(undefined);
    try {
      await onConfirm();
      setOpen(false);
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  }

  return (
    <>
      <Button variant="default" {...button} onClick={() => setOpen(true)}>
        {label}
      </Button>
      <Dialog opened={isOpen} onClose={() => setOpen(false)} title={title}>
        <Stack gap="md">
          <Text size="sm" component="div">
            {question}
          </Text>
          {problem !== undefined && <ProblemNotice error={problem} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={() => setOpen(false)}>
              Keep
            </Button>
            <Button color="red" loading={isBusy} onClick={() => void confirm()}>
              {label}
            </Button>
          </Group>
        </Stack>
      </Dialog>
    </>
  );
}

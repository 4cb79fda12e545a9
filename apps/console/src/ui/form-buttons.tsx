import { Button, Group } from '@mantine/core';

interface FormButtonsProps {
  /** The text of the button that submits the form. */
  readonly action: string;
  readonly isPending: boolean;
  readonly onCancel: () => void;
}

/** The last line of a form that can be left without saving. */
export function FormButtons({ action, isPending, onCancel }: FormButtonsProps) {
  return (
    <Group justify="flex-end">
      <Button variant="default" onClick={onCancel}>
        Cancel
      </Button>
      <Button type="submit" loading={isPending}>
        {action}
      </Button>
    </Group>
  );
}

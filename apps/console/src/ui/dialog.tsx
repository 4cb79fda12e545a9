import { Modal, type ModalProps } from '@mantine/core';
import { useSession } from '../session/session-context.tsx';

/**
 * A dialog with a heading and a named button that closes it. A click beside it does not close it,
 * because that would lose what was typed. Escape is for the login while that is asked for.
 */
export function Dialog(props: ModalProps & { readonly title: string }) {
  const { isExpired } = useSession();
  return (
    <Modal
      centered
      closeOnClickOutside={false}
      closeOnEscape={!isExpired}
      closeButtonProps={{ 'aria-label': 'Close' }}
      {...props}
    />
  );
}

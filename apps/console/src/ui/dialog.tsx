import { Modal, type ModalProps } from '@mantine/core';

/** A dialog with a heading and a named button that closes it. */
export function Dialog(props: ModalProps & { readonly title: string }) {
  return <Modal centered closeButtonProps={{ 'aria-label': 'Close' }} {...props} />;
}

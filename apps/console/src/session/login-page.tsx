import { Button, Center, Modal, Paper, Stack, Text, Title } from '@mantine/core';
import { Mark } from '../shell/mark.tsx';
import { LoginForm } from './login-form.tsx';
import { useSession } from './session-context.tsx';

/** The first page of a viewer who is not logged in. */
export function LoginPage() {
  return (
    <Center mih="100dvh" p="md" component="main">
      <Paper withBorder p="xl" radius="lg" w="100%" maw={420}>
        <Stack gap="lg">
          <Stack gap={6} align="center">
            <Mark size={40} />
            <Title order={1} size="h2">
              Sendoff
            </Title>
            <Text c="dimmed">Log in to this installation</Text>
          </Stack>
          <LoginForm />
        </Stack>
      </Paper>
    </Center>
  );
}

/** Other dialogs of Mantine have 200. */
const overDialogs = 300;

/**
 * Asks for a new login over the page whose credentials ended. The page stays, with everything that
 * was typed.
 */
export function ExpiredLogin() {
  const { isExpired, logOut } = useSession();
  return (
    <Modal.Root
      opened={isExpired}
      onClose={logOut}
      // Leaving it would close the page behind it, so only the button does.
      closeOnClickOutside={false}
      closeOnEscape={false}
      zIndex={overDialogs}
      centered
    >
      <Modal.Overlay />
      <Modal.Content>
        {/* Without a header: that of a dialog behind it would be a second banner of the page. */}
        <Modal.Body pt="md">
          <Stack gap="md">
            <Modal.Title>Your login is no longer valid</Modal.Title>
            <Text>The token or key was changed, disabled or deleted. Log in again to go on: what you typed is still there.</Text>
            <LoginForm />
            <Button variant="default" onClick={logOut}>
              Log out
            </Button>
          </Stack>
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}

import { Center, Modal, Paper, Stack, Text, Title } from '@mantine/core';
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

/**
 * Asks for a new login over the page whose credentials ended. The page stays, with everything that
 * was typed.
 */
export function ExpiredLogin() {
  const { isExpired, logOut } = useSession();
  return (
    <Modal
      opened={isExpired}
      onClose={logOut}
      title="Your login is no longer valid"
      closeButtonProps={{ 'aria-label': 'Log out' }}
      centered
    >
      <Stack gap="md">
        <Text>The token or key was changed, disabled or deleted. Log in again to go on: what you typed is still there.</Text>
        <LoginForm />
      </Stack>
    </Modal>
  );
}

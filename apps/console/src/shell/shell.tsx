import {
  AppShell,
  Burger,
  Button,
  Group,
  NavLink,
  ScrollArea,
  Stack,
  Text,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { type ReactNode, useEffect } from 'react';
import { Link, useLocation } from 'wouter';
import { useSession } from '../session/session-context.tsx';
import { useZone } from '../ui/instant.tsx';
import { Mark } from './mark.tsx';
import { pageGroups } from './pages.ts';

function Preferences() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const { isUtc, toggle } = useZone();
  const { session, logOut } = useSession();
  return (
    <Stack gap="xs" px="md" py="xs">
      <Text size="xs" c="dimmed" className="code">
        Project {session?.project}
      </Text>
      <Group gap="xs" grow wrap="nowrap">
        <Button size="xs" variant="default" onClick={toggle} aria-label={isUtc ? 'Show local times' : 'Show times in UTC'}>
          {isUtc ? 'Local' : 'UTC'}
        </Button>
        <Button
          size="xs"
          variant="default"
          onClick={() => setColorScheme(scheme === 'dark' ? 'light' : 'dark')}
          aria-label={scheme === 'dark' ? 'Light colours' : 'Dark colours'}
        >
          {scheme === 'dark' ? 'Light' : 'Dark'}
        </Button>
      </Group>
      <Button size="xs" variant="default" onClick={logOut}>
        Log out
      </Button>
    </Stack>
  );
}

function PageLink({ path, label }: { readonly path: string; readonly label: string }) {
  const [location] = useLocation();
  const isHere = location === `/${path}` || location.startsWith(`/${path}/`);
  return (
    <NavLink
      component={Link}
      href={`/${path}`}
      label={label}
      active={isHere}
      aria-current={isHere ? 'page' : undefined}
      variant="light"
      py={3}
      style={{ borderRadius: 'var(--mantine-radius-md)' }}
    />
  );
}

/** The frame of all pages: the navigation beside the page, or above it on a phone. */
export function Shell({ children }: { readonly children: ReactNode }) {
  const [isOpen, { toggle, close }] = useDisclosure();
  const [location] = useLocation();
  useEffect(close, [location, close]);
  return (
    <AppShell
      header={{ height: { base: 56, sm: 0 } }}
      navbar={{ width: 232, breakpoint: 'sm', collapsed: { mobile: !isOpen } }}
      padding={{ base: 'md', sm: 'xl' }}
    >
      <a href="#content" className="skip">
        Skip to the content
      </a>
      <AppShell.Header hiddenFrom="sm">
        <Group h="100%" px="md" gap="sm">
          <Burger opened={isOpen} onClick={toggle} size="sm" aria-label="Navigation" aria-expanded={isOpen} />
          <Mark size={24} />
          <Text fw={650}>Sendoff</Text>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar aria-label="Pages">
        <Group gap="sm" px="md" py="sm" visibleFrom="sm">
          <Mark size={28} />
          <Text fw={650} size="lg">
            Sendoff
          </Text>
        </Group>
        <ScrollArea flex={1} px="xs" py={{ base: 'xs', sm: 0 }}>
          {pageGroups.map(({ label: group, pages }) => (
            <Stack key={group} gap={0} mb="xs" role="group" aria-label={group}>
              <Text size="xs" c="dimmed" fw={600} px="sm" pb={4} aria-hidden>
                {group}
              </Text>
              {pages.map(({ path, label }) => (
                <PageLink key={path} path={path} label={label} />
              ))}
            </Stack>
          ))}
        </ScrollArea>
        <Preferences />
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1}>
        <div style={{ maxWidth: 1120, marginInline: 'auto' }}>{children}</div>
      </AppShell.Main>
    </AppShell>
  );
}

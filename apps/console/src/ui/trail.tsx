import { Anchor, Breadcrumbs } from '@mantine/core';
import { Link } from 'wouter';

/** The way back from the page of one thing to the list of them. */
export function Trail({ label, href }: { readonly label: string; readonly href: string }) {
  return (
    <Breadcrumbs mb="xs" component="nav" aria-label="Breadcrumbs">
      <Anchor component={Link} href={href} size="sm">
        {label}
      </Anchor>
    </Breadcrumbs>
  );
}

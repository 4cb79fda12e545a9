import { asProblem } from '../api/problem.ts';
import type { ReactNode } from 'react';
import { EmptyState } from './empty-state.tsx';
import { PageHead } from './page-head.tsx';
import { Panel } from './panel.tsx';
import { TextLink } from './text-link.tsx';
import { Trail } from './trail.tsx';

/** Whether the API answered that the thing of a page does not exist. */
export function isMissing(error: unknown): boolean {
  return error !== null && asProblem(error).kind === 'missing';
}

interface NoSuchProps {
  /** The kind of thing, as `function`. */
  readonly kind: string;
  readonly name: string;
  /** The list of all things of this kind: its heading, and its address. */
  readonly list: string;
  readonly href: string;
  /** Why it may be missing, if that is not a deletion. */
  readonly children?: ReactNode;
}

/** Stands in place of a page whose thing does not exist. It offers no act. */
export function NoSuch({ kind, name, list, href, children }: NoSuchProps) {
  return (
    <>
      <Trail label={list} href={href} />
      <PageHead title={`No such ${kind}`}>
        <span className="code">{name}</span>
      </PageHead>
      <Panel>
        <EmptyState title={`No ${kind} has this name`}>
          {children ?? 'It may have been deleted, or the address has a mistake.'} <TextLink href={href}>{list}</TextLink> lists
          those that exist.
        </EmptyState>
      </Panel>
    </>
  );
}

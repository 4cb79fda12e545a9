import { asProblem } from '../api/problem.ts';
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
}

/** Stands in place of a page whose thing does not exist. It offers no act. */
export function NoSuch({ kind, name, list, href }: NoSuchProps) {
  return (
    <>
      <Trail label={list} href={href} />
      <PageHead title={`No such ${kind}`}>
        <span className="code">{name}</span>
      </PageHead>
      <Panel>
        <EmptyState title={`No ${kind} has this name`}>
          It may have been deleted, or the address has a mistake. <TextLink href={href}>{list}</TextLink> lists those that exist.
        </EmptyState>
      </Panel>
    </>
  );
}

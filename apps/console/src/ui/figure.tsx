import type { ReactNode } from 'react';
import { Link } from 'wouter';

/** How a number looks: `bad` wants somebody to act. */
export type FigureLook = 'plain' | 'good' | 'bad';

interface FigureProps {
  readonly label: string;
  readonly value: ReactNode;
  readonly note?: string | undefined;
  readonly look?: FigureLook;
  /** The page that tells more. */
  readonly href?: string;
}

/** A number that is read at a glance. */
export function Figure({ label, value, note, look = 'plain', href }: FigureProps) {
  return (
    <div className={`figure figure-${look}`}>
      <dt>{href === undefined ? label : <Link href={href}>{label}</Link>}</dt>
      <dd className="figure-value">{value}</dd>
      {note !== undefined && <dd className="figure-note">{note}</dd>}
    </div>
  );
}

/** Numbers side by side. */
export function Figures({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <dl className="figures" aria-label={label}>
      {children}
    </dl>
  );
}

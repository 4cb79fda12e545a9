import type { ReactNode } from 'react';

/** Lets a wide table scroll sideways, also by the arrow keys. */
export function ScrollX({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <div className="scroll-x" tabIndex={0} role="group" aria-label={label}>
      {children}
    </div>
  );
}

/**
 * How strong the walls around functions are: walls of the kernel, a plain process, or a process
 * that runs trusted code only. @see docs/isolation.md
 */
export const isolationLevels = ['kernel', 'process', 'none'] as const;

/** How strong the walls around functions are. */
export type IsolationLevel = (typeof isolationLevels)[number];

/** The wanted level. `auto` is the strongest level that works. */
export type Isolation = 'auto' | IsolationLevel;

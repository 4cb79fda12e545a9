import { tableLines } from '../print-table.ts';
import type { Session } from '../session.ts';

interface ShownFunction {
  readonly func_name: string;
  readonly package: string;
  readonly runtime: string;
  readonly handler: string;
  readonly timeout: number;
  readonly memory_size: number;
  readonly code_size: number;
  readonly last_modified: string;
}

const pageSize = 100;

/** Lists all functions of the project. */
export async function listFunctions(session: Session): Promise<void> {
  const functions: ShownFunction[] = [];
  for (let marker = 0; ; ) {
    const page = await session.ask<{ functions: readonly ShownFunction[]; next_marker: number; count: number }>({
      path: ['fgs', 'functions'],
      query: { marker, maxitems: pageSize },
    });
    functions.push(...page.functions);
    if (page.functions.length < pageSize) break;
    marker = page.next_marker;
  }
  session.show(functions, () =>
    tableLines(
      ['FUNCTION', 'PACKAGE', 'RUNTIME', 'HANDLER', 'TIMEOUT', 'MEMORY', 'CODE', 'CHANGED'],
      functions.map((fn) => [
        ...[fn.func_name, fn.package, fn.runtime, fn.handler, `${fn.timeout} s`, `${fn.memory_size} MB`],
        ...[`${fn.code_size} B`, fn.last_modified],
      ]),
    ),
  );
}

/** Shows the configuration of a function. */
export async function showFunction(session: Session, name: string): Promise<void> {
  const config = await session.ask<Readonly<Record<string, unknown>>>({ path: ['fgs', 'functions', name, 'config'] });
  session.show(config, () => fieldLines(config));
}

/** Removes a function with its versions, aliases and policy. */
export async function removeFunction(session: Session, name: string): Promise<void> {
  const changed = await session.change(`remove the function ${name}`, { method: 'DELETE', path: ['fgs', 'functions', name] });
  if (changed !== undefined) session.show({ removed: name }, () => [`${name} is removed`]);
}

/** Shows the fields of an answer, one a line. */
export function fieldLines(fields: Readonly<Record<string, unknown>>): string[] {
  return tableLines(
    ['FIELD', 'VALUE'],
    Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
  );
}

import type { Access } from '#contracts';
import { mayUse } from '#lifecycle';
import type { FunctionNames } from '../names/function-names.ts';
import type { StatusRecords } from './status-records.ts';

/** The readers that tell whether a function is known. */
export interface KnownFunctionParts {
  readonly names: FunctionNames;
  readonly records: Pick<StatusRecords, 'totals'>;
}

/**
 * Checks the function by which a list is filtered. A function that was deleted is known as long as
 * the ledger has it, because its records outlive it. A caller may learn nothing of functions of
 * others, so these are not checked: the list is then empty.
 * @param name undefined: the list has no such filter.
 * @throws ApiError FSS.1051, FSS.1052, FSS.1053 if neither the function nor records of it exist.
 * @throws PlatformError `STORE_UNAVAILABLE`.
 */
export async function checkKnown(
  { names, records }: KnownFunctionParts,
  caller: Access,
  project: string,
  name: string | undefined,
): Promise<void> {
  if (name === undefined || !mayUse(caller, names.parse(name, project))) return;
  const functionUrns = names.versionsNamed(name, project);
  try {
    names.find(name, project);
  } catch (unknown) {
    const { functions } = await records.totals({ project, functionUrns, limit: functionUrns.length });
    if (functions.length === 0) throw unknown;
  }
}

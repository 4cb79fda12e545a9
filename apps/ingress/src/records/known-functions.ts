import { Inject } from '@nestjs/common';
import type { Access } from '#contracts';
import { mayUse } from '#lifecycle';
import { FunctionNames } from '../names/function-names.ts';
import { STATUS_RECORDS, type StatusRecords } from './status-records.ts';

/** Tells functions by which lists are filtered from names that nothing has. */
export class KnownFunctions {
  constructor(
    @Inject(FunctionNames) private readonly names: FunctionNames,
    @Inject(STATUS_RECORDS) private readonly records: StatusRecords,
  ) {}

  /**
   * Checks the function by which a list is filtered. A function that was deleted is known as long
   * as the ledger has it, because its records outlive it. A caller may learn nothing of functions
   * of others, so these are not checked: the list is then empty.
   * @param name undefined: the list has no such filter.
   * @throws ApiError FSS.1051, FSS.1052, FSS.1053 if neither the function nor records of it exist.
   * @throws PlatformError `STORE_UNAVAILABLE`.
   */
  async check(caller: Access, project: string, name: string | undefined): Promise<void> {
    if (name === undefined || !mayUse(caller, this.names.parse(name, project))) return;
    const functionUrns = this.names.versionsNamed(name, project);
    try {
      this.names.find(name, project);
    } catch (unknown) {
      const { functions } = await this.records.totals({ project, functionUrns, limit: functionUrns.length });
      if (functions.length === 0) throw unknown;
    }
  }
}

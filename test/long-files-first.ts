import { basename } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take longest. One that began last would run alone, and leave cores idle. */
const longest = [
  'schemathesis.test.ts',
  'restarts.test.ts',
  'command-line.test.ts',
  'starting.test.ts',
  'stopping.test.ts',
  'kafka-access.test.ts',
  'node-runtime.test.ts',
  'attacks.test.ts',
  'console.test.ts',
  'interruptions.test.ts',
];

function placeOf({ moduleId }: TestSpecification): number {
  const place = longest.indexOf(basename(moduleId));
  return place === -1 ? longest.length : place;
}

/** Begins the longest files first. The others keep the order that Vitest gives them. */
export default class LongFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((one, other) => placeOf(one) - placeOf(other));
  }
}

/**
 * Leaves what a suite came to in the file that `COUNTS_FILE` names: `{ passed, failures, skips }`.
 * A failure is a test with its file and its first error. A skip is a test and why it could not run.
 * Vitest's own JSON has no reasons of skips.
 */
import { writeFileSync } from 'node:fs';

export default class CountsReporter {
  onTestRunEnd(modules) {
    const counts = { passed: 0, failures: [], skips: [] };
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      // A module that could not be loaded has no test that failed.
      if (module.state() === 'failed' && tests.every((test) => test.result().state !== 'failed')) {
        counts.failures.push(describe(module.relativeModuleId, 'the file', module.errors()));
      }
      for (const test of tests) {
        const { state, note, errors } = test.result();
        if (state === 'passed') counts.passed += 1;
        else if (state === 'failed') counts.failures.push(describe(module.relativeModuleId, test.fullName, errors));
        else counts.skips.push(note === undefined ? test.fullName : `${test.fullName}: ${note.replaceAll(/\s+/g, ' ')}`);
      }
    }
    writeFileSync(process.env.COUNTS_FILE, JSON.stringify(counts));
  }
}

/** @returns one line of a failure: its file, its name, and the first line of its first error. */
function describe(file, name, errors = []) {
  return `${file} > ${name}: ${errors[0]?.message?.split('\n', 1)[0] ?? 'no error was reported'}`;
}

/**
 * Leaves what a suite came to in the file that `COUNTS_FILE` names: `{ passed, failed, skips }`,
 * where a skip is the test and why it could not run. Vitest's own JSON has no reasons.
 */
import { writeFileSync } from 'node:fs';

export default class CountsReporter {
  onTestRunEnd(modules) {
    const counts = { passed: 0, failed: 0, skips: [] };
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      // A module that could not be loaded has no test that failed.
      if (module.state() === 'failed' && tests.every((test) => test.result().state !== 'failed')) counts.failed += 1;
      for (const test of tests) {
        const { state, note } = test.result();
        if (state === 'passed' || state === 'failed') counts[state] += 1;
        else counts.skips.push(note === undefined ? test.fullName : `${test.fullName}: ${note.replaceAll(/\s+/g, ' ')}`);
      }
    }
    writeFileSync(process.env.COUNTS_FILE, JSON.stringify(counts));
  }
}

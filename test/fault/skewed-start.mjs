/**
 * Loaded into an installation by NODE_OPTIONS. It starts the service that the query names under
 * libfaketime. The installation itself would not pass LD_PRELOAD on to its services.
 */
import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';

const { searchParams } = new URL(import.meta.url);
const { fork } = childProcess;
const skewed = {
  LD_PRELOAD: searchParams.get('library'),
  FAKETIME_TIMESTAMP_FILE: searchParams.get('offsetFile'),
  // The service sees a changed offset within a second.
  FAKETIME_CACHE_DURATION: '1',
  // Only the time of day is wrong. Timers and durations stay right.
  FAKETIME_DONT_FAKE_MONOTONIC: '1',
};

childProcess.fork = (modulePath, ...rest) => {
  const options = rest.at(-1);
  const isService = String(modulePath).includes(`apps/${searchParams.get('service')}/src/main.js`);
  return fork(modulePath, ...rest.slice(0, -1), isService ? { ...options, env: { ...options.env, ...skewed } } : options);
};
syncBuiltinESMExports();

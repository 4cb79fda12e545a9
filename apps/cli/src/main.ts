#!/usr/bin/env node
/** The command line `sendoff`. Exit codes: see {@link exitCodes} in command-failure.ts. */
import { homedir } from 'node:os';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { exitCodeOf, stopSignals, surviveClosedOutput, systemClock } from '#platform/basics';
import { CommandFailure, exitCodes } from './command-failure.ts';
import { runProgram } from './program.ts';
import { terminalProgress } from './terminal-progress.ts';

surviveClosedOutput();
const interruption = new AbortController();
let interruptedBy: NodeJS.Signals = 'SIGINT';
for (const signal of stopSignals)
  process.once(signal, () => {
    if (!interruption.signal.aborted) interruptedBy = signal;
    interruption.abort();
  });

const exitCode = await runProgram(
  {
    env: process.env,
    folder: process.cwd(),
    home: homedir(),
    print: (line) => void process.stdout.write(`${line}\n`),
    note: (line) => void process.stderr.write(`${line}\n`),
    ...(process.stderr.isTTY ? { progress: terminalProgress } : {}),
    readInput: async () => text(process.stdin),
    wait: async (ms) => {
      await delay(ms, undefined, { signal: interruption.signal }).catch(() => {
        throw new CommandFailure('interrupted', 'interrupted');
      });
    },
    now: () => systemClock.now(),
    interrupted: interruption.signal,
  },
  process.argv.slice(2),
);
process.exitCode = exitCode === exitCodes.interrupted.code ? exitCodeOf(interruptedBy) : exitCode;

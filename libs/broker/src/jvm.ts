import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { PlatformError } from '#contracts';
import { lowerPriority, systemClock } from '#platform';
import { lastLines } from './last-lines.ts';

const run = promisify(execFile);
/** Lines of the output of Java in an error. */
const linesMax = 3;
/** Names in the data folder. */
export const jarsName = 'jars';
export const propertiesName = 'server.properties';
export const classesName = 'classes.jsa';
/** On so few cores, the second compiler of the JVM takes the time of those who wait. */
const fewCores = 2;
/**
 * The broker lets the door go first. Otherwise its many threads take most of a small machine, and
 * callers wait twice as long for their answers.
 */
const niceness = 5;

/**
 * The signal that stops a broker. At a shutdown the system sends SIGTERM to all processes, and
 * services need the broker until they have drained. A shell starts background processes without
 * SIGINT.
 */
export const brokerStopSignal = 'SIGHUP';

/** The Java that runs a broker, and how. */
export interface Jvm {
  /** The command. */
  readonly java: string;
  /** The broker's working folder. It holds the jars, the properties and the archive of classes. */
  readonly dataDir: string;
  /** Starts faster and runs slower. */
  readonly isShortLived: boolean;
  /** Whether Java uses the archive of classes in the folder, or writes it at its end. */
  readonly classes?: 'use' | 'write';
}

/** The broker gets no variable of the platform, secrets included. */
function brokerEnvironment(): NodeJS.ProcessEnv {
  const { PATH, HOME, JAVA_HOME } = process.env;
  // Java reads the names of folders in the encoding of its locale.
  return { PATH, HOME, JAVA_HOME, LC_ALL: 'C.UTF-8' };
}

function archiveOptions({ classes }: Jvm): readonly string[] {
  if (classes === undefined) return [];
  return [`${classes === 'use' ? '-XX:SharedArchiveFile' : '-XX:ArchiveClassesAtExit'}=${classesName}`];
}

/**
 * Formats the storage of a new broker.
 * @throws PlatformError `BROKER_START_FAILED`.
 */
export async function formatStorage(jvm: Jvm, clusterId = randomBytes(16).toString('base64url')): Promise<void> {
  try {
    const command = [
      ...['-Xmx64m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'],
      ...(jvm.classes === 'use' ? archiveOptions(jvm) : []),
      ...['-cp', `${jarsName}/*`, 'kafka.tools.StorageTool', 'format'],
      // Passed as one argument: an id that begins with `-` would otherwise be read as an option.
      `--cluster-id=${clusterId}`,
      ...['-c', propertiesName],
    ];
    await run(jvm.java, command, { cwd: jvm.dataDir, env: brokerEnvironment() });
  } catch (cause) {
    const { stdout = '', stderr = '', message } = cause as { stdout?: string; stderr?: string; message: string };
    const said = lastLines(`${stdout}\n${stderr}`, linesMax);
    throw new PlatformError('BROKER_START_FAILED', {
      details: { reason: 'the storage of the broker could not be formatted:', lines: said.length === 0 ? [message] : said },
      cause,
    });
  }
}

/**
 * Runs its arguments as the broker. B1: `read` returns when the parent's end of the pipe closes.
 * B2: the shell and Java ignore SIGTERM, and {@link brokerStopSignal} stops them. That signal
 * interrupts `wait`, so it is called until the broker is gone. The script ends its watcher before
 * itself, so that no process is left and no other process with the broker's id is killed.
 */
const launchScript = `
exec 3<&0
trap '' TERM
nice -n ${niceness} "$@" </dev/null 3<&- & broker=$!
trap "kill -HUP $broker" HUP
(read -r _ <&3; kill -9 $broker) 2>/dev/null & watcher=$!
wait $broker; code=$?
while kill -0 $broker 2>/dev/null; do wait $broker; code=$?; done
kill -9 $watcher 2>/dev/null
wait $watcher 2>/dev/null
exit $code`;

/**
 * Starts the broker behind a shell in a process group of its own.
 * @param log gets what the broker prints.
 */
export function launchBroker(jvm: Jvm, log: FileHandle): ChildProcess {
  const hasOneCompiler = jvm.isShortLived || availableParallelism() <= fewCores;
  const options = [
    ...['-Xms64m', '-Xmx256m', '-XX:+UseSerialGC', '-XX:-UsePerfData'],
    ...(hasOneCompiler ? ['-XX:TieredStopAtLevel=1'] : []),
    ...archiveOptions(jvm),
  ];
  const command = [jvm.java, ...options, '-cp', `${jarsName}/*`, 'kafka.Kafka', propertiesName];
  const child = spawn('sh', ['-c', launchScript, 'broker', ...command], {
    detached: true,
    cwd: jvm.dataDir,
    // The kernel writes the log. A full disk then stops neither this process nor the pipe.
    stdio: ['pipe', log.fd, log.fd],
    env: brokerEnvironment(),
  });
  child.stdin?.on('error', () => undefined);
  // The script lowers the priority of all threads, and this that of the session.
  if (child.pid !== undefined) lowerPriority(child.pid, niceness, systemClock);
  return child;
}

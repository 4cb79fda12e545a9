/** Renders the Helm chart of the repository with the real helm. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';

/** The folder of the chart. */
export const chartFolder = resolve(import.meta.dirname, '../../deploy/helm/sendoff');
const cacheHome = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
/** Programs that `tools/build-kubernetes.sh` has built. */
export const builtFolder = join(cacheHome, 'sendoff', 'kubernetes');

/** The least version of Kubernetes that every feature of the chart needs. */
const kubeVersion = '1.34.0';

/** Any object of Kubernetes, as far as the tests look at it. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  // oxlint-disable-next-line typescript/no-explicit-any -- each kind has another shape
  readonly spec: any;
  readonly data?: Readonly<Record<string, string>>;
}

/** The command helm, or a reason in words why there is none. */
export function helmProgram(): { readonly command: string } | { readonly missing: string } {
  const built = join(builtFolder, 'helm');
  const command = existsSync(built) ? built : 'helm';
  const { status } = spawnSync(command, ['version'], { stdio: 'ignore' });
  return status === 0 ? { command } : { missing: 'helm is not there: run tools/build-kubernetes.sh' };
}

function helm(args: readonly string[]): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  const program = helmProgram();
  if ('missing' in program) throw new Error(program.missing);
  return spawnSync(program.command, args, { encoding: 'utf8', maxBuffer: 64 * 1_048_576 });
}

const given = (values: object) => ['--set-json', `global=${JSON.stringify({})}`, ...Object.entries(values).flatMap(argument)];
const argument = ([path, value]: readonly [string, unknown]) => ['--set-json', `${path}=${JSON.stringify(value)}`];

/** Values by path, such as `kafka.kind`. */
export type Values = Readonly<Record<string, unknown>>;

/** A cluster as the chart sees it. */
export interface Cluster {
  readonly version?: string;
  /** Versions of objects that the chart asks for, such as `kafka.strimzi.io/v1beta2`. */
  readonly apiVersions?: readonly string[];
  /** Name of the installation. */
  readonly release?: string;
}

function template(values: Values, { version = kubeVersion, apiVersions = [], release = 'rel' }: Cluster = {}) {
  const apis = apiVersions.flatMap((api) => ['--api-versions', api]);
  return helm(['template', release, chartFolder, '--namespace', 'ns', '--kube-version', version, ...apis, ...given(values)]);
}

/** The text of all objects. @throws Error with what helm says if it refuses the values. */
export function renderedText(values: Values = {}, cluster: Cluster = {}): string {
  const { status, stdout, stderr } = template(values, cluster);
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** All objects that the chart creates with these values. */
export function rendered(values: Values = {}, cluster: Cluster = {}): readonly KubeObject[] {
  const documents = parseAllDocuments(renderedText(values, cluster)).map((document) => document.toJS() as KubeObject | null);
  return documents.filter((object) => object !== null);
}

/** The message with which helm refuses these values; empty if it takes them. */
export function refusalOf(values: Values, version?: string): string {
  const { status, stderr } = template(values, version === undefined ? {} : { version });
  return status === 0 ? '' : stderr;
}

/** The output of `helm lint --strict`. @throws Error if it finds a fault. */
export function lint(values: Values): string {
  const program = helmProgram();
  if ('missing' in program) throw new Error(program.missing);
  return execFileSync(program.command, ['lint', '--strict', chartFolder, ...given(values)], { encoding: 'utf8', stdio: 'pipe' });
}

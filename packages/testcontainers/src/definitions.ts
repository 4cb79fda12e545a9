/** The functions and policies that a test declares, and the bodies of the API that they become. */

/** Settings that all kinds of functions share. */
interface FunctionSettings {
  /** Longest run of one attempt, in seconds. Default 3. */
  readonly timeoutSeconds?: number;
  /** Memory of an instance in MB. Default 128. */
  readonly memoryMb?: number;
  /** Settings that the function reads with `context.getUserData(key)`. */
  readonly userData?: Readonly<Record<string, string>>;
}

/**
 * A function: Node.js source, a folder with Node.js files, or the URL of an HTTP server that the
 * container reaches. A bare string is source.
 */
export type FunctionDefinition =
  | string
  | (FunctionSettings & {
      readonly code: string;
      /** File and export. Default `index.handler`. */
      readonly handler?: string;
    })
  | (FunctionSettings & {
      /** Folder on the machine of the test; all its files are sent, at most 50 MB. */
      readonly folder: string;
      /** File and export. Default `index.handler`. */
      readonly handler?: string;
    })
  | (FunctionSettings & { readonly url: string });

/** A place that collects notices: a stream, a pub/sub topic, or a bucket. */
export type NoticeSource =
  | { readonly stream: string }
  | { readonly topic: string }
  | { readonly bucket: string; readonly prefix?: string };

/** The target that is told of an outcome. `function` is the name of a function to invoke. */
export type Destination = NoticeSource | { readonly function: string };

/** The asynchronous configuration of a function. Unset fields take the defaults of the API. */
export interface AsyncPolicy {
  /** Retries after a failed attempt, 0..3. */
  readonly retriesMax?: number;
  /** Seconds after which no attempt starts, 1..86,400. */
  readonly eventAgeMaxSeconds?: number;
  /** Seconds before the first retry; the wait doubles with each attempt. Default 1. */
  readonly retryWaitBaseSeconds?: number;
  /** Longest wait before a retry, in seconds. Default 300. */
  readonly retryWaitMaxSeconds?: number;
  readonly onSuccess?: Destination;
  readonly onFailure?: Destination;
}

/** Turns the name of a function or a topic into its URN. */
export interface Urns {
  functionUrn(name: string): string;
  topicUrn(name: string): string;
}

/** The agency that the functions of the container have. It grants every target. */
export const agencyName = 'testcontainers';

/** Source of more bytes is sent as an archive. */
const inlineBytesMax = 10_240;
const archiveSettings = { package: 'default', runtime: 'Node.js20.15', xrole: agencyName };

/** Files of a function that are sent as an archive: a folder, or one file. */
export type ArchiveSource = { readonly folder: string } | { readonly name: string; readonly content: string };

/**
 * The body that creates a function.
 * @param pack makes a ZIP in Base64.
 */
export async function functionBody(
  name: string,
  given: FunctionDefinition,
  pack: (source: ArchiveSource) => Promise<string>,
): Promise<Record<string, unknown>> {
  const definition = typeof given === 'string' ? { code: given } : given;
  const { timeoutSeconds = 3, memoryMb = 128, userData } = definition;
  const settings = {
    ...archiveSettings,
    func_name: name,
    timeout: timeoutSeconds,
    memory_size: memoryMb,
    ...(userData === undefined ? {} : { user_data: JSON.stringify(userData) }),
  };
  if ('url' in definition) return { ...settings, runtime: 'http', handler: '-', code_type: 'inline', code_url: definition.url };
  const { handler = 'index.handler' } = definition;
  if ('folder' in definition)
    return { ...settings, handler, code_type: 'zip', func_code: { file: await pack({ folder: definition.folder }) } };
  const { code } = definition;
  if (Buffer.byteLength(code) > inlineBytesMax) {
    const file = await pack({ name: `${handler.split('.')[0]}.js`, content: code });
    return { ...settings, handler, code_type: 'zip', func_code: { file } };
  }
  return { ...settings, handler, code_type: 'inline', func_code: { file: Buffer.from(code).toString('base64') } };
}

/** The body that sets an asynchronous configuration. */
export function policyBody(policy: AsyncPolicy, urns: Urns): Record<string, unknown> {
  const { retriesMax, eventAgeMaxSeconds, retryWaitBaseSeconds, retryWaitMaxSeconds, onSuccess, onFailure } = policy;
  const destinations = { on_success: onSuccess, on_failure: onFailure };
  const destinationConfig = Object.fromEntries(
    Object.entries(destinations).flatMap(([side, to]) => (to === undefined ? [] : [[side, destinationBody(to, urns)]])),
  );
  const body = {
    max_async_retry_attempts: retriesMax,
    max_async_event_age_in_seconds: eventAgeMaxSeconds,
    retry_wait_base_in_seconds: retryWaitBaseSeconds,
    retry_wait_max_in_seconds: retryWaitMaxSeconds,
    ...(Object.keys(destinationConfig).length === 0 ? {} : { destination_config: destinationConfig }),
  };
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
}

function destinationBody(to: Destination, urns: Urns): { destination: string; param: string } {
  if ('stream' in to) return { destination: 'DIS', param: JSON.stringify({ stream_name: to.stream }) };
  if ('topic' in to) return { destination: 'SMN', param: JSON.stringify({ topic_urn: urns.topicUrn(to.topic) }) };
  if ('function' in to)
    return { destination: 'FunctionGraph', param: JSON.stringify({ func_urn: urns.functionUrn(to.function) }) };
  const { bucket, prefix = '' } = to;
  return { destination: 'OBS', param: JSON.stringify({ bucket, prefix, expires: 0 }) };
}

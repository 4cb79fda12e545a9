/**
 * Export and import of a function: a ZIP of its code, `<name>.zip`, and of its configuration,
 * `<name>.yaml`. The configuration is the body that creates the function, without the code. The
 * file holds JSON, which is valid YAML.
 *
 * E1. An export has no secrets: the values of encrypted user data are blank.
 * E2. An import is checked like any creation: it can set nothing that a body cannot.
 */
import { type FunctionDocument, type RuntimeDescriptor, runtimeOf } from '#contracts';
import { type ArchiveFile, archiveLimits, type ArchiveReader, writeArchive } from '#objects';
import { ApiError } from '../../http/api-error.ts';
import { functionAnswerOf } from '../function-document.ts';
import { passThroughFields } from '../pass-through-fields.ts';

/** The parts of an export. */
export interface ExportParts {
  readonly config: boolean;
  readonly code: boolean;
}

/** The contents of an export. */
export interface ReadExport {
  /** The configuration as in the file; not checked. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The code: a ZIP, or a source; undefined if the function runs at a URL. */
  readonly file?: Buffer;
}

const configFields: readonly string[] = [
  ...['func_name', 'package', 'runtime', 'handler', 'timeout', 'memory_size', 'enable_dynamic_memory', 'code_type'],
  ...['user_data', 'encrypted_user_data', 'xrole', 'app_xrole', 'description', 'initializer_handler', 'initializer_timeout'],
  ...['strategy_config', ...passThroughFields],
];
/** Upper bound for the size of a configuration file, whatever its indentation. */
const configBytesMax = 1_048_576;
/** The file of an exported archive that holds the source of an inline function. */
function sourceFile(runtime: RuntimeDescriptor | undefined): string {
  return `index${runtime?.code === 'files' ? runtime.sourceExtension : ''}`;
}

function configFile(fn: FunctionDocument): ArchiveFile {
  const config = functionAnswerOf(fn, configFields);
  const codeUrl = fn.code.kind === 'url' ? { code_url: fn.code.url } : {};
  return { path: `${fn.name}.yaml`, bytes: Buffer.from(`${JSON.stringify({ ...config, ...codeUrl }, undefined, 2)}\n`) };
}

function codeBytes({ code, runtime }: FunctionDocument, archive: Buffer | undefined): Buffer | undefined {
  return code.kind === 'inline'
    ? writeArchive([{ path: sourceFile(runtimeOf(runtime)), bytes: Buffer.from(code.source) }])
    : archive;
}

/**
 * Checks that an export of these parts can be made and imported again.
 * @throws ApiError FSS.0400 if only code is requested and the function has none; FSS.1071 if the
 *   export would be too large for an import.
 */
export function checkExportable({ name, code }: FunctionDocument, parts: ExportParts): void {
  if (!parts.config && code.kind === 'url')
    throw new ApiError('FSS.0400', `function ${name} runs at its code_url and has no code to export`);
  if (parts.config && parts.code && code.kind === 'archive' && code.sizeBytes > archiveLimits.archiveBytesMax - configBytesMax)
    throw new ApiError('FSS.1071', 'the code is too large to be exported with its configuration: export each of them alone');
}

/**
 * Makes the export of a function that {@link checkExportable} allows. An export of the code alone
 * is the ZIP of the code.
 * @param archive the code of a zip function; undefined for any other function.
 */
export function exportOf(fn: FunctionDocument, parts: ExportParts, archive: Buffer | undefined): Buffer {
  const code = parts.code ? codeBytes(fn, archive) : undefined;
  if (!parts.config && code !== undefined) return code;
  return writeArchive([...(code === undefined ? [] : [{ path: `${fn.name}.zip`, bytes: code }]), configFile(fn)]);
}

function refused(reason: string): ApiError {
  return new ApiError('FSS.1011', `file_code: ${reason}`);
}

/**
 * Returns the only file with that ending; undefined if no file has it.
 * @throws ApiError FSS.1011 if several files have it.
 */
function fileOf(files: ReadonlyMap<string, Buffer>, ending: string): Buffer | undefined {
  const [found, ...others] = [...files].filter(([path]) => path.endsWith(ending));
  if (others.length > 0) throw refused(`it has several files *${ending}: import one function at a time`);
  return found?.[1];
}

async function filesOf(archives: ArchiveReader, bytes: Buffer): Promise<ReadonlyMap<string, Buffer>> {
  const read = await archives.readFiles(bytes, archiveLimits.archiveBytesMax);
  if (read.kind === 'refused') throw refused(read.reason);
  return read.files;
}

function configIn(files: ReadonlyMap<string, Buffer>): Readonly<Record<string, unknown>> {
  const text = fileOf(files, '.yaml');
  if (text === undefined) throw refused('it has no configuration (*.yaml): export with config=true and code=true');
  try {
    const config = JSON.parse(text.toString('utf8')) as unknown;
    if (typeof config === 'object' && config !== null && !Array.isArray(config)) return config as Record<string, unknown>;
  } catch {
    // Malformed JSON gets the error below, too.
  }
  throw refused('its configuration is not a JSON object, as exports of Sendoff have it');
}

/**
 * Reads the export of a function.
 * @throws ApiError FSS.1011 if it is malformed; FSS.1071 if it is too large.
 */
export async function readExport(archives: ArchiveReader, bytes: Buffer): Promise<ReadExport> {
  if (bytes.length > archiveLimits.archiveBytesMax)
    throw new ApiError('FSS.1071', `an export may have ${archiveLimits.archiveBytesMax} bytes at most`);
  const files = await filesOf(archives, bytes);
  const config = configIn(files);
  const code = fileOf(files, '.zip');
  const runtime = runtimeOf(String(config['runtime']));
  if (runtime?.code === 'url') return { config };
  if (code === undefined) throw refused('it has no code (*.zip): export with config=true and code=true');
  // The creation of the function refuses an unknown runtime.
  if (config['code_type'] !== 'inline' || runtime === undefined) return { config, file: code };
  const file = sourceFile(runtime);
  const source = (await filesOf(archives, code)).get(file);
  if (source === undefined) throw refused(`the code of an inline function must be in ${file}`);
  return { config, file: source };
}

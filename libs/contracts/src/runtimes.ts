/** All that code outside of the executor's adapters must know of one kind of runtime. */
type RuntimeDescription = {
  /** How callers name it, for error messages. */
  readonly word: string;
  /** Names of runtimes of this kind, as callers give them. */
  readonly namePattern: RegExp;
} & (
  | {
      /** The function is an endpoint at a URL. */
      readonly code: 'url';
    }
  | {
      /** The function is files, which a process of its own runs. */
      readonly code: 'files';
      readonly handlerPattern: RegExp;
      readonly handlerRule: string;
      /** Of the file that holds inline code. */
      readonly sourceExtension: string;
    }
);

/** `file.export`: the file without its extension, perhaps in a folder of the archive. */
const fileAndExport = {
  handlerPattern: /^(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*\/)*[A-Za-z0-9_-]+\.[A-Za-z_$][A-Za-z0-9_$]*$/,
  handlerRule: 'file.export, e.g. index.handler or src/index.handler',
} as const;

/**
 * Every kind of runtime. The process of a kind with files comes from its launcher in the executor.
 */
const described = {
  node: {
    word: 'Node.js<version>',
    namePattern: /^Node\.js\d+\.\d+$/,
    code: 'files',
    ...fileAndExport,
    sourceExtension: '.js',
  },
  http: { word: 'http', namePattern: /^http$/, code: 'url' },
} as const satisfies Record<string, RuntimeDescription>;

/** A kind of runtime. */
export type RuntimeKind = keyof typeof described;

/** A kind of runtime whose functions are files that a process runs. */
export type ProcessRuntimeKind = {
  [Kind in RuntimeKind]: (typeof described)[Kind]['code'] extends 'files' ? Kind : never;
}[RuntimeKind];

/** A kind of runtime with all that is known of it. */
export type RuntimeDescriptor =
  | ({ readonly kind: ProcessRuntimeKind } & Extract<RuntimeDescription, { code: 'files' }>)
  | ({ readonly kind: Exclude<RuntimeKind, ProcessRuntimeKind> } & Extract<RuntimeDescription, { code: 'url' }>);

const runtimes = Object.entries(described).map(([kind, description]) => ({
  kind,
  ...description,
})) as readonly RuntimeDescriptor[];

/** How callers may name runtimes, for error messages: `Node.js<version> or http`. */
export const runtimeWords = runtimes.map(({ word }) => word).join(' or ');

/** The runtime of a name such as `Node.js20.15`. Returns undefined if no kind has such names. */
export function runtimeOf(name: string): RuntimeDescriptor | undefined {
  return runtimes.find(({ namePattern }) => namePattern.test(name));
}

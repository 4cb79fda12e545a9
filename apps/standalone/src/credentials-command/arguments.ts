import { parseArgs } from 'node:util';

/** A command line, as read. */
export type Command =
  | {
      readonly kind: 'create';
      readonly rights: readonly string[];
      readonly functions: readonly string[];
      /** Absent for the default of the API. */
      readonly agencies?: readonly string[];
      readonly topics?: readonly string[];
      readonly description: string;
    }
  | { readonly kind: 'list' }
  | { readonly kind: 'disable' | 'enable' | 'delete'; readonly accessKey: string }
  | { readonly kind: 'rotate'; readonly accessKey: string; readonly graceSeconds: number };

/** Usage text. */
export const usage = `usage: npm run credentials -- <command> ...

  create --rights <invoke,read,manage> [--functions <patterns>] [--agencies <patterns>]
         [--topics <patterns>] [--description <text>]
                       creates an access key and shows its secret once; a pattern is
                       a name, with * for any characters, or package:name for a function;
                       a key for some functions has no agencies and topics by default
  list                 shows the access keys of the project
  disable <access key> rejects requests signed with the key
  enable <access key>  accepts requests signed with the key again
  rotate <access key> [--grace <seconds>]
                       creates a new secret; the old one stays valid for the grace
  delete <access key>  deletes the key`;

const options = {
  create: {
    rights: { type: 'string' },
    functions: { type: 'string', default: '*' },
    agencies: { type: 'string' },
    topics: { type: 'string' },
    description: { type: 'string', default: '' },
  },
  list: {},
  disable: {},
  enable: {},
  rotate: { grace: { type: 'string', default: '0' } },
  delete: {},
} as const;

/** The parts of a list; an empty text has none. */
const parts = (text: string) => (text === '' ? [] : text.split(',').map((part) => part.trim()));

/** Reads the arguments of the command line. @throws Error with the fault. */
export function readArguments([name = '', ...rest]: readonly string[]): Command {
  if (!Object.hasOwn(options, name)) throw new Error(name === '' ? 'the command is missing' : `unknown command ${name}`);
  const kind = name as Command['kind'];
  const { values, positionals } = parseArgs({ args: rest, options: options[kind], allowPositionals: true });
  const given = values as Readonly<Record<string, string | undefined>>;
  const [accessKey, ...more] = positionals;
  if (kind === 'create' || kind === 'list') {
    if (accessKey !== undefined) throw new Error(`${kind} takes no argument ${accessKey}`);
    if (kind === 'list') return { kind };
    if (given['rights'] === undefined) throw new Error('create needs --rights');
    const { rights, functions = '*', agencies, topics, description = '' } = given;
    return {
      kind,
      rights: parts(rights),
      functions: parts(functions),
      ...(agencies === undefined ? {} : { agencies: parts(agencies) }),
      ...(topics === undefined ? {} : { topics: parts(topics) }),
      description,
    };
  }
  if (accessKey === undefined || more.length > 0) throw new Error(`${kind} takes exactly one access key`);
  if (kind !== 'rotate') return { kind, accessKey };
  const { grace = '0' } = given;
  if (!/^\d{1,6}$/.test(grace)) throw new Error('--grace must be a whole number of seconds');
  return { kind, accessKey, graceSeconds: Number(grace) };
}

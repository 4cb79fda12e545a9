import { parseArgs } from 'node:util';

/** What the command may be asked for. */
export type Asked =
  | {
      readonly kind: 'create';
      readonly rights: readonly string[];
      readonly functions: readonly string[];
      readonly description: string;
    }
  | { readonly kind: 'list' }
  | { readonly kind: 'disable' | 'enable' | 'delete'; readonly accessKey: string }
  | { readonly kind: 'rotate'; readonly accessKey: string; readonly graceSeconds: number };

/** What there is to say to who asks wrongly. */
export const usage = `usage: npm run credentials -- <what> ...

  create --rights <invoke,read,manage> [--functions <patterns>] [--description <text>]
                       makes an access key and shows its secret, once; a pattern is
                       a function's name or package:name, with * for any characters
  list                 shows the access keys of the project
  disable <access key> takes it out of use
  enable <access key>  takes it into use again
  rotate <access key> [--grace <seconds>]
                       gives it a new secret; the old one stays good for the grace
  delete <access key>  removes it for good`;

const options = {
  create: {
    rights: { type: 'string' },
    functions: { type: 'string', default: '*' },
    description: { type: 'string', default: '' },
  },
  list: {},
  disable: {},
  enable: {},
  rotate: { grace: { type: 'string', default: '0' } },
  delete: {},
} as const;

const parts = (text: string) => text.split(',').map((part) => part.trim());

/** Reads the arguments. @throws Error that says what is wrong with them. */
export function readArguments([what = '', ...rest]: readonly string[]): Asked {
  if (!Object.hasOwn(options, what))
    throw new Error(what === '' ? 'nothing was asked for' : `${what} is not among what can be asked for`);
  const kind = what as Asked['kind'];
  const { values, positionals } = parseArgs({ args: rest, options: options[kind], allowPositionals: true });
  const given = values as Readonly<Record<string, string | undefined>>;
  const [accessKey, ...more] = positionals;
  if (kind === 'create' || kind === 'list') {
    if (accessKey !== undefined) throw new Error(`${kind} takes no ${accessKey}`);
    if (kind === 'list') return { kind };
    if (given['rights'] === undefined) throw new Error('create needs --rights');
    const { rights, functions = '*', description = '' } = given;
    return { kind, rights: parts(rights), functions: parts(functions), description };
  }
  if (accessKey === undefined || more.length > 0) throw new Error(`${kind} takes one access key`);
  if (kind !== 'rotate') return { kind, accessKey };
  const { grace = '0' } = given;
  if (!/^\d{1,6}$/.test(grace)) throw new Error('--grace must be a whole number of seconds');
  return { kind, accessKey, graceSeconds: Number(grace) };
}

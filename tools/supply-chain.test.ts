/**
 * Goal: every part that Sendoff ships is known, pinned and has a reason, and no package runs code
 * when it is installed. Method: the lockfile, the list of parts and the pages are compared.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
// @ts-expect-error the tools are JavaScript without types.
import * as advisoryTool from './check-advisories.mjs';
// @ts-expect-error the tools are JavaScript without types.
import * as sbomTool from './sbom.mjs';

interface Packages {
  readonly packages: Readonly<
    Record<string, { readonly version: string; readonly integrity?: string; readonly resolved?: string }>
  >;
}
interface Component {
  readonly name: string;
  readonly version: string;
  readonly type: string;
  readonly purl: string;
  readonly licenses?: readonly { readonly license?: { readonly id?: string }; readonly expression?: string }[];
}

interface Advisory {
  readonly id: string;
  readonly package: string;
  readonly fixed: readonly string[];
  readonly source: string;
  readonly read?: string;
}

const { findings, isAffected, shippedPackages } = advisoryTool as {
  findings(lockfile: object, advisories: readonly Advisory[]): readonly string[];
  isAffected(version: string, fixed: readonly string[]): boolean;
  shippedPackages(lockfile: object): readonly { readonly name: string; readonly version: string }[];
};
const { sbom } = sbomTool as {
  sbom(): { readonly document: { readonly bomFormat: string; readonly components: readonly Component[] } };
};

const read = (file: string) => readFileSync(file, 'utf8');
const lockfile = JSON.parse(read('package-lock.json')) as Packages;
const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string> | undefined>;
const asked = Object.entries({
  ...manifest['dependencies'],
  ...manifest['devDependencies'],
  ...manifest['optionalDependencies'],
});

describe('dependencies', () => {
  it('have a reason in docs/dependencies.md, and the page names no other', () => {
    const named = read('docs/dependencies.md')
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name));
    expect(new Set(named)).toEqual(new Set(asked.map(([name]) => name)));
    expect(named).toHaveLength(asked.length);
  });

  it('have an exact version, and each package of the lockfile a checksum and no address', () => {
    expect(asked.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
    const others = Object.entries(lockfile.packages).filter(([path]) => path !== '');
    expect(others.filter(([, { integrity }]) => integrity?.startsWith('sha512-') !== true)).toEqual([]);
    expect(others.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
  });

  it('run no code when they are installed', () => {
    expect(read('.npmrc').split('\n')).toContain('ignore-scripts=true');
  });
});

describe('the list of parts', () => {
  const { document } = sbom();
  const libraries = document.components.filter(({ purl }) => purl.startsWith('pkg:npm/'));

  it('has every shipped package, and the images of the containers', () => {
    expect(document.bomFormat).toBe('CycloneDX');
    const listed = new Set(libraries.map(({ name, version }) => `${name}@${version}`));
    const shipped = new Set(shippedPackages(lockfile).map(({ name, version }) => `${name}@${version}`));
    expect(listed).toEqual(shipped);
    expect(shipped.size).toBeGreaterThan(100);
    const images = document.components.filter(({ type }) => type === 'container').map(({ name }) => name);
    expect(images.toSorted()).toEqual(['apache/kafka', 'chrislusf/seaweedfs', 'node', 'postgres']);
  });

  it('names each part once, and no path of this machine', () => {
    const purls = document.components.map(({ purl }) => purl);
    expect(new Set(purls).size).toBe(purls.length);
    expect(JSON.stringify(document)).not.toContain(process.cwd());
  });

  it('has licences that ask for no more than a notice', () => {
    const known = [
      'MIT',
      'Apache-2.0',
      'ISC',
      'BSD-2-Clause',
      'BSD-3-Clause',
      'BlueOak-1.0.0',
      '0BSD',
      'Unlicense',
      'Python-2.0',
      '(MIT OR CC0-1.0)',
    ];
    const others = libraries.filter(({ licenses = [] }) =>
      licenses.every(({ license, expression }) => !known.includes(license?.id ?? expression ?? '')),
    );
    expect(others.map(({ name }) => name)).toEqual([]);
  });
});

describe('advisories', () => {
  it.each([
    ['2.1.3', ['2.1.4', '3.1.1'], true],
    ['2.1.4', ['2.1.4', '3.1.1'], false],
    ['2.2.0', ['2.1.4', '3.1.1'], false],
    ['3.1.0', ['2.1.4', '3.1.1'], true],
    ['3.10.0', ['2.1.4', '3.1.1'], false],
    ['1.9.9', ['2.1.4', '3.1.1'], true],
    ['4.0.0', ['2.1.4', '3.1.1'], false],
  ])('the version %s, with the fix in %j: affected is %j', (version, fixed, affected) => {
    expect(isAffected(version, fixed)).toBe(affected);
  });

  it('find an affected package also below another one', () => {
    const packages = { '': { version: '1.0.0' }, 'node_modules/a/node_modules/@b/c': { version: '1.0.0' } };
    const advisory = { id: 'X-1', package: '@b/c', fixed: ['1.0.1'], source: 'https://example.com' };
    expect(findings({ packages }, [advisory])).toEqual([
      '@b/c 1.0.0 is affected by X-1; fixed in 1.0.1; see https://example.com',
    ]);
  });

  it('of the list concern no package that is shipped', () => {
    const list = JSON.parse(read('tools/advisories.json')) as readonly Advisory[];
    expect(findings(lockfile, list)).toEqual([]);
    for (const { source, read: day } of list) {
      expect(source).toMatch(/^https:\/\//);
      expect(day).toMatch(/^\d{4}-\d\d-\d\d$/);
    }
  });
});

/**
 * Writes the list of all parts that an installation ships, as CycloneDX 1.5. The parts are npm
 * packages, the jars of the broker, and the images of the containers.
 *
 * `node tools/sbom.mjs [file]`; the default is `sbom.cdx.json`. If Maven cannot list the jars, the
 * list says that it is incomplete, and the command fails unless `--without-jars` is given.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { npmCommand, shippedPackages } from './check-advisories.mjs';

const outputBytesMax = 64 * 1_048_576;

/** Licences of packages whose own description names none. Each was read in its repository. */
const licencesByHand = { buildcheck: 'MIT', 'cpu-features': 'MIT', ssh2: 'MIT' };

/**
 * The packages of the lockfile without those of development, as npm describes them. With
 * `--omit dev` npm also omits packages that ship and that a package of development requires.
 */
function npmDocument() {
  const [command, first] = npmCommand();
  const args = [...first, 'sbom', '--package-lock-only', '--sbom-format', 'cyclonedx'];
  const document = JSON.parse(execFileSync(command, args, { encoding: 'utf8', maxBuffer: outputBytesMax }));
  const shipped = new Set(
    shippedPackages(JSON.parse(readFileSync('package-lock.json', 'utf8'))).map(({ name, version }) => `${name}@${version}`),
  );
  const root = document.metadata.component['bom-ref'];
  document.components = document.components.filter(({ name, version }) => shipped.has(`${name}@${version}`));
  const kept = new Set([root, ...document.components.map((component) => component['bom-ref'])]);
  document.dependencies = document.dependencies
    .filter(({ ref }) => kept.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((part) => kept.has(part)) }));
  for (const component of document.components) {
    const licence = licencesByHand[component.name];
    if ((component.licenses ?? []).length === 0 && licence !== undefined) component.licenses = [{ license: { id: licence } }];
  }
  return document;
}

/** The jars that `npm start` downloads for its broker. Undefined if Maven cannot list them. */
function jars() {
  const folder = mkdtempSync(join(tmpdir(), 'sendoff-sbom-'));
  const file = join(folder, 'jars.txt');
  try {
    const goal = ['dependency:list', '-DincludeScope=runtime', '-DoutputAbsoluteArtifactFilename=true', `-DoutputFile=${file}`];
    execFileSync('mvn', ['-q', '-B', '-f', 'libs/broker/pom.xml', ...goal], { stdio: 'ignore', timeout: 300_000 });
    return readFileSync(file, 'utf8').split('\n').flatMap(jar);
  } catch {
    return undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A line such as `org.slf4j:slf4j-nop:jar:1.7.36:runtime:/path/to.jar`, perhaps with colours. */
function jar(line) {
  const found = /([\w.-]+):([\w.-]+):jar:(?:[\w-]+:)?([\w.-]+):runtime:(\S+\.jar)/.exec(line);
  if (found === null) return [];
  const [, group, name, version, file] = found;
  const purl = `pkg:maven/${group}/${name}@${version}`;
  const content = createHash('sha512').update(readFileSync(file)).digest('hex');
  return [{ 'bom-ref': purl, type: 'library', group, name, version, purl, hashes: [{ alg: 'SHA-512', content }] }];
}

/** The images that the compose file and the Dockerfile name. */
function images() {
  const text = ['docker/compose.yaml', 'docker/Dockerfile'].map((file) => readFileSync(file, 'utf8')).join('\n');
  return [...text.matchAll(/[-=]([a-z0-9./-]+):([\w.-]+)@sha256:([0-9a-f]{64})/g)].map(([, name, version, content]) => {
    const purl = `pkg:docker/${name}@sha256%3A${content}?tag=${version}`;
    return { 'bom-ref': purl, type: 'container', name, version, purl, hashes: [{ alg: 'SHA-256', content }] };
  });
}

/** The whole document, and whether the jars are in it. */
export function sbom() {
  const document = npmDocument();
  const broker = jars();
  document.components.push(...(broker ?? []), ...images());
  const root = document.metadata.component['bom-ref'];
  document.compositions = [{ aggregate: broker === undefined ? 'incomplete' : 'complete', assemblies: [root] }];
  return { document, hasJars: broker !== undefined };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [file = 'sbom.cdx.json'] = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
  const { document, hasJars } = sbom();
  writeFileSync(file, `${JSON.stringify(document, null, 2)}\n`);
  process.stdout.write(`sbom: ${document.components.length} parts in ${file}\n`);
  if (!hasJars) {
    process.stdout.write('sbom: the jars of the broker are missing, because Maven could not list them\n');
    if (!process.argv.includes('--without-jars')) process.exitCode = 1;
  }
}

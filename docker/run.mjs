/**
 * Entry point of the image: runs the app that the command names, in this process, so that signals
 * reach it.
 */
import { existsSync, readdirSync } from 'node:fs';

const apps = readdirSync(new URL('./dist/apps/', import.meta.url));
const app = process.argv[2];

if (!apps.includes(app)) {
  console.error(
    `sendoff: the command must be one of ${apps.join(', ')}${app === undefined ? '' : `, not ${JSON.stringify(app)}`}`,
  );
  process.exit(64);
}
// The services find their own arguments where they are without this file.
process.argv.splice(2, 1);
// The build has joined the modules of services.
const joined = new URL(`./dist/joined/apps/${app}/src/main.js`, import.meta.url);
await import(existsSync(joined) ? joined.href : `./dist/apps/${app}/src/main.js`);

/** What a container of the image runs: the app its command names, in this very process, so that signals reach it. */
import { readdirSync } from 'node:fs';

const apps = readdirSync(new URL('./dist/apps/', import.meta.url));
const [app] = process.argv.slice(2);

if (!apps.includes(app)) {
  console.error(
    `sendoff: the command must name what to run, one of ${apps.join(', ')}${app === undefined ? '' : `; not ${app}`}`,
  );
  process.exit(64);
}
await import(`./dist/apps/${app}/src/main.js`);
